"""C7, media: what contacts send becomes files in the thread, and files dropped in the thread go out."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from tests.e2e.team import CUSTOMER, Installed, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

ABROAD = "+13035550142"
PNG = b"\x89PNG\r\n\x1a\n pretend picture"
JPEG = b"\xff\xd8\xff\xe0 pretend picture"
PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"
MB = 1 << 20


def impatient(written: dict[str, Any]) -> None:
    """Slack is given half a second to share a file."""
    written["patience"] |= {"fetch": [0.05, 0.05], "share": [0.05, 0.1], "share_again": 0.5}


class Desk:
    """The part of the team that texts through IO Phone."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.channel = team.channels["sales"]
        self.number = team.branches["sales"].number
        self.root = ""

    async def begin(self) -> None:
        """A first text goes out, or none would come in (that is how IO Phone learns our URL)."""
        await self.team.slack.slash(self.team.anna, self.channel, "/sms", f"{ABROAD} Hello")
        await self.team.received(ABROAD, 1)
        await self.team.until(lambda: self.team.slack.see(self.channel))
        self.root = self.team.slack.see(self.channel)[0]["ts"]

    async def picture(self, *contents: tuple[bytes, str], text: str = "Look") -> None:
        """The contact sends pictures: content and claimed type of each."""
        media = [self.team.io.host(content, kind) for content, kind in contents]
        await self.team.phones.send(ABROAD, self.number, text, media)

    def roots(self) -> list[str]:
        """The cards in the channel."""
        return [post["ts"] for post in self.team.slack.see(self.channel) if post.get("bot_id") and "blocks" in post]

    def thread(self) -> list[dict[str, Any]]:
        """All that stands in the thread."""
        return self.team.slack.thread(self.channel, self.root)

    def files(self) -> list[dict[str, Any]]:
        """The files in the thread, each as often as it is shown."""
        shown = [post for post in self.thread() if post.get("bot_id")]
        return [file for post in shown for file in post.get("files", [])]

    def content(self, file: dict[str, Any]) -> bytes | None:
        """What Slack has of a file."""
        return self.team.slack.world.store.files[file["id"]].content

    def said(self) -> str:
        """All that the thread says."""
        return "\n".join(post["text"] for post in self.thread())

    async def until_said(self, words: str) -> None:
        """Waits until the thread says this."""
        try:
            await self.team.until(lambda: words in self.said())
        except TimeoutError:
            raise AssertionError(self.said()) from None

    async def reply(self, text: str = "", *, files: list[str]) -> str:
        """Anna replies with files."""
        return await self.team.slack.say(self.team.anna, self.channel, text, thread_ts=self.root, files=files)


@asynccontextmanager
async def at_the_desk(
    folder: Path, adapt: Callable[[dict[str, Any]], None] = impatient, kind: type[Team] = Team
) -> AsyncIterator[Desk]:
    """A desk with a conversation under way."""
    async with kind(folder, adapt) as team:
        desk = Desk(team)
        await desk.begin()
        yield desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The usual one."""
    async with at_the_desk(tmp_path) as desk:
        yield desk


# --- in ---------------------------------------------------------------------------------------------------------------


async def test_pictures_of_a_text_are_files_in_its_thread(desk: Desk) -> None:
    """The text says how many there are; each comes once, as what it is; nothing of them stays with us."""
    await desk.picture((PNG, "image/png"), (JPEG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 2)
    await desk.team.quiet()
    assert sorted(file["name"].rpartition(".")[2] for file in desk.files()) == ["jpg", "png"]
    assert {desk.content(file) for file in desk.files()} == {PNG, JPEG}
    assert all("xoxb" not in str(row) for row in desk.team.rows("SELECT * FROM files"))
    assert [row["state"] for row in desk.team.rows("SELECT state FROM files")] == ["shared", "shared"]
    assert list((desk.team.bot_settings.database.parent / "files").iterdir()) == []


async def test_a_picture_without_words_is_a_text(desk: Desk) -> None:
    """A text may be nothing but its files."""
    await desk.picture((PNG, "image/png"), text="")
    await desk.until_said(":paperclip: 1 file")
    await desk.team.until(lambda: len(desk.files()) == 1)


async def test_slack_shares_late(desk: Desk) -> None:
    """A share that takes its time is waited for, and the file is shown once."""
    desk.team.slack.faults.share_delay = 0.3
    await desk.picture((PNG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 1)
    await desk.team.quiet()
    assert len(desk.files()) == 1
    assert len(desk.team.slack.calls.of("files.completeUploadExternal")) == 1


async def test_slack_forgets_to_share(desk: Desk) -> None:
    """Asked once more after a while, it does."""
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
        "A picture came with this text and could not be put into Slack: Slack took it and did not show it."
    )
    assert len(desk.team.slack.calls.of("files.completeUploadExternal")) == 2


async def test_an_answer_that_never_came_shares_nothing_twice(desk: Desk) -> None:
    """Slack did what was asked and the connection broke: it is looked for before it is asked again."""
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
    """Every step is done again until it works."""
    trouble = desk.team.slack.faults.fail(method, status=503)
    await desk.picture((PNG, "image/png"))
    await desk.team.until(lambda: len(desk.files()) == 1)
    await desk.team.until(lambda: trouble.hits == 1)


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"])
@pytest.mark.parametrize("after", [False, True])
async def test_killed_between_the_steps(tmp_path: Path, method: str, after: bool) -> None:  # noqa: FBT001 - a table
    """Wherever the bot dies, the file is in the thread once when it is back."""
    async with at_the_desk(tmp_path, kind=Installed) as desk:
        team, bot = desk.team, desk.team.bot
        stuck = team.slack.faults.delay(method, seconds=0.5, after=after)
        await desk.picture((PNG, "image/png"))
        await team.until(lambda: stuck.hits, 15)
        await bot.kill()
        await bot.start()
        await team.until(lambda: len(desk.files()) == 1, 15)
        await asyncio.sleep(1.0)  # longer than Slack is given before it is asked again
        assert len(desk.files()) == 1


async def test_a_refusal_of_slack_is_told(desk: Desk) -> None:
    """With what an admin can do about it."""
    desk.team.slack.faults.error("files.completeUploadExternal", "storage_limit_reached")
    await desk.picture((PNG, "image/png"))
    await desk.until_said("could not be put into Slack: the storage of this workspace is full.")


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("gone_root", ["top_level", "error"])
async def test_a_thread_that_is_gone(desk: Desk, gone_root: str, told: bool) -> None:  # noqa: FBT001 - a table
    """The file follows its text into the new thread, and does not stay in the channel."""
    team = desk.team
    team.slack.settings.gone_root = gone_root
    if not told:
        team.slack.faults.lose(match=lambda event: event.get("subtype") == "message_deleted")
    team.slack.faults.delay("files.getUploadURLExternal", seconds=0.5, after=True)
    await desk.picture((PNG, "image/png"))
    await desk.until_said("Look")
    await team.slack.delete(team.slack.bot_user_id, desk.channel, desk.root)
    await team.until(lambda: [root for root in desk.roots() if root != desk.root])
    desk.root = desk.roots()[-1]
    await team.until(lambda: len(desk.files()) == 1)
    await team.quiet()
    assert len(desk.files()) == 1
    assert not any(post.get("files") for post in team.slack.see(desk.channel))


BROKEN = {
    "too large": (b"x" * (2 * MB), "image/png", "A picture", "too large (2 MB; 1 is the most)"),
    "a web page": (PAGE, "image/jpeg", "A picture", "a web page came in its place"),
    "nothing": (b"", "video/mp4", "A video", "it is empty"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
async def test_what_cannot_be_had_is_told(tmp_path: Path, case: tuple[bytes, str, str, str]) -> None:
    """The text stands there all the same, with a sentence below it."""
    content, kind, noun, reason = case

    def small(written: dict[str, Any]) -> None:
        impatient(written)
        written["files"] = {"largest_in": MB}

    async with at_the_desk(tmp_path, small) as desk:
        await desk.picture((content, kind), (PNG, "image/png"))
        await desk.until_said(f"{noun} came with this text and could not be fetched: {reason}.")
        await desk.team.until(lambda: len(desk.files()) == 1)
        assert "Look" in desk.said()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/picture.png",
        "http://127.0.0.1:9/picture.png",
        "https://files.example/picture.png",
        "http://localhost/picture.png",
    ],
)
async def test_nothing_is_fetched_from_elsewhere(desk: Desk, url: str) -> None:
    """A webhook that names another address makes us ask nobody."""
    await desk.team.phones.send(ABROAD, desk.number, "Look", [url])
    await desk.until_said("could not be fetched: it lies at an address that nothing is fetched from.")


async def test_a_redirect_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """Wherever the company's own host sends us."""
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
            await desk.until_said("could not be fetched: it lies at an address that nothing is fetched from.")
    finally:
        await runner.cleanup()
    assert asked == []


async def test_a_picture_that_is_late_is_fetched_again(desk: Desk) -> None:
    """It is announced a moment before it is there."""
    url = desk.team.io.host(PNG, "image/png")
    name = url.rpartition("/")[2]
    picture = desk.team.io.gallery.pictures.pop(name)
    await desk.team.phones.send(ABROAD, desk.number, "Look", [url])
    await desk.until_said("Look")
    desk.team.io.gallery.pictures[name] = picture
    await desk.team.until(lambda: len(desk.files()) == 1)


# --- out --------------------------------------------------------------------------------------------------------------

SMALL = {"largest_out": 100}
LARGE = PNG + b"x" * 200
NO_FILES = "Not sent: Fone Dynamics cannot send files. Write it again without the file."


def with_files(**more: Any) -> Callable[[dict[str, Any]], None]:
    """Settings about files; `links=True` lets every inbox text links."""

    def adapt(written: dict[str, Any]) -> None:
        impatient(written)
        if more.pop("links", False):
            for inbox in written["inboxes"].values():
                inbox["links_for_files"] = True
        written["files"] = more

    return adapt


def sends(team: Team) -> list[dict[str, Any]]:
    """What IO Phone was asked to send, but for the first text."""
    asked = [request for request in team.io.requests if request.kind == "send"]
    return [json.loads(request.body) for request in asked][1:]


async def arrived(desk: Desk) -> tuple[str, list[bytes]]:
    """The text on the phone and the pictures that came with it, as the company fetched them."""
    await desk.team.received(ABROAD, 2)
    text = desk.team.phones.received(ABROAD)[-1]
    names = [url.rpartition("/")[2] for url in text.media]
    return text.text, [desk.team.io.gallery.pictures[name].content for name in names]


async def test_a_file_in_the_thread_goes_out(desk: Desk) -> None:
    """With its words, as an address of ours from which the company fetches exactly that file."""
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply("Here it is", files=[file])
    assert await arrived(desk) == ("Here it is", [PNG])
    await desk.until_said("1 file")
    (url,) = sends(desk.team)[0]["media"]
    status, headers, body = await fetch(url)
    assert (status, body) == (200, PNG)
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == "inline; filename=\"cat.png\"; filename*=UTF-8''cat.png"
    assert "sandbox" in headers["Content-Security-Policy"]


async def test_a_file_without_words_goes_out(desk: Desk) -> None:
    """IO Phone takes no file alone, so a few words go with it."""
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply(files=[file])
    assert await arrived(desk) == ("File attached.", [PNG])


async def test_several_files_keep_their_order(desk: Desk) -> None:
    """As they were dropped."""
    files = [desk.team.slack.add_file(desk.team.anna, name, content) for name, content in (("a.png", PNG), ("b", JPEG))]
    await desk.reply("Two", files=files)
    assert await arrived(desk) == ("Two", [PNG, JPEG])


async def test_a_large_picture_goes_out_smaller(tmp_path: Path) -> None:
    """In the largest of Slack's own forms that is small enough."""
    async with at_the_desk(tmp_path, with_files(**SMALL)) as desk:
        thumbs = {360: PNG, 720: JPEG, 1024: JPEG + b"x" * 200}
        file = desk.team.slack.add_file(desk.team.anna, "cat.png", LARGE, thumbs=thumbs)
        await desk.reply("Here", files=[file])
        assert await arrived(desk) == ("Here", [JPEG])


async def test_a_large_file_is_not_sent_and_that_is_said(tmp_path: Path) -> None:
    """With both sizes; nothing goes out."""
    async with at_the_desk(tmp_path, with_files(largest_out=MB)) as desk:
        file = desk.team.slack.add_file(desk.team.anna, "report.pdf", b"%PDF-" + b"x" * (3 * MB))
        await desk.reply("Here", files=[file])
        await desk.until_said("Not sent: the file is too large (3 MB; 1 is the most). Send a smaller one,")
        assert sends(desk.team) == []


async def test_a_large_file_goes_out_as_a_link(tmp_path: Path) -> None:
    """Where the inbox has that; beside it a small one goes along."""
    async with at_the_desk(tmp_path, with_files(links=True, **SMALL)) as desk:
        large = desk.team.slack.add_file(desk.team.anna, "report.pdf", b"%PDF-" + b"x" * 200)
        small = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
        await desk.reply("Both", files=[large, small])
        text, pictures = await arrived(desk)
        words, link = text.split("\n")
        assert (words, pictures) == ("Both", [PNG])
        _, headers, body = await fetch(link)
        assert len(body) == 205
        assert headers["Content-Disposition"].startswith("attachment")


BAD = {
    "outside": ({"external_url": "https://drive.example/x"}, "it lies outside of Slack, so text a link to it instead"),
    "a page": ({"mimetype": "text/html"}, "web pages are not texted"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
async def test_what_is_not_fetched_from_slack(desk: Desk, case: tuple[dict[str, str], str]) -> None:
    """Nothing is asked for it, nothing goes out, and the thread says why."""
    how, reason = case
    file = desk.team.slack.add_file(desk.team.anna, "thing", PNG, **how)  # type: ignore[arg-type]  # of the table
    await desk.reply("Here", files=[file])
    await desk.until_said(f"Not sent: the file could not be fetched from Slack: {reason}. Write again without it.")
    assert desk.team.slack.calls.of("download") == []
    assert sends(desk.team) == []


async def test_a_page_to_sign_in_is_no_file(desk: Desk) -> None:
    """Slack answers 200 with one where the app may not read files."""
    desk.team.slack.faults.fail("download", status=200)
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply("Here", files=[file])
    await desk.until_said("Slack does not let the app see it: install it again with its newest manifest.")
    assert sends(desk.team) == []


async def test_a_file_that_was_deleted_meanwhile(desk: Desk) -> None:
    """It does not go out, and neither does the text without it."""
    team = desk.team
    team.slack.faults.hold_events()
    file = team.slack.add_file(team.anna, "cat.png", PNG)
    await desk.reply("Here", files=[file])
    await team.slack.remove_file(file)
    team.slack.faults.release_events()
    await desk.until_said("could not be fetched from Slack: it was deleted.")
    assert sends(team) == []


async def test_slack_gives_the_file_at_the_second_try(desk: Desk) -> None:
    """A download that breaks is made again, and the text goes out once."""
    desk.team.slack.faults.fail("download", status=503)
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply("Here", files=[file])
    assert await arrived(desk) == ("Here", [PNG])
    await desk.team.quiet()
    assert len(sends(desk.team)) == 1


async def test_a_file_after_a_retry(desk: Desk) -> None:
    """A person who presses Retry makes us look for the file again."""
    team = desk.team
    broken = team.slack.faults.error("files.info", "file_not_found")
    file = team.slack.add_file(team.anna, "cat.png", PNG)
    await desk.reply("Here", files=[file])
    await desk.until_said("Slack does not show it to the app.")
    assert broken.hits == 1
    line = desk.thread()[-1]
    await team.slack.click(team.anna, desk.channel, line["ts"], "do:retry")
    assert await arrived(desk) == ("Here", [PNG])


async def test_where_no_files_can_be_sent(team: Team) -> None:
    """Fone Dynamics sends none: the reply stays where it is, with a sentence; without the file it goes out."""
    root = await team.conversation()
    file = team.slack.add_file(team.anna, "cat.png", PNG)
    await team.reply(root, "Look at this", files=[file])
    await team.until(lambda: any(NO_FILES in line for line in team.lines(root)))
    assert team.requests() == []
    assert team.slack.calls.of("download") == []
    await team.reply(root, "Look at this")
    assert await team.received(CUSTOMER, 1) == ["Look at this"]


async def test_where_links_are_texted_instead(tmp_path: Path) -> None:
    """The text gets a line with an address of ours, which gives the file to whoever has it."""
    async with Team(tmp_path, with_files(links=True)) as team:
        root = await team.conversation()
        file = team.slack.add_file(team.anna, "Menü.pdf", b"%PDF-1.7 menu")
        await team.reply(root, "The menu", files=[file])
        (text,) = await team.received(CUSTOMER, 1)
        words, link = text.split("\n")
        assert words == "The menu"
        assert link.startswith(f"{team.url}/files/")
        status, headers, body = await fetch(link)
        assert (status, body) == (200, b"%PDF-1.7 menu")
        assert headers["Content-Type"] == "application/pdf"
        assert headers["Content-Disposition"] == "attachment; filename=\"Men_.pdf\"; filename*=UTF-8''Men%C3%BC.pdf"
        await team.reply(root, "", files=[team.slack.add_file(team.anna, "cat.png", PNG)])
        assert (await team.received(CUSTOMER, 2))[1].startswith(f"{team.url}/files/")
        status, _, _ = await fetch(link[:-1] + ("A" if link[-1] != "A" else "Q"))
        assert status == 404


async def test_a_link_ends(tmp_path: Path) -> None:
    """After its time it is 404, and the content is deleted."""
    async with Team(tmp_path, with_files(links=True, link_days=0.5 / 86_400)) as team:
        root = await team.conversation()
        await team.reply(root, "Look", files=[team.slack.add_file(team.anna, "cat.png", PNG)])
        (text,) = await team.received(CUSTOMER, 1)
        link = text.split("\n")[1]
        await asyncio.sleep(0.6)
        assert (await fetch(link))[0] == 404
        await team.quiet()
        assert list((team.bot_settings.database.parent / "files").iterdir()) == []
        assert [row["state"] for row in team.rows("SELECT state FROM files")] == ["gone"]


async def test_a_reply_that_is_asked_about_keeps_its_files(desk: Desk) -> None:
    """They go out once somebody says so."""
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply("!nte look", files=[file])
    await desk.until_said("Should it go out?")
    assert desk.team.slack.calls.of("download") == []
    await desk.team.slack.click(desk.team.anna, desk.channel, desk.thread()[-1]["ts"], "do:send")
    assert await arrived(desk) == ("!nte look", [PNG])


async def test_a_file_for_later(desk: Desk) -> None:
    """`!later` keeps its files."""
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply("!later in 1 minute\nSoon", files=[file])
    await desk.until_said("goes out")
    assert [row["source"] for row in desk.team.rows("SELECT source FROM files")] == [file]


async def test_nothing_but_files_of_ours_is_served(team: Team) -> None:
    """No path, no token of another kind, no file of a contact."""
    for path in ("", "x", "..%2f..%2fthreadline.db", "A" * 43, "%00", "é"):
        status, _ = await team.call(f"{team.url}/files/{path}", "GET")
        assert status == 404, path


async def fetch(url: str) -> tuple[int, dict[str, str], bytes]:
    """What anybody gets at this address."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, dict(answer.headers), await answer.read()
