"""*SMS details*, *Contact…* and *Change sender…*: the facts about a text, and a person's notes about a contact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.e2e.team import CUSTOMER, UNLUCKY, key

if TYPE_CHECKING:
    from tests.e2e.team import Team


async def modal(team: Team, user: str = "") -> str:
    """Returns the words in the modal that opens for Anna (or another user)."""
    who = user or team.anna
    await team.until(lambda: team.slack.modal(who))
    return team.slack.words(team.slack.modal(who) or {})


async def delivered(team: Team) -> tuple[str, str]:
    """Makes a thread with a delivered reply; returns its `ts` and that of the reply."""
    root = await team.conversation(CUSTOMER)
    reply = await team.reply(root, "On its way")
    await team.until(lambda: any("✓✓" in line for line in team.lines(root)))
    await team.quiet()
    return root, reply


async def test_details_of_a_reply_and_of_its_line_are_the_same(team: Team) -> None:
    """Both show every attempt with its ids, times and segments, and each receipt in the provider's own words."""
    root, reply = await delivered(team)
    (line,) = [post for post in team.below(root) if key(post).startswith("line:")]
    (attempt,) = team.attempts()
    read = []
    for ts in (reply, line["ts"]):
        await team.slack.message_shortcut(team.anna, team.support, ts, "sms_details")
        read.append(await modal(team))
        await team.slack.close(team.anna)
    assert read[0] == read[1]
    for part in (attempt["provider_id"], str(attempt["id"]), "delivered", "Fone Dynamics", "1 segment", team.anna):
        assert part in read[0]
    words = [row["word"] for row in team.rows("SELECT word FROM receipts")]
    assert words
    assert all(word in read[0] for word in words)
    assert "On its way" not in read[0]


async def test_details_of_the_contacts_text_and_of_something_else(team: Team) -> None:
    """An inbound text shows its account; a message that is not an SMS says so."""
    root = await team.conversation(CUSTOMER)
    (post,) = team.below(root)
    await team.quiet()
    await team.slack.message_shortcut(team.anna, team.support, post["ts"], "sms_details")
    assert "From the contact" in await modal(team)
    await team.slack.close(team.anna)
    await team.slack.message_shortcut(team.anna, team.support, root, "sms_details")
    assert "isn't an SMS" in await modal(team)


async def test_a_failed_line_has_details_and_a_guest_sees_none(team: Team) -> None:
    """The button opens the same modal; a user who is not a full member reads the reason."""
    root = await team.conversation(UNLUCKY)
    guest = team.slack.add_user("gil", guest=True)
    await team.reply(root, "Can you hear me?")
    await team.until(lambda: any("✗" in line for line in team.lines(root)))
    await team.quiet()
    (line,) = [post for post in team.below(root) if key(post).startswith("line:")]
    await team.slack.click(team.anna, team.support, line["ts"], "open:details")
    assert "failed" in await modal(team)
    await team.slack.click(guest, team.support, line["ts"], "open:details")
    assert "full members" in await modal(team, guest)


async def test_what_is_said_of_a_contact_stands_on_the_card(team: Team) -> None:
    """The card shows name and notes; an unknown time zone gives an error beside its field."""
    root = await team.conversation(CUSTOMER)
    await team.slack.click(team.anna, team.support, root, "open:contact")
    await modal(team)
    team.slack.fill(team.anna, "contact:name", "Carol <b>")
    team.slack.fill(team.anna, "contact:notes", "Rings after 5")
    team.slack.fill(team.anna, "contact:zone", "Atlantis")
    assert "zone" in ((await team.slack.submit(team.anna)).answer or {})["errors"]
    team.slack.fill(team.anna, "contact:zone", "Australia/Perth")
    assert not (await team.slack.submit(team.anna)).answer
    await team.until(lambda: "Carol <b>" in team.card(root) and "Rings after 5" in team.card(root))
    (row,) = team.rows("SELECT name, time_zone FROM contacts")
    assert (row["name"], row["time_zone"]) == ("Carol <b>", "Australia/Perth")


async def test_another_sender_is_pinned_on_the_card(team: Team) -> None:
    """All texts come from it, whatever the contact texts to, until *Automatic*; a guest can neither see nor choose."""
    root = await team.conversation(CUSTOMER)
    guest = team.slack.add_user("gil", guest=True)
    await team.slack.click(guest, team.support, root, "open:sender")
    assert "full members" in await modal(team, guest)
    await pin(team, root, "leased")
    await team.until(lambda: ", pinned" in team.card(root))
    await team.phones.send(CUSTOMER, team.sydney, "Anybody?")
    await team.quiet()
    await team.reply(root, "From a lease")
    await team.received(CUSTOMER, 1)
    assert team.phones.received(CUSTOMER)[0].from_number != team.sydney
    await pin(team, root, "-")
    await team.until(lambda: ", pinned" not in team.card(root))
    await team.reply(root, "From the number that you texted")
    await team.received(CUSTOMER, 2)
    assert team.phones.received(CUSTOMER)[1].from_number == team.sydney


async def pin(team: Team, root: str, sender: str) -> None:
    """Chooses a sender in *Change sender…*; "-" is *Automatic*."""
    await team.slack.click(team.anna, team.support, root, "open:sender")
    await modal(team)
    assert "can receive replies" in json.dumps(shown(team))
    team.slack.fill(team.anna, "sender:name", sender)
    assert not (await team.slack.submit(team.anna)).answer
    await team.quiet()


def shown(team: Team) -> dict[str, Any]:
    """Returns Anna's modal."""
    found = team.slack.modal(team.anna)
    assert found is not None
    return found
