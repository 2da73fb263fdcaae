"""Whatever happens to a call, each post is in Slack once, in its thread, and we know where."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

import bot.slack.client.workspace
from bot.conversations.enqueue import RetryLater
from bot.settings.model import Settings
from bot.slack.client.api import SlackApi, SlackRefused, SlackUncertain, SlackUnreachable, open_client, open_session
from bot.slack.client.rate_limit import RateLimits
from bot.slack.client.users import Users
from bot.slack.threads.idempotent_post import Draft, IdempotentPosts, ThreadLost
from bot.slack.views.blocks import Rendered
from bot.telemetry.metrics import Metrics
from sandbox.slack import Workspace
from sandbox.timeouts import PATIENCE
from storage.engine.clock import SECOND, system_clock
from storage.engine.database import open_database
from storage.tables import posts
from storage.tables.identity import Identity
from storage.tables.intake import Appender
from tests.bot.installation import changed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database, Transaction
    from storage.tables.posts import Post

SETTLE = 10.0  # seconds
KEY = "text:17"


class Clock:
    """The real clock, which a test can move forward."""

    def __init__(self) -> None:
        self.ahead = 0  # microseconds

    def __call__(self) -> int:
        """Returns the time in microseconds UTC."""
        return system_clock() + self.ahead


class Desk:
    """The real client with the simulated Slack, and what a test looks at.

    Attributes:
        finished: the posts that `follow` was called for.
    """

    def __init__(self, slack: Workspace, database: Database, idempotent_posts: IdempotentPosts, clock: Clock) -> None:
        self.slack = slack
        self.clock = clock
        self.database = database
        self.idempotent_posts = idempotent_posts
        self.channel = slack.add_channel("support")
        self.finished: list[Post] = []
        self.text = "Hello"

    async def put(self, thread_ts: str | None = None, key: str = KEY) -> None:
        """Puts a post; it says what `text` is when its turn comes."""
        draft = Draft(key, "text", 17, self.channel, thread_ts)
        await self.idempotent_posts.put(draft, self._compose, follow=self._follow)

    async def root(self) -> str:
        """Posts a card. Returns its `ts`."""
        await self.put(key="card:17")
        return (await self.kept("card:17")).ts or ""

    async def root_anew(self) -> str:
        """Posts the card again, after its first one was lost."""
        async with self.database.transaction() as tx:
            await posts.lose(tx, (await self.kept("card:17")).id)
        return await self.root()

    async def kept(self, key: str = KEY) -> Post:
        """Returns the post's row."""
        async with self.database.read() as reader:
            found = await posts.find(reader, key)
        assert found is not None
        return found

    def shown(self, thread_ts: str | None = None) -> list[str]:
        """Returns the texts in the channel, or in a thread without its root."""
        if thread_ts is not None:
            return [post["text"] for post in self.slack.thread(self.channel, thread_ts)[1:]]
        return [post["text"] for post in self.slack.see(self.channel) if not post.get("subtype")]

    def posted(self) -> int:
        """Returns how often we called Slack to post."""
        return sum(call.method == "chat.postMessage" for call in self.slack.calls)

    async def _compose(self, _: Transaction, post: Post) -> Rendered | None:
        if not self.text:
            return None
        section = {"type": "section", "text": {"type": "plain_text", "text": self.text}}
        return Rendered(self.text, [section | {"block_id": f"k:{post.key}"}])

    async def _follow(self, _: Transaction, post: Post) -> None:
        self.finished.append(post)


@asynccontextmanager
async def opened(folder: Path, **workspace: Any) -> AsyncIterator[Desk]:
    """Opens a desk with a workspace of these options."""
    options = {"posts_per_second": None, "tier_scale": None, "time_scale": 0.01} | workspace
    async with Workspace(**options) as slack, open_session(15.0) as session:
        clock = Clock()
        database = await open_database(folder / "threadline.db", clock)
        limits = {"posts_per_second": 1000.0, "posts_per_minute": 60_000.0, "reconcile_seconds": SETTLE}
        access = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
        written = changed()
        written["slack"] |= limits | access
        settings = Settings(**written)
        rate_limits = RateLimits(database, settings.slack)
        api = SlackApi(open_client(settings.slack, session), rate_limits)
        who = Identity(slack.team_id, "B1", "U1", "https://x.slack.com/")
        users = Users(database, api, who)
        ours = bot.slack.client.workspace.Workspace(
            settings, database, Appender(database), {}, api, users, Metrics(), who
        )
        try:
            yield Desk(slack, database, IdempotentPosts(ours, rate_limits), clock)
        finally:
            await database.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Yields a desk in an ordinary workspace."""
    async with opened(tmp_path) as desk:
        yield desk


async def until_put(desk: Desk, thread_ts: str | None = None) -> int:
    """Retries like the worker until it is posted. Returns how often it had to wait."""
    waits = 0
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await desk.put(thread_ts)
            except RetryLater:
                waits += 1
                desk.clock.ahead += int(SETTLE * SECOND)
            else:
                return waits


# --- normal posts -----------------------------------------------------------------------------------------------------


async def test_a_post_stands_there_once(desk: Desk) -> None:
    """The post has its key, and the row says where it is."""
    await desk.put()
    await desk.put()
    assert desk.shown() == ["Hello"]
    assert desk.posted() == 1
    row = await desk.kept()
    assert (row.state, row.channel) == ("sent", desk.channel)
    message = desk.slack.message(desk.channel, row.ts or "")
    assert message is not None
    assert message["metadata"] == {"event_type": "threadline_post", "event_payload": {"key": KEY}}
    assert [post.ts for post in desk.finished] == [row.ts, row.ts]


async def test_a_reply_stands_in_its_thread(desk: Desk) -> None:
    """A reply goes into its thread and not into the channel."""
    root = await desk.root()
    await desk.put(root)
    assert desk.shown(root) == ["Hello"]
    assert desk.shown() == ["Hello"]  # the card, which says the same here


async def test_what_there_is_nothing_to_say_about_is_not_posted(desk: Desk) -> None:
    """A post without content is finished without a call."""
    desk.text = ""
    await desk.put()
    assert desk.posted() == 0
    assert [post.state for post in desk.finished] == ["sending"]
    assert (await desk.kept()).state == "refused"


async def test_an_edit_is_made_only_if_something_changes(desk: Desk) -> None:
    """An edit that changes nothing makes no call."""
    await desk.put()
    before = len(desk.slack.calls)
    shown = await desk._compose(None, await desk.kept())  # type: ignore[arg-type]  # it looks at the post only
    assert shown is not None
    assert await desk.idempotent_posts.edit(await desk.kept(), shown)
    assert len(desk.slack.calls) == before
    assert await desk.idempotent_posts.edit(await desk.kept(), Rendered("Changed", shown.blocks))
    assert [call.method for call in desk.slack.calls[before:]] == ["chat.update"]
    assert desk.shown() == ["Changed"]
    assert await desk.idempotent_posts.edit(await desk.kept(), Rendered("Changed", shown.blocks))
    assert len(desk.slack.calls) == before + 1


# --- lost answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["drop", "fail", "error"])
@pytest.mark.parametrize("thread", [True, False])
async def test_one_that_was_made_without_an_answer_is_found(desk: Desk, lost: str, *, thread: bool) -> None:
    """If Slack makes a post but the connection breaks or Slack reports an error, we find it and don't repeat it."""
    root = await desk.root() if thread else None
    getattr(desk.slack.faults, lost)("chat.postMessage", after=True)
    with pytest.raises(SlackUncertain):
        await desk.put(root)
    assert (await desk.kept()).state == "sending"
    assert await until_put(desk, root) == 0
    row = await desk.kept()
    assert (row.state, row.ts is not None) == ("sent", True)
    assert desk.shown(root) == ["Hello"]
    assert desk.finished[-1].key == KEY


@pytest.mark.parametrize("lost", ["drop", "fail", "error"])
@pytest.mark.parametrize("thread", [True, False])
async def test_one_that_was_never_made_is_made_once_it_would_have_shown_up(
    desk: Desk, lost: str, *, thread: bool
) -> None:
    """A post may take a while to show up in Slack, so we don't repeat it earlier."""
    root = await desk.root() if thread else None
    getattr(desk.slack.faults, lost)("chat.postMessage")
    with pytest.raises(SlackUncertain):
        await desk.put(root)
    assert await until_put(desk, root) == 1
    assert desk.shown(root) == ["Hello"]


async def test_one_that_is_found_shows_what_is_true_now_at_the_next_edit(desk: Desk) -> None:
    """We don't know what the lost post shows, so we edit it."""
    desk.slack.faults.drop("chat.postMessage", after=True)
    with pytest.raises(SlackUncertain):
        await desk.put()
    await until_put(desk)
    shown = await desk._compose(None, await desk.kept())  # type: ignore[arg-type]  # it looks at the post only
    assert shown is not None
    before = len(desk.slack.calls)
    assert await desk.idempotent_posts.edit(await desk.kept(), shown)
    assert [call.method for call in desk.slack.calls[before:]] == ["chat.update"]


async def test_one_that_was_begun_when_the_process_died_is_looked_up(desk: Desk) -> None:
    """The post may be in Slack although no process heard the answer."""
    desk.slack.faults.delay("chat.postMessage", seconds=20.0, after=True)
    dying = asyncio.create_task(desk.put())
    await desk.slack.wait_for(lambda: desk.shown() == ["Hello"])
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert (await desk.kept()).state == "sending"
    await until_put(desk)
    assert desk.posted() == 1
    assert (await desk.kept()).state == "sent"


async def test_it_is_found_on_any_page(desk: Desk) -> None:
    """The lookup reads all pages, however much others wrote meanwhile."""
    root = await desk.root()
    desk.slack.faults.drop("chat.postMessage", after=True)
    with pytest.raises(SlackUncertain):
        await desk.put(root)
    anna = desk.slack.add_user("anna")
    for number in range(210):
        await desk.slack.say(anna, desk.channel, f"reply {number}", thread_ts=root)
    await until_put(desk, root)
    assert desk.shown(root).count("Hello") == 1


# --- rejected posts ---------------------------------------------------------------------------------------------------


async def test_one_that_comes_too_fast_waits(desk: Desk) -> None:
    """A rate-limited post is certainly not in Slack, so we post it later without a lookup."""
    desk.slack.faults.ratelimit("chat.postMessage", seconds=1)
    with pytest.raises(SlackUnreachable):
        await desk.put()
    assert (await desk.kept()).state == "waiting"
    before = len(desk.slack.calls)
    assert await until_put(desk) == 0
    assert [call.method for call in desk.slack.calls[before:]] == ["chat.postMessage"]
    assert desk.shown() == ["Hello"]


async def test_one_that_slack_will_not_have_is_not_tried_again(desk: Desk) -> None:
    """A second call learns that the post failed for good."""
    desk.slack.faults.error("chat.postMessage", "invalid_blocks")
    with pytest.raises(SlackRefused, match="invalid_blocks"):
        await desk.put()
    assert (await desk.kept()).state == "refused"
    await desk.put()
    assert desk.posted() == 1
    assert [post.state for post in desk.finished] == ["refused"]


async def test_a_channel_that_takes_nothing_now_is_waited_for(desk: Desk) -> None:
    """Somebody may fix the channel; then we make the post."""
    desk.slack.faults.error("chat.postMessage", "is_archived")
    with pytest.raises(RetryLater):
        await desk.put()
    assert (await desk.kept()).state == "waiting"
    await desk.put()
    assert desk.shown() == ["Hello"]


# --- lost threads -----------------------------------------------------------------------------------------------------


async def _delete(desk: Desk, ts: str) -> None:
    member = desk.slack.add_user("ben")
    await desk.slack.delete(member, desk.channel, ts)


@pytest.mark.parametrize("how", ["top_level", "error"])
async def test_a_reply_to_a_thread_that_is_gone_stands_nowhere(tmp_path: Path, how: str) -> None:
    """Slack may reject the reply, or put it into the channel, where we delete it. Other code heals the thread."""
    async with opened(tmp_path, gone_root=how) as desk:
        root = await desk.root()
        await _delete(desk, root)
        with pytest.raises(ThreadLost):
            await desk.put(root)
        assert desk.shown() == []
        assert (await desk.kept()).state == "waiting"
        again = await desk.root_anew()
        await desk.put(again)
        assert desk.shown(again) == ["Hello"]


@pytest.mark.parametrize("how", ["top_level", "error"])
async def test_a_lost_answer_and_then_a_lost_thread(tmp_path: Path, how: str) -> None:
    """If the thread of a lost post is gone, we report a lost thread and don't give up the text."""
    async with opened(tmp_path, gone_root=how) as desk:
        root = await desk.root()
        desk.slack.faults.drop("chat.postMessage")
        with pytest.raises(SlackUncertain):
            await desk.put(root)
        await _delete(desk, root)
        with pytest.raises(ThreadLost):
            await until_put(desk, root)
        again = await desk.root_anew()
        await desk.put(again)
        assert desk.shown(again) == ["Hello"]


async def test_one_that_is_there_under_a_deleted_card_is_there(desk: Desk) -> None:
    """Slack keeps the thread below a tombstone, so we find the post there and don't repeat it."""
    root = await desk.root()
    desk.slack.faults.drop("chat.postMessage", after=True)
    with pytest.raises(SlackUncertain):
        await desk.put(root)
    await _delete(desk, root)
    await until_put(desk, root)
    assert desk.posted() == 2  # the card and this
    assert (await desk.kept()).state == "sent"


async def test_a_stray_of_which_nobody_heard_is_taken_away(desk: Desk) -> None:
    """If the thread was gone, Slack put the post into the channel and the answer was lost, we delete the post."""
    root = await desk.root()
    await _delete(desk, root)
    desk.slack.faults.drop("chat.postMessage", after=True)
    with pytest.raises(SlackUncertain):
        await desk.put(root)
    with pytest.raises(ThreadLost):
        await until_put(desk, root)
    again = await desk.root_anew()
    await desk.put(again)
    assert desk.shown(again) == ["Hello"]
    live = [post["ts"] for post in desk.slack.see(desk.channel) if post["text"] == "Hello"]
    assert live == [again]


async def test_an_edit_of_what_somebody_deleted_says_so(desk: Desk) -> None:
    """The edit of a deleted post is not an error of ours."""
    await desk.put()
    row = await desk.kept()
    await _delete(desk, row.ts or "")
    assert not await desk.idempotent_posts.edit(row, Rendered("Changed", []))
    assert desk.database.clock() - row.tried_at < 60 * SECOND
