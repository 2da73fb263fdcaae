"""Settings of the simulated IOVOX: the account, and every point on which the documents are silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sandbox.carriers.carrier import Settings

if TYPE_CHECKING:
    from sandbox.carriers.iovox.flow import Flow


@dataclass(slots=True, kw_only=True)
class IovoxSettings(Settings):
    """The account and the provider's behaviour."""

    username: str = "pretend-user"
    secure_key: str = field(default="pretend-key", repr=False)
    allowed: frozenset[str] | None = None  # IP addresses that the key is limited to; None: any
    voxnumbers: dict[str, Flow | None] = field(default_factory=lambda: {"+447923221231": None})  # mobile ones
    links: frozenset[str] | None = None  # link ids for failover calls; None: any

    # Points on which the documents are silent.
    takes_160: bool = False  # True if exactly 160 characters pass "less than 160"
    receipt_type: str | None = "text/plain"  # content type of receipts, unless our headers name one; None: none
    delivers_after_expiry: bool = False  # the operator may still deliver
    unknown_nodes: Literal["refuse", "ignore"] = "refuse"
    error_page: bool = False  # True if a 500 is a web server's page instead of XML
