"""C7, inbound media: files from contacts become files in the thread."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from bot.conversations.attachments import MOST_FILES
from tests.e2e.desk import ABROAD, JPEG, MB, PAGE, PNG, Desk, at_the_desk, impatient

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.nursery import Nursery


async def test_pictures_of_a_text_are_files_in_its_thread(desk: Desk) -> None:
    """The text shows their number; each appears once, with its real type; the bot keeps nothing of them."""
    await desk.picture((PNG, "image/png"), (JPEG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 2)
    await desk.team.quiet()
    assert sorted(file["name"].rpartition(".")[2] for file in desk.files()) == ["jpg", "png"]
    assert {desk.content(file) for file in desk.files()} == {PNG, JPEG}
    assert all("xoxb" not in str(row) for row in desk.team.rows("SELECT * FROM files"))
    assert [row["state"] for row in desk.team.rows("SELECT state FROM files")] == ["shared", "shared"]
    assert list((desk.team.bot_settings.database.parent / "files").iterdir()) == []


async def test_a_picture_without_words_is_a_text(desk: Desk) -> None:
    """A text may consist of files only."""
    await desk.picture((PNG, "image/png"), text="")
    await desk.until_said(":paperclip: 1 file")
    await desk.team.until(lambda: len(desk.files()) == 1)


async def test_slack_shares_late(desk: Desk) -> None:
    """The bot waits for a slow share, and the file appears once."""
    desk.team.slack.faults.share_delay = 0.3
    await desk.picture((PNG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 1)
    await desk.team.quiet()
    assert len(desk.files()) == 1
    assert len(desk.team.slack.calls.of("files.completeUploadExternal")) == 1


async def test_slack_forgets_to_share(desk: Desk) -> None:
    """The bot asks once more after a while, and then Slack shares it."""
    desk.team.slack.faults.never_share = 1
    await desk.picture((PNG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 1)
    await desk.team.quiet()
    assert len(desk.team.slack.calls.of("files.completeUploadExternal")) == 2


async def test_slack_never_shares(desk: Desk) -> None:
    """Then the thread says so."""
    desk.team.slack.faults.never_share = 9
    await desk.picture((PNG, "image/png"))
    await desk.until_said(
        "Couldn't show a picture that came with this text: Slack accepted it and didn't show it. "
        "Ask the contact to send it again."
    )
    assert len(desk.team.slack.calls.of("files.completeUploadExternal")) == 2


async def test_an_answer_that_never_came_shares_nothing_twice(desk: Desk) -> None:
    """Slack did the work and the connection broke: the bot checks before it asks again."""
    for method in ("files.getUploadURLExternal", "upload", "files.completeUploadExternal", "files.info"):
        desk.team.slack.faults.drop(method, after=True)
    await desk.picture((PNG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 1)
    await desk.team.quiet()
    assert len(desk.files()) == 1


@pytest.mark.parametrize(
    "method", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal", "files.info"]
)
async def test_slack_is_in_trouble(desk: Desk, method: str) -> None:
    """The bot repeats every step until it works."""
    trouble = desk.team.slack.faults.fail(method, status=503)
    await desk.picture((PNG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 1)
    await desk.team.until(lambda: trouble.hits == 1)


@pytest.mark.parametrize("after", [False, True])
async def test_killed_between_the_steps(tmp_path: Path, nursery: Nursery, after: bool) -> None:  # noqa: FBT001 - a table
    """Wherever the bot dies, the file is in the thread once when it is back."""
    methods = ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]

    def unhurried(written: dict[str, Any]) -> None:
        impatient(written)
        written["timeouts"]["share_again"] = 1.0  # Slack does what was asked a moment after the bot's death

    async with at_the_desk(tmp_path, unhurried, nursery) as desk:
        for count, method in enumerate(methods, 1):
            await kill_at(desk, method, after=after)
            await desk.team.until(partial(shows, desk, count))
        await asyncio.sleep(1.2)  # longer than Slack is given before it is asked again
        assert shows(desk, len(methods))


async def kill_at(desk: Desk, method: str, *, after: bool) -> None:
    """A picture comes, and the bot is killed while Slack takes its time with this; then it is started again."""
    stuck = desk.team.slack.faults.delay(method, seconds=0.2, after=after)
    await desk.picture((PNG, "image/png"))
    await desk.team.until(lambda: stuck.hits)
    await desk.team.bot.kill()
    await desk.team.bot.start()


def shows(desk: Desk, count: int) -> bool:
    """True if the thread shows so many files."""
    return len(desk.files()) == count


async def test_a_refusal_of_slack_is_told(desk: Desk) -> None:
    """The thread says what an admin can do."""
    desk.team.slack.faults.error("files.completeUploadExternal", "storage_limit_reached")
    await desk.picture((PNG, "image/png"))
    await desk.until_said("Couldn't show a picture that came with this text: the storage of this workspace is full.")
    await desk.until_said("An admin of the workspace can change that")


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("gone_root", ["top_level", "error"])
async def test_a_thread_that_is_gone(desk: Desk, gone_root: str, told: bool) -> None:  # noqa: FBT001 - a table
    """The file follows its text into the new thread, and does not stay in the channel."""
    team = desk.team
    team.slack.settings.gone_root = gone_root
    if not told:
        team.slack.faults.lose(match=lambda event: event.get("subtype") == "message_deleted")
    team.slack.faults.delay("files.getUploadURLExternal", seconds=1.5, after=True)
    await desk.picture((PNG, "image/png"))
    await desk.until_said("Look")
    await team.slack.delete(team.slack.bot_user_id, desk.channel, desk.root)
    await team.until(lambda: [root for root in desk.roots() if root != desk.root])
    desk.root = desk.roots()[-1]
    await team.until(lambda: len(desk.files()) == 1)
    await team.quiet()
    assert len(desk.files()) == 1
    assert not any(post.get("files") for post in team.slack.see(desk.channel))


async def test_what_cannot_be_had_is_told(tmp_path: Path) -> None:
    """The text is shown all the same, with a sentence below it for each file that is too large, a page or empty."""

    def small(written: dict[str, Any]) -> None:
        impatient(written)
        written["files"] = {"largest_in": MB}

    async with at_the_desk(tmp_path, small) as desk:
        too_large = b"x" * (2 * MB)
        await desk.picture((too_large, "image/png"), (PAGE, "image/jpeg"), (b"", "video/mp4"), (PNG, "image/png"))
        for noun, reason in (
            ("a picture", "it is too large (2 MB; the limit is 1 MB)"),
            ("a picture", "a web page came instead"),
            ("a video", "it is empty"),
        ):
            await desk.until_said(f"Couldn't fetch {noun} that came with this text: {reason}. Ask the contact")
        await desk.team.until(lambda: len(desk.files()) == 1)
        assert "Look" in desk.said()


async def test_nothing_is_fetched_from_elsewhere(desk: Desk) -> None:
    """A webhook that names other addresses makes us ask nobody."""
    urls = [
        "http://169.254.169.254/latest/meta-data/picture.png",
        "http://127.0.0.1:9/picture.png",
        "https://files.example/picture.png",
        "http://localhost/picture.png",
    ]
    sentence = "that came with this text: the bot may not fetch files from its address. If the provider"
    await desk.team.phones.send(ABROAD, desk.number, "Look", urls)
    await desk.team.until(lambda: desk.said().count(sentence) == len(urls))


async def test_a_redirect_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """This holds for every redirect of the provider's own host."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=PNG)

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    place = f"http://127.0.0.1:{runner.addresses[0][1]}/secret"
    try:
        async with at_the_desk(tmp_path) as desk:
            await desk.team.phones.send(ABROAD, desk.number, "Look", [place])
            await desk.until_said(
                "that came with this text: the bot may not fetch files from its address. If the provider"
            )
    finally:
        await runner.cleanup()
    assert asked == []


async def test_a_picture_that_is_late_is_fetched_again(tmp_path: Path) -> None:
    """It is announced a moment before it is there."""

    def patient(written: dict[str, Any]) -> None:
        impatient(written)
        written["timeouts"]["fetch"] = [0.1] * 100

    async with at_the_desk(tmp_path, patient) as desk:
        url = desk.team.io.host(PNG, "image/png")
        name = url.rpartition("/")[2]
        picture = desk.team.io.gallery.pictures.pop(name)
        await desk.team.phones.send(ABROAD, desk.number, "Look", [url])
        await desk.until_said("Look")
        desk.team.io.gallery.pictures[name] = picture
        await desk.team.until(lambda: len(desk.files()) == 1)


async def test_thousands_of_addresses_in_one_webhook_are_one_notice(desk: Desk) -> None:
    """The bot fetches the first only, and says so once, also if none of them is there."""
    hosted = desk.team.io.host(PNG, "image/png")
    missing = [f"{hosted}?{number}" for number in range(2_000)]
    await desk.team.phones.send(ABROAD, desk.number, "Look", missing)
    await desk.until_said("This text came with 2,000 files, and the bot fetches the first 10 at most.")
    await desk.team.quiet()
    assert desk.said().count("files, and the bot fetches") == 1
    assert desk.said().count("Couldn't fetch") == 0
    assert len(desk.files()) <= MOST_FILES
