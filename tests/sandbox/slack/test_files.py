"""Files in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.sandbox.slack.test_access import refused

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from sandbox.slack import Workspace

PICTURE = b"\x89PNG pretend"


async def test_the_real_upload_is_shared_a_little_later(slack: Workspace, client: AsyncWebClient) -> None:
    """The answer has no share; later the file is in the thread, and files.info shows the share."""
    channel = slack.add_channel("support")
    root = (await client.chat_postMessage(channel=channel, text="root"))["ts"]
    slack.faults.share_delay = 0.1
    answer = await client.files_upload_v2(
        file=PICTURE, filename="cat.png", channel=channel, thread_ts=root, initial_comment="a cat", alt_txt="a cat"
    )
    file = answer["files"][0]
    assert "shares" not in file
    shared = await slack.wait_for(lambda: slack.thread(channel, root)[1:])
    assert (shared[0]["subtype"], shared[0]["user"], shared[0]["text"]) == ("file_share", slack.bot_user_id, "a cat")
    found = (await client.files_info(file=file["id"]))["file"]
    assert found["shares"]["public"][channel][0]["ts"] == shared[0]["ts"]
    assert found["shares"]["public"][channel][0]["thread_ts"] == root
    assert (found["mimetype"], found["size"], found["alt_txt"]) == ("image/png", len(PICTURE), "a cat")


async def test_some_uploads_are_never_shared_until_completed_again(slack: Workspace, client: AsyncWebClient) -> None:
    """Some uploads get `ok: true` and no share; completing the same file again shares it."""
    channel = slack.add_channel("support", private=True)
    slack.faults.never_share = 1
    answer = await client.files_upload_v2(file=PICTURE, filename="cat.png", channel=channel)
    file = answer["files"][0]["id"]
    assert "shares" not in (await client.files_info(file=file))["file"]
    await client.files_completeUploadExternal(files=[{"id": file}], channel_id=channel)
    await slack.wait_for(lambda: slack.see(channel))
    assert channel in (await client.files_info(file=file))["file"]["shares"]["private"]


async def test_wrong_uploads_are_refused(slack: Workspace, client: AsyncWebClient) -> None:
    """Empty files, wrong sizes, unknown files and unknown channels are rejected."""
    channel = slack.add_channel("support")
    assert (await refused(client.files_getUploadURLExternal(filename="x", length=0)))["error"] == "missing_argument"
    announced = await client.files_getUploadURLExternal(filename="x.txt", length=5)
    async with aiohttp.ClientSession() as session:
        async with session.post(announced["upload_url"], data=b"1234") as answer:
            assert answer.status == 400
        async with session.post(announced["upload_url"] + "x", data=b"12345") as answer:
            assert answer.status == 404
        complete = client.files_completeUploadExternal
        files = [{"id": announced["file_id"]}]
        assert (await refused(complete(files=files, channel_id=channel)))["error"] == "file_not_found"
        form = aiohttp.FormData()
        form.add_field("file", b"12345", filename="x.txt")
        async with session.post(announced["upload_url"], data=form) as answer:
            assert await answer.text() == "OK - 5"
        assert (await refused(complete(files=files, channel_id="C0NO")))["error"] == "channel_not_found"
        assert (await refused(complete(files=[], channel_id=channel)))["error"] == "invalid_arguments"
        assert (await complete(files=files))["files"][0]["id"] == announced["file_id"]
    assert (await refused(client.files_info(file="F0NO")))["error"] == "file_not_found"


async def test_a_download_needs_the_token(slack: Workspace, client: AsyncWebClient) -> None:
    """Without the token a download is a sign-in page with status 200; a file has thumbnails."""
    ann, channel = slack.add_user("ann"), slack.add_channel("support")
    file = slack.add_file(ann, "cat.png", PICTURE, thumbs={720: b"small"})
    ts = await slack.say(ann, channel, "look", files=[file])
    shown = (slack.message(channel, ts) or {})["files"][0]
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(shown["url_private"], headers=headers) as answer:
            assert (await answer.read(), answer.content_type) == (PICTURE, "image/png")
        async with session.get(shown["url_private_download"], headers=headers) as answer:
            assert await answer.read() == PICTURE
        async with session.get(shown["thumb_720"], headers=headers) as answer:
            assert await answer.read() == b"small"
        for wrong in ({}, {"Authorization": "Bearer xoxb-wrong"}):
            async with session.get(shown["url_private"], headers=wrong) as answer:
                assert (answer.status, answer.content_type) == (200, "text/html")
        slack.faults.fail("download", status=503)
        async with session.get(shown["url_private"], headers=headers) as answer:
            assert answer.status == 503
        await slack.remove_file(file)
        async with session.get(shown["url_private"], headers=headers) as answer:
            assert answer.status == 404
    assert (slack.message(channel, ts) or {})["files"] == [{"id": file, "mode": "tombstone"}]
    assert (await refused(client.files_info(file=file)))["error"] == "file_deleted"
    assert [call.error for call in slack.calls.of("download")][-3:] == ["not_authed", "", "file_not_found"]


async def test_files_of_people_come_with_their_message(slack: Workspace) -> None:
    """`file_share` may have an empty text; a stranger's file must be fetched; an external one is elsewhere."""
    ann, zoe = slack.add_user("ann"), slack.add_user("zoe", stranger=True)
    channel = slack.add_channel("shared", shared=True)
    own = slack.add_file(ann, "note.txt", b"hi")
    foreign = slack.add_file(zoe, "note.txt", b"hi")
    outside = slack.add_file(ann, "doc", b"", external_url="https://drive.example/doc")
    stamps = [
        await slack.say(ann, channel, files=[own]),
        await slack.say(zoe, channel, files=[foreign]),
        await slack.say(ann, channel, "see", files=[outside]),
    ]
    messages = [slack.message(channel, ts) or {} for ts in stamps]
    assert [(one["subtype"], one["text"]) for one in messages] == [
        ("file_share", ""),
        ("file_share", ""),
        ("file_share", "see"),
    ]
    files = [one["files"][0] for one in messages]
    assert files[0]["mode"] == "hosted"
    assert (files[1]["mode"], files[1]["file_access"]) == ("file_access", "check_file_info")
    assert (files[2]["is_external"], files[2]["url_private"]) == (True, "https://drive.example/doc")


async def test_an_image_block_needs_an_uploaded_picture(slack: Workspace, client: AsyncWebClient) -> None:
    """A `slack_file` that is missing or not a picture is rejected."""
    channel = slack.add_channel("support")
    picture = slack.add_file(slack.bot_user_id, "cat.png", PICTURE)
    text = slack.add_file(slack.bot_user_id, "cat.txt", b"meow")

    def image(file: str) -> list[dict[str, Any]]:
        return [{"type": "image", "alt_text": "cat", "slack_file": {"id": file}}]

    assert (await client.chat_postMessage(channel=channel, text="cat", blocks=image(picture)))["ok"]
    for wrong in (text, "F0NO"):
        answer = await refused(client.chat_postMessage(channel=channel, text="cat", blocks=image(wrong)))
        assert answer["error"] == "invalid_blocks"


async def test_files_are_announced_within_their_limits(slack: Workspace, client: AsyncWebClient) -> None:
    """1 GB, a snippet of 1 MB, an alternative text of 1000 characters; one channel that is not archived."""
    old = slack.add_channel("old")
    await slack.archive(old)
    announce = client.files_getUploadURLExternal
    assert (await refused(announce(filename="x", length=1_000_000_001)))["error"] == "file_upload_size_restricted"
    answer = await refused(announce(filename="x", length=1_000_001, snippet_type="python"))
    assert answer["error"] == "file_upload_size_restricted"
    assert (await refused(announce(filename="x", length=1, alt_txt="x" * 1001)))["error"] == "alt_txt_too_large"
    file = slack.add_file(slack.bot_user_id, "cat.png", PICTURE)
    complete = client.files_completeUploadExternal
    assert (await refused(complete(files=[{"id": file}], channel_id=old)))["error"] == "is_archived"
    answer = await refused(complete(files=[{"id": file}], channels=["C1", "C2"]))
    assert answer["error"] == "invalid_arguments"
    channel = slack.add_channel("support")
    await complete(files=[{"id": file, "title": "A cat"}], channels=[channel])
    shared = await slack.wait_for(lambda: slack.see(channel))
    assert (shared[0]["files"][0]["title"], shared[0]["text"]) == ("A cat", "")


async def test_an_upload_can_break(slack: Workspace, client: AsyncWebClient) -> None:
    """An upload can get a server error or a reset connection."""
    announced = await client.files_getUploadURLExternal(filename="x.txt", length=5)
    slack.faults.fail("upload", status=500)
    async with aiohttp.ClientSession() as session:
        async with session.post(announced["upload_url"], data=b"12345") as answer:
            assert answer.status == 500
        slack.faults.drop("upload")
        with pytest.raises(aiohttp.ClientError):
            await session.post(announced["upload_url"], data=b"12345")
