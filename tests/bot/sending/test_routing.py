"""Routes of a text: the senders in question, what each lacks, the address, the parts and the files that go along."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.decisions import Stop
from bot.sending.routing import Route, one_way
from bot.settings.rules import Choice
from providers.provider import Features
from sms.address import E164, Alphanumeric, from_canonical
from storage.engine.clock import DAY
from storage.tables import leases
from storage.tables.contacts import Contact
from storage.tables.conversations import Conversation
from tests.bot.installation import SYDNEY
from tests.bot.sending.deciding import NEW, PERTH, SOMEBODY, Deciding
from tests.storage.making import PHONE, Clock, a_conversation

if TYPE_CHECKING:
    from storage.engine.database import Database

LEASE = "+61488000001"


@pytest.fixture
def deciding(database: Database) -> Deciding:
    """Routes among the usual senders."""
    return Deciding(database)


def code(found: Route | Stop) -> str:
    """Returns the code of a stop."""
    assert isinstance(found, Stop), found
    return found.code


# --- the senders in question ------------------------------------------------------------------------------------------


SENDERS: list[tuple[str | None, Any, str | None, tuple[str, ...]]] = [
    (None, "open", None, ("sydney", "perth")),
    ("perth", "open", None, ("perth", "sydney")),
    ("perth", "closed", None, ("sydney", "perth")),
    ("leased", "open", None, ("sydney", "perth")),  # the inbox has it no more
    ("perth", "open", "sydney", ("sydney",)),
    (None, "open", "name", ("name",)),  # a person may choose any sender of the settings
    (None, "open", "gone", ("sydney", "perth")),  # the settings have it no more
]


def test_the_senders_in_question(deciding: Deciding) -> None:
    """A person's choice, else the conversation's own sender first, then the inbox's senders in their order."""
    for keeps, state, via, senders in SENDERS:
        conversation = replace(NEW, sender=keeps, state=state)
        assert deciding.routing.candidates(conversation, SOMEBODY, via).senders == senders, (keeps, state, via)


def test_a_rule_names_the_senders(database: Database) -> None:
    """It fits by country and by files, and the conversation's own sender comes first even if the rule lacks it."""
    rules = [
        {"name": "pictures", "files": True, "senders": ["perth"]},
        {"countries": ["NZ"], "senders": ["perth", "sydney"]},
    ]
    routing = Deciding(database, rules=rules).routing
    abroad = Contact.unknown("+64211234567")
    assert routing.candidates(NEW, SOMEBODY) == Choice(("sydney", "perth"))
    assert routing.candidates(NEW, SOMEBODY, has_files=True).senders == ("perth",)
    assert routing.candidates(NEW, SOMEBODY, has_files=True).number == 1
    assert routing.candidates(NEW, abroad).senders == ("perth", "sydney")
    kept = routing.candidates(replace(NEW, sender="sydney"), SOMEBODY, has_files=True)
    assert (kept.senders, kept.number) == (("sydney", "perth"), 1)


def test_a_rule_holds_by_the_clock_and_the_zone_of_the_contact(database: Database) -> None:
    """It is 21:31 in Sydney and 10:31 UTC: a rule of the night holds for a contact in Sydney only."""
    hours = {"after": "21:00", "before": "08:00", "time_zone": "contact"}
    routing = Deciding(database, rules=[{"hours": hours, "senders": ["perth"]}]).routing
    assert routing.candidates(NEW, replace(SOMEBODY, time_zone="Australia/Sydney")).senders == ("perth",)
    assert routing.candidates(NEW, replace(SOMEBODY, time_zone="Europe/London")).senders == ("sydney", "perth")


RULE = {"countries": ["AU"], "senders": ["perth"]}
LEASED = {"texted_account": "fone", "texted_address": LEASE}
TEXTED = {"texted_account": "rental", "texted_address": PERTH}


@pytest.mark.parametrize(
    ("rule", "knows", "senders"),
    [
        (None, TEXTED, ("perth", "sydney", "leased")),
        (None, TEXTED | {"state": "closed", "sender": "sydney"}, ("perth", "sydney", "leased")),
        (None, TEXTED | {"sender": "sydney"}, ("perth", "sydney", "leased")),
        (None, TEXTED | {"pinned_sender": "leased"}, ("leased", "perth", "sydney")),
        (None, TEXTED | {"pinned_sender": "gone"}, ("perth", "sydney", "leased")),
        (None, TEXTED | {"texted_account": "fone"}, ("sydney", "perth", "leased")),  # a number of another account
        (
            None,
            {"texted_account": "fone", "texted_address": LEASE},
            ("sydney", "perth", "leased"),
        ),  # not in the settings
        (None, {"texted_account": "fone", "texted_address": LEASE, "texted_until": 1}, ("sydney", "perth", "leased")),
        (
            None,
            {"texted_account": "fone", "texted_address": LEASE, "texted_until": 1 << 60},
            ("leased", "sydney", "perth"),
        ),
        (RULE, TEXTED | {"texted_account": "fone", "texted_address": SYDNEY}, ("sydney", "perth")),
        (RULE | {"override": True}, {"texted_account": "fone", "texted_address": SYDNEY}, ("perth", "sydney")),
        (RULE | {"override": True}, {"sender": "sydney"}, ("perth", "sydney")),
        (RULE | {"override": True}, {"pinned_sender": "sydney"}, ("sydney", "perth")),
    ],
)
def test_the_number_that_the_contact_texted(
    database: Database, rule: dict[str, Any] | None, knows: dict[str, Any], senders: tuple[str, ...]
) -> None:
    """A pin comes first, then a rule that overrides, the number texted last, the sender used last, and the rest."""
    rules = [] if rule is None else [rule]
    routing = Deciding(database, rules=rules, inboxes__support__senders=["sydney", "perth", "leased"]).routing
    assert routing.candidates(replace(NEW, **knows), SOMEBODY).senders == senders
    assert routing.candidates(replace(NEW, **knows), SOMEBODY, "leased").senders == ("leased",)


def test_a_contact_who_texted_a_lease_is_not_answered_from_a_name(database: Database) -> None:
    """The name was used last, but nobody can answer it."""
    routing = Deciding(database, inboxes__support__senders=["name", "leased"]).routing
    conversation = replace(NEW, texted_account="fone", texted_address=LEASE, texted_until=1 << 60, sender="name")
    assert routing.candidates(conversation, SOMEBODY).senders == ("leased", "name")


async def test_a_rule_that_overrides_exempts_no_sender_but_a_pinned_one(database: Database) -> None:
    """Its needs hold for the sender used last too."""
    rules = [{"needs": ["files"], "override": True, "senders": ["sydney", "perth"]}]
    deciding = Deciding(database, rules=rules)
    deciding.can(deciding.rental, media_out=True)
    used, pinned = replace(NEW, sender="sydney"), replace(NEW, pinned_sender="sydney")
    for conversation, sender in ((used, "perth"), (pinned, "sydney")):
        found = await deciding.choose(conversation=conversation)
        assert isinstance(found, Route)
        assert found.sender == sender


# --- what a sender lacks ----------------------------------------------------------------------------------------------


async def test_a_sender_that_lacks_what_the_rule_needs_is_skipped(database: Database) -> None:
    """The next sender of the rule takes the text; if all lack it, the stop names the rule and what is missing."""
    deciding = Deciding(database, rules=[{"name": "files", "needs": ["files"], "senders": ["sydney", "perth"]}])
    deciding.can(deciding.rental, media_out=True)
    found = await deciding.choose()
    assert isinstance(found, Route)
    assert found.sender == "perth"
    deciding.can(deciding.rental, media_out=False)
    stop = await deciding.choose()
    assert isinstance(stop, Stop)
    assert stop.code == "rule"
    assert "rule 1 (files)" in stop.sentence
    assert "send files" in stop.sentence


async def test_the_sender_that_the_conversation_keeps_is_exempt(database: Database) -> None:
    """The customer knows its number, so the text goes on through it."""
    deciding = Deciding(database, rules=[{"needs": ["files"], "senders": ["sydney", "perth"]}])
    deciding.can(deciding.rental, media_out=True)
    found = await deciding.choose(conversation=replace(NEW, sender="sydney"))
    assert isinstance(found, Route)
    assert found.sender == "sydney"


def test_without_a_rule_no_sender_lacks_anything(deciding: Deciding) -> None:
    """Only rules need something."""
    deciding.fone.features = Features()
    assert deciding.routing.lacking("sydney", NEW, Choice(("sydney",))) is None


# --- the first that can -----------------------------------------------------------------------------------------------


async def test_the_first_sender_that_can_takes_the_text(deciding: Deciding) -> None:
    """One that refuses it is skipped."""
    deciding.fone.refuses["Hello"] = "blocked"
    found = await deciding.choose()
    assert found == Route("perth", "rental", from_canonical(PERTH), "Hello", ("Hello",))


async def test_if_none_can_the_reason_is_that_of_the_first(deciding: Deciding) -> None:
    """The sentence is of the sender that the team expects."""
    deciding.fone.refuses["Hello"], deciding.rental.refuses["Hello"] = "first", "second"
    stop = await deciding.choose()
    assert isinstance(stop, Stop)
    assert stop.code == "first"
    assert "Fone Dynamics" in stop.sentence


async def test_a_persons_choice_is_the_only_candidate(deciding: Deciding) -> None:
    """If this sender can't take the text, no other does."""
    deciding.rental.refuses["Hello"] = "second"
    assert code(await deciding.choose(via="perth")) == "second"


# --- the address ------------------------------------------------------------------------------------------------------


async def test_a_number_of_ours_is_the_address(deciding: Deciding) -> None:
    """As the settings have it."""
    found = await deciding.route()
    assert found == Route("sydney", "fone", from_canonical(SYDNEY), "Hello", ("Hello",))


async def test_a_name_is_the_address(deciding: Deciding) -> None:
    """Nobody can answer it."""
    found = await deciding.route(sender="name")
    assert isinstance(found, Route)
    assert found.address == Alphanumeric("Acme")
    assert one_way(found.address)
    assert not one_way(from_canonical(SYDNEY))
    assert not one_way(None)


async def test_a_leased_number_is_requested_while_there_is_room(deciding: Deciding) -> None:
    """No address: the provider leases a number for this contact."""
    deciding.can(deciding.fone, leases=True)
    found = await deciding.route(sender="leased")
    assert isinstance(found, Route)
    assert found.address is None


async def test_without_room_the_conversation_uses_its_own_lease(database: Database, clock: Clock) -> None:
    """Another inbox, which has none, can't text through this sender before the lease has ended."""
    deciding = Deciding(
        database, max_leases=1, inboxes__sales={"channel": "C0SALES", "senders": ["leased"], "default_region": "AU"}
    )
    deciding.can(deciding.fone, leases=True)
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        await leases.grant(tx, "fone", LEASE, conversation.contact_id, conversation.id, at=tx.now, lifetime=DAY)
    contact = replace(SOMEBODY, id=conversation.contact_id)
    found = await deciding.route(sender="leased", conversation=conversation, contact=contact)
    assert isinstance(found, Route)
    assert found.address == E164(LEASE)
    other = await deciding.route(sender="leased", conversation=Conversation.none_yet("sales"), contact=contact)
    assert code(other) == "no_lease_free"
    clock.now += DAY
    later = await deciding.route(sender="leased", conversation=Conversation.none_yet("sales"), contact=contact)
    assert isinstance(later, Route)
    assert later.address is None


# --- whom it can reach ------------------------------------------------------------------------------------------------


async def test_a_name_can_not_be_answered(deciding: Deciding) -> None:
    """A contact whose address is a name, as businesses use, gets no text."""
    assert code(await deciding.route(contact=Contact.unknown("Acme"))) == "no_answer"


async def test_a_sip_client_needs_a_provider_that_reaches_it(deciding: Deciding) -> None:
    """A provider without clients can't text one, and the sentence names the provider."""
    alice = Contact.unknown("client:alice")
    stop = await deciding.route(contact=alice)
    assert isinstance(stop, Stop)
    assert stop.code == "unsupported"
    assert "Fone Dynamics" in stop.sentence
    deciding.can(deciding.fone, clients=True)
    assert isinstance(await deciding.route(contact=alice), Route)


async def test_a_name_does_not_go_where_phones_show_none(database: Database) -> None:
    """The United States by the documents, New Zealand by this operator's settings; a number goes anywhere."""
    deciding = Deciding(database, countries_without_names=["NZ"])
    for to, stops in (("+12025550123", True), ("+64211234567", True), (PHONE, False), ("12345", False)):
        contact = Contact.unknown(to)
        found = await deciding.route(sender="name", contact=contact)
        assert isinstance(found, Stop) == stops, to
        assert not isinstance(found, Stop) or found.code == "sender_name_country"
        assert isinstance(await deciding.route(contact=contact), Route)
