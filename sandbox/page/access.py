"""Access control: only this machine's browser, and only from this page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

# The simulated providers serve pictures on other ports of this machine.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: http://127.0.0.1:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SAFE = ("GET", "HEAD")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Rejects other hosts' names and other sites' requests (DNS rebinding, forgery), and sets the page's headers."""
    if not is_ours(request):
        return web.Response(status=403, text="This page is for this machine only.\n")
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = web.Response(status=error.status, text=f"{error.reason}\n", headers=_allowed(error))
    if not response.prepared:
        response.headers.setdefault("Cache-Control", "no-cache")
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response


def is_ours(request: web.Request) -> bool:
    """Returns True if the request names this machine and comes from this page; a change needs an Origin."""
    if request.headers.get("Host", "").lower() not in _names(request):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        site = request.headers.get("Sec-Fetch-Site", "none")
        return request.method in _SAFE and site in ("none", "same-origin")
    return origin == f"http://{request.headers['Host'].lower()}"


def _names(request: web.Request) -> tuple[str, str]:
    port = request.get_extra_info("sockname")[1]
    return f"127.0.0.1:{port}", f"localhost:{port}"


def _allowed(error: web.HTTPException) -> dict[str, str]:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
