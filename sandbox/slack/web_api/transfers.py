"""File transfers: receives uploads, and serves downloads to holders of the token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.slack.errors import ApiError
from sandbox.slack.faults import HTML
from sandbox.slack.web_api.api import need
from sandbox.slack.world import Call

if TYPE_CHECKING:
    from sandbox.slack.faults import Fault
    from sandbox.slack.store import File
    from sandbox.slack.world import World

LOGIN = "<!DOCTYPE html><html><head><title>Slack</title></head><body><form>Sign in to Sandbox</form></body></html>"


class Transfers:
    """The uploads and downloads of a workspace."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Receives the bytes for a URL from files.getUploadURLExternal: raw, or as the one file of a form."""
        key = request.match_info["key"]
        file = next((one for one in self._world.store.files.values() if one.upload_key == key), None)
        call = Call("upload", {"file": file.id if file else ""}, time.time())
        self._world.calls.append(call)
        content = await _content(request)
        return self._answered(request, call, self._store(call, file, content))

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Serves a file. Without a valid token it returns a sign-in page with status 200."""
        number = request.match_info["place"].rpartition("-")[2]
        call = Call("download", {"file": number}, time.time())
        self._world.calls.append(call)
        file = self._world.store.files.get(number)
        return self._answered(request, call, self._serve(request, call, file))

    def _store(self, call: Call, file: File | None, content: bytes) -> web.Response:
        if file is None:
            call.status, call.error = 404, "not_found"
            return web.Response(status=404)
        if len(content) != file.length or file.completed:
            call.status, call.error = 400, "size_mismatch"
            return web.Response(status=400, text="size mismatch")
        file.content = content
        call.status, call.done = 200, True
        return web.Response(text=f"OK - {len(content)}")

    def _serve(self, request: web.Request, call: Call, file: File | None) -> web.Response:
        call.status = 200
        if request.headers.get("Authorization") != f"Bearer {self._world.bot_token}" or self._world.token_error:
            call.error = "not_authed"
            return web.Response(text=LOGIN, content_type="text/html")
        try:
            need(self._world, "files:read")
        except ApiError as error:
            call.error = error.error
            return web.Response(text=LOGIN, content_type="text/html")
        if file is None or file.content is None or file.deleted:
            call.status, call.error = 404, "file_not_found"
            return web.Response(status=404, text=HTML, content_type="text/html")
        call.done = True
        kind, _, size = request.match_info["name"].partition("/")
        content = file.thumbs[int(size)] if kind == "thumb" else file.content
        return web.Response(body=content, content_type=file.mimetype)

    def _answered(self, request: web.Request, call: Call, answer: web.Response) -> web.Response:
        faults = self._world.faults.for_call(call.method, call.arguments, after=True)
        faults += self._world.faults.for_call(call.method, call.arguments, after=False)
        self._world.changes.announce()
        return _spoil(request, faults[-1]) if faults else answer


async def _content(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    form = await request.post()
    files = [one for one in form.values() if isinstance(one, web.FileField)]
    return files[0].file.read() if files else b""


def _spoil(request: web.Request, fault: Fault) -> web.Response:
    if fault.kind == "drop" and request.transport is not None:
        request.transport.abort()
        return web.Response()
    return web.Response(status=fault.status, text=HTML, content_type="text/html")
