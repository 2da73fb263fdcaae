"""The simulated provider: one URL to send, one callback URL per number, limits and pictures."""

from __future__ import annotations

import json
from hmac import compare_digest
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import web

from sandbox.carriers.carrier import Accepted, Carrier
from sandbox.carriers.iophone import rules
from sandbox.carriers.iophone.limits import Limits
from sandbox.carriers.iophone.media import Gallery, Unavailable
from sandbox.carriers.iophone.message import Message, iso
from sandbox.carriers.iophone.settings import IoPhoneSettings
from sandbox.carriers.outcomes import Fate, Outcome
from sandbox.carriers.server import Answered
from sandbox.carriers.webhooks import Hook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.phones import Phones

TEST_NUMBER = "+19999999999"
_FIRST_ID = 1_753_060
_DELIVERED, _FAILED, _SENDING = "message-delivered", "message-failed", "message-sending"
_CODES = {Fate.FAILED: 4720, Fate.OPTED_OUT: 4775, Fate.EXPIRED: 9902, Fate.REJECTED: 4432}
_MEDIA_UNAVAILABLE = "4410"
_NOT_OURS = "This account is not authorized to send text messages from this number ('fromNumber')"


class IoPhone(Carrier):
    """The simulated IO Phone.

    Attributes:
        settings: can be changed at run time, except for the prefix.
        callbacks: the newest callback URL for each of our numbers.
        messages: every text in either direction, by id, oldest first.
        gallery: the pictures that it hosts.
    """

    name: ClassVar[str] = "iophone"

    def __init__(self, phones: Phones, settings: IoPhoneSettings | None = None) -> None:
        self.settings = settings or IoPhoneSettings()
        super().__init__(phones, self.settings)
        self.callbacks: dict[str, str] = {}
        self.messages: dict[str, Message] = {}
        self.gallery = Gallery()
        self._limits = Limits(self.settings)
        self._outcomes: dict[str, Outcome] = {}
        self._ids, self._times, self._chosen = count(_FIRST_ID), count(), count()

    @property
    def base_url(self) -> str:
        """The base URL with the API version."""
        return super().base_url + self.settings.prefix

    def routes(self) -> Iterable[web.RouteDef]:
        """Routes: send, and the hosted pictures."""
        return (
            web.post(f"{self.settings.prefix}/text", self._send, name="send"),
            web.get("/hosted/{name}", self._picture, name="media", allow_head=False),
        )

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _send(self, request: web.Request) -> web.Response:
        self._check_key(request)
        now = self.clock.now()
        if not self._limits.ask(now):
            raise Answered(self.throttled())
        send = rules.read(await request.read(), request.content_type, unknown=self.settings.unknown_fields)
        sender = self._sender(send)
        is_test = sender == TEST_NUMBER
        if not is_test and not self._limits.may_text(now):
            raise Answered(rules.error(self.settings.text_limit_status, "The limit of text messages is reached"))
        if not is_test:
            self._limits.text(now)
        self._remember_callback(sender, send.callback)
        message, outcome = await self._keep(send, sender)
        await self._accept(message, outcome)
        return web.json_response(message.accepted(send.media, self.clock.timestamp()))

    async def _picture(self, request: web.Request) -> web.Response:
        picture = self.gallery.pictures.get(request.match_info["name"])
        if picture is None:
            raise Answered(web.Response(status=HTTPStatus.NOT_FOUND))
        return web.Response(body=picture.content, headers={"Content-Type": picture.content_type})

    def _check_key(self, request: web.Request) -> None:
        key = request.query.get("apiKey")
        if not key:
            raise Answered(rules.error(self.settings.auth_status, "API key not provided"))
        if not compare_digest(key.encode(), self.settings.api_key.encode()):
            raise Answered(rules.error(self.settings.auth_status, "API key not found"))
        if not self.settings.may_text:
            raise Answered(rules.error(HTTPStatus.FORBIDDEN, "You don't have permission"))

    def _sender(self, send: rules.Send) -> str:
        numbers = self.settings.numbers
        if send.from_number is None:
            return numbers[next(self._chosen) % len(numbers) if self.settings.auto_from == "rotate" else 0]
        if send.from_number not in (*numbers, TEST_NUMBER):
            raise Answered(rules.error(HTTPStatus.FORBIDDEN, _NOT_OURS))
        return send.from_number

    def _remember_callback(self, sender: str, callback: str | None) -> None:
        if callback:
            self.callbacks[sender] = callback
        elif callback is not None:
            self.callbacks.pop(sender, None)

    def refusal(self) -> web.Response:
        """Returns the document's example of a 403."""
        return rules.error(HTTPStatus.FORBIDDEN, _NOT_OURS)

    def server_error(self) -> web.Response:
        """Returns a 500 in the form of the other errors."""
        return rules.error(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")

    def throttled(self) -> web.Response:
        """Returns a 429 in the form of the other errors."""
        return rules.error(HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests")

    # --- results of texts ---------------------------------------------------------------------------------------------

    async def _keep(self, send: rules.Send, sender: str) -> tuple[Message, Outcome]:
        outcome = Outcome(Fate.DELIVERED) if sender == TEST_NUMBER else self.outcomes.take(send.to)
        try:
            hosted = await self.gallery.fetch(send.media) if self.settings.fetches_media else {}
        except Unavailable:
            hosted, outcome = {}, Outcome(Fate.FAILED, _MEDIA_UNAVAILABLE)
        is_test = sender == TEST_NUMBER
        message = Message(
            id=next(self._ids),
            time=self._time(),
            direction="out",
            from_number=sender,
            to=send.to,
            text=send.text,
            media=tuple(self._hosted_url(hosted[url]) if url in hosted else url for url in send.media),
            custom_key=None if is_test and not self.settings.test_echoes_custom_key else send.custom_key,
            is_test=is_test,
        )
        self.messages[str(message.id)] = message
        return message, outcome

    async def _accept(self, message: Message, outcome: Outcome) -> None:
        self._outcomes[str(message.id)] = outcome
        accepted = Accepted(
            str(message.id),
            message.from_number,
            message.to,
            message.text,
            self.clock.now(),
            message.media,
            message.custom_key,
        )
        last = _DELIVERED if outcome.fate.arrives else _FAILED
        asked = {"all": True, "media": bool(message.media), "none": False}[self.settings.sending_for]
        await self.take(accepted, (_SENDING, last) if asked and not message.is_test else (last,))

    def reach(self, message_id: str, state: str) -> None:
        """Shows a delivered text on the phone, unless it was a test."""
        if state == _DELIVERED and not self.messages[message_id].is_test:
            self.show(message_id)

    def receipt(self, message_id: str, state: str) -> Hook | None:
        """Returns a receipt to the number's newest callback URL, if there is one."""
        message, outcome = self.messages[message_id], self._outcomes[message_id]
        if outcome.fate is Fate.SILENT:
            return None
        code = None
        if state == _FAILED:
            code = int(outcome.code) if outcome.code else _CODES.get(outcome.fate, 9999)
        time = message.time if message.is_test else self._time()
        return self._hook("receipt", message.from_number, message.webhook_body(state, time, code))

    def opposite(self, state: str) -> str:
        """Returns failed for delivered, and the reverse."""
        return _FAILED if state == _DELIVERED else _DELIVERED

    def _hook(self, kind: str, number: str, said: dict[str, Any]) -> Hook | None:
        url = self.callbacks.get(number)
        if url is None:
            return None
        headers = {"Content-Type": "application/json"}
        return Hook(kind, str(said["id"]), url, "POST", headers, json.dumps(said).encode())

    def _time(self) -> str:
        digits = self.settings.fraction_digits
        return iso(self.clock.now(), digits[next(self._times) % len(digits)])

    # --- texts from phones --------------------------------------------------------------------------------------------

    def owns(self, number: str) -> bool:
        """Returns True for our numbers."""
        return number in self.settings.numbers

    def host(self, content: bytes, content_type: str) -> str:
        """Hosts a picture for a phone to send; returns its URL."""
        return self._hosted_url(self.gallery.keep(content, content_type))

    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Stores the text; a `data:` URL is hosted, any other URL is passed on."""
        hosted = [self._hosted_url(self.gallery.keep_data(url)) if url.startswith("data:") else url for url in media]
        message = Message(
            id=next(self._ids),
            time=self._time(),
            direction="in",
            from_number=from_number,
            to=to,
            text=text,
            media=tuple(hosted),
        )
        self.messages[str(message.id)] = message
        return str(message.id)

    async def forward(self, message_id: str) -> None:
        """Calls the number's callback URL, if there is one."""
        message = self.messages[message_id]
        hook = self._hook("inbound", message.to, message.webhook_body("message-received", message.time))
        if hook is not None:
            await self.call(hook)

    def _hosted_url(self, name: str) -> str:
        return f"{super().base_url}/hosted/{name}"
