"""C7, outbound media: files in the thread go out as files or links, or the thread gives the reason."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.e2e.desk import ABROAD, JPEG, MB, PAGE, PNG, Desk, at_the_desk, impatient
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = {"largest_out": 100}
LARGE = PNG + b"x" * 200
NO_FILES = "Not sent: Fone Dynamics cannot send files. Write it again without the file."


def with_files(**more: Any) -> Callable[[dict[str, Any]], None]:
    """Returns settings about files; `links=True` lets every inbox text links."""

    def adapt(written: dict[str, Any]) -> None:
        impatient(written)
        if more.pop("links", False):
            for inbox in written["inboxes"].values():
                inbox["links_for_files"] = True
        written["files"] = more

    return adapt


def sends(team: Team) -> list[dict[str, Any]]:
    """Returns the sends to IO Phone, without the first text."""
    asked = [request for request in team.io.requests if request.kind == "send"]
    return [json.loads(request.body) for request in asked][1:]


async def arrived(desk: Desk) -> tuple[str, list[bytes]]:
    """Returns the text on the phone and the pictures that came with it, as the provider fetched them."""
    await desk.team.received(ABROAD, 2)
    text = desk.team.phones.received(ABROAD)[-1]
    names = [url.rpartition("/")[2] for url in text.media]
    return text.text, [desk.team.io.gallery.pictures[name].content for name in names]


async def test_a_file_in_the_thread_goes_out(desk: Desk) -> None:
    """The text goes with it, and the provider fetches exactly that file from a URL of ours."""
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
    """IO Phone accepts no file alone, so a few words go with it."""
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply(files=[file])
    assert await arrived(desk) == ("File attached.", [PNG])


async def test_several_files_keep_their_order(desk: Desk) -> None:
    """They go out in the order in which Anna dropped them."""
    files = [desk.team.slack.add_file(desk.team.anna, name, content) for name, content in (("a.png", PNG), ("b", JPEG))]
    await desk.reply("Two", files=files)
    assert await arrived(desk) == ("Two", [PNG, JPEG])


async def test_a_large_picture_goes_out_smaller(tmp_path: Path) -> None:
    """The bot sends the largest of Slack's smaller versions that is small enough."""
    async with at_the_desk(tmp_path, with_files(**SMALL)) as desk:
        thumbs = {360: PNG, 720: JPEG, 1024: JPEG + b"x" * 200}
        file = desk.team.slack.add_file(desk.team.anna, "cat.png", LARGE, thumbs=thumbs)
        await desk.reply("Here", files=[file])
        assert await arrived(desk) == ("Here", [JPEG])


async def test_a_large_file_is_not_sent_and_that_is_said(tmp_path: Path) -> None:
    """The thread gives both sizes; nothing goes out."""
    async with at_the_desk(tmp_path, with_files(largest_out=MB)) as desk:
        file = desk.team.slack.add_file(desk.team.anna, "report.pdf", b"%PDF-" + b"x" * (3 * MB))
        await desk.reply("Here", files=[file])
        await desk.until_said("Not sent: the file is too large (3 MB; the limit is 1 MB). Send a smaller one,")
        assert sends(desk.team) == []


async def test_a_large_file_goes_out_as_a_link(tmp_path: Path) -> None:
    """The inbox allows links; a small file goes out beside the link."""
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
    "outside": ({"external_url": "https://drive.example/x"}, "it is not stored in Slack, so text a link to it instead"),
    "a page": ({"mimetype": "text/html"}, "the bot does not text web pages"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
async def test_what_is_not_fetched_from_slack(desk: Desk, case: tuple[dict[str, str], str]) -> None:
    """The bot does not fetch it, nothing goes out, and the thread gives the reason."""
    how, reason = case
    file = desk.team.slack.add_file(desk.team.anna, "thing", PNG, **how)  # type: ignore[arg-type]  # of the table
    await desk.reply("Here", files=[file])
    await desk.until_said(f"Not sent: couldn't fetch the file from Slack: {reason}. Write again without it.")
    assert desk.team.slack.calls.of("download") == []
    assert sends(desk.team) == []


async def test_a_page_to_sign_in_is_no_file(desk: Desk) -> None:
    """Slack answers 200 with such a page if the app may not read files."""
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
    await desk.until_said("couldn't fetch the picture from Slack: it was deleted.")
    assert sends(team) == []


async def test_slack_gives_the_file_at_the_second_try(desk: Desk) -> None:
    """The bot repeats a broken download, and the text goes out once."""
    desk.team.slack.faults.fail("download", status=503)
    file = desk.team.slack.add_file(desk.team.anna, "cat.png", PNG)
    await desk.reply("Here", files=[file])
    assert await arrived(desk) == ("Here", [PNG])
    await desk.team.quiet()
    assert len(sends(desk.team)) == 1


async def test_a_file_after_a_retry(desk: Desk) -> None:
    """A person clicks Retry, and the bot looks for the file again."""
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
    """Fone Dynamics sends no files: the reply stays in the thread with a reason; without the file it goes out."""
    root = await team.conversation()
    for count, words in enumerate(("Look at this", ""), 1):
        await team.reply(root, words, files=[team.slack.add_file(team.anna, "cat.png", PNG)])
        await team.until(partial(refused, team, root, count))
    assert team.requests() == []
    assert team.slack.calls.of("download") == []
    await team.reply(root, "Look at this")
    assert await team.received(CUSTOMER, 1) == ["Look at this"]


def refused(team: Team, root: str, count: int) -> bool:
    """True if so many lines say that no files can be sent."""
    return sum(NO_FILES in line for line in team.lines(root)) == count


async def test_where_links_are_texted_instead(tmp_path: Path) -> None:
    """The text ends with a URL of ours, which serves the file to everyone who has it."""
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
    """After its time it answers 404, and the bot deletes the content."""
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
    """They go out when somebody confirms the reply."""
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
    """Other paths, tokens of another kind and files of a contact answer 404."""
    for path in ("", "x", "..%2f..%2fthreadline.db", "A" * 43, "%00", "é"):
        status, _ = await team.call(f"{team.url}/files/{path}", "GET")
        assert status == 404, path


@pytest.mark.parametrize(
    ("mode", "mimetype", "word"),
    [
        ("quip", "application/vnd.slack-docs", "a canvas"),
        ("list", "application/vnd.slack-list", "a list"),
        ("post", "text/plain", "a post"),
        ("space", "text/plain", "a post"),
    ],
)
async def test_a_document_of_slack_is_not_texted(desk: Desk, mode: str, mimetype: str, word: str) -> None:
    """No phone can open it: the thread says that, and not that the app lacks a right."""
    file = desk.team.slack.add_file(desk.team.anna, "Prices", PAGE, mimetype=mimetype, mode=mode)
    await desk.reply("Our prices", files=[file])
    await desk.until_said(f"Not sent: {word} can't be texted. Write the words that the customer should read.")
    assert sends(desk.team) == []


async def fetch(url: str) -> tuple[int, dict[str, str], bytes]:
    """Returns status, headers and body of this address."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, dict(answer.headers), await answer.read()
