"""Actions outside Slack: a contact's texts, injected faults, and power switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from sandbox.carriers.faults import Trouble
from sandbox.page.actions import ID, Action
from sandbox.page.environment import carriers_of, title
from sandbox.page.injected_faults import CARRIER_FAULTS, SLACK_FAULTS, carrier_reached
from sandbox.page.page_state import PHONE
from sandbox.slack.errors import NotShown

if TYPE_CHECKING:
    from sandbox.carriers.carrier import Carrier
    from sandbox.page.page_state import PageState

MOST_TEXTED = 1600  # characters; about what phones allow
Picture = Annotated[str, StringConstraints(pattern=r"^data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$")]


class AddPhone(Action):
    """Adds a phone that has no text yet."""

    NAME: ClassVar[str] = "phone"
    phone: str = Field(max_length=80)

    async def do(self, state: PageState) -> Any:
        """Returns nothing."""
        check_phone(self.phone)
        state.pick_up(self.phone)


class Text(Action):
    """Sends a text from a phone."""

    NAME: ClassVar[str] = "text"
    phone: str = Field(max_length=80)
    to: str = ID
    text: str = Field(max_length=MOST_TEXTED)
    media: list[Picture] = Field(default_factory=list, max_length=5)

    async def do(self, state: PageState) -> Any:
        """Returns nothing, once the provider has called our webhook."""
        check_phone(self.phone)
        if not self.text.strip() and not self.media:
            raise NotShown("there is nothing to send")
        await state.environment.phones.send(self.phone, self.to, self.text, self.media)


class InjectFault(Action):
    """Injects a fault: `where` is "slack" or a provider."""

    NAME: ClassVar[str] = "mishap"
    where: str = ID
    name: str = ID

    async def do(self, state: PageState) -> Any:
        """Returns nothing."""
        if self.where == "slack" and self.name in SLACK_FAULTS:
            await state.faults.at_slack(self.name)
        elif self.name in [trouble.name for trouble in CARRIER_FAULTS]:
            state.faults.at_carrier(carrier_of(state, self.where), Trouble[self.name])
        else:
            raise NotShown("there is no such fault")


class Power(Action):
    """Takes Slack, a provider or the bot down, or brings it back."""

    NAME: ClassVar[str] = "power"
    where: str = ID
    on: bool

    async def do(self, state: PageState) -> Any:
        """Returns nothing, once it is done."""
        if self.where == "slack":
            await slack_power(state, on=self.on)
        elif self.where == "bot":
            await bot_power(state, on=self.on)
        else:
            carrier_power(state, carrier_of(state, self.where), on=self.on)


class ClearFaults(Action):
    """Clears all faults and brings everything back up."""

    NAME: ClassVar[str] = "takeback"

    async def do(self, state: PageState) -> Any:
        """Returns nothing."""
        state.faults.take_back()
        state.environment.slack.faults.clear()
        for carrier in carriers_of(state.environment):
            carrier.faults.clear()
        await slack_power(state, on=True)
        await bot_power(state, on=True)


def check_phone(phone: str) -> None:
    """Rejects text that is not a phone's number.

    Raises:
        NotShown: it is not.
    """
    if not PHONE.fullmatch(phone):
        raise NotShown("a phone needs a number such as +61488023555, or client: and a name")


def carrier_of(state: PageState, name: str) -> Carrier:
    """Returns the provider with this name.

    Raises:
        NotShown: there is none.
    """
    for carrier in carriers_of(state.environment):
        if carrier.name == name:
            return carrier
    raise NotShown("there is no such provider")


async def slack_power(state: PageState, *, on: bool) -> None:
    """Takes Slack down or brings it back."""
    slack = state.environment.slack
    async with state.power:
        if on and not slack.world.is_up:
            await slack.come_up()
        elif not on and slack.world.is_up:
            await slack.go_down()
            state.faults.happened("Slack is down", lambda: slack.connections > 0)


async def bot_power(state: PageState, *, on: bool) -> None:
    """Kills the bot at once, or starts it again."""
    bot = state.environment.bot
    async with state.power:
        if on and not bot.is_running:
            try:
                await bot.start()
            except (RuntimeError, TimeoutError) as error:
                raise NotShown("the bot did not start; see its log") from error
        elif not on and bot.is_running:
            await bot.kill()
            state.faults.happened(
                "The bot was killed", lambda: bot.is_running and state.environment.slack.connections > 0
            )


def carrier_power(state: PageState, carrier: Carrier, *, on: bool) -> None:
    """Takes a provider down or brings it back."""
    was_down, carrier.faults.down = carrier.faults.down, not on
    if not on and not was_down:
        reached = carrier_reached(carrier)
        state.faults.happened(f"{title(carrier.name)} is down", lambda: not carrier.faults.down and reached())


ALL: tuple[type[Action], ...] = (AddPhone, Text, InjectFault, Power, ClearFaults)
