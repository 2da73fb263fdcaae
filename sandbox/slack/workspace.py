"""The simulated Slack's interface for tests and the demo.

async with Workspace() as slack:
    ann, inbox = slack.add_user("ann"), slack.add_channel("support")
    ...  # start the bot with slack.api_url, slack.bot_token, slack.app_token
    ts = await slack.say(ann, inbox, "hello")
    await slack.wait_for(lambda: len(slack.thread(inbox, ts)) > 1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sandbox.slack.administration import Administration
from sandbox.slack.delivery.deliveries import Deliveries
from sandbox.slack.delivery.events import Events
from sandbox.slack.delivery.signed_requests import SignedRequests
from sandbox.slack.delivery.sockets import Sockets
from sandbox.slack.identifiers import Timestamps
from sandbox.slack.people.messaging import Messaging
from sandbox.slack.people.view_interactions import ViewInteractions
from sandbox.slack.people.viewing import Viewing
from sandbox.slack.settings import Settings
from sandbox.slack.web_api.api import Api
from sandbox.slack.web_api.methods import METHODS
from sandbox.slack.web_api.response_urls import ResponseUrls
from sandbox.slack.web_api.server import Server
from sandbox.slack.web_api.transfers import Transfers
from sandbox.slack.world import World
from sandbox.timeouts import PATIENCE

if TYPE_CHECKING:
    from types import TracebackType

    from sandbox.slack.errors import Json
    from sandbox.slack.faults import Faults
    from sandbox.slack.world import Calls


class Workspace(Administration, Messaging, ViewInteractions, Viewing):
    """A workspace with one installed app. Options are those of `Settings`."""

    def __init__(self, **options: Any) -> None:
        self.world = World(Settings(**options))
        self.sockets = Sockets(self.world)
        self.signed_requests = SignedRequests(self.world)
        self.deliveries = Deliveries(self.world, self.sockets, self.signed_requests)
        self.events = Events(self.world, self.deliveries)
        self.responses = ResponseUrls(self.world, self.events)
        self._action_stamps = Timestamps()
        self._offered: dict[tuple[str, str], list[Json]] = {}
        self._server = Server(self._routes())

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts to listen. After a `stop` it has the same data and address."""
        settings = self.world.settings
        settings.port = await self._server.start(settings.host, settings.port)
        self.world.store.base_url = self.world.base_url
        self.world.is_up = True

    async def stop(self) -> None:
        """Stops everything; the workspace keeps its data."""
        await self.world.settle()
        self.deliveries.forget()
        await self.go_down()
        await self.signed_requests.close()

    async def go_down(self) -> None:
        """Takes Slack down: connections are refused and sockets reset. Events wait for their next retry."""
        self.world.is_up = False
        await self.sockets.kill("reset")
        await self._server.stop()
        self.world.changes.announce()

    async def come_up(self) -> None:
        """Brings Slack back at the same address."""
        await self.start()

    @property
    def api_url(self) -> str:
        """For `AsyncWebClient(base_url=…)`."""
        return f"{self.world.base_url}/api/"

    @property
    def bot_token(self) -> str:
        """The `xoxb-` token."""
        return self.world.bot_token

    @property
    def app_token(self) -> str:
        """The `xapp-` token for Socket Mode."""
        return self.world.app_token

    @property
    def signing_secret(self) -> str:
        """The key that signs HTTP requests."""
        return self.world.settings.signing_secret

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self.world.store.team_id

    @property
    def app_id(self) -> str:
        """The app's id."""
        return self.world.store.app_id

    @property
    def bot_user_id(self) -> str:
        """The user id of the app's bot."""
        return self.world.store.bot.id

    @property
    def bot_id(self) -> str:
        """The bot id of the app."""
        return self.world.store.bot.bot_id

    @property
    def faults(self) -> Faults:
        """Its injected faults."""
        return self.world.faults

    @property
    def calls(self) -> Calls:
        """Every request from the app."""
        return self.world.calls

    @property
    def settings(self) -> Settings:
        """The options; most can be changed at run time."""
        return self.world.settings

    @property
    def is_up(self) -> bool:
        """True if it can be reached: False after `go_down`."""
        return self.world.is_up

    @property
    def connections(self) -> int:
        """The number of open Socket Mode connections."""
        return len(self.sockets.open)

    async def connected(self, count: int = 1, seconds: float = PATIENCE) -> None:
        """Waits until the app has this many connections.

        Raises:
            TimeoutError: it has not within these seconds.
        """
        await self.wait_for(lambda: len(self.sockets.open) >= count, seconds)

    async def verify_url(self) -> bool:
        """Sends the challenge to the events URL. Returns True if the app returned it."""
        return await self.signed_requests.verify_url()

    async def kill_sockets(self, how: str = "close") -> int:
        """Ends or breaks every connection: "close", "reset", "silent" (no events) or "dead" (not even pongs)."""
        return await self.sockets.kill(how)

    async def disconnect(self, reason: str = "refresh_requested", *, close: bool = True) -> int:
        """Sends `disconnect`: "warning", "refresh_requested", "link_disabled" or "too_many_websockets"."""
        if reason == "link_disabled":
            self.world.socket_mode = False
        return await self.sockets.disconnect(reason, close=close)

    def enable_socket_mode(self) -> None:
        """Turns Socket Mode on again after "link_disabled"."""
        self.world.socket_mode = True

    async def delivered(self, seconds: float = PATIENCE) -> None:
        """Waits until no event is under way: each is acknowledged, lost or given up.

        Raises:
            TimeoutError: some are still under way.
        """
        await self.wait_for(lambda: self.deliveries.under_way == 0, seconds)

    def _routes(self) -> list[Any]:
        api = Api(self.world, self.events, self.sockets, METHODS)
        transfers = Transfers(self.world)
        return [
            ("*", "/api/{method}", api.handle),
            ("GET", "/link/", self.sockets.handle),
            ("POST", "/actions/{team}/{number}/{key}", self.responses.handle),
            ("POST", "/upload/v1/{key}", transfers.upload),
            ("GET", "/files-pri/{place}/{name:.*}", transfers.download),
        ]
