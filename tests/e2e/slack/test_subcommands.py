"""`/sms` and its subcommands, as people use them in the simulated workspace."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from slack_sdk.signature import SignatureVerifier

from sandbox.timeouts import PATIENCE
from storage.engine.clock import DAY
from tests.e2e.team import ANOTHER, CUSTOMER, Team, held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SPACED = "+61 488 023 555"
NEW = "+61488023777"
SIGNATURE = "The support team — reply STOP to end"  # the dash makes it expensive


async def write(team: Team, sql: str, **values: Any) -> None:
    """Changes rows of the bot's database from another connection."""

    def run() -> None:
        with closing(sqlite3.connect(team.bot_settings.database, timeout=2)) as connection, connection:
            connection.execute(sql, values)

    await asyncio.to_thread(run)


async def name(team: Team, phone: str, called: str) -> None:
    """Gives a contact a name."""
    await write(team, "UPDATE contacts SET name = :called WHERE address = :phone", called=called, phone=phone)


def written(team: Team) -> dict[str, int]:
    """Returns the number of rows in each table that a command can write to."""
    counts = """
        SELECT (SELECT count(*) FROM intake) AS intake, (SELECT count(*) FROM contacts) AS contacts,
            (SELECT count(*) FROM conversations) AS conversations, (SELECT count(*) FROM messages) AS messages,
            (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM templates) AS templates
    """
    return team.rows(counts)[0]


# --- find -------------------------------------------------------------------------------------------------------------


async def test_find(team: Team) -> None:
    """A part of a name in any case, or some digits in any form, find the conversation, linked."""
    root = await team.conversation()
    await team.conversation(ANOTHER, "Me too")
    await name(team, CUSTOMER, "Élodie Martin <!here>")
    link = f"/archives/{team.support}/p{root.replace('.', '')}|Élodie Martin &lt;!here&gt; ({SPACED})>"
    for words in ("élodie", "MARTIN", "0488 023 555", "+61488023", "023-555"):
        assert link in await team.slash(f"find {words}"), words


async def test_find_shows_ten_and_counts_the_rest(team: Team) -> None:
    """The answer shows the newest ten, and the number of the others."""
    for number in range(12):
        await team.phones.send(f"+614880230{number:02}", team.sydney, "Hello")
    await team.until(lambda: len(team.slack.see(team.support)) == 12)
    await team.quiet()
    lines = (await team.slash("find 614880230")).splitlines()
    assert len(lines) == 12
    assert "+61 488 023 011" in lines[1]
    assert "… and 2 more." in lines[-1]


async def test_find_nothing(team: Team) -> None:
    """The answer says that nobody matches; the wildcards of SQL are plain characters."""
    await team.conversation()
    await name(team, CUSTOMER, "Anna")
    for words in ("nobody", "%", "_", "999", "{x} `y` *z*"):
        assert "No conversation matches" in await team.slash(f"find {words}"), words
    assert "Write a part of a name" in await team.slash("find")


# --- open -------------------------------------------------------------------------------------------------------------


async def test_open_makes_a_thread_and_texts_nobody(team: Team) -> None:
    """The new number has a thread with a link, and nothing goes out."""
    used = await team.slack.slash(team.anna, team.support, "/sms", f"open {NEW}")
    await team.until(lambda: len(used.posts) == 2)
    root = team.root(NEW)
    assert f"p{root.replace('.', '')}|this thread" in used.posts[1]["text"]
    await team.quiet()
    assert not team.requests()
    assert not team.below(root)


async def test_open_finds_the_thread_and_opens_what_is_closed(team: Team) -> None:
    """A known number leads to its thread, which is open again."""
    root = await team.conversation()
    await team.reply(root, "!close")
    await team.until(lambda: "Reopen" in str(team.slack.thread(team.support, root)[0]))
    used = await team.slack.slash(team.anna, team.support, "/sms", f"open {CUSTOMER}")
    await team.until(lambda: len(used.posts) == 2)
    await team.until(lambda: "Reopen" not in str(team.slack.thread(team.support, root)[0]))
    assert team.roots(CUSTOMER) == [root]


async def test_open_wants_one_number(team: Team) -> None:
    """Anything else gets a sentence and writes nothing."""
    before = written(team)
    for words in ("open", "open hello", "open 0488 023 777 Hello"):
        assert "`/sms help`" in await team.slash(words), words
    assert written(team) == before


# --- commands that only read ------------------------------------------------------------------------------------------


async def test_leases(team: Team) -> None:
    """It lists live leases with their contacts, the next to end first and marked; ended leases are missing."""
    assert "No number is leased" in await team.slash("leases")
    for phone, days in ((CUSTOMER, 20), (ANOTHER, 3), (NEW, -1)):
        await team.slash(f"{phone} Who is there?")
        await team.received(phone, 1)
        await team.quiet()
        change = """
            UPDATE leases SET expires_at = last_used_at + :left
            WHERE contact_id IN (SELECT id FROM contacts WHERE address = :phone)
        """
        await write(team, change, left=days * DAY, phone=phone)
    lines = (await team.slash("leases")).splitlines()
    assert len(lines) == 3
    assert "+61 488 023 666" in lines[1]
    assert ":hourglass" in lines[1]
    assert SPACED in lines[2]
    assert "/archives/" in lines[2]
    assert ":hourglass" not in lines[2]


async def test_senders(team: Team) -> None:
    """It lists each sender of the inbox with its features; the first is the default."""
    lines = (await team.slash("senders")).splitlines()
    assert "`leased`" in lines[1]
    assert "default" in lines[1]
    assert "`sydney`" in lines[2]
    assert "default" not in lines[2]
    assert "receipts" in lines[2]
    assert len(lines) == 3


async def test_status(team: Team) -> None:
    """It shows queues, failures, and the last accepted text of each account."""
    root = await team.conversation()
    assert "support: 1 waiting" in await team.slash("status")
    await team.reply(root, "Here I am")
    await team.received(CUSTOMER, 1)
    await team.quiet()
    told = await team.slash("status")
    assert "support: 0 waiting" in told
    assert "Fone Dynamics: last accepted a text <!date" in told
    assert "IO Phone: last accepted a text never" in told


async def test_help_names_every_command(team: Team) -> None:
    """The help lists every subcommand, and no other."""
    used = await team.slack.slash(team.anna, team.support, "/sms", "help")
    said = str(used.posts[0]["blocks"])
    commands = {"find", "open", "leases", "senders", "route", "status", "templates", "optout", "optin", "help"}
    assert {word for word in commands if f"`/sms {word}" in said} == commands
    assert "no `/sms hlep`" in await team.slash("hlep")


# --- route ------------------------------------------------------------------------------------------------------------


async def test_route_explains_and_writes_nothing(team: Team) -> None:
    """It shows the encoding, its cause and each sender in order; it sends and writes nothing."""
    before = written(team)
    told = await team.slash(f"route {NEW} It\u2019s here")
    assert "UCS-2, 1 segment" in told
    assert "UCS-2 because of “\u2019” (U+2019), character 3" in told
    assert "1. leased, Fone Dynamics: used. From a number that is leased" in told
    assert "2. sydney, Fone Dynamics: next. From +61" in told
    await team.quiet()
    assert written(team) == before
    assert not team.requests()


async def test_route_says_what_the_gate_does(team: Team) -> None:
    """The sender that the explanation names is the one that the text then uses."""
    await team.conversation()
    await team.quiet()
    assert "1. sydney, Fone Dynamics (kept by the conversation): used" in await team.slash(f"route {CUSTOMER} Hi")
    await team.slash(f"{CUSTOMER} Hi")
    await team.received(CUSTOMER, 1)
    assert team.attempts()[-1]["sender"] == "sydney"


async def test_route_tells_of_an_opt_out(team: Team) -> None:
    """A contact who opted out gets nothing through any sender, and the explanation says so."""
    await team.conversation(CUSTOMER, "STOP")
    await team.quiet()
    told = await team.slash(f"route {CUSTOMER}")
    assert "It would not go out. This contact has opted out" in told
    assert "would be first" in told


async def test_route_names_the_lease(team: Team) -> None:
    """At five live leases the conversation's own is used again, and the explanation says so beforehand."""
    await team.slash(f"{CUSTOMER} Who is there?")
    await team.received(CUSTOMER, 1)
    await team.quiet()
    assert "From a number that is leased" in await team.slash(f"route {CUSTOMER} Hi")
    own = team.rows("SELECT * FROM leases")[0]
    more = """
        INSERT INTO leases (id, number, account, contact_id, conversation_id, leased_at, last_used_at, expires_at,
            held_until)
        SELECT id + :n, '+6141000000' || :n, account, contact_id, conversation_id, leased_at, last_used_at, expires_at,
            held_until
        FROM leases WHERE id = :own
    """
    for n in range(1, 5):
        await write(team, more, n=n, own=own["id"])
    assert "the conversation's lease" in await team.slash(f"route {CUSTOMER} Hi")


@pytest.fixture
async def signing(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose inbox has a signature."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"] |= {"signature": SIGNATURE, "max_segments": 2}

    async with Team(tmp_path, adapt) as team:
        yield team


async def test_a_signature_is_sent_and_its_cost_is_told(signing: Team) -> None:
    """It is below a person's text, `route` shows its cost, and it counts towards the maximum length."""
    root = await signing.conversation()
    await signing.reply(root, "Yes")
    await signing.slash(f"{CUSTOMER} {'a' * 30}")
    assert await signing.received(CUSTOMER, 2) == [f"Yes\n{SIGNATURE}", f"{'a' * 30}\n{SIGNATURE}"]
    assert "The signature adds 1 segment." in await signing.slash(f"route {CUSTOMER} {'a' * 60}")
    assert "3 segments long" in await signing.slash(f"{CUSTOMER} {'a' * 150}")


# --- templates --------------------------------------------------------------------------------------------------------


async def test_templates_are_kept_shown_sent_and_removed(team: Team) -> None:
    """The bot fills a template with the contact's and the sender's name, and texts it by its name."""
    await team.conversation()
    await name(team, CUSTOMER, "Élodie Martin")
    assert "no templates" in await team.slash("templates")
    text = "Hi {first_name},\nyour order <1> is here & ready. {agent}"
    assert "is saved" in await team.slash(f"templates add Ready {text}")
    await team.quiet()
    assert "`#ready` Hi {first_name}, your order &lt;1&gt;" in await team.slash("templates")
    assert "`#ready`, saved by <@" in await team.slash("templates show ready")
    assert "Texting" in await team.slash(f"{CUSTOMER} #ready")
    assert "Texting" in await team.slash(f"template ready {CUSTOMER}")
    filled = "Hi Élodie,\nyour order <1> is here & ready. anna"
    assert await team.received(CUSTOMER, 2) == [filled, filled]
    assert "in place of the old one" in await team.slash("templates add ready Other")
    assert "is gone" in await team.slash("templates remove #ready")
    await team.quiet()
    assert "no templates" in await team.slash("templates")


async def test_a_template_may_be_called_like_a_channel(team: Team) -> None:
    """Slack turns `#sales` into a mention of the channel; the bot still uses the template."""
    await team.slash("templates add sales Our sale ends today")
    await team.quiet()
    await team.slash(f"{NEW} #sales")
    assert await team.received(NEW, 1) == ["Our sale ends today"]


async def test_a_template_that_cannot_be_filled_is_not_sent(team: Team) -> None:
    """The bot refuses to save an unknown variable, and to send an empty value."""
    await team.conversation()
    assert "There is no variable `{nmae}`" in await team.slash("templates add ready Hi {nmae}")
    assert "Write the text" in await team.slash("templates add ready")
    assert "lowercase letters" in await team.slash("templates add 1st Hi")
    await team.slash("templates add ready Hi {name}")
    await team.quiet()
    assert "We don't know" in await team.slash(f"{CUSTOMER} #ready")
    assert "no template `#gone`" in await team.slash(f"{CUSTOMER} #gone")
    assert "no template `#gone`" in await team.slash("templates show gone")
    assert not team.requests()


# --- opting out -------------------------------------------------------------------------------------------------------


async def test_opt_out_and_in(team: Team) -> None:
    """An opt-out by a person holds, its evidence is that person, and it can be lifted."""
    root = await team.conversation()
    assert "hasn't opted out" in await team.slash(f"optin {CUSTOMER}")
    assert f"nobody can text {SPACED}" in await team.slash("optout 0488 023 555")
    await team.until(lambda: "opted out" in team.card(root).lower())
    assert "opted out already" in await team.slash(f"optout {CUSTOMER}")
    assert "opted out" in await team.slash(f"{CUSTOMER} Hello again")
    (held,) = team.rows("SELECT source, evidence FROM suppressions")
    assert held == {"source": "person", "evidence": team.anna}
    assert "you can text" in await team.slash(f"optin {CUSTOMER}")
    await team.quiet()
    await team.slash(f"{CUSTOMER} Hello again")
    assert await team.received(CUSTOMER, 1) == ["Hello again"]


async def test_an_opt_out_needs_no_conversation(team: Team) -> None:
    """A number without texts can be opted out; it gets no thread."""
    await team.slash(f"optout {NEW}")
    await team.quiet()
    assert "opted out" in await team.slash(f"{NEW} Hello")
    assert not team.roots(NEW)


# --- when things are slow or broken -----------------------------------------------------------------------------------


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose bot waits longer for Slack than Slack waits for the bot."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["timeouts"]["slack"] = PATIENCE

    async with Team(tmp_path, adapt) as team:
        yield team


async def test_a_slow_answer_follows(patient: Team) -> None:
    """If the answer takes longer than Slack waits, the bot acks in time and answers later."""
    patient.slack.faults.delay("users.info", seconds=2.4)
    used = await patient.slack.slash(patient.anna, patient.support, "/sms", "senders")
    assert not used.error
    assert "One moment" in used.posts[0]["text"]
    await patient.until(lambda: len(used.posts) == 2)
    assert "`sydney`" in used.posts[1]["text"]


async def test_a_slow_slack_is_told(tmp_path: Path) -> None:
    """If Slack does not say who somebody is, the bot does nothing, and says so."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["timeouts"]["slack"] = 0.5

    async with Team(tmp_path, adapt) as team:
        team.slack.faults.delay("users.info", times=None, seconds=1.0)
        assert "Slack didn't say who you are" in await team.slash(f"{NEW} Hello")
        await team.quiet()
        assert not team.requests()


async def test_a_busy_database_is_told(tmp_path: Path) -> None:
    """While another process holds the file, the bot stores nothing, and the person gets a sentence at once."""
    async with Team(tmp_path, ack_seconds=PATIENCE) as team:  # three seconds may pass on a busy machine by themselves
        await team.slash("senders")
        async with held(team.bot_settings.database):
            used = await team.slack.slash(team.anna, team.support, "/sms", f"{NEW} Hello")
            await team.until(lambda: any("Nothing was done" in post["text"] for post in used.posts))
        assert not used.error
        await asyncio.wait_for(team.quiet(), PATIENCE)
        assert not team.requests()


async def test_the_same_command_twice_is_one(tmp_path: Path) -> None:
    """A command that arrives twice (one trigger) gets two answers and acts once."""
    async with Team(tmp_path, http=True) as team:
        used = {
            "command": "/sms",
            "text": f"{NEW} Hello",
            "user_id": team.anna,
            "channel_id": team.support,
            "trigger_id": "1.2.same",
            "response_url": f"{team.url}/nowhere",
        }
        body = urlencode(used)
        stamp = str(int(time.time()))
        signed = SignatureVerifier(team.slack.signing_secret).generate_signature(timestamp=stamp, body=body)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": str(signed),
        }
        for _ in range(2):
            status, answer = await team.call(f"{team.url}/slack/events", data=body, headers=headers)
            assert (status, "Texting" in answer) == (200, True)
        assert await team.received(NEW, 1) == ["Hello"]
        await team.quiet()
        assert team.accepted("Hello") == 1
