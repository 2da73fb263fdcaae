"""Replies of the team go out at most once per decision, and each shows its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.carriers.faults import Trouble
from tests.e2e.team import ANOTHER, CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

AMERICAN = "+12025550123"


# --- order and repetition ---------------------------------------------------------------------------------------------


async def test_replies_go_out_in_the_order_in_which_they_were_written(team: Team) -> None:
    """Ten replies arrive in that order, each once."""
    root = await team.conversation()
    texts = [f"Number {number}" for number in range(10)]
    for text in texts:
        await team.reply(root, text)
        await team.slack.delivered()
    assert await team.received(CUSTOMER, 10) == texts


async def test_a_slow_provider_does_not_mix_up_the_order(team: Team) -> None:
    """The second reply waits for the result of the first."""
    root = await team.conversation()
    await team.fone.unplug()
    await team.reply(root, "First")
    await team.until(lambda: bool(team.attempts()))
    await team.reply(root, "Second")
    await team.slack.delivered()
    await team.fone.plug()
    assert await team.received(CUSTOMER, 2) == ["First", "Second"]


async def test_one_conversation_does_not_wait_for_another(team: Team) -> None:
    """While one text waits for its answer, a text to another contact goes out."""
    root, other = await team.conversation(CUSTOMER, "One"), await team.conversation(ANOTHER, "Two")
    team.fone.faults.hang_seconds = 0.5
    team.fone.faults.next(Trouble.HANG_BEFORE)
    await team.reply(root, "Slow")
    await team.until(lambda: bool(team.requests()))
    await team.reply(other, "Quick")
    assert await team.received(ANOTHER, 1) == ["Quick"]
    assert not team.phones.received(CUSTOMER)


async def test_an_event_that_comes_several_times_is_one_text(team: Team) -> None:
    """Slack repeats acknowledged events, and events that it considers unacknowledged."""
    root = await team.conversation()
    team.slack.faults.redeliver(copies=3)
    team.slack.faults.ignore_acks(times=2)
    await team.reply(root, "Only once")
    await team.received(CUSTOMER, 1)
    await team.quiet()
    assert team.accepted("Only once") == 1
    assert len(team.lines(root)) == 1


async def test_events_out_of_order_lose_and_double_nothing(team: Team) -> None:
    """The order is that of the intake; every reply goes out exactly once."""
    root = await team.conversation()
    team.slack.faults.reorder_window = 12
    texts = [f"Number {number}" for number in range(6)]
    for text in texts:
        await team.reply(root, text)
    assert sorted(await team.received(CUSTOMER, 6)) == texts
    await team.quiet()
    assert [team.accepted(text) for text in texts] == [1] * 6


# --- edits and deletions ----------------------------------------------------------------------------------------------


async def test_an_edit_before_sending_replaces_the_text(team: Team) -> None:
    """A waiting reply goes out in its last version; the bot says nothing."""
    root = await team.conversation()
    await team.fone.unplug()
    await team.reply(root, "First")
    await team.until(lambda: bool(team.attempts()))
    ts = await team.reply(root, "Five oclock")
    await team.slack.edit(team.anna, team.support, ts, "Six o'clock")
    await team.slack.delivered()
    await team.fone.plug()
    assert await team.received(CUSTOMER, 2) == ["First", "Six o'clock"]
    assert not team.told()


async def test_an_edit_after_sending_is_told_privately(team: Team) -> None:
    """The author reads that the text had gone out; the bot sends nothing again."""
    root = await team.conversation()
    ts = await team.reply(root, "Five oclock")
    await team.received(CUSTOMER, 1)
    await team.slack.edit(team.anna, team.support, ts, "Six o'clock")
    await team.until(team.told)
    await team.quiet()
    (told,) = team.told()
    assert "had gone out" in told
    assert not team.told(team.ben)
    assert len(team.requests()) == 1


async def test_an_edit_of_what_was_not_sent_is_told_privately(team: Team) -> None:
    """A refused reply stays unsent; the bot asks the author for a new reply, and does not say that it went out."""
    root = await team.conversation()
    ts = await team.reply(root, "x" * 2000)
    await team.until(lambda: team.lines(root))
    await team.slack.edit(team.anna, team.support, ts, "Short")
    await team.until(team.told)
    await team.quiet()
    assert "new reply" in team.told()[0]
    assert "gone out" not in team.told()[0]
    assert not team.requests()


async def test_an_edit_while_the_provider_is_away_replaces_the_text(team: Team) -> None:
    """A text that certainly has not gone out can still be changed."""
    root = await team.conversation()
    await team.fone.unplug()
    ts = await team.reply(root, "Five oclock")
    await team.until(lambda: team.attempts() and team.attempts()[0]["outcome"] == "not sent")
    await team.slack.edit(team.anna, team.support, ts, "Six o'clock")
    await team.slack.delivered()
    await team.fone.plug()
    assert await team.received(CUSTOMER, 1) == ["Six o'clock"]
    assert not team.told()


async def test_a_deletion_before_sending_takes_the_text_back(team: Team) -> None:
    """A waiting reply does not go out; the bot says nothing."""
    root = await team.conversation()
    await team.fone.unplug()
    await team.reply(root, "First")
    await team.until(lambda: bool(team.attempts()))
    ts = await team.reply(root, "Not this")
    await team.slack.delivered()
    await team.slack.delete(team.anna, team.support, ts)
    await team.slack.delivered()
    await team.fone.plug()
    await team.received(CUSTOMER, 1)
    await team.quiet()
    assert await team.received(CUSTOMER, 1) == ["First"]
    assert not team.told()
    assert len(team.lines(root)) == 1


async def test_a_deletion_while_the_provider_is_away_takes_the_text_back(team: Team) -> None:
    """A text that certainly has not gone out does not go out when the provider is back."""
    root = await team.conversation()
    await team.fone.unplug()
    ts = await team.reply(root, "Not this")
    await team.until(lambda: team.attempts() and team.attempts()[0]["outcome"] == "not sent")
    await team.slack.delete(team.anna, team.support, ts)
    await team.slack.delivered()
    await team.fone.plug()
    await team.reply(root, "But this")
    assert await team.received(CUSTOMER, 1) == ["But this"]
    await team.quiet()
    assert team.accepted("Not this") == 0
    assert not team.told()


async def test_a_deletion_after_sending_is_told_privately(team: Team) -> None:
    """Nobody can take back the SMS, and the bot says so to the author."""
    root = await team.conversation()
    ts = await team.reply(root, "Oops")
    await team.received(CUSTOMER, 1)
    await team.slack.delete(team.anna, team.support, ts)
    await team.until(team.told)
    assert "nobody can take it back" in team.told()[0]


async def test_a_deletion_of_what_was_refused_says_nothing(team: Team) -> None:
    """It had not gone out, so the bot does not say that it had."""
    root = await team.conversation()
    ts = await team.reply(root, "x" * 2000)
    await team.until(lambda: team.lines(root))
    await team.slack.delete(team.anna, team.support, ts)
    await team.quiet()
    assert not team.told()


# --- notes ------------------------------------------------------------------------------------------------------------


async def test_a_note_is_never_sent(team: Team) -> None:
    """It stays in the team, and nothing is said about it."""
    root = await team.conversation()
    for note in ("!note he is angry", "!NOTE: angry", "! note angry", "  !note\nangry"):
        await team.reply(root, note)
    await team.quiet()
    assert not team.requests()
    assert not team.told()
    assert not team.lines(root)


async def test_what_looks_like_a_note_is_not_sent_and_asked_about(team: Team) -> None:
    """It is held, and the thread asks whether it is to go out."""
    root = await team.conversation()
    texts = ["/note he is angry", "note: he is angry", "!nte he is angry", "Yes\n!note but no"]
    for text in texts:
        await team.reply(root, text)
    await team.until(lambda: sum("looks like a note" in line for line in team.lines(root)) == len(texts))
    await team.quiet()
    assert not team.requests()


async def test_a_note_that_becomes_a_reply_by_an_edit_is_not_sent(team: Team) -> None:
    """A note does not go out because somebody removed its mark; a new reply would."""
    root = await team.conversation()
    ts = await team.reply(root, "!note he is angry")
    await team.slack.edit(team.anna, team.support, ts, "he is angry")
    await team.quiet()
    assert not team.requests()


async def test_a_reply_that_becomes_a_note_before_sending_is_not_sent(team: Team) -> None:
    """Somebody notices in time that it was only for the team."""
    root = await team.conversation()
    await team.fone.unplug()
    await team.reply(root, "First")
    await team.until(lambda: bool(team.attempts()))
    ts = await team.reply(root, "he is angry")
    await team.slack.edit(team.anna, team.support, ts, "!note he is angry")
    await team.slack.delivered()
    await team.fone.plug()
    await team.received(CUSTOMER, 1)
    await team.quiet()
    assert await team.received(CUSTOMER, 1) == ["First"]


# --- what the bot refuses before any request --------------------------------------------------------------------------


async def test_a_broadcast_is_refused_with_a_sentence(team: Team) -> None:
    """`@here` calls colleagues, not the customer."""
    root = await team.conversation()
    await team.reply(root, "@here who knows this?")
    await team.until(lambda: any("notify your colleagues" in line for line in team.lines(root)))
    await team.quiet()
    assert not team.requests()


async def test_a_reply_also_sent_to_the_channel_is_sent_once(team: Team) -> None:
    """The same message in two places is one text."""
    root = await team.conversation()
    await team.reply(root, "Also for the channel", broadcast=True)
    assert await team.received(CUSTOMER, 1) == ["Also for the channel"]
    await team.quiet()
    assert len(team.requests()) == 1


async def test_a_message_outside_of_threads_is_not_sent(team: Team) -> None:
    """This holds for messages beside the threads and in threads without a conversation."""
    await team.conversation()
    ts = await team.slack.say(team.anna, team.support, "Lunch?")
    await team.slack.say(team.ben, team.support, "Yes", thread_ts=ts)
    await team.quiet()
    assert not team.requests()


async def test_a_guest_cannot_text(team: Team) -> None:
    """A guest's reply does not go out, and only the guest sees the reason."""
    root = await team.conversation()
    guest = team.slack.add_user("gus", guest=True)
    await team.slack.say(guest, team.support, "From me", thread_ts=root)
    await team.until(lambda: "full members" in "".join(team.told(guest)))
    await team.quiet()
    assert not team.lines(root)
    assert not team.requests()


async def test_a_stranger_cannot_text(tmp_path: Path) -> None:
    """A person of another organisation in a shared channel cannot text either."""
    team = Team(tmp_path)
    team.slack.world.store.channel(team.support).is_shared = True
    async with team:
        root = await team.conversation()
        stranger = team.slack.add_user("eve", stranger=True)
        await team.slack.say(stranger, team.support, "From me", thread_ts=root)
        await team.until(lambda: "full members" in "".join(team.told(stranger)))
        await team.quiet()
        assert not team.requests()


async def test_another_app_cannot_text(team: Team) -> None:
    """The bot ignores messages of bots in a thread, in every form."""
    root = await team.conversation()
    robot = team.slack.add_user("robot", bot=True)
    await team.slack.say(robot, team.support, "Build failed", thread_ts=root)
    await team.slack.say(robot, team.support, "Build failed", thread_ts=root, subtype="bot_message")
    await team.quiet()
    assert not team.requests()
    assert not team.lines(root)


async def test_too_long_a_reply_is_refused_with_its_length(team: Team) -> None:
    """It has nine segments, and eight is the maximum: the thread says so, and the bot makes no request."""
    root = await team.conversation()
    await team.reply(root, "x" * (153 * 8 + 1))
    await team.until(lambda: any("9 segments" in line for line in team.lines(root)))
    await team.quiet()
    assert not team.requests()


async def test_a_name_as_sender_is_refused_where_names_are_not_shown(tmp_path: Path) -> None:
    """The thread of a text to the US from a name gives the reason before any request."""

    def named(settings: dict[str, Any]) -> None:
        settings["senders"]["name"] = {"account": "fone", "address": "ACME"}
        settings["inboxes"]["support"]["senders"] = ["name"]
        settings["rules"] = [{"override": True, "senders": ["name"]}]

    async with Team(tmp_path, named) as team:
        root = await team.conversation(AMERICAN, "Hi")
        await team.reply(root, "!via name\nHello")
        await team.until(lambda: any("(United States) don't show a name" in told for told in team.told()))
        await team.quiet()
        assert not team.requests()
        other = await team.conversation(CUSTOMER, "G'day")
        await team.reply(other, "Hello")
        await team.received(CUSTOMER, 1)
        assert team.requests()[0]["From"] == "ACME"


async def test_nothing_to_show_on_a_phone_is_refused(team: Team) -> None:
    """A custom emoji alone would be an empty text."""
    team.slack.add_emoji("shipit")
    root = await team.conversation()
    await team.reply(root, ":shipit:")
    await team.until(lambda: any("can't show anything in this message" in line for line in team.lines(root)))
    await team.quiet()
    assert not team.requests()


async def test_a_reply_to_somebody_who_has_no_number_is_refused(team: Team) -> None:
    """Nobody can answer a text that came from a name, and the thread says so."""
    url = str(team.fone.settings.portal_webhook)
    said = {"MessageSid": "MNAME0000000000000000000000000001", "From": "PARCELS", "To": team.sydney, "Text": "Coming"}
    await team.call(url, json={**said, "Direction": "Receive"})
    await team.until(lambda: team.slack.see(team.support))
    root = team.slack.see(team.support)[0]["ts"]
    await team.until(lambda: bool(team.below(root)))
    await team.reply(root, "When?")
    await team.until(lambda: any("can't be answered" in line for line in team.lines(root)))
    assert not team.requests()


async def test_markup_never_reaches_the_phone(team: Team) -> None:
    """The phone shows names instead of ids, readable links, emoji as characters, entities as their signs."""
    root = await team.conversation()
    await team.reply(root, "*Hi* @ben & <you>, see https://example.com :tada:\n- one\n- two")
    (text,) = await team.received(CUSTOMER, 1)
    assert text == "Hi ben & <you>, see https://example.com 🎉\n- one\n- two"
