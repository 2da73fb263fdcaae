"""The simulated provider: one interface, receipts, failover calls, and texts to VoxNumbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from hmac import compare_digest
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from aiohttp import web
from lxml import etree

from sandbox.carriers.carrier import Accepted, Carrier
from sandbox.carriers.iovox import activity, errors, rules
from sandbox.carriers.iovox.flow import DESTINATION, MESSAGE, ORIGIN
from sandbox.carriers.iovox.settings import IovoxSettings
from sandbox.carriers.numbers import with_plus, without_plus
from sandbox.carriers.outcomes import Fate
from sandbox.carriers.server import Answered
from sandbox.carriers.webhooks import Hook
from sandbox.phones import NoSuchNumber

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sandbox.phones import Phones

_STATES = {
    Fate.DELIVERED: ("ACKNOWLEDGED", "DELIVERED"),
    Fate.BUFFERED: ("ACKNOWLEDGED", "BUFFERED", "DELIVERED"),
    Fate.SILENT: ("ACKNOWLEDGED",),
    Fate.FAILED: ("ACKNOWLEDGED", "FAILED"),
    Fate.OPTED_OUT: ("ACKNOWLEDGED", "FAILED"),
    Fate.EXPIRED: ("ACKNOWLEDGED", "BUFFERED", "EXPIRED"),
    Fate.REJECTED: ("FAILED",),
}
# The raw receipt for each status. The document shows only the first two; their numbers and the others are Kannel's.
_RAW = {
    "ACKNOWLEDGED": ("smsc submit", "8"),
    "DELIVERED": ("delivery success", "1"),
    "BUFFERED": ("message buffered", "4"),
    "FAILED": ("delivery failure", "2"),
    "EXPIRED": ("message expired", "2"),
}


@dataclass(frozen=True, slots=True)
class FailoverCall:
    """A call that reads out a text that could not be delivered."""

    link_id: str
    destination: str = field(repr=False)
    sms_origin: str = field(repr=False)  # $sms_origin of the call flow
    content: str = field(repr=False)  # $content
    message_id: str
    at: datetime


class Iovox(Carrier):
    """The simulated IOVOX.

    Attributes:
        settings: can be changed at run time; `voxnumbers` has the flow for each number.
        activities: every text in either direction, by `sms_activity_id`, oldest first.
        calls: failover calls.
    """

    name: ClassVar[str] = "iovox"

    def __init__(self, phones: Phones, settings: IovoxSettings | None = None) -> None:
        self.settings = settings or IovoxSettings()
        super().__init__(phones, self.settings)
        self.activities: dict[str, activity.Activity] = {}
        self.calls: list[FailoverCall] = []
        self._sends: dict[str, rules.Send] = {}
        self._fates: dict[str, tuple[Fate, str | None]] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        """Routes: one interface; the query's `method` selects the operation."""
        return (web.route("*", "/SMS", self._sms),)

    def kind(self, request: web.Request) -> str:
        """Returns the kind by the API's `method`."""
        method = request.query.get("method")
        if method == "getSmsData":
            return "fetch" if "sms_activity_id" in request.query else "list"
        return "send" if method == "sendSms" else "unknown"

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _sms(self, request: web.Request) -> web.Response:
        self._check_key(request)
        kind = self.kind(request)
        if kind == "send":
            return await self._send(request)
        if kind == "unknown":
            raise errors.bad(*rules.version_errors(request.query), "Method Invalid")
        return self._data(request)

    async def _send(self, request: web.Request) -> web.Response:
        rules.check_query(request.query, request.method)
        send = rules.read(await request.read(), self.settings)
        message_id = await self._accept(send)
        root = etree.Element("response")
        etree.SubElement(root, "sms_activity_id").text = message_id
        return errors.response(HTTPStatus.CREATED, root)

    def _data(self, request: web.Request) -> web.Response:
        wrong = rules.version_errors(request.query)
        if request.method != "GET":
            wrong.append(f"Request Method must be GET. {request.method} attempted")
        if wrong:
            raise errors.bad(*wrong)
        page = activity.find(self.activities.values(), request.query, self.clock.now())
        if request.query.get("output") != "JSON":
            return errors.response(HTTPStatus.OK, activity.xml(page))
        said = {"current_page": page.number, "total_pages": page.pages, "total_results": page.total}
        return web.json_response({"response": {**said, "results": {"result": page.rows}}})

    def _check_key(self, request: web.Request) -> None:
        pairs = (("username", self.settings.username), ("secureKey", self.settings.secure_key))
        right = all(compare_digest(request.headers.get(name, "").encode(), value.encode()) for name, value in pairs)
        if not right or (self.settings.allowed is not None and request.remote not in self.settings.allowed):
            raise Answered(errors.answer(HTTPStatus.UNAUTHORIZED, ["HTTP 401: Unauthorized"]))

    def refusal(self) -> web.Response:
        """Returns one of the documented errors."""
        return errors.answer(HTTPStatus.BAD_REQUEST, ["Destination Invalid: refused"])

    def server_error(self) -> web.Response:
        """Returns the documented 500, or a page that is not XML."""
        if self.settings.error_page:
            page = "<html><head><title>500 Internal Server Error</title><body>Apache<br></body></html>"
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, text=page, content_type="text/html")
        return errors.answer(HTTPStatus.INTERNAL_SERVER_ERROR, ["Internal Server Error"])

    # --- results of texts ---------------------------------------------------------------------------------------------

    async def _accept(self, send: rules.Send) -> str:
        phone, now = with_plus(send.destination), self.clock.now()
        kept = activity.Activity(
            direction="OUT", origin=send.origin, destination=send.destination, message=send.message, at=now
        )
        outcome = self.outcomes.take(phone)
        self.activities[kept.id] = kept
        self._sends[kept.id] = send
        self._fates[kept.id] = (outcome.fate, outcome.code)
        accepted = Accepted(kept.id, with_plus(send.origin), phone, send.message, now)
        await self.take(accepted, _STATES[outcome.fate])
        return kept.id

    async def pause(self, message_id: str, state: str) -> None:
        """Waits; a text expires after its expiry, if it has one."""
        expiry = self._sends[message_id].expiry
        if state == "EXPIRED" and expiry is not None:
            await self.clock.until(self.activities[message_id].at + timedelta(minutes=expiry))
        else:
            await super().pause(message_id, state)

    def reach(self, message_id: str, state: str) -> None:
        """Shows an arrived text on the phone; a failed one may be read out in a call."""
        kept, send = self.activities[message_id], self._sends[message_id]
        fate, _ = self._fates[message_id]
        kept.status = state
        if state in ("FAILED", "EXPIRED") and send.link_id is not None:
            now = self.clock.now()
            call = FailoverCall(send.link_id, with_plus(send.destination), send.origin, send.message, message_id, now)
            self.calls.append(call)
        arrives = fate.arrives or (state == "EXPIRED" and self.settings.delivers_after_expiry)
        if arrives and state == _STATES[fate][-1]:
            self.show(message_id)

    def receipt(self, message_id: str, state: str) -> Hook | None:
        """Returns a JSON receipt with London time, under any content type."""
        send = self._sends[message_id]
        if send.callback_url is None:
            return None
        words, reason = _RAW[state]
        code = self._fates[message_id][1]
        said = {
            "sms_activity_id": message_id,
            "delivery_status": words,
            "status_reason": code if code and state == "FAILED" else reason,
            "receipt_timestamp": activity.london(self.clock.now()),
            "status": state,
        }
        default = {} if self.settings.receipt_type is None else {"Content-Type": self.settings.receipt_type}
        named = {name.lower() for name in send.callback_headers}
        headers = ({} if "content-type" in named else default) | dict(send.callback_headers)
        return Hook("receipt", message_id, send.callback_url, "POST", headers, json.dumps(said).encode())

    def opposite(self, state: str) -> str:
        """Returns failed for delivered, and delivered for everything else."""
        return "FAILED" if state == "DELIVERED" else "DELIVERED"

    # --- texts from phones --------------------------------------------------------------------------------------------

    def owns(self, number: str) -> bool:
        """Returns True for our mobile VoxNumbers."""
        return number in self.settings.voxnumbers

    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Stores the text; its id is in no webhook."""
        if media:
            raise NoSuchNumber("IOVOX carries no pictures.")
        kept = activity.Activity(
            direction="IN",
            origin=without_plus(from_number),
            destination=without_plus(to),
            message=text,
            at=self.clock.now(),
            status="RECEIVED",
        )
        self.activities[kept.id] = kept
        return kept.id

    async def forward(self, message_id: str) -> None:
        """Runs the number's flow, if it has one."""
        kept = self.activities[message_id]
        flow = self.settings.voxnumbers[with_plus(kept.destination)]
        if flow is not None:
            variables = {ORIGIN: kept.origin, DESTINATION: kept.destination, MESSAGE: kept.message}
            await self.call(flow.hook(message_id, variables))
