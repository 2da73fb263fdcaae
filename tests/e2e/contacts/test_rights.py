"""Admins erase and export a contact in Slack; nobody else can, and no link or copy outlives its time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from lxml import html
from structlog.testing import capture_logs

from bot.conversations.number_hash import NumberHash
from bot.http.export_routes import export_urls
from storage.engine.clock import system_clock
from tests.e2e.slack.test_actions import buttons
from tests.e2e.team import ANOTHER, CUSTOMER, Team, key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

EVIL = '<script>alert("x")</script>'
NATIONAL = CUSTOMER.removeprefix("+61")
UNKNOWN = "+61488023999"
FULL = "full members of this workspace"
SOON = 60_000_000  # microseconds


class Governed(Team):
    """A team with Anna and Ben as admins, Cleo as a member and Gus as a guest."""

    def __init__(self, folder: Path, admins: tuple[str, ...] = ("anna", "ben")) -> None:
        super().__init__(folder, self._govern)
        self._admins = admins
        self.cleo = self.slack.add_user("cleo")
        self.guest = self.slack.add_user("gus", guest=True)

    def _govern(self, settings: dict[str, Any]) -> None:
        settings["admins"] = [getattr(self, name) for name in self._admins]

    async def says(self, user: str, text: str) -> dict[str, Any]:
        """Returns the immediate answer to the user."""
        used = await self.slack.slash(user, self.support, "/sms", text)
        assert not used.error
        return used.posts[0]

    async def press(self, user: str, asked: dict[str, Any]) -> None:
        """The user clicks the button of a private question."""
        await self.slack.click(user, self.support, asked["ts"], "do:erase")

    def contact(self) -> int:
        """Returns the id of the customer."""
        return int(self.rows("SELECT id FROM contacts WHERE address = :phone", phone=CUSTOMER)[0]["id"])


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Governed]:
    """A team with admins."""
    async with Governed(tmp_path) as team:
        yield team


async def fetched(url: str) -> tuple[int, str, dict[str, str]]:
    """Returns status, body and headers of this address."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


def linked(answer: dict[str, Any]) -> list[str]:
    """Returns the addresses in an answer."""
    return [part.split("|")[0] for part in answer["text"].split("<") if part.startswith("http")]


def acted(logged: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Returns the action, the user and the contact of each log line about an admin."""
    lines = [line for line in logged if line["event"] == "an admin acted"]
    return [(line["what"], line["who"], line["number"]) for line in lines]


# --- erase ------------------------------------------------------------------------------------------------------------


async def test_an_admin_erases(team: Governed) -> None:
    """The question has figures; two admins click several times, one erasure runs, and its proof is shown and stored."""
    root = await team.conversation()
    other = await team.conversation(ANOTHER, "I am somebody else")
    await team.reply(root, "On its way")
    await team.received(CUSTOMER, 1)
    await team.until(lambda: any("✓✓" in line for line in team.lines(root)))
    await team.quiet()
    posts = len([post for post in team.slack.thread(team.support, root) if post.get("bot_id")])
    asked = await team.says(team.anna, f"erase 0{NATIONAL}")
    assert "Nobody can undo this" in asked["text"]
    assert f"2 texts, 0 files and {posts} posts of ours" in asked["text"]
    assert buttons(asked) == ["Erase"]
    (button,) = asked["blocks"][-1]["elements"]
    assert (button["style"], button["value"], "confirm" in button) == ("danger", str(team.contact()), True)
    assert team.rows("SELECT * FROM erasures") == []
    second = await team.says(team.ben, f"erase {CUSTOMER}")
    with capture_logs() as logged:
        presses = [team.press(team.anna, asked), team.press(team.anna, asked), team.press(team.ben, second)]
        await asyncio.gather(*presses)
        await team.until(lambda: any("*Erased.*" in said for said in team.told() + team.told(team.ben)))
        await team.quiet()
    told = [said for said in team.told() + team.told(team.ben) if "*Erased.*" in said]
    (erasure,) = team.rows("SELECT * FROM erasures")
    assert len(told) == 1
    assert f"We deleted 2 texts, 0 files and {posts} posts of ours in Slack." in told[0]
    assert f"/archives/{team.support}/p{root.replace('.', '')}|this thread> (1 message)" in told[0]
    assert erasure["address_hash"] in told[0]
    assert all(NATIONAL not in said.replace(" ", "") for said in team.told() + team.told(team.ben))
    by = json.loads(erasure["done"])["by"]
    assert by in {team.anna, team.ben}
    assert acted(logged) == [("erase", by, erasure["address_hash"])]
    assert team.rows("SELECT * FROM contacts WHERE address = :phone", phone=CUSTOMER) == []
    assert [post for post in team.slack.thread(team.support, root) if post.get("bot_id")] == []
    assert key(team.slack.thread(team.support, other)[0]).startswith("card:")
    actions = team.rows("SELECT * FROM intake WHERE kind = 'action'")
    assert len(actions) == 3
    assert not any(NATIONAL in json.dumps(each) for each in team.rows("SELECT * FROM intake"))
    assert "The bot keeps nothing" in (await team.says(team.anna, f"erase {CUSTOMER}"))["text"]


async def test_a_question_that_is_old_does_nothing(team: Governed) -> None:
    """An old question does not erase again, even if the number is back; a user who is no longer an admin is refused."""
    await team.conversation()
    asked, other = [await team.says(user, f"erase {CUSTOMER}") for user in (team.anna, team.ben)]
    await team.press(team.anna, asked)
    await team.until(lambda: any("*Erased.*" in said for said in team.told()))
    await team.conversation(CUSTOMER, "Me again")
    await team.press(team.ben, other)
    await team.until(lambda: any("erased them already" in said for said in team.told(team.ben)))
    assert team.contact()
    third = await team.says(team.anna, f"erase {CUSTOMER}")
    team.bot_settings.admins[:] = [team.ben]
    await team.press(team.anna, third)
    await team.until(lambda: any("Only an admin" in said for said in team.told()))
    assert team.contact()


async def test_an_erasure_goes_on_after_a_restart(team: Governed) -> None:
    """Slack refuses to delete, and the bot stops: the next start finishes, and still answers the user who began it."""
    root = await team.conversation()
    team.slack.settings.response_url_uses = 1
    asked = await team.says(team.anna, f"erase {CUSTOMER}")
    team.slack.faults.fail("chat.delete", times=None)
    await team.press(team.anna, asked)
    await team.until(lambda: any("We're erasing everything" in said for said in team.told()))
    await team.stop_bot()
    team.slack.faults.clear()
    await team.start_bot()
    await team.until(lambda: any("*Erased.*" in said for said in team.told()))
    assert [post for post in team.slack.thread(team.support, root) if post.get("bot_id")] == []


# --- export -----------------------------------------------------------------------------------------------------------


async def test_an_admin_exports(team: Governed, tmp_path: Path) -> None:
    """Two links work for a while, as downloads that run nothing; the bot stores who got them, and nothing else."""
    await team.conversation(CUSTOMER, EVIL)
    await team.quiet()
    with capture_logs() as logged:
        answer = await team.says(team.anna, f"export {CUSTOMER}")
        await team.until(lambda: acted(logged))
    await team.quiet()
    page, data = linked(answer)
    assert "15 minutes" in answer["text"]
    for url, name in ((page, "export.html"), (data, "export.json"), (page, "export.html")):
        status, body, headers = await fetched(url)
        assert status == 200
        assert "alert(" in body
        assert headers["Content-Disposition"] == f'attachment; filename="threadline-{name}"'
        assert "no-store" in headers["Cache-Control"]
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert NATIONAL not in url
    shown = html.document_fromstring((await fetched(page))[1].encode())
    assert shown.findall(".//script") == []
    policies = [meta.get("content") for meta in shown.findall(".//meta") if meta.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert json.loads((await fetched(data))[1])["contact"]["address"] == CUSTOMER
    (row,) = team.rows("SELECT body, parsed, state FROM intake WHERE kind = 'export'")
    number = NumberHash(team.bot_settings).of(CUSTOMER)
    assert json.loads(row["parsed"]) == {"user": team.anna, "number": number}
    assert (NATIONAL in row["body"], row["state"]) == (False, "done")
    assert acted(logged) == [("export", team.anna, number)]
    assert not (tmp_path / "files").exists()
    assert "The bot keeps nothing" in (await team.says(team.anna, f"export {UNKNOWN}"))["text"]


async def test_a_link_that_is_none_opens_nothing(team: Governed) -> None:
    """Expired, forged, of another form or path, of an unknown or erased contact: 404 and nothing else."""
    await team.conversation()
    page, data = linked(await team.says(team.anna, f"export {CUSTOMER}"))
    token, secret = page.rsplit("/", 1)[1], team.bot_settings.secret.get_secret_value()
    urls, now = export_urls(team.url, secret)["export.html"], system_clock()
    strange = export_urls(team.url, "another secret, of thirty-two characters")["export.html"]
    none = [
        urls.make(team.contact(), now - 1),
        urls.make(team.contact() + 1, now + SOON),
        strange.make(team.contact(), now + SOON),
        f"{team.url}/files/export.json/{token}",
        f"{team.url}/files/export.pdf/{token}",
        f"{team.url}/files/{token}",
        page[:-1],
        f"{page}A",
        f"{team.url}/files/export.html/",
    ]
    assert [(await fetched(url))[0] for url in none] == [404] * len(none)
    assert [(await fetched(url))[0] for url in (page, data)] == [200, 200]
    await team.press(team.anna, await team.says(team.anna, f"erase {CUSTOMER}"))
    await team.until(lambda: any("*Erased.*" in said for said in team.told()))
    assert [(await fetched(url))[0] for url in (page, data)] == [404, 404]
    (row,) = team.rows("SELECT parsed FROM intake WHERE kind = 'export'")
    assert json.loads(row["parsed"])["user"] == team.anna


# --- who may ----------------------------------------------------------------------------------------------------------


async def test_nobody_else_may(team: Governed) -> None:
    """A member who is not an admin and a guest are refused in private, and the bot stores nothing."""
    root = await team.conversation()
    for what in ("erase", "export"):
        assert "Only an admin" in (await team.says(team.cleo, f"{what} {CUSTOMER}"))["text"]
        assert FULL in (await team.says(team.guest, f"{what} {CUSTOMER}"))["text"]
        assert "The bot keeps nothing" in (await team.says(team.anna, f"{what} {UNKNOWN}"))["text"]
        assert "`/sms help`" in (await team.says(team.anna, what))["text"]
    assert team.rows("SELECT * FROM intake WHERE source = 'slack' AND kind <> 'reply'") == []
    assert len(team.slack.thread(team.support, root)) == 2


async def test_without_named_admins_nobody_may(tmp_path: Path) -> None:
    """With an empty list every member may opt out, and nobody may erase or export; the answer names the setting."""
    async with Governed(tmp_path, ()) as team:
        await team.conversation()
        for what in ("erase", "export"):
            assert "setting `admins`" in (await team.says(team.anna, f"{what} {CUSTOMER}"))["text"]
        assert "Noted" in (await team.says(team.anna, f"optout {CUSTOMER}"))["text"]
