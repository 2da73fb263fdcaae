"""Downloads from other servers, which here are real servers on loopback."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from yarl import URL

from bot.files.downloads import Credentials, Downloads, NotFetched, Source, is_public, origin
from bot.files.media import sources
from bot.settings.model import Settings
from tests.bot.installation import changed
from tests.contract.packages import write_metadata
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n pretend"
PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"
MB = 1 << 20
TWILIO = ROOT / "examples/provider-twilio"


class Elsewhere:
    """A server, and the requests that it got."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[web.Request] = []

    @property
    def source(self) -> Source:
        """Returns a source that is only this server."""
        return Source(origins=frozenset({origin(URL(self.url))}))


@asynccontextmanager
async def elsewhere(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[Elsewhere]:
    """Starts a server that answers everything like this."""
    asked: list[web.Request] = []

    async def note(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", note)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = Elsewhere(runner.addresses[0][1])
    server.asked = asked
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
async def downloads() -> AsyncIterator[Downloads]:
    """Yields downloads with one second for each file."""
    async with Downloads(1.0) as downloads:
        yield downloads


def giving(body: bytes, status: int = 200, **headers: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Returns a handler that answers with this."""

    async def answer(_: web.Request) -> web.Response:
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=shown)

    return answer


async def refusal(downloads: Downloads, server: Elsewhere, path: str = "/a.png", limit: int = MB) -> NotFetched:
    """Returns the reason why the file is not fetched."""
    with pytest.raises(NotFetched) as caught:
        await downloads.fetch(server.url + path, server.source, limit)
    return caught.value


# --- allowed downloads ------------------------------------------------------------------------------------------------


async def test_a_file_is_what_its_content_shows(downloads: Downloads) -> None:
    """A file's type comes from its content, and its name from the answer or the URL, with the matching ending."""
    async with elsewhere(giving(PNG, Content_Type="image/jpeg")) as server:
        found = await downloads.fetch(server.url + "/cat.jpg?key=1", server.source, MB)
        assert (found.content, found.kind, found.name) == (PNG, "image/png", "cat.png")
    async with elsewhere(giving(PNG, Content_Disposition='attachment; filename="../dog.png"')) as server:
        assert (await downloads.fetch(server.url + "/x", server.source, MB)).name == "dog.png"
        assert (await downloads.fetch(server.url + "/x", server.source, MB, name="cow.png")).name == "cow.png"


async def test_a_redirect_within_the_source_is_followed(downloads: Downloads) -> None:
    """Relative redirects are followed too; six in a row are too many."""

    async def on(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        return web.Response(body=PNG) if left == 0 else web.Response(status=302, headers={"Location": f"/{left - 1}"})

    async with elsewhere(on) as server:
        assert (await downloads.fetch(server.url + "/5", server.source, MB)).content == PNG
        assert (await refusal(downloads, server, "/6")).code == "redirects"


async def test_the_token_stays_with_its_hosts(downloads: Downloads) -> None:
    """The headers of a source go to no other host, because no other host gets a request."""
    async with elsewhere(giving(PNG)) as other, elsewhere(giving(b"", 302, Location=f"{other.url}/a.png")) as server:
        source = Source(origins=server.source.origins, headers={"Authorization": "Bearer xoxb-secret"})
        with pytest.raises(NotFetched):
            await downloads.fetch(f"{server.url}/a.png", source, MB)
        assert server.asked[0].headers["Authorization"] == "Bearer xoxb-secret"
        assert other.asked == []
        assert "xoxb-secret" not in repr(source)


# --- credentials of a provider ----------------------------------------------------------------------------------------

BASIC = {"Authorization": "Basic QUM6c2VjcmV0"}


def credentials(*hosts: str) -> Credentials:
    """Those of an account, for each URL that they are asked for."""
    return Credentials(frozenset(hosts), lambda _: BASIC)


async def test_a_file_that_needs_credentials_is_fetched_with_them(downloads: Downloads) -> None:
    """The server that the text named gets them, also after a redirect within it; each URL is asked about by itself."""
    asked: list[str] = []

    def wanted(url: str) -> dict[str, str]:
        asked.append(url)
        return {"Authorization": f"Basic {len(asked)}"}

    async def on(request: web.Request) -> web.Response:
        if not request.headers.get("Authorization", "").startswith("Basic "):
            return web.Response(status=401)
        return web.Response(body=PNG) if request.path == "/b" else web.Response(status=307, headers={"Location": "/b"})

    async with elsewhere(on) as server:
        assert (await refusal(downloads, server)).code == "http_401"
        source = replace(server.source, credentials=Credentials(frozenset(), wanted))
        assert (await downloads.fetch(f"{server.url}/a", source, MB)).content == PNG
        assert asked == [f"{server.url}/a", f"{server.url}/b"]
        assert [request.headers.get("Authorization") for request in server.asked[1:]] == ["Basic 1", "Basic 2"]


async def test_credentials_do_not_follow_a_redirect_to_another_server(downloads: Downloads) -> None:
    """A signed address elsewhere is asked without them, although files may come from there, and back home with them."""

    async def home(request: web.Request) -> web.Response:
        if request.path == "/last":
            return web.Response(body=PNG)
        return web.Response(status=307, headers={"Location": f"{cdn.url}/signed"})

    async def away(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"{server.url}/last"})

    async with elsewhere(home) as server, elsewhere(away) as cdn:
        origins = server.source.origins | cdn.source.origins
        source = Source(origins=origins, credentials=credentials())
        assert (await downloads.fetch(f"{server.url}/a", source, MB)).content == PNG
        assert [request.headers.get("Authorization") for request in server.asked] == [BASIC["Authorization"]] * 2
        assert ["Authorization" in request.headers for request in cdn.asked] == [False]


async def test_credentials_are_in_no_repr_and_no_log(downloads: Downloads, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of the source, nor where the fetch fails."""
    caplog.set_level(logging.DEBUG)
    async with elsewhere(giving(b"", 403)) as server:
        source = replace(server.source, credentials=credentials("api.example"))
        with pytest.raises(NotFetched) as caught:
            await downloads.fetch(f"{server.url}/a", source, MB)
    assert server.asked[0].headers["Authorization"] == BASIC["Authorization"]
    assert "QUM6c2VjcmV0" not in f"{source!r}{caught.value!r}{caught.value.__dict__}{caplog.text}"


GETS_CREDENTIALS = {
    "https://api.example/a": True,
    "https://eu.api.example/a": True,
    "http://api.example/a": False,
    "https://cdn.example/a": False,
    "https://evilapi.example/a": False,
    "https://api.example.evil.example/a": False,
    "https://files.example/a": False,
    "http://127.0.0.1:8080/a": True,
    "http://127.0.0.1:8081/a": False,
}


@pytest.mark.parametrize(("url", "gets"), GETS_CREDENTIALS.items())
def test_who_gets_credentials(url: str, gets: bool) -> None:  # noqa: FBT001 - a table
    """The hosts that the provider declares, over https, and the configured place; not those that an operator added."""
    ours = frozenset({("http", "127.0.0.1", 8080)})
    source = Source(frozenset({"api.example", "files.example"}), ours, credentials=credentials("api.example"))
    assert bool(source.headers_for(URL(url), URL(url))) is gets


@pytest.mark.parametrize("url", ["http://api.example/a", "https://api.example:444/a", "https://eu.api.example/a"])
def test_another_scheme_port_or_name_is_another_server(url: str) -> None:
    """A redirect from https to http, to another port or to another host takes no credentials along."""
    source = Source(frozenset({"api.example"}), credentials=credentials("api.example"))
    assert not source.headers_for(URL(url), URL("https://api.example/a"))


def test_an_account_gives_its_own_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For its files, to the hosts that its provider declares and to its `base_url`; to none that the operator adds."""
    write_metadata(TWILIO, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(TWILIO)
    sid = "AC" + "1" * 32
    account = {"provider": "twilio", "account_sid": sid, "auth_token": "MARKED", "base_url": "https://api.ie1.example"}
    found = sources(Settings(**changed(accounts__twilio=account, files={"hosts": ["files.example"]})))
    path = f"/2010-04-01/Accounts/{sid}/Messages/MM{'2' * 32}/Media/ME{'3' * 32}"
    urls = {host: URL(f"https://{host}{path}") for host in ("api.twilio.com", "api.ie1.example", "files.example")}
    assert all(found["twilio"].allows(url) for url in urls.values())
    sent = {host: "Authorization" in found["twilio"].headers_for(url, url) for host, url in urls.items()}
    assert sent == {"api.twilio.com": True, "api.ie1.example": True, "files.example": False}
    texts = URL(f"https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages.json")
    assert not found["twilio"].headers_for(texts, texts)
    assert found["rental"].credentials is None
    assert "MARKED" not in repr(found)


# --- refused downloads ------------------------------------------------------------------------------------------------

REFUSED = {
    "too large, said before": (
        giving(b"x" * (2 * MB)),
        "too_large",
        "it is too large (2 MB; the limit is 1 MB)",
        False,
    ),
    "zero bytes": (giving(b""), "empty", "it is empty", True),
    "a page": (giving(PAGE, Content_Type="image/png"), "web_page", "a web page came instead", False),
    "a page by its type": (giving(b"x", Content_Type="text/html"), "web_page", "a web page came instead", False),
    "a page after blanks": (giving(b"\n <!-- x -->\n" + PAGE), "web_page", "a web page came instead", False),
    "packed": (
        giving(PNG, Content_Encoding="gzip"),
        "encoded",
        "it came in an encoding that we did not ask for",
        False,
    ),
    "not there": (giving(b"", 404), "http_404", "it is not there (404)", True),
    "gone": (giving(b"", 410), "http_410", "it is not there (410)", False),
    "not for us": (giving(b"", 403), "http_403", "the server denied access (403)", False),
    "a fault": (giving(b"", 503), "http_503", "the server failed (503)", True),
    "a part": (giving(PNG, 206), "http_206", "it is not there (206)", False),
    "private": (
        giving(b"", 302, Location="http://169.254.169.254/latest/meta-data/"),
        "not_allowed",
        "the bot may not fetch files from its address",
        False,
    ),
    "elsewhere": (
        giving(b"", 302, Location="https://evil.example/a.png"),
        "not_allowed",
        "the bot may not fetch files from its address",
        False,
    ),
    "another port": (
        giving(b"", 302, Location="http://127.0.0.1:9/"),
        "not_allowed",
        "the bot may not fetch files from its address",
        False,
    ),
    "a file of ours": (
        giving(b"", 302, Location="file:///etc/passwd"),
        "not_allowed",
        "the bot may not fetch files from its address",
        False,
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
async def test_is_not_fetched(
    case: tuple[Callable[[web.Request], Awaitable[web.Response]], str, str, bool], downloads: Downloads
) -> None:
    """Each refusal gives a reason that a person understands, and says if a retry may help."""
    answer, code, reason, may_come = case
    async with elsewhere(answer) as server:
        error = await refusal(downloads, server)
    assert (error.code, error.reason, error.may_come) == (code, reason, may_come)


async def test_a_size_that_nobody_says_is_kept_to_while_it_streams(downloads: Downloads) -> None:
    """A body without a length is cut off at the limit, and the sentence names both sizes."""

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await answer.write(b"x" * 65536)
        return answer

    async with elsewhere(endless) as server:
        error = await refusal(downloads, server)
        assert error.reason == "it is too large (more than 1 MB; the limit is 1 MB)"
    async with elsewhere(giving(b"x" * (31 * MB))) as server:
        error = await refusal(downloads, server, limit=20 * MB)
        assert error.reason == "it is too large (31 MB; the limit is 20 MB)"


async def test_a_file_that_trickles_is_given_up() -> None:
    """The time limit is for the whole file."""

    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(20):
            await answer.write(b"x")
            await asyncio.sleep(0.05)
        return answer

    async with Downloads(0.2) as downloads, elsewhere(slow) as server:
        error = await refusal(downloads, server)
        assert (error.code, error.may_come) == ("timeout", True)


async def test_a_broken_connection_may_heal(downloads: Downloads) -> None:
    """A refused or broken connection is retried."""

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with elsewhere(hang_up) as server:
        error = await refusal(downloads, server)
        assert (error.code, error.may_come) == ("connection_lost", True)
    error = await refusal(downloads, server)
    assert (error.code, error.may_come) == ("unreachable", True)


async def test_a_name_of_a_private_address_is_not_asked() -> None:
    """A listed host name that resolves to a private address is refused on connecting; a configured host is not."""
    async with elsewhere(giving(PNG)) as server:
        url = URL(f"http://localhost:{server.port}/a.png")
        source = Source(origins=frozenset({origin(url)}))
        async with Downloads(1.0) as strict:
            with pytest.raises(NotFetched) as caught:
                await strict.fetch(str(url), source, MB)
            assert (caught.value.code, server.asked) == ("not_allowed", [])
        async with Downloads(1.0, {("localhost", server.port)}) as told:
            assert (await told.fetch(str(url), source, MB)).content == PNG


ADDRESSES = {
    "https://rental.software/a.jpg": True,
    "http://rental.software/a.jpg": True,
    "https://media.rental.software/a.jpg": True,
    "https://rental.software:8443/a.jpg": False,
    "https://evilrental.software/a.jpg": False,
    "https://rental.software.evil.example/a.jpg": False,
    "https://rental.software@evil.example/a.jpg": False,
    "https://someone:secret@rental.software/a.jpg": False,
    "https://169.254.169.254/a.jpg": False,
    "https://[::1]/a.jpg": False,
    "https://2130706433/a.jpg": False,
    "ftp://rental.software/a.jpg": False,
    "//rental.software/a.jpg": False,
    "a.jpg": False,
    "": False,
    "https://api.example:444/a.jpg": True,
    "http://api.example:444/a.jpg": False,
    "https://api.example/a.jpg": False,
}


@pytest.mark.parametrize(("url", "allowed"), ADDRESSES.items())
def test_which_addresses_are_allowed(url: str, allowed: bool) -> None:  # noqa: FBT001 - a table
    """Listed hosts and their subdomains are allowed at the usual ports, configured origins exactly as they are."""
    source = Source(frozenset({"rental.software"}), frozenset({("https", "api.example", 444)}))
    assert source.allows(URL(url)) is allowed


def test_a_token_goes_nowhere_unencrypted() -> None:
    """A token goes only to https, except for a configured origin."""
    source = Source(frozenset({"files.slack.com"}), frozenset({("http", "127.0.0.1", 80)}), {"Authorization": "x"})
    assert source.allows(URL("https://files.slack.com/x"))
    assert not source.allows(URL("http://files.slack.com/x"))
    assert source.allows(URL("http://127.0.0.1/x"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address that is refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "ff02::1",
        "localhost",
        "",
    ],
)
def test_no_private_address_is_public(address: str) -> None:
    """Private addresses are refused, also inside other forms."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are(address: str) -> None:
    """Public addresses are allowed."""
    assert is_public(address)
