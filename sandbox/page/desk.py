"""The page's own state, in addition to the scene's."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from sandbox.page.mishaps import Mishaps
from sandbox.page.scene import carriers_of, company

if TYPE_CHECKING:
    from sandbox.page.scene import Scene

PHONE = re.compile(r"\+[1-9][0-9]{6,14}|client:[A-Za-z0-9_.-]{1,64}")
FIRST_PHONES = {
    "fonedynamics": ("+61488023555", "+61488020001"),  # the second is unreachable: see `outcomes`
    "iophone": ("+15552223333",),
    "iovox": ("+447911123456",),
    "restcomm": ("+12025550143", "client:alice"),
}


class Desk:
    """A scene, the phones that were added, and the injected faults.

    Attributes:
        scene: what is shown.
        mishaps: the injected faults and their states.
        power: a lock held while something is taken down or brought back.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.mishaps = Mishaps(scene)
        self.power = asyncio.Lock()
        names = [carrier.name for carrier in carriers_of(scene)]
        self._phones = [phone for name in names for phone in FIRST_PHONES.get(name, ())]

    @property
    def phones(self) -> list[str]:
        """Returns every phone: those that were added, then those that have texts."""
        return list(dict.fromkeys([*self._phones, *self.scene.phones.numbers()]))

    def company_of(self, phone: str) -> str:
        """Returns the provider for one of the first phones, or ""."""
        return next((company(name) for name, phones in FIRST_PHONES.items() if phone in phones), "")

    def pick_up(self, phone: str) -> None:
        """Adds a phone that has no text yet."""
        self._phones.append(phone)
