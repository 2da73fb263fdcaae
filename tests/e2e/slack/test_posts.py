"""Every post of the bot is in Slack exactly once, whatever Slack does; only posts wait for Slack."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.timeouts import PATIENCE
from tests.e2e.team import CUSTOMER, Team, contact, held, key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def times_shown(team: Team, text: str) -> int:
    """Returns the number of times that the customer's threads show a text."""
    return team.shown(CUSTOMER).count(text)


def cards(team: Team) -> int:
    """Returns the number of threads in the channel, whatever they say."""
    return sum(key(post).startswith("card:") for post in team.slack.see(team.support))


# --- a post whose answer is lost --------------------------------------------------------------------------------------


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Team]:
    """A team whose bot soon gives up waiting for Slack."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["timeouts"]["slack"] = 0.5

    async with Team(tmp_path, adapt) as team:
        yield team


@pytest.mark.parametrize(("how", "skip"), [("drop", 0), ("slow", 1)], ids=["the card", "the text"])
async def test_a_post_whose_answer_is_lost_is_not_made_again(hasty: Team, how: str, skip: int) -> None:
    """A reset connection or silence after posting: the bot looks the post up, and it is there once."""
    if how == "slow":
        fault = hasty.slack.faults.delay("chat.postMessage", seconds=1.0, after=True, skip=skip)
    else:
        fault = hasty.slack.faults.drop("chat.postMessage", after=True, skip=skip)
    await hasty.phones.send(CUSTOMER, hasty.sydney, "Hello")
    await hasty.until(lambda: times_shown(hasty, "Hello"))
    await hasty.until(lambda: hasty.rows("SELECT id FROM posts WHERE kind = 'text' AND state = 'sent'"))
    await hasty.quiet()
    assert fault.hits == 1
    assert (cards(hasty), times_shown(hasty, "Hello")) == (1, 1)


@pytest.mark.parametrize("how", ["error", "slow"])
async def test_a_post_that_was_not_made_is_made_once(hasty: Team, how: str) -> None:
    """`internal_error` or silence before posting: after a look it is posted, once."""
    if how == "slow":
        hasty.slack.faults.delay("chat.postMessage", seconds=1.0)
    else:
        hasty.slack.faults.error("chat.postMessage")
    await hasty.phones.send(CUSTOMER, hasty.sydney, "Hello")
    await hasty.until(lambda: times_shown(hasty, "Hello"))
    await hasty.quiet()
    assert (cards(hasty), times_shown(hasty, "Hello")) == (1, 1)


async def test_a_status_line_whose_answer_is_lost_stands_once(team: Team) -> None:
    """The bot later edits it and does not post it again."""
    root = await team.conversation()
    fault = team.slack.faults.fail("chat.postMessage", after=True)
    await team.reply(root, "Hi")
    await team.until(lambda: any("delivered" in line for line in team.lines(root)))
    await team.quiet()
    assert fault.hits == 1
    assert len(team.lines(root)) == 1


async def test_an_alert_whose_answer_is_lost_stands_once(team: Team) -> None:
    """The alert channel has one post for one cause."""
    fault = team.slack.faults.fail("chat.postMessage", after=True)
    await team.call(str(team.fone.settings.portal_webhook), data=b"{")
    await team.until(team.alerted)
    await team.until(lambda: team.rows("SELECT id FROM posts WHERE kind = 'alert' AND state = 'sent'"))
    assert fault.hits == 1
    assert len(team.alerted()) == 1


async def test_a_post_that_slack_refuses_is_an_alert_with_the_contact(team: Team) -> None:
    """It says which text could not be posted, why, and what to do."""
    root = await team.conversation()
    team.slack.faults.error("chat.postMessage", "msg_too_long")
    await team.phones.send(CUSTOMER, team.sydney, "Too long for Slack")
    await team.until(team.alerted)
    sentence = f"Couldn't post a text in the thread with {contact(team, root)}. Slack says the message is too long."
    assert team.alerted()[0].startswith(sentence)
    (alert,) = team.rows("SELECT cause, sentence FROM alerts")
    assert alert["cause"] == "given up:post:msg_too_long"
    assert "{contact}" in alert["sentence"]  # the row has no name
    assert "Retry" not in str(team.slack.see(team.alerts)[0]["blocks"])  # there is no text of ours to send again


async def test_metadata_that_slack_drops_is_not_needed(team: Team) -> None:
    """The block id also has the key, so the bot finds the post without its metadata."""
    team.slack.faults.fail("chat.postMessage", after=True, skip=1)
    forgetting = asyncio.create_task(forget_metadata(team))
    await team.phones.send(CUSTOMER, team.sydney, "Hello")
    await team.until(lambda: team.rows("SELECT id FROM posts WHERE kind = 'text' AND state = 'sent'"))
    forgetting.cancel()
    await team.quiet()
    assert times_shown(team, "Hello") == 1


async def forget_metadata(team: Team) -> None:
    """Removes the metadata from every message as soon as it appears."""
    while True:
        await team.slack.changed()
        for message in team.slack.world.store.channel(team.support).messages.values():
            message.data.pop("metadata", None)


# --- pauses that Slack asks for ---------------------------------------------------------------------------------------


async def test_a_429_outlives_a_restart(team: Team) -> None:
    """No call of that method comes before `Retry-After` is over, not even after a restart; the text is there once."""
    team.slack.faults.ratelimit("chat.postMessage", seconds=1)
    await team.phones.send(CUSTOMER, team.sydney, "Hello")
    await team.until(lambda: team.slack.calls.failed("ratelimited"))
    await team.stop_bot()
    await team.start_bot()
    await team.until(lambda: times_shown(team, "Hello"))
    await team.quiet()
    assert not any(call.early for call in team.slack.calls)
    assert times_shown(team, "Hello") == 1


async def test_one_method_that_waits_does_not_hold_texts_to_phones(team: Team) -> None:
    """While Slack refuses posts for speed, a reply still goes out."""
    root = await team.conversation()
    team.slack.faults.ratelimit("chat.postMessage", seconds=2)
    await team.phones.send(CUSTOMER, team.sydney, "Hello again")
    await team.until(lambda: team.slack.calls.failed("ratelimited"))
    await team.reply(root, "Hi")
    assert await team.received(CUSTOMER, 1) == ["Hi"]
    assert times_shown(team, "Hello again") == 0


# --- deleted cards ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["top_level", "error"])
async def test_a_deleted_card_opens_the_thread_anew(tmp_path: Path, gone: str) -> None:
    """Whatever Slack does with a reply to a lost thread: the text is below a new card, which says so."""
    async with Team(tmp_path, gone_root=gone) as team:
        root = await team.conversation()
        await take_away_thread(team, root)
        await team.phones.send(CUSTOMER, team.sydney, "Still there?")
        await team.until(lambda: times_shown(team, "Still there?"))
        await team.quiet()
        new = team.root(CUSTOMER)
        assert new != root
        assert times_shown(team, "Still there?") == 1
        assert "Somebody deleted the first message" in "".join(team.notices(new))
        assert len(team.slack.see(team.support)) == 1
        await team.reply(new, "Yes")
        assert await team.received(CUSTOMER, 1) == ["Yes"]


async def test_a_card_deleted_above_its_replies_moves_with_the_next_edit(team: Team) -> None:
    """The old thread stays without its card; a new one is there at once, and a reply in either is texted."""
    root = await team.conversation()
    await team.reply(root, "First")
    await team.received(CUSTOMER, 1)
    await team.quiet()
    await team.slack.delete(team.anna, team.support, root)
    await team.until(lambda: team.roots(CUSTOMER))
    await team.phones.send(CUSTOMER, team.sydney, "Still there?")
    await team.until(lambda: times_shown(team, "Still there?"))
    await team.quiet()
    new = team.root(CUSTOMER)
    assert "Somebody deleted the first message" in "".join(team.notices(new))
    await team.reply(root, "From the old thread")
    await team.reply(new, "From the new one")
    assert sorted((await team.received(CUSTOMER, 3))[1:]) == ["From the new one", "From the old thread"]


async def take_away_thread(team: Team, root: str) -> None:
    """Deletes every post of a thread, its card last."""
    for post in reversed(team.slack.thread(team.support, root)):
        await team.slack.delete(team.anna, team.support, post["ts"])
    await team.slack.delivered()


# --- Slack down -------------------------------------------------------------------------------------------------------


async def test_slack_down_for_a_while_loses_nothing(team: Team) -> None:
    """The bot stores texts meanwhile and shows them in order later; replies then go out."""
    await team.conversation(CUSTOMER, "Before")
    await team.slack.go_down()
    for text in ("First", "Second"):
        await team.phones.send(CUSTOMER, team.sydney, text)
    assert [delivery.status for delivery in team.fone.deliveries] == [200] * 3
    await team.slack.come_up()
    await team.until(lambda: "Second" in team.shown(CUSTOMER))
    shown = team.shown(CUSTOMER)
    assert (shown.count("First"), shown.count("Second")) == (1, 1)
    assert shown.index("First") < shown.index("Second")
    await team.slack.connected(1)
    await team.reply(team.root(CUSTOMER), "Hi")
    await team.received(CUSTOMER, 1)


async def test_slack_down_at_a_start_with_a_known_identity(team: Team) -> None:
    """The bot starts anyway: it stores texts and obeys STOP, and Slack shows both later."""
    await team.stop_bot()
    await team.slack.go_down()
    await team.open_bot()
    await team.phones.send(CUSTOMER, team.sydney, "Hello")
    await team.phones.send(CUSTOMER, team.sydney, "STOP")
    assert [delivery.status for delivery in team.fone.deliveries] == [200, 200]
    (goodbye,) = await team.received(CUSTOMER, 1)
    assert "START" in goodbye
    await team.slack.come_up()
    await team.until(lambda: times_shown(team, "STOP") and times_shown(team, "Hello"))
    await team.slack.connected(1)


async def test_slack_down_at_a_first_start(tmp_path: Path) -> None:
    """The bot does not know its identity yet: it stores texts, loses nothing, and begins when Slack is there."""
    async with Team(tmp_path, starts=False) as team:
        await team.slack.go_down()
        reaching = await team.open_bot()
        await team.phones.send(CUSTOMER, team.sydney, "Hello")
        assert [delivery.status for delivery in team.fone.deliveries] == [200]
        assert (await team.call(f"{team.url}/readyz", "GET"))[0] == 503
        assert (await team.call(f"{team.url}/healthz", "GET"))[0] == 200
        await team.slack.come_up()
        await asyncio.wait_for(asyncio.shield(reaching), PATIENCE)
        await team.until(lambda: times_shown(team, "Hello"))
        assert (await team.call(f"{team.url}/readyz", "GET"))[0] in {200, 503}


# --- events -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_closed_sockets_come_back(tmp_path: Path, how: str) -> None:
    """Slack delivers again the replies from meanwhile, and each goes out once."""
    async with Team(tmp_path, ack_seconds=0.8, time_scale=0.005) as team:
        root = await team.conversation()
        await team.slack.kill_sockets(how)
        await team.reply(root, "Hi")
        await team.received(CUSTOMER, 1)
        await team.slack.connected(2)
        await team.quiet()
        assert team.accepted("Hi") == 1


async def test_refused_tickets_do_not_end_it(team: Team) -> None:
    """The bot replaces a refused ticket by a new one, with a new call."""
    root = await team.conversation()
    before = len(team.slack.calls.of("apps.connections.open"))
    team.slack.faults.refuse_tickets = 2
    await team.slack.kill_sockets("reset")
    await team.until(lambda: team.slack.faults.refused_tickets == 2)
    await team.slack.connected(2)
    assert len(team.slack.calls.of("apps.connections.open")) > before
    await team.reply(root, "Hi")
    await team.received(CUSTOMER, 1)


async def test_a_refresh_loses_nothing(team: Team) -> None:
    """Slack asks every connection to close, as it does every few hours."""
    root = await team.conversation()
    await team.slack.disconnect("refresh_requested")
    await team.reply(root, "Hi")
    await team.received(CUSTOMER, 1)
    assert team.accepted("Hi") == 1


async def test_an_event_that_cannot_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    """While the database is held Slack hears no ack; it comes again, and the reply goes out once."""
    async with Team(tmp_path, ack_seconds=1.0) as team:
        root = await team.conversation()
        await team.quiet()
        async with held(team.bot_settings.database):
            await team.reply(root, "Hi")
            await team.until(
                lambda: any(one.tries for one in team.slack.deliveries.log if one.event.get("text") == "Hi")
            )
        assert await team.received(CUSTOMER, 1) == ["Hi"]
        await team.quiet()
        assert team.accepted("Hi") == 1


async def test_http_mode_works_from_end_to_end(tmp_path: Path) -> None:
    """Signed requests instead of sockets: texts, replies, receipts, the command, and no socket at all."""
    async with Team(tmp_path, http=True) as team:
        assert await team.slack.verify_url()
        root = await team.conversation()
        await team.reply(root, "Hi")
        assert await team.received(CUSTOMER, 1) == ["Hi"]
        await team.until(lambda: any("delivered" in line for line in team.lines(root)))
        assert "Texting" in await team.slash("0488 023 777 From the command")
        await team.received("+61488023777", 1)
        assert team.slack.connections == 0


async def test_http_mode_takes_what_comes_again_once(tmp_path: Path) -> None:
    """Slack repeats its requests, and each counts once; while Slack does not answer, the bot is alive and not ready."""
    async with Team(tmp_path, http=True) as team:
        root = await team.conversation()
        team.slack.faults.redeliver(copies=3)
        await team.reply(root, "Hi")
        await team.received(CUSTOMER, 1)
        await team.slack.delivered()
        await team.quiet()
        assert team.accepted("Hi") == 1
        assert (await team.call(f"{team.url}/readyz", "GET"))[0] == 200
        await team.slack.go_down()
        await team.phones.send(CUSTOMER, team.sydney, "Anybody there?")
        async with asyncio.timeout(PATIENCE):
            while (await team.call(f"{team.url}/readyz", "GET"))[0] != 503:  # noqa: ASYNC110 - another server is asked
                await asyncio.sleep(0.05)
        assert (await team.call(f"{team.url}/healthz", "GET"))[0] == 200
        await team.slack.come_up()
        await team.until(lambda: times_shown(team, "Anybody there?"))
        assert (await team.call(f"{team.url}/readyz", "GET"))[0] == 200


async def test_http_mode_takes_only_what_slack_signed(tmp_path: Path) -> None:
    """With another secret or without a signature, the bot stores nothing."""
    async with Team(tmp_path, http=True, time_scale=0.001) as team:
        root = await team.conversation()
        team.slack.settings.signing_secret = "another"
        await team.reply(root, "Forged")
        await team.slack.delivered()
        status, _ = await team.call(f"{team.url}/slack/events", json={"type": "event_callback"})
        assert status == 401
        await team.quiet()
        assert not team.requests()
        assert [row["kind"] for row in team.rows("SELECT kind FROM intake")] == ["inbound"]


async def test_what_nobody_listens_for_is_acknowledged(team: Team) -> None:
    """The bot acks other events at once, so that Slack does not repeat them."""
    await team.slack.rename(team.support, "help-desk")
    await team.slack.join(team.support)
    await team.quiet()
    await team.slack.delivered()  # of the alert, too
    assert all(one.acked_at and one.tries == [""] for one in team.slack.deliveries.log)


# --- privacy and harm -------------------------------------------------------------------------------------------------


async def test_a_customers_text_can_do_nothing_in_slack(team: Team) -> None:
    """It cannot ping, link or unfurl, not even in the words of a notification."""
    text = "<!channel> <@U0000001> *bold* <https://evil.example|bank> &lt;!here&gt; :tada: @here"
    await team.conversation(CUSTOMER, text)
    await team.quiet()
    (post,) = team.below(team.root(CUSTOMER))
    assert team.slack.pings(post) == []
    assert team.slack.links({"blocks": post["blocks"]}) == []
    assert "attachments" not in post
    assert "<!channel>" not in post["text"]


async def test_nothing_secret_is_printed(team: Team, capfd: pytest.CaptureFixture[str]) -> None:
    """The bot prints no number, body or token, also when things go wrong."""
    root = await team.conversation(CUSTOMER, "My secret is rosebud")
    await team.fone.unplug()
    await team.reply(root, "Never say rosebud")
    await team.until(lambda: bool(team.attempts()))
    await team.call(str(team.fone.settings.portal_webhook), data=b'{"Text": "rosebud')
    team.slack.faults.fail("chat.postMessage", after=True)
    await team.fone.plug()
    await team.received(CUSTOMER, 1)
    await team.quiet()
    printed = "".join(capfd.readouterr())
    secrets = ["rosebud", CUSTOMER, CUSTOMER[1:], team.slack.bot_token, team.slack.app_token, team.fone.settings.token]
    secrets.append(str(team.fone.settings.portal_webhook).rsplit("/", 1)[1])
    assert [secret for secret in secrets if secret in printed] == []
