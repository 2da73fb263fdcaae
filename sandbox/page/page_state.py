"""The page's own state, in addition to the environment's."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from sandbox.page.environment import carriers_of, title
from sandbox.page.injected_faults import InjectedFaults

if TYPE_CHECKING:
    from sandbox.page.environment import Environment

PHONE = re.compile(r"\+[1-9][0-9]{6,14}|client:[A-Za-z0-9_.-]{1,64}")
FIRST_PHONES = {
    "fonedynamics": ("+61488023555", "+61488020001"),  # the second is unreachable: see `outcomes`
    "iophone": ("+15552223333",),
    "iovox": ("+447911123456",),
    "restcomm": ("+12025550143", "client:alice"),
}


class PageState:
    """An environment, the phones that were added, and the injected faults.

    Attributes:
        environment: what is shown.
        faults: the injected faults and their states.
        power: a lock held while something is taken down or brought back.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.faults = InjectedFaults(environment)
        self.power = asyncio.Lock()
        names = [carrier.name for carrier in carriers_of(environment)]
        self._phones = [phone for name in names for phone in FIRST_PHONES.get(name, ())]

    @property
    def phones(self) -> list[str]:
        """Returns every phone: those that were added, then those that have texts."""
        return list(dict.fromkeys([*self._phones, *self.environment.phones.numbers()]))

    def carrier_of_phone(self, phone: str) -> str:
        """Returns the provider for one of the first phones, or ""."""
        return next((title(name) for name, phones in FIRST_PHONES.items() if phone in phones), "")

    def pick_up(self, phone: str) -> None:
        """Adds a phone that has no text yet."""
        self._phones.append(phone)
