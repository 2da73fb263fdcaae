"""A provider that can do what a test says. It makes no requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from providers.errors import Refused
from providers.provider import Features, Model

if TYPE_CHECKING:
    from sms.message import OutboundSms


class PretendOptions(Model):
    """The options that a person can choose for one text."""

    route: Literal["cheap", "fast"] | None = None
    validity: int | None = Field(None, ge=1)


class PretendProvider:
    """One account at a simulated provider.

    Args:
        title: its name, as people write it.
        features: everything that it can do.

    Attributes:
        refuses: the texts that `check` refuses, each with its code.
    """

    Options: ClassVar[type[Model]] = PretendOptions

    def __init__(self, title: str = "Fone Dynamics", features: Features | None = None) -> None:
        self.title = title
        self.features = features or Features(receipts=True, inbound=True)
        self.refuses: dict[str, str] = {}

    def check(self, sms: OutboundSms) -> None:
        """Refuses the texts that the test named.

        Raises:
            Refused: the test named this text.
        """
        if sms.text in self.refuses:
            raise Refused(self.refuses[sms.text], f"{self.title} does not take this text.")
