"""The simulated provider: its URLs, the results of texts, and the targets of inbound texts."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import encode_basic_auth, web

from sandbox.carriers.carrier import Accepted, Carrier
from sandbox.carriers.numbers import with_plus, without_plus
from sandbox.carriers.outcomes import Fate, Outcome
from sandbox.carriers.restcomm import rcml
from sandbox.carriers.restcomm.hooks import hook
from sandbox.carriers.restcomm.listing import envelope, find
from sandbox.carriers.restcomm.message import ERRORS, Message, xml
from sandbox.carriers.restcomm.rules import CLIENT, Send, read
from sandbox.carriers.restcomm.settings import RestcommSettings
from sandbox.carriers.server import Answered
from sandbox.phones import NoSuchNumber

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.carriers.webhooks import Hook
    from sandbox.phones import Phones

_STATES = {
    Fate.DELIVERED: ("sent", "delivered"),
    Fate.BUFFERED: ("sent", "sent", "delivered"),  # the network's UNKNOWN is reported as a second "sent"
    Fate.SILENT: ("sent",),
    Fate.FAILED: ("sent", "undelivered"),
    Fate.OPTED_OUT: ("sent", "undelivered"),
    Fate.EXPIRED: ("sent", "failed"),
    Fate.REJECTED: ("failed",),
}
_CODES = {Fate.FAILED: 30005, Fate.OPTED_OUT: 30004, Fate.EXPIRED: 30003, Fate.REJECTED: 30006}
_FAILED = ("failed", "undelivered")
_MINUTE = timedelta(minutes=1)


class Restcomm(Carrier):
    """The simulated Restcomm.

    Attributes:
        settings: can be changed at run time, except for the prefix.
        messages: every text in either direction, by sid, oldest first.
        notifications: errors in the answers to inbound texts.
        sip_headers: the `X-…` fields of each text that had some, by its sid.
    """

    name: ClassVar[str] = "restcomm"
    follows_redirects: ClassVar[bool] = True

    def __init__(self, phones: Phones, settings: RestcommSettings | None = None) -> None:
        self.settings = settings or RestcommSettings()
        super().__init__(phones, self.settings)
        self.messages: dict[str, Message] = {}
        self.notifications: list[rcml.Notification] = []
        self.sip_headers: dict[str, dict[str, str]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._uris = count()

    @property
    def base_url(self) -> str:
        """The base URL with the prefix, up to the version."""
        return super().base_url + self.settings.prefix

    def routes(self) -> Iterable[web.RouteDef]:
        """Routes: send, list and fetch, each with and without `.json`."""
        messages = f"{self.settings.prefix}/Accounts/{{account}}/SMS/Messages"
        return (
            web.post(messages + "{suffix:(\\.json)?}", self._send, name="send"),
            web.get(messages + "{suffix:(\\.json)?}", self._list, name="list", allow_head=False),
            web.get(messages + "/{sid:[^.]+}{suffix:(\\.json)?}", self._fetch, name="fetch", allow_head=False),
        )

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _send(self, request: web.Request) -> web.Response:
        self._check_account(request)
        send = read(await request.read(), request.content_type, self.settings)
        self._check_quota()
        message = self._keep(send)
        resource = self._resource(message, with_segments=False)
        await self._accept(message)
        return self._answer_with(request, resource)

    async def _list(self, request: web.Request) -> web.Response:
        self._check_account(request)
        page = find(list(self.messages.values()), request.query, date_only=self.settings.date_only)
        rows = [self._resource(message) for message in page.rows]
        if not _wants_json(request):
            return _xml(rows, is_list=True)
        base = f"{self._uri_prefix()}/Accounts/{self.settings.account_sid}/SMS/Messages"
        return web.json_response(envelope(page, base, self.settings.echoed_limit) | {"messages": rows})

    async def _fetch(self, request: web.Request) -> web.Response:
        self._check_account(request)
        message = self.messages.get(request.match_info["sid"])
        if message is None:
            raise Answered(web.Response(status=HTTPStatus.NOT_FOUND))
        return self._answer_with(request, self._resource(message))

    def _check_account(self, request: web.Request) -> None:
        users = (self.settings.account_sid, self.settings.email)
        allowed = [encode_basic_auth(user, self.settings.auth_token) for user in users]
        if request.headers.get("Authorization") not in allowed:
            challenge = {"WWW-Authenticate": 'Basic realm="Restcomm realm"'}
            raise Answered(web.Response(status=HTTPStatus.UNAUTHORIZED, headers=challenge))
        if not self.settings.is_active:
            raise Answered(web.Response(status=HTTPStatus.FORBIDDEN, text="Provided Account is not active"))
        if request.match_info["account"] != self.settings.account_sid:
            raise Answered(web.Response(status=HTTPStatus.NOT_FOUND))

    def _check_quota(self) -> None:
        if self.settings.per_minute is None:
            return
        since = self.clock.now() - _MINUTE
        if sum(text.at > since for text in self.accepted) >= self.settings.per_minute:
            raise Answered(self.throttled())

    def _answer_with(self, request: web.Request, resource: dict[str, Any]) -> web.Response:
        return web.json_response(resource) if _wants_json(request) else _xml([resource], is_list=False)

    def _resource(self, message: Message, *, with_segments: bool = True) -> dict[str, Any]:
        return message.resource(self.settings, self._uri_prefix(), with_segments=with_segments)

    def _uri_prefix(self) -> str:
        prefixes = self.settings.uri_prefixes
        return prefixes[next(self._uris) % len(prefixes)]

    def refusal(self) -> web.Response:
        """Returns a 400 with a message."""
        return web.json_response({"message": "The To number is not valid."}, status=HTTPStatus.BAD_REQUEST)

    def server_error(self) -> web.Response:
        """Returns a 500 with the text of an exception."""
        text = "java.lang.NullPointerException"
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, text=text)

    def throttled(self) -> web.Response:
        """Returns the 403 of the quota extension with its misspelling; no 429 is documented."""
        said = {"message": "Now allowed to create SmsSession", "error": "SMS_LIMIT_EXCEEDED"}
        return web.json_response(said, status=HTTPStatus.FORBIDDEN)

    # --- results of texts ---------------------------------------------------------------------------------------------

    def _keep(self, send: Send) -> Message:
        now = self.clock.now()
        message = Message(
            from_number=send.from_number,
            to=send.to,
            body=send.body,
            status="sending",
            direction="outbound-api",
            created=now,
            updated=now,
            api_version=send.api_version,
            callback=None if send.to.startswith(CLIENT) else send.callback,
            callback_method=send.callback_method,
        )
        self.messages[message.sid] = message
        if send.sip_headers:
            self.sip_headers[message.sid] = dict(send.sip_headers)
        return message

    async def _accept(self, message: Message) -> None:
        phone = with_plus(message.to)
        outcome = self.outcomes.take(phone)
        if phone.startswith(CLIENT):
            is_registered = phone.removeprefix(CLIENT) in self.settings.clients
            outcome = Outcome(Fate.SILENT if is_registered else Fate.REJECTED)
        self._outcomes[message.sid] = outcome
        accepted = Accepted(message.sid, with_plus(message.from_number), phone, message.body, self.clock.now())
        await self.take(accepted, _STATES[outcome.fate])

    def reach(self, message_id: str, state: str) -> None:
        """Records the state; the phone gets the text once nothing more happens to it."""
        message, outcome = self.messages[message_id], self._outcomes[message_id]
        message.status, message.updated = state, self.clock.now()
        message.sent = message.sent or message.updated
        if state in _FAILED:
            message.error_code = self._code(outcome)
        elif outcome.fate.arrives and state == _STATES[outcome.fate][-1]:
            self.show(message_id)

    def _code(self, outcome: Outcome) -> int:
        return int(outcome.code) if outcome.code else _CODES.get(outcome.fate, 30008)

    def receipt(self, message_id: str, state: str) -> Hook | None:
        """Returns the status callback with its fields in the source's order and the body twice."""
        message = self.messages[message_id]
        if message.callback is None:
            return None
        code = self._code(self._outcomes[message_id])
        shown = ERRORS[code][0] if self.settings.error_code_form == "name" and code in ERRORS else str(code)
        fields = [
            ("From", message.from_number),
            ("To", message.to),
            ("Body", message.body),
            ("AccountSid", self.settings.account_sid),
            *([("ErrorCode", shown)] if state in _FAILED else []),
            ("MessageSid", message.sid),
            ("MessageStatus", state),
            ("Body", message.body),
        ]
        return hook("receipt", message.sid, message.callback, message.callback_method, fields)

    def opposite(self, state: str) -> str:
        """Returns undelivered for delivered, and delivered for everything else."""
        return "undelivered" if state == "delivered" else "delivered"

    # --- texts from phones --------------------------------------------------------------------------------------------

    def owns(self, number: str) -> bool:
        """Returns True for our numbers and short codes."""
        return number in self.settings.numbers

    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Stores the text with its numbers as the network gives them."""
        if media:
            raise NoSuchNumber("Restcomm carries no pictures.")
        written = with_plus if self.settings.plus_inbound else without_plus
        now = self.clock.now()
        message = Message(
            from_number=written(from_number),
            to=written(to),
            body=text,
            status="received",
            direction="inbound",
            created=now,
            updated=now,
            sent=now,
        )
        self.messages[message.sid] = message
        return message.sid

    async def forward(self, message_id: str) -> None:
        """Calls the number's SmsUrl, then its fallback after a failure, and runs the RCML in the answer."""
        message = self.messages[message_id]
        number = self.settings.numbers[with_plus(message.to)]
        calls = ((number.sms_url, number.sms_method), (number.sms_fallback_url, number.sms_fallback_method))
        for url, method in calls:
            if url is None:
                continue
            delivery = await self.call(hook("inbound", message_id, url, method, self._inbound_fields(message)))
            try:
                verbs = rcml.read(delivery, message_id, self.notifications)
            except rcml.Failed as failed:
                self.notifications.append(rcml.Notification(None, str(failed), message_id))
                continue
            await self._obey(message, verbs)
            return

    def _inbound_fields(self, message: Message) -> list[tuple[str, str]]:
        return [
            (self.settings.inbound_id, message.sid),
            ("AccountSid", self.settings.account_sid),
            ("From", message.from_number),
            ("To", message.to),
            ("Body", message.body),
        ]

    async def _obey(self, message: Message, verbs: list[rcml.Verb]) -> None:
        """Sends the replies in an answer; `<Redirect>` and `<Email>` are only recorded."""
        now = self.clock.now()
        for verb in verbs:
            if verb.name != "Sms":
                self.notifications.append(rcml.Notification(None, f"{verb.name} is not supported here.", message.sid))
                continue
            reply = Message(
                from_number=verb.from_number or message.to,
                to=verb.to or message.from_number,
                body=verb.text,
                status="sending",
                direction="outbound-reply",
                created=now,
                updated=now,
            )
            self.messages[reply.sid] = reply
            await self._accept(reply)


def _wants_json(request: web.Request) -> bool:
    return bool(request.match_info["suffix"]) or "json" in request.headers.get("Accept", "")


def _xml(resources: list[dict[str, Any]], *, is_list: bool) -> web.Response:
    return web.Response(body=xml(resources, is_list=is_list), content_type="application/xml")
