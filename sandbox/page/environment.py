"""The interface between the page and the environment that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.carriers.carrier import Carrier
    from sandbox.phones import Phones
    from sandbox.slack import Workspace

TITLES = {"fonedynamics": "Fone Dynamics", "iophone": "IO Phone", "iovox": "IOVOX", "restcomm": "Restcomm"}


class Bot(Protocol):
    """The bot, as far as the page starts and kills it."""

    @property
    def is_running(self) -> bool:
        """True if its process is alive."""

    async def start(self) -> None:
        """Starts the bot. Raises `TimeoutError` or `RuntimeError`."""

    async def kill(self) -> None:
        """Kills the bot at once."""


class Environment(Protocol):
    """A workspace, phones and a bot, with `carriers`: a sequence, a mapping by name, or one carrier named `fone`."""

    @property
    def slack(self) -> Workspace:
        """The workspace."""

    @property
    def phones(self) -> Phones:
        """The contacts' phones."""

    @property
    def bot(self) -> Bot:
        """The bot that connects the two."""


def carriers_of(environment: Environment) -> list[Carrier]:
    """Returns the environment's providers in order."""
    found: Any = getattr(environment, "carriers", None)
    if not found:
        one: Any = getattr(environment, "fone", None)
        return [one] if one is not None else []
    return list(found.values()) if isinstance(found, Mapping) else list(found)


def title(carrier: str) -> str:
    """Returns a provider's display name."""
    return TITLES.get(carrier, carrier.title())


def people(environment: Environment) -> list[dict[str, str]]:
    """Returns the members of the team whom the person at the page can be: id and name."""
    own = environment.slack.team_id
    members = (
        one for one in environment.slack.users() if not one["is_bot"] and not one["deleted"] and one["team_id"] == own
    )
    return [{"id": one["id"], "name": one["name"]} for one in members]


def own_numbers(carrier: Carrier) -> list[str]:
    """Returns our numbers at a provider, without leased ones."""
    settings: Any = getattr(carrier, "settings", None)
    numbers = getattr(settings, "numbers", None) or getattr(settings, "voxnumbers", None) or ()
    return list(numbers)


def leases(carrier: Carrier) -> Iterator[Any]:
    """Yields the live leases at a provider, oldest first; only the newest for each phone and number."""
    found: Any = getattr(carrier, "leases", None)
    if found is None:
        return
    now = carrier.clock.now()
    live = {(one.number, one.phone): one for one in found.all if one.is_live(now)}
    yield from live.values()
