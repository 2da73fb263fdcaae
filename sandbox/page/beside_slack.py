"""Actions outside Slack: a contact's texts, injected faults, and power switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from sandbox.carriers.faults import Trouble
from sandbox.page.actions import ID, Action
from sandbox.page.desk import PHONE
from sandbox.page.mishaps import AT_COMPANY, IN_SLACK, company_reached
from sandbox.page.scene import carriers_of, company
from sandbox.slack.errors import NotShown

if TYPE_CHECKING:
    from sandbox.carriers.carrier import Carrier
    from sandbox.page.desk import Desk

MOST_TEXTED = 1600  # characters; about what phones allow
Picture = Annotated[str, StringConstraints(pattern=r"^data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$")]


class PickUp(Action):
    """Adds a phone that has no text yet."""

    NAME: ClassVar[str] = "phone"
    phone: str = Field(max_length=80)

    async def do(self, desk: Desk) -> Any:
        """Returns nothing."""
        check_phone(self.phone)
        desk.pick_up(self.phone)


class Text(Action):
    """Sends a text from a phone."""

    NAME: ClassVar[str] = "text"
    phone: str = Field(max_length=80)
    to: str = ID
    text: str = Field(max_length=MOST_TEXTED)
    media: list[Picture] = Field(default_factory=list, max_length=5)

    async def do(self, desk: Desk) -> Any:
        """Returns nothing, once the provider has called our webhook."""
        check_phone(self.phone)
        if not self.text.strip() and not self.media:
            raise NotShown("there is nothing to send")
        await desk.scene.phones.send(self.phone, self.to, self.text, self.media)


class Mishap(Action):
    """Injects a fault: `where` is "slack" or a provider."""

    NAME: ClassVar[str] = "mishap"
    where: str = ID
    name: str = ID

    async def do(self, desk: Desk) -> Any:
        """Returns nothing."""
        if self.where == "slack" and self.name in IN_SLACK:
            await desk.mishaps.in_slack(self.name)
        elif self.name in [trouble.name for trouble in AT_COMPANY]:
            desk.mishaps.at_company(carrier_of(desk, self.where), Trouble[self.name])
        else:
            raise NotShown("there is no such fault")


class Power(Action):
    """Takes Slack, a provider or the bot down, or brings it back."""

    NAME: ClassVar[str] = "power"
    where: str = ID
    on: bool

    async def do(self, desk: Desk) -> Any:
        """Returns nothing, once it is done."""
        if self.where == "slack":
            await slack_power(desk, on=self.on)
        elif self.where == "bot":
            await bot_power(desk, on=self.on)
        else:
            company_power(desk, carrier_of(desk, self.where), on=self.on)


class TakeBack(Action):
    """Clears all faults and brings everything back up."""

    NAME: ClassVar[str] = "takeback"

    async def do(self, desk: Desk) -> Any:
        """Returns nothing."""
        desk.mishaps.take_back()
        desk.scene.slack.faults.clear()
        for carrier in carriers_of(desk.scene):
            carrier.faults.clear()
        await slack_power(desk, on=True)
        await bot_power(desk, on=True)


def check_phone(phone: str) -> None:
    """Rejects text that is not a phone's number.

    Raises:
        NotShown: it is not.
    """
    if not PHONE.fullmatch(phone):
        raise NotShown("a phone needs a number such as +61488023555, or client: and a name")


def carrier_of(desk: Desk, name: str) -> Carrier:
    """Returns the provider with this name.

    Raises:
        NotShown: there is none.
    """
    for carrier in carriers_of(desk.scene):
        if carrier.name == name:
            return carrier
    raise NotShown("there is no such provider")


async def slack_power(desk: Desk, *, on: bool) -> None:
    """Takes Slack down or brings it back."""
    slack = desk.scene.slack
    async with desk.power:
        if on and not slack.world.is_up:
            await slack.come_up()
        elif not on and slack.world.is_up:
            await slack.go_down()
            desk.mishaps.happened("Slack is down", lambda: slack.connections > 0)


async def bot_power(desk: Desk, *, on: bool) -> None:
    """Kills the bot at once, or starts it again."""
    bot = desk.scene.bot
    async with desk.power:
        if on and not bot.is_running:
            try:
                await bot.start()
            except (RuntimeError, TimeoutError) as error:
                raise NotShown("the bot did not start; see its log") from error
        elif not on and bot.is_running:
            await bot.kill()
            desk.mishaps.happened("The bot was killed", lambda: bot.is_running and desk.scene.slack.connections > 0)


def company_power(desk: Desk, carrier: Carrier, *, on: bool) -> None:
    """Takes a provider down or brings it back."""
    was_down, carrier.faults.down = carrier.faults.down, not on
    if not on and not was_down:
        reached = company_reached(carrier)
        desk.mishaps.happened(f"{company(carrier.name)} is down", lambda: not carrier.faults.down and reached())


ALL: tuple[type[Action], ...] = (PickUp, Text, Mishap, Power, TakeBack)
