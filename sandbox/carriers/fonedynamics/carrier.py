"""The simulated provider: its URLs, its rules for senders, and the targets of replies."""

from __future__ import annotations

from datetime import UTC, datetime
from hmac import compare_digest
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from aiohttp import encode_basic_auth, web

from sandbox.carriers.carrier import Accepted, Carrier
from sandbox.carriers.fonedynamics import errors
from sandbox.carriers.fonedynamics.find import find
from sandbox.carriers.fonedynamics.hooks import hook
from sandbox.carriers.fonedynamics.leases import Lease, Leases, TooManyLeases
from sandbox.carriers.fonedynamics.message import SEED_FIELDS, Forward, Message
from sandbox.carriers.fonedynamics.rules import Send, read
from sandbox.carriers.fonedynamics.settings import FoneDynamicsSettings, WebhookForm
from sandbox.carriers.numbers import region
from sandbox.carriers.outcomes import NO_ALPHANUMERIC, REFUSED_AT_ONCE, Fate
from sandbox.carriers.server import Answered
from sandbox.phones import NoSuchNumber, NotForThisPhone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.carriers.webhooks import Hook
    from sandbox.phones import Phones

_STATES = {
    Fate.DELIVERED: ("Submitted", "Delivered"),
    Fate.BUFFERED: ("Submitted", "Delivered"),
    Fate.SILENT: ("Submitted",),
    Fate.FAILED: ("Submitted", "Failed"),
    Fate.OPTED_OUT: ("Submitted", "Failed"),
    Fate.EXPIRED: ("Submitted", "Failed"),
    Fate.REJECTED: ("Failed",),
}
# No document lists the delivery error codes; these are ours.
_CODES = {
    Fate.FAILED: "UNDELIVERABLE",
    Fate.OPTED_OUT: "RECIPIENT_OPTED_OUT",
    Fate.EXPIRED: "EXPIRED",
    Fate.REJECTED: "SUBMISSION_FAILED",
}


class FoneDynamics(Carrier):
    """The simulated Fone Dynamics.

    Attributes:
        settings: can be changed at run time.
        leases: every lease that it granted.
        messages: every text in either direction, by `MessageSid`, oldest first.
        forwards: replies that it forwarded by SMS or email.
    """

    name: ClassVar[str] = "fonedynamics"

    def __init__(self, phones: Phones, settings: FoneDynamicsSettings | None = None) -> None:
        self.settings = settings or FoneDynamicsSettings()
        super().__init__(phones, self.settings)
        self.leases = Leases(self.settings.pool)
        self.messages: dict[str, Message] = {}
        self.forwards: list[Forward] = []
        self._fates: dict[str, tuple[Fate, str | None]] = {}
        self._replies: dict[str, Lease | None] = {}  # by MessageSid of an inbound text; None on a dedicated number
        self._hooks = 0  # the number of webhooks so far, which selects the next form

    def routes(self) -> Iterable[web.RouteDef]:
        """Routes: send, fetch one and find."""
        return (
            web.post("/v2/Properties/{property}/Messages", self._send, name="send"),
            web.get("/v2/Properties/{property}/Messages", self._find, name="list", allow_head=False),
            web.get("/v2/Messages/{message}", self._fetch, name="fetch", allow_head=False),
        )

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _send(self, request: web.Request) -> web.Response:
        self._check_credentials(request)
        self._check_property(request)
        if not self.settings.sms_enabled:
            raise errors.forbidden(errors.FORBIDDEN, "SMS is not enabled for this account and property.")
        now = self.clock.timestamp()
        body = await request.read()
        send = read(body, request.content_type, now=now, unknown=self.settings.unknown_fields)
        self._check_recipient(send)
        message = self._keep(send, self._sender(send))
        await self._accept(message, send)
        resource = message.resource()
        if self.settings.send_answer == "six":
            resource = {name: resource[name] for name in SEED_FIELDS}
        return web.json_response({"Message": resource})

    async def _fetch(self, request: web.Request) -> web.Response:
        self._check_credentials(request)
        message = self.messages.get(request.match_info["message"])
        if message is None:
            raise self._not_found(errors.MESSAGE_NOT_FOUND, "There is no such message.")
        return web.json_response({"Message": message.resource()})

    async def _find(self, request: web.Request) -> web.Response:
        self._check_credentials(request)
        self._check_property(request)
        newest_first = self.settings.find_order == "newest"
        found = find(self.messages.values(), request.query, self.settings.unknown_fields, newest_first=newest_first)
        resources = [message.resource() for message in found]
        return web.json_response({"Messages": resources} if self.settings.find_answer == "object" else resources)

    def _check_credentials(self, request: web.Request) -> None:
        expected = encode_basic_auth(self.settings.account_sid, self.settings.token)
        if not compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
            message = "The credentials are wrong or missing."
            raise Answered(errors.envelope(HTTPStatus.UNAUTHORIZED, errors.UNAUTHORIZED, message))

    def _check_property(self, request: web.Request) -> None:
        if request.match_info["property"] != self.settings.property_sid:
            raise self._not_found(errors.PROPERTY_NOT_FOUND, "There is no such property.")

    def _not_found(self, code: str, message: str) -> Answered:
        return Answered(errors.envelope(self.settings.not_found_status, code, message))

    def refusal(self) -> web.Response:
        """Returns a 403 with the document's example code."""
        return errors.envelope(HTTPStatus.FORBIDDEN, errors.FORBIDDEN, "You are not allowed to do that.")

    def server_error(self) -> web.Response:
        """Returns the error page of IIS, which is not JSON."""
        page = "<!DOCTYPE html><html><head><title>500 - Internal server error.</title></head></html>"
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, text=page, content_type="text/html")

    # --- senders ------------------------------------------------------------------------------------------------------

    def _check_recipient(self, send: Send) -> None:
        country = region(send.to)
        if not country:
            raise errors.bad(errors.INVALID, "To must be in E164 format, including the + prefix.", "To")
        if country in self.settings.unavailable or send.to.endswith(REFUSED_AT_ONCE):
            raise errors.bad(errors.COUNTRY_UNAVAILABLE, "The country is not available to you.", "To")

    def _sender(self, send: Send) -> str:
        """Returns the sender that a text is really sent from; with a lease, stores its options.

        Raises:
            Answered: we may not send from it.
        """
        if not send.from_number or (send.is_alphanumeric and self._takes_no_names(send.to)):
            return self._grant(send).number
        lease = self.leases.find(send.from_number, send.to)
        if lease is not None and lease.is_live(self.clock.now()):
            if self.settings.lease_as_sender == "refuse":
                raise errors.forbidden(errors.SENDER_NOT_FOUND, "You may not send from a leased number.", "From")
            self._use(lease, send)
        elif not send.is_alphanumeric and send.from_number not in self.settings.numbers:
            raise errors.forbidden(errors.SENDER_NOT_FOUND, "You may not send from this number to that one.", "From")
        return send.from_number

    def _takes_no_names(self, to: str) -> bool:
        return region(to) in self.settings.no_alphanumeric or to.endswith(NO_ALPHANUMERIC)

    def _grant(self, send: Send) -> Lease:
        keep, reuse = self.settings.new_lease_for == "recipient", self.settings.sixth_lease == "reuse"
        try:
            lease = self.leases.grant(send.to, self.clock.now(), self.settings.lease_lifetime, keep=keep, reuse=reuse)
        except TooManyLeases:
            message = "You may only have 5 leases to a specific recipient at any one time."
            raise errors.forbidden(errors.TOO_MANY_LEASES, message, "From") from None
        self._keep_options(lease, send)
        return lease

    def _use(self, lease: Lease, send: Send) -> None:
        if self.settings.reused_lease_replies == "silent":
            lease.options = {}
        if send.options and self.settings.webhook_with_lease == "refuse":
            raise errors.bad(errors.CONFLICTING, "These parameters need a blank From.", *send.options)
        if self.settings.webhook_with_lease == "honour":
            self._keep_options(lease, send)
        if self.settings.renew_on_use:
            lease.since = self.clock.now()

    def _keep_options(self, lease: Lease, send: Send) -> None:
        if send.options:
            lease.options = send.options

    def _keep(self, send: Send, sender: str) -> Message:
        message = Message(
            account_sid=self.settings.account_sid,
            property_sid=self.settings.property_sid,
            from_number=sender,
            to=send.to,
            text=send.text,
            direction="Transmit",
            status="Processing",
            created=self.clock.timestamp(),
            wants_receipt=send.wants_receipt,
            scheduled=send.schedule,
            external_id=send.external_id,
            receipt_url=send.receipt_url,
            receipt_method=send.receipt_method,
        )
        self.messages[message.sid] = message
        return message

    # --- results of texts ---------------------------------------------------------------------------------------------

    async def _accept(self, message: Message, send: Send) -> None:
        outcome = self.outcomes.take(message.to)
        self._fates[message.sid] = (outcome.fate, outcome.code or _CODES.get(outcome.fate))
        accepted = Accepted(
            message.sid, message.from_number, message.to, message.text, self.clock.now(), reference=message.external_id
        )
        starts = None if send.schedule is None else datetime.fromtimestamp(send.schedule, UTC)
        await self.take(accepted, _STATES[outcome.fate], starts)

    def reach(self, message_id: str, state: str) -> None:
        """Records the state; the phone gets the text once only a receipt is left."""
        message = self.messages[message_id]
        fate, code = self._fates[message_id]
        message.reach(state, self.clock.timestamp(), code)
        if fate.arrives and state == _STATES[fate][-1]:
            self.show(message_id)

    def receipt(self, message_id: str, state: str) -> Hook | None:
        """Returns a receipt for Delivered and Failed; for Submitted too if set."""
        message = self.messages[message_id]
        if not message.wants_receipt or message.receipt_url is None:
            return None
        if state == "Submitted" and not self.settings.submitted_receipts:
            return None
        reported = message.as_reported(state, _CODES[Fate.FAILED])
        return hook("receipt", reported, message.receipt_url, message.receipt_method, self._next_form())

    def opposite(self, state: str) -> str:
        """Returns Failed for Delivered, and the reverse."""
        return "Failed" if state == "Delivered" else "Delivered"

    def _next_form(self) -> WebhookForm:
        forms = self.settings.webhook_forms
        self._hooks += 1
        return forms[(self._hooks - 1) % len(forms)]

    # --- texts from phones --------------------------------------------------------------------------------------------

    def owns(self, number: str) -> bool:
        """Returns True for our dedicated numbers and the pool."""
        return number in self.settings.numbers or number in self.settings.pool

    def admit(self, from_number: str, to: str, text: str, media: Sequence[str]) -> str:
        """Stores the text as a Message resource."""
        if media:
            raise NoSuchNumber("Fone Dynamics carries no pictures.")
        lease = None if to in self.settings.numbers else self._lease_of(from_number, to)
        now = self.clock.timestamp()
        message = Message(
            account_sid=self.settings.account_sid,
            property_sid=self.settings.property_sid,
            from_number=from_number,
            to=to,
            text=text,
            direction="Receive",
            status="Received",
            created=now,
            received=now,
            wants_receipt=False,
        )
        self.messages[message.sid] = message
        self._replies[message.sid] = lease
        return message.sid

    def _lease_of(self, phone: str, number: str) -> Lease:
        lease = self.leases.find(number, phone)
        if lease is None:
            raise NotForThisPhone("The number is not leased to this phone.")
        if not lease.is_live(self.clock.now()) and self.settings.ended_lease_replies == "raise":
            raise NotForThisPhone("The lease has ended.")
        return lease

    async def forward(self, message_id: str) -> None:
        """Calls the webhook of the lease or of the portal, and records forwards by SMS and email."""
        lease = self._replies[message_id]
        if lease is None:
            url, method = self.settings.portal_webhook, self.settings.portal_method
            options = {} if url is None else {"WebhookUri": url, "WebhookMethod": method}
        else:
            options = dict(lease.options)
        message = self.messages[message_id]
        self._pass_on(message, options)
        if url := options.get("WebhookUri"):
            await self.call(hook("inbound", message, url, options["WebhookMethod"], self._next_form()))

    def _pass_on(self, message: Message, options: dict[str, str]) -> None:
        if to := options.get("ForwardToSms"):
            sender = options.get("ForwardFromSms") or message.from_number
            self.forwards.append(Forward("sms", to, sender, message.sid))
        if to := options.get("ForwardToEmail"):
            self.forwards.append(Forward("email", to, options.get("ForwardFromEmail", ""), message.sid))
