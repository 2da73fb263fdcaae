"""STOP, START, HELP and texts that sound like STOP, in every form and from every provider, on the real database."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations import consent
from bot.conversations.consent import GOODBYE, WELCOME_BACK, Consent
from bot.conversations.decisions import Stop
from bot.conversations.intake_handlers import IntakeHandlers
from bot.conversations.send_results import SendResults
from bot.sending.decide import CONFIRMED, OPTED_OUT, Decider
from bot.settings.model import Settings
from providers import load
from storage.engine.clock import DAY, HOUR, MINUTE, SECOND
from storage.tables import attempts, contacts, conversations, intake, messages, opt_out_questions, suppressions
from storage.tables.identity import Identity
from storage.tables.intake import Arrival
from tests.storage.making import Clock, opened, rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database

PHONE = "+61400000001"
PROVIDERS = ("fonedynamics", "iophone", "iovox", "restcomm")
STOPS = ("STOP", "stopall", "Unsubscribe", "CANCEL", "End", "quit", "REVOKE", "opt out", "optout", "Opt-Out")
STARTS = ("START", "unstop", "YES", "opt in")
FORMS = ("{}", "  {}\n", "{}.", "{}!!", "“{}”", "({})", "🛑 {} 🛑", "{}\u200b")
HELP = "This is Acme. Reply STOP to get no more texts."


def _settings() -> Settings:
    return Settings(
        public_url="https://sms.example.com",
        secret="s" * 32,
        slack={"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
        accounts={name: {"provider": name} for name in PROVIDERS},
        senders={name: {"account": name, "address": f"+6148802011{n}"} for n, name in enumerate(PROVIDERS)},
        inboxes={"support": {"channel": "C0123456788", "senders": list(PROVIDERS), "help_text": HELP}},
    )


class Heard:
    """Intake handlers that get texts; nothing leaves the database."""

    def __init__(self, database: Database, settings: Settings | None = None) -> None:
        self.database = database
        self.settings = settings or _settings()
        kinds: Any = {name: load(name) for name in PROVIDERS}
        self.send_results = SendResults(self.settings, kinds)
        self._handlers = IntakeHandlers(
            self.settings, self.send_results, Identity("T1", "B1", "U0BOT", "https://x.slack.com/")
        )
        self._numbers = count()

    async def text(
        self, text: str, phone: str = PHONE, account: str = "fonedynamics", sent_at: str | None = None
    ) -> int:
        """A contact sends a text, at the provider's time `sent_at`; returns the message's id."""
        number = next(self._numbers)
        parsed: dict[str, Any] = {
            "sender": phone,
            "recipient": self.settings.senders[account].address,
            "text": text,
            "provider_id": None if account == "iovox" else f"p{number}",
            "sent_at": sent_at,
            "media": [],
        }
        await self.take(Arrival(account, "inbound", f"{account}:{number}", b"", parsed))
        (found,) = await rows(self.database, "SELECT max(id) AS id FROM messages WHERE direction = 'in'")
        return int(found["id"])

    async def take(self, arrival: Arrival) -> None:
        """Appends an arrival and lets the intake handlers handle it."""
        async with self.database.transaction() as tx:
            await intake.append(tx, [arrival])
            for entry in await intake.waiting(tx, 10):
                await self._handlers.handle(tx, entry)

    async def said(self, phone: str = PHONE) -> list[str]:
        """Returns the bot's automatic texts to the contact, oldest first."""
        found = await rows(
            self.database,
            """
            SELECT m.text FROM messages m JOIN conversations v ON v.id = m.conversation_id
            JOIN contacts c ON c.id = v.contact_id
            WHERE c.address = :phone AND m.direction = 'out' AND m.author IS NULL ORDER BY m.id
            """,
            phone=phone,
        )
        return [each["text"] for each in found]

    async def opted_out(self, phone: str = PHONE) -> bool:
        """True if the contact has opted out."""
        async with self.database.read() as reader:
            contact = await contacts.find(reader, phone)
            return contact is not None and await suppressions.holds(reader, contact.id)

    async def asked(self) -> list[dict[str, Any]]:
        """Returns every question to a person, oldest first."""
        return await rows(self.database, "SELECT * FROM opt_out_questions ORDER BY message_id")


@pytest.fixture
def clock() -> Clock:
    """The time of the database."""
    return Clock()


@pytest.fixture
async def heard(tmp_path: Path, clock: Clock) -> AsyncIterator[Heard]:
    """Intake handlers on an empty database."""
    async with opened(tmp_path / "threadline.db", clock) as database:
        yield Heard(database)


# --- the keywords -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", PROVIDERS)
async def test_every_keyword_in_every_form(heard: Heard, account: str) -> None:
    """Each STOP opts out with one confirmation, even if it repeats; each START opts in with one confirmation."""
    phones = (f"+614000{n:05d}" for n in count())
    for n, form in enumerate(FORMS):
        for stop, start in zip(STOPS, STARTS * 3, strict=False):
            phone = next(phones)
            await heard.text("Hello", phone, account)
            for text in [form.format(stop)] * 3:
                await heard.text(text, phone, PROVIDERS[n % 4])
            assert await heard.opted_out(phone), (form, stop)
            assert await heard.said(phone) == [GOODBYE]
            for text in [form.format(start)] * 2:
                await heard.text(text, phone, account)
            assert not await heard.opted_out(phone), (form, start)
            assert await heard.said(phone) == [GOODBYE, WELCOME_BACK]
    assert await heard.asked() == []


@pytest.mark.parametrize("text", ["yes", "Stop by tomorrow", "When does it end?", "Can you help?", "start the car"])
async def test_ordinary_texts_say_nothing(heard: Heard, text: str) -> None:
    """A word inside a sentence, and a YES from a contact who never opted out, are for the team."""
    await heard.text(text)
    assert not await heard.opted_out()
    assert await heard.said() == []
    assert await heard.asked() == []


async def test_a_stop_over_one_provider_holds_for_all(heard: Heard) -> None:
    """The opt-out belongs to the contact, not to the number that they replied to; so does the one confirmation."""
    for account in PROVIDERS:
        await heard.text("STOP", account=account)
    assert await heard.said() == [GOODBYE]


async def test_stop_start_stop_confirms_each_news_and_takes_back_what_is_old(heard: Heard) -> None:
    """A confirmation that has not gone out by the next keyword does not go out, because it would be wrong."""
    for text in ("STOP", "START", "STOP"):
        await heard.text(text)
    found = await rows(heard.database, "SELECT text, state FROM messages WHERE direction = 'out' ORDER BY id")
    assert [(each["text"], each["state"]) for each in found] == [
        (GOODBYE, "cancelled"),
        (WELCOME_BACK, None),
        (GOODBYE, None),
    ]
    async with heard.database.read() as reader:
        (contact,) = [await contacts.find(reader, PHONE)]
        assert contact is not None
        found = await rows(heard.database, "SELECT id FROM messages WHERE direction = 'out' ORDER BY id")
        forbidden = [await Consent(heard.settings).forbids(reader, contact, each["id"]) for each in found]
    assert forbidden == [True, True, False]


# --- the evidence -----------------------------------------------------------------------------------------------------


async def test_the_evidence_is_kept_on_both_ends(heard: Heard, clock: Clock) -> None:
    """The person or the text, the word and the time, for the opt-out and for the opt-in."""
    stop = await heard.text("  Stop! ")
    clock.wait(60)
    start = await heard.text("START")
    clock.wait(60)
    for kind, user in (("opt_out", "U1CLEO"), ("opt_in", "U1ANNA")):
        await heard.take(Arrival("slack", kind, kind, b"", {"to": PHONE, "user": user}))
    async with heard.database.read() as reader:
        contact = await contacts.find(reader, PHONE)
        assert contact is not None
        newest, oldest = await suppressions.history(reader, contact.id, 5)
    assert (oldest.source, oldest.evidence, oldest.message_id) == ("keyword", "Stop!", stop)
    assert (oldest.lift_source, oldest.lift_evidence, oldest.lift_message_id) == ("keyword", "START", start)
    assert oldest.lifted_at == oldest.since + 60 * SECOND
    assert (newest.source, newest.evidence, newest.lift_source, newest.lift_evidence) == (
        "person",
        "U1CLEO",
        "person",
        "U1ANNA",
    )


async def _texted(heard: Heard, phone: str, text: str) -> None:
    """Records that a person's text to the phone went out."""
    async with heard.database.transaction() as tx:
        contact = await contacts.find(tx, phone)
        assert contact is not None
        (conversation,) = await conversations.of_contact(tx, contact.id)
        message_id = await messages.add_text(tx, conversation.id, origin="command", text=text, author="U1ANNA")
        await tx.run(
            """
            INSERT INTO attempts (id, message_id, part, try, account, sender, recipient, text, status, started_at)
            VALUES (:id, :message_id, 1, 1, 'fonedynamics', 'fonedynamics', :phone, :text, 'sent', :now)
            """,
            id=tx.new_id(),
            message_id=message_id,
            phone=phone,
            text=text,
            now=tx.now,
        )


@pytest.mark.parametrize("word", ["Cancel", "END", "cancel\nJohn"])
async def test_a_keyword_that_answers_our_question_is_asked_about(heard: Heard, clock: Clock, word: str) -> None:
    """A person decides within the hour; after it the word is the carriers' again."""
    await heard.text("Hello")
    await _texted(heard, PHONE, "Confirm or cancel?")
    await heard.text(word)
    assert not await heard.opted_out()
    assert len(await heard.asked()) == 1
    clock.wait(HOUR / SECOND + 1)
    await heard.text(word)
    assert await heard.opted_out()


async def test_stop_opts_out_after_a_question_too(heard: Heard) -> None:
    """STOP never means anything else."""
    await heard.text("Hello")
    await _texted(heard, PHONE, "Confirm or cancel?")
    await heard.text("STOP\n\nSent from my iPhone")
    assert await heard.opted_out()


async def test_the_word_of_a_country_counts_for_its_numbers(heard: Heard) -> None:
    """ARRET opts out a French contact; an Australian's is a question."""
    await heard.text("Arr\u00eat", "+33612345678")
    await heard.text("Arr\u00eat", PHONE)
    assert await heard.opted_out("+33612345678")
    assert not await heard.opted_out()
    assert len(await heard.asked()) == 1


# --- HELP -------------------------------------------------------------------------------------------------------------


async def test_help_is_answered_once_a_day(heard: Heard, clock: Clock) -> None:
    """Two machines cannot answer each other; INFO counts as HELP, and the next day the bot answers again."""
    for text in ("HELP", "info", "Help!"):
        await heard.text(text)
    assert await heard.said() == [HELP]
    clock.wait(DAY / SECOND)
    await heard.text("HELP")
    assert await heard.said() == [HELP, HELP]


async def test_help_is_no_way_past_an_opt_out(heard: Heard) -> None:
    """A contact who opted out gets no answer; the text is in the thread for a person."""
    await heard.text("STOP")
    await heard.text("HELP")
    assert await heard.said() == [GOODBYE]


# --- texts that sound like STOP ---------------------------------------------------------------------------------------


async def test_what_sounds_like_stop_is_asked_about_once(heard: Heard) -> None:
    """The conversation gets one question; the bot texts nothing and suppresses nothing."""
    first = await heard.text("please stop texting me")
    await heard.text("I said take me off your list")
    assert [each["message_id"] for each in await heard.asked()] == [first]
    assert not await heard.opted_out()
    assert await heard.said() == []


async def test_the_first_answer_counts(heard: Heard) -> None:
    """*Opt out* twice and then *Not an opt-out*: one opt-out with its text as evidence, one confirmation."""
    asked = await heard.text("please stop texting me")
    meaning = Consent(heard.settings)
    async with heard.database.transaction() as tx:
        await meaning.meant(tx, asked, "U1ANNA")
        await meaning.meant(tx, asked, "U1BEN")
        await meaning.not_meant(tx, asked, "U1BEN")
    assert await heard.opted_out()
    assert await heard.said() == [GOODBYE]
    (found,) = await rows(heard.database, "SELECT evidence, message_id FROM suppressions")
    assert found == {"evidence": "U1ANNA", "message_id": asked}


async def test_not_an_opt_out_lets_the_next_one_be_asked_about(heard: Heard) -> None:
    """The answer is about one text."""
    asked = await heard.text("please stop texting me")
    async with heard.database.transaction() as tx:
        await Consent(heard.settings).not_meant(tx, asked, "U1ANNA")
    await heard.text("please stop texting me!!")
    assert [each["decision"] for each in await heard.asked()] == ["no", None]
    assert not await heard.opted_out()


async def test_a_late_answer_is_not_confirmed(heard: Heard, clock: Clock) -> None:
    """After five minutes the confirmation would be one more text to somebody who wants none."""
    asked = await heard.text("please stop texting me")
    clock.wait(consent.CONFIRM_WITHIN / SECOND + 1)
    async with heard.database.transaction() as tx:
        await Consent(heard.settings).meant(tx, asked, "U1ANNA")
    assert await heard.opted_out()
    assert await heard.said() == []


async def test_an_opt_out_in_another_way_ends_the_question(heard: Heard) -> None:
    """The bot asks no more about a contact who texts STOP, or whom a provider opts out."""
    await heard.text("please stop texting me")
    await heard.text("STOP")
    (asked,) = await heard.asked()
    assert (asked["decision"], asked["decided_by"]) == ("stop", None)


# --- the gate ---------------------------------------------------------------------------------------------------------


async def test_the_gate_lets_the_one_confirmation_out_once(heard: Heard) -> None:
    """The gate stops another text; the confirmation goes again only if the first certainly did not arrive."""
    await heard.text("STOP")
    (found,) = await rows(heard.database, "SELECT id, conversation_id FROM messages WHERE direction = 'out'")
    gate: Any = Decider.__new__(Decider)
    gate._settings, gate._providers = heard.settings, {}
    gate._consent = Consent(heard.settings)
    async with heard.database.transaction() as tx:
        other = await messages.add_text(
            tx, found["conversation_id"], origin="confirmation", text=WELCOME_BACK, author=None
        )
        assert await gate.decide(tx, await messages.get(tx, other), None) == Stop("opted_out", OPTED_OUT)
        tried = await attempts.start(
            tx,
            found["id"],
            1,
            account="iophone",
            sender="iophone",
            from_address=None,
            recipient=PHONE,
            text=GOODBYE,
        )
        await attempts.end(tx, tried.id, "refused", "x", "x")
        assert not await attempts.may_have_come(tx, found["id"])
        await attempts.end(tx, tried.id, "unknown", "x", "x")
    heard.database.clock.wait(1)  # type: ignore[attr-defined]  # the test's own clock
    async with heard.database.transaction() as tx:
        await messages.decide(tx, found["id"])
        assert await gate.decide(tx, await messages.get(tx, found["id"]), None) == Stop("confirmed", CONFIRMED)


def test_every_contact_is_made_where_erased_opt_outs_are_known() -> None:
    """Only `consent.py` creates contacts: elsewhere the bot could text an erased person who opted out."""
    sources = Path(consent.__file__).parents[1].rglob("*.py")
    assert [each.name for each in sources if "contacts.remember(" in each.read_text("utf-8")] == ["consent.py"]


async def test_a_doubt_that_is_none_is_an_error(heard: Heard) -> None:
    """There is no question about a text that nobody asked about."""
    async with heard.database.read() as reader:
        with pytest.raises(LookupError):
            await opt_out_questions.get(reader, 7)
    assert consent.HELP_AGAIN > MINUTE


async def test_a_start_that_comes_late_lifts_no_later_stop(heard: Heard) -> None:
    """The provider gives the times: a late START from before the STOP changes nothing, a newer one opts in."""
    await heard.text("STOP", sent_at="2025-12-01T10:01:00+00:00")
    await heard.text("START", sent_at="2025-12-01T10:00:00+00:00")
    assert await heard.opted_out()
    assert len(await heard.said()) == 1
    await heard.text("START", sent_at="2025-12-01T10:02:00+00:00")
    assert not await heard.opted_out()


async def test_a_stop_from_the_future_does_not_block_a_start(heard: Heard) -> None:
    """A provider's time that cannot be true orders nothing."""
    await heard.text("STOP", sent_at="2099-01-01T00:00:00+00:00")
    await heard.text("START", sent_at="2025-12-01T10:00:00+00:00")
    assert not await heard.opted_out()


async def test_an_inbox_confirms_in_its_own_words(tmp_path: Path, clock: Clock) -> None:
    """The confirmations are those of the settings, which name the team; the inbox has keywords of its own."""
    async with opened(tmp_path / "threadline.db", clock) as database:
        words = {"stop_text": "Acme: no more texts.", "start_text": "Acme: welcome back.", "stop_words": ["No gracias"]}
        settings = _settings()
        inbox = settings.inboxes["support"].model_copy(update=words)
        heard = Heard(database, settings.model_copy(update={"inboxes": {"support": inbox}}))
        await heard.text("no, gracias")
        await heard.text("START")
        assert await heard.said() == ["Acme: no more texts.", "Acme: welcome back."]
