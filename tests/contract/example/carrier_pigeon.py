"""A made-up provider in another package: JSON to send, a form for receipts, and a secret header that proves them."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, HttpUrl, SecretStr

from providers import payload
from providers.errors import Forged, Refused, Unknown, Unreadable, Unsupported
from providers.http import request
from providers.provider import Accepted, Ask, Callbacks, Features, Model, Portal, Webhook, WebhookAnswer, read_options
from sms.address import E164
from sms.message import InboundSms, OutboundSms, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    import httpx


class PigeonSettings(Model):
    """One loft."""

    key: SecretStr = Field(title="Key")
    base_url: HttpUrl = Field(HttpUrl("https://pigeon.example"), title="Address of the API")


class PigeonOptions(Model):
    """No choices."""


STATUS: Mapping[str, Status] = {"aloft": Status.SENT, "landed": Status.DELIVERED, "lost": Status.FAILED}


class CarrierPigeon:
    """See `providers.provider.Provider`."""

    name: ClassVar[str] = "carrierpigeon"
    title: ClassVar[str] = "Carrier Pigeon"
    features: ClassVar[Features] = Features(receipts=True, max_text=100)
    Settings: ClassVar[type[Model]] = PigeonSettings
    Options: ClassVar[type[Model]] = PigeonOptions

    def __init__(self, settings: PigeonSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    def verify(self, hook: Webhook) -> None:
        """Compares the header with the secret that each text takes to the loft."""
        if not hmac.compare_digest(hook.headers.get("x-ring", "").encode(), hook.secret.encode()):
            raise Forged

    def parse(self, hook: Webhook) -> list[InboundSms | Receipt | Ask]:
        """Reads one receipt from a form."""
        said = {name: payload.text(value) for name, value in payload.read_form(hook.body).items()}
        if not (word := said.get("state")):
            raise Unreadable("there is no state in it")
        return [Receipt(word, STATUS.get(word), provider_id=said.get("bird"), attempt=hook.attempt)]

    def answer(self, hook: Webhook) -> WebhookAnswer:  # noqa: ARG002  the contract passes it; all get the same
        """Thanks the loft, as its document asks."""
        return WebhookAnswer(202, "thanks")

    @staticmethod
    def portal(sender: str, url: str, secret: str) -> Portal:
        """Returns the sentence and the URL for the loft's own page."""
        return Portal("Give this address to the loft.", url)

    def check(self, sms: OutboundSms) -> None:
        """Finds what a pigeon cannot carry."""
        if sms.media or not isinstance(sms.recipient, E164) or not isinstance(sms.sender, E164):
            raise Unsupported("pigeon", "A pigeon carries a text from a number to a number.")
        if len(sms.text) > 100:
            raise Refused("too_long", "A pigeon carries 100 characters.")
        read_options(PigeonOptions, sms)

    async def send(self, sms: OutboundSms, callbacks: Callbacks) -> Accepted:
        """Posts to /birds."""
        self.check(sms)
        body = {"to": str(sms.recipient), "note": sms.text, "ring": callbacks.secret, "report": callbacks.receipts}
        headers = {"X-Key": self._settings.key.get_secret_value()}
        url = f"{str(self._settings.base_url).rstrip('/')}/birds"
        response = await request(self._client, "POST", url, json=body, headers=headers)
        if not response.is_success:
            raise Refused(f"http_{response.status_code}", "The loft refused it.")
        try:
            bird = payload.text(payload.lower(payload.read_json(response.content)).get("bird"))
        except Unreadable:
            bird = None
        if not bird:
            raise Unknown("unreadable_answer", "The loft's answer cannot be read.")
        return Accepted(bird, Status.ACCEPTED)

    async def find_sent(self, sms: OutboundSms, since: datetime) -> list[Accepted]:  # noqa: ARG002  the contract passes it
        """Unsupported: the loft keeps no list of birds."""
        raise Unsupported("find_sent", "The loft keeps no list.")

    async def look_up(self, provider_id: str) -> InboundSms | Receipt | None:  # noqa: ARG002  the contract passes it
        """Unsupported, as `find_sent`."""
        raise Unsupported("look_up", "The loft keeps no list.")

    def list_inbound(self, since: datetime) -> AsyncIterator[InboundSms]:  # noqa: ARG002  the contract passes it
        """Unsupported, as `find_sent`."""
        raise Unsupported("list_inbound", "The loft keeps no list.")
