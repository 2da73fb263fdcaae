"""The reference for the doors: an aiohttp server that parses the JSON of a request, answers, and does nothing else."""

from __future__ import annotations

from aiohttp import web

from benchmarks.counterparts.serving import serve


async def _take(request: web.Request) -> web.Response:
    await request.json()
    return web.Response()


def open_app() -> web.Application:
    """Returns the server."""
    app = web.Application()
    app.add_routes([web.post("/{path:.*}", _take)])
    return app


if __name__ == "__main__":
    serve(open_app())
