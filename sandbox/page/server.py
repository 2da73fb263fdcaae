"""The page's server on 127.0.0.1: one HTML file, modules, a stream of changes, and actions."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from pydantic import ValidationError

from sandbox.page import emoji_names, environment_actions, slack_actions
from sandbox.page.access import guard
from sandbox.page.actions import MOST_BYTES, Action
from sandbox.page.environment import people
from sandbox.page.event_streams import EventStreams
from sandbox.page.page_state import PageState
from sandbox.phones import NoSuchNumber
from sandbox.slack.errors import ApiError, NotShown

if TYPE_CHECKING:
    from types import TracebackType

    from sandbox.page.environment import Environment

STATIC = Path(__file__).with_name("static")
ACTIONS: dict[str, type[Action]] = {action.NAME: action for action in (*slack_actions.ALL, *environment_actions.ALL)}
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = 4 / 3


class Server:
    """The page of an environment, as an asynchronous context manager.

    Attributes:
        url: the address, once it listens.
        live: the streams to the open pages.
    """

    def __init__(self, environment: Environment, port: int = 0) -> None:
        self._state = PageState(environment)
        self._port = port
        self._files = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.suffix in KINDS}
        self.live = EventStreams(self._state)
        application = web.Application(middlewares=[guard], client_max_size=int(MOST_BYTES * _BASE64) + 4096)
        application.add_routes(self._routes())
        application.on_shutdown.append(self._end_streams)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=2.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.live.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The page's address with a trailing slash."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/live", self._live),
            web.get("/emoji.json", self._emoji),
            web.get("/file/{file}", self._file),
            web.post("/do/{action}", self._do),
            web.get("/static/{name}", self._static),
        ]

    async def _end_streams(self, _: web.Application) -> None:
        await self.live.stop()

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return self._file_named("index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return self._file_named(request.match_info["name"])

    def _file_named(self, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound
        return web.Response(body=self._files[name], content_type=KINDS[Path(name).suffix], charset="utf-8")

    async def _emoji(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(text=emoji_names.table())

    async def _live(self, request: web.Request) -> web.StreamResponse:
        team = people(self._state.environment)
        wanted = request.query.get("as", "")
        known = [one["id"] for one in team if wanted in (one["id"], one["name"])] or [one["id"] for one in team]
        return await self.live.stream(request, known[0])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """Serves a file's content to the team; pictures are displayed, other files are downloads."""
        file = self._state.environment.slack.world.store.files.get(request.match_info["file"])
        if file is None or file.content is None or file.deleted:
            raise web.HTTPNotFound
        kind = file.mimetype if file.mimetype in PICTURES else "application/octet-stream"
        shown = "inline" if kind in PICTURES else "attachment"
        return web.Response(body=file.content, content_type=kind, headers={"Content-Disposition": shown})

    async def _do(self, request: web.Request) -> web.StreamResponse:
        action = ACTIONS.get(request.match_info["action"])
        if action is None:
            raise web.HTTPNotFound
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            wanted = action.model_validate_json(await request.read())
        except ValidationError as error:
            return _refused(HTTPStatus.BAD_REQUEST, _complaint(error))
        return await self._done(wanted)

    async def _done(self, wanted: Action) -> web.Response:
        try:
            came = await wanted.do(self._state)
        except (NotShown, NoSuchNumber, ApiError) as error:
            return _refused(HTTPStatus.CONFLICT, sentence(error))
        finally:
            self.live.wake()
        return web.json_response({"ok": True, "came": came})


def sentence(error: Exception) -> str:
    """Returns an error as a sentence for the person."""
    words = str(error).replace("_", " ").strip().rstrip(".") or "this cannot be done"
    return f"{words[0].upper()}{words[1:]}."


def _complaint(error: ValidationError) -> str:
    first: Any = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'The body'}: {first['msg']}."


def _refused(status: HTTPStatus, error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)
