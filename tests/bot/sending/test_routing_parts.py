"""Routes of a text: its parts, the files that go along, and the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.conversations.decisions import Stop
from bot.conversations.enqueue import RetryLater
from bot.sending.routing import Route, fits, too_long
from bot.settings.model import Inbox
from sms.address import from_canonical
from sms.segments import Encoding
from storage.tables import files
from tests.bot.installation import SYDNEY
from tests.bot.sending.deciding import SOMEBODY, Deciding
from tests.storage.making import PHONE

if TYPE_CHECKING:
    from storage.engine.database import Database
    from storage.tables.files import File

LONG = "one " * 60  # 240 characters: two segments


@pytest.fixture
def deciding(database: Database) -> Deciding:
    """Routes among the usual senders."""
    return Deciding(database)


def code(found: Route | Stop) -> str:
    """Returns the code of a stop."""
    assert isinstance(found, Stop), found
    return found.code


def parts(found: Route | Stop) -> tuple[str, ...]:
    """Returns the parts of a route."""
    assert isinstance(found, Route), found
    return found.parts


# --- parts ------------------------------------------------------------------------------------------------------------


async def test_a_provider_that_joins_segments_takes_the_text_whole(deciding: Deciding) -> None:
    """A text of two segments is one part."""
    assert parts(await deciding.route(LONG)) == (LONG,)


async def test_a_text_is_split_for_a_provider_that_joins_nothing(deciding: Deciding) -> None:
    """Each part is numbered and costs one segment; a text of one segment is one part."""
    deciding.can(deciding.fone, concatenates=False)
    found = parts(await deciding.route(LONG))
    assert [part[:6] for part in found] == ["(1/2) ", "(2/2) "]
    assert all(len(part) <= 160 for part in found)
    assert parts(await deciding.route("Hello")) == ("Hello",)


async def test_a_text_is_split_at_the_characters_that_the_provider_takes(deciding: Deciding) -> None:
    """A part may cost several segments if the provider joins them."""
    deciding.can(deciding.fone, max_text=200)
    found = parts(await deciding.route(LONG))
    assert len(found) == 2
    assert 160 < len(found[0]) <= 200


async def test_an_inbox_may_not_split(database: Database) -> None:
    """The provider then gets the whole text, and refuses it by its own check."""
    deciding = Deciding(database, inboxes__support__split_texts=False)
    deciding.can(deciding.fone, concatenates=False)
    assert parts(await deciding.route(LONG)) == (LONG,)
    deciding.fone.refuses[LONG] = "too_long"
    assert code(await deciding.route(LONG)) == "too_long"


async def test_parts_that_cost_more_than_the_inbox_allows_are_stopped(database: Database) -> None:
    """300 characters are two segments in one text and three in numbered texts: the sentence says both numbers."""
    text = "a" * 305
    deciding = Deciding(database, inboxes__support__max_segments=2)
    assert parts(await deciding.route(text)) == (text,)
    deciding.can(deciding.fone, max_text=160)
    found = parts(await deciding.route("a" * 300))
    assert len(found) == 2
    deciding.can(deciding.fone, max_text=110)
    stop = await deciding.route(text)
    assert isinstance(stop, Stop)
    assert stop.code == "too_long"
    assert "3 texts of 3 segments" in stop.sentence


async def test_each_part_is_checked(deciding: Deciding) -> None:
    """A provider that refuses the second part gets none."""
    deciding.can(deciding.fone, concatenates=False)
    deciding.fone.refuses[parts(await deciding.route(LONG))[1]] = "blocked"
    assert code(await deciding.route(LONG)) == "blocked"


# --- files ------------------------------------------------------------------------------------------------------------


async def dropped(deciding: Deciding, *, linked: bool = False) -> list[File]:
    """Returns the file of a text, fetched already."""
    message_id = await deciding.text()
    await deciding.file(message_id, linked=linked)
    async with deciding.database.read() as reader:
        return await files.of_message(reader, message_id)


async def test_files_go_along_as_media(deciding: Deciding) -> None:
    """The provider gets a URL of ours, the type and the name; the text stays as it is."""
    deciding.can(deciding.fone, media_out=True)
    found = await deciding.route(dropped=await dropped(deciding))
    assert isinstance(found, Route)
    (media,) = found.media
    assert media.url.startswith("https://sms.example.com/files/")
    assert (media.content_type, media.name, found.text) == ("image/png", "cat.png", "Hello")


@pytest.mark.parametrize(("media_out", "linked"), [(False, False), (True, True)])
async def test_files_go_as_links(database: Database, *, media_out: bool, linked: bool) -> None:
    """If the provider can't send files, or this one is too large, and the inbox texts links."""
    deciding = Deciding(database, inboxes__support__links_for_files=True)
    deciding.can(deciding.fone, media_out=media_out)
    found = await deciding.route(dropped=await dropped(deciding, linked=linked))
    assert isinstance(found, Route)
    assert found.media == ()
    assert found.text.startswith("Hello\nhttps://sms.example.com/files/")
    assert found.parts == (found.text,)


async def test_a_rule_for_files_is_about_texts_with_files(database: Database) -> None:
    """The same text goes another way without its file."""
    deciding = Deciding(database, rules=[{"files": True, "senders": ["perth"]}])
    for provider in (deciding.fone, deciding.rental):
        deciding.can(provider, media_out=True)
    found = [await deciding.choose(dropped=await dropped(deciding)), await deciding.choose()]
    assert [each.sender for each in found if isinstance(each, Route)] == ["perth", "sydney"]


async def test_files_that_no_way_takes_stop_the_text(deciding: Deciding) -> None:
    """The provider can't send files, and the inbox texts no links: the sentence names the provider."""
    stop = await deciding.route(dropped=await dropped(deciding))
    assert isinstance(stop, Stop)
    assert stop.code == "no_files"
    assert "Fone Dynamics" in stop.sentence


async def test_a_file_that_could_not_be_fetched_stops_the_text(deciding: Deciding) -> None:
    """With the sentence that was stored for it; one that is still on its way is waited for."""
    deciding.can(deciding.fone, media_out=True)
    message_id = await deciding.text()
    async with deciding.database.transaction() as tx:
        file_id = await files.expect(tx, message_id, "out", source="F1")
        waiting = await files.of_message(tx, message_id)
        await files.fail(tx, file_id, "Not sent: too large.")
        failed = await files.of_message(tx, message_id)
    assert await deciding.route(dropped=failed) == Stop("file", "Not sent: too large.")
    with pytest.raises(RetryLater):
        await deciding.route(dropped=waiting)


async def test_links_count_in_the_length(database: Database) -> None:
    """A text that fits without its link does not go out if it is too long with it."""
    deciding = Deciding(database, inboxes__support__links_for_files=True, inboxes__support__max_segments=1)
    found = await dropped(deciding)
    assert isinstance(await deciding.route("Hello", dropped=found), Route)
    assert code(await deciding.route("a" * 150, dropped=found)) == "too_long"
    assert isinstance(await deciding.route("a" * 150), Route)


async def test_a_file_without_words_gets_a_caption_if_the_provider_needs_one(database: Database) -> None:
    """Only then; a file with words keeps them."""
    deciding = Deciding(database, files__caption="See the file.")
    deciding.can(deciding.fone, media_out=True)
    found = await deciding.route("", dropped=await dropped(deciding))
    assert isinstance(found, Route)
    assert (found.text, found.parts) == ("", ("",))
    deciding.fone.refuses[""] = "no_words"
    found = await deciding.route("", dropped=await dropped(deciding))
    assert isinstance(found, Route)
    assert (found.text, found.parts, len(found.media)) == ("See the file.", ("See the file.",), 1)
    deciding.fone.refuses["Hello"] = "blocked"
    assert code(await deciding.route(dropped=await dropped(deciding))) == "blocked"
    assert code(await deciding.route("")) == "no_words"


# --- the request ------------------------------------------------------------------------------------------------------


async def test_the_request_has_the_senders_options_and_the_persons(database: Database) -> None:
    """The person's win; the media go with the first part."""
    deciding = Deciding(database, senders__sydney__options={"route": "cheap", "validity": 60})
    deciding.can(deciding.fone, concatenates=False, media_out=True)
    found = await deciding.route(LONG, dropped=await dropped(deciding))
    assert isinstance(found, Route)
    first = deciding.routing.sms(found, SOMEBODY, "17", {"route": "fast"})
    assert (first.attempt, first.recipient, first.sender) == ("17", from_canonical(PHONE), from_canonical(SYDNEY))
    assert first.options == {"route": "fast", "validity": 60}
    assert (first.text, first.media) == (found.parts[0], found.media)
    second = deciding.routing.sms(found, SOMEBODY, "18", part=2)
    assert (second.text, second.media, second.options["route"]) == (found.parts[1], (), "cheap")


# --- the length -------------------------------------------------------------------------------------------------------


def test_the_length_that_an_inbox_allows() -> None:
    """An empty text and one segment too many are stopped; else the size is returned."""
    inbox = Inbox(channel="C0SUPPORT", senders=["sydney"], max_segments=2)
    size = fits("a" * 306, inbox)
    assert not isinstance(size, Stop)
    assert (size.count, size.encoding) == (2, Encoding.GSM7)
    stops = [fits("", inbox), fits("a" * 307, inbox), too_long("", inbox), too_long("a" * 307, inbox)]
    assert [each.code for each in stops if isinstance(each, Stop)] == ["empty", "too_long", "empty", "too_long"]
    assert too_long("a" * 306, inbox) is None
