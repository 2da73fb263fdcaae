"""What the person at the page has before them, beside what the scene itself knows."""

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
    "fonedynamics": ("+61488023555", "+61488020001"),  # the second cannot be reached: see `outcomes`
    "iophone": ("+15552223333",),
    "iovox": ("+447911123456",),
    "restcomm": ("+12025550143", "client:alice"),
}


class Desk:
    """One scene, the phones that were picked up, and what was made to go wrong.

    Attributes:
        scene: what is shown.
        mishaps: what was made to go wrong, and whether it healed.
        power: held while something is taken away or given back, which takes its time.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.mishaps = Mishaps(scene)
        self.power = asyncio.Lock()
        names = [carrier.name for carrier in carriers_of(scene)]
        self._phones = [phone for name in names for phone in FIRST_PHONES.get(name, ())]

    @property
    def phones(self) -> list[str]:
        """Every phone: those picked up, then those that a text went to."""
        return list(dict.fromkeys([*self._phones, *self.scene.phones.numbers()]))

    def company_of(self, phone: str) -> str:
        """The company whose numbers a phone of the first ones texts, or ""."""
        return next((company(name) for name, phones in FIRST_PHONES.items() if phone in phones), "")

    def pick_up(self, phone: str) -> None:
        """A phone that has no text yet."""
        self._phones.append(phone)
