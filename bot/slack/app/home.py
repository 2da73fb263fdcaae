"""The Home tab: published when somebody opens it and on *Refresh*, with the inboxes that the person may text from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.slack.client.users import reason
from bot.slack.views import home as home_view
from bot.slack.views.cards import spaced
from bot.slack.views.home import AccountView, HomeRow, InboxView
from bot.text import parse_time
from storage.engine.clock import DAY, from_datetime, to_datetime
from storage.queries import home_queries
from storage.tables import contacts, conversations, pauses, users

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.slack.app.background import BackgroundTasks
    from bot.slack.app.compose import Compose
    from bot.slack.client.workspace import Workspace
    from bot.slack.threads.presenter import Presenter
    from bot.slack.views.forms import View
    from storage.engine.database import Connection
    from storage.queries.home_queries import Item

SOON = 7 * DAY  # Home shows the leases that end within it
_LIMIT = home_view.MOST_LINES + 1  # one more than fits, to know if there are more


class Home:
    """The Home tabs of one workspace.

    Args:
        workspace: the workspace.
        presenter: makes links.
        tasks: publish the tab after the ack.
        compose: the modal that *New SMS* opens.
    """

    def __init__(self, workspace: Workspace, presenter: Presenter, tasks: BackgroundTasks, compose: Compose) -> None:
        self._database = workspace.database
        self._settings = workspace.settings
        self._providers = workspace.providers
        self._users = workspace.users
        self._slack = workspace.slack
        self._team = workspace.team
        self._presenter = presenter
        self._tasks = tasks
        self._compose = compose

    def listen(self, app: AsyncApp) -> None:
        """Registers the listeners for the opening of the tab and its buttons."""
        app.event("app_home_opened")(self.opened)
        app.action("home:refresh")(self.refreshed)
        app.action("home:new")(self.asked)

    async def opened(self, event: dict[str, Any]) -> None:
        """Publishes the tab when somebody opens it."""
        if event.get("tab") == "home":
            self._tasks.start(self._publish(event["user"]))

    async def refreshed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Publishes the tab on *Refresh*."""
        self._tasks.start(self._publish(body["user"]["id"]))
        await ack()

    async def asked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens the compose modal on *New SMS*."""
        self._compose.open(body["user"]["id"], body["trigger_id"])
        await ack()

    async def _publish(self, user: str) -> None:
        await self._slack.call("views.publish", user_id=user, view=await self._view(user))

    async def _view(self, user: str) -> View:
        refusals = {name: await self._users.may_text(user, inbox) for name, inbox in self._settings.inboxes.items()}
        allowed = [name for name, refusal in refusals.items() if refusal is None]
        if not allowed:
            return home_view.nothing(reason(next(iter(refusals.values())) or ""))
        now = self._database.clock()
        async with self._database.read() as reader:
            person = await users.find(reader, self._team, user)
            since = _midnight(now, parse_time.zone(person.time_zone if person else None))
            inboxes = [await self._inbox(reader, name, since, now) for name in allowed]
            accounts = await self._accounts(reader, allowed, now)
        return home_view.home(inboxes, accounts, now)

    async def _inbox(self, reader: Connection, name: str, since: int, now: int) -> InboxView:
        today = await home_queries.numbers(reader, name, since)
        return InboxView(
            name=name,
            waiting=await self._lines(reader, await home_queries.waiting(reader, name, _LIMIT)),
            failed=await self._lines(reader, await home_queries.failed(reader, name, _LIMIT)),
            ending=await self._lines(reader, await home_queries.ending(reader, name, now, now + SOON, _LIMIT)),
            came=today.came,
            went=today.went,
            delivered=today.delivered,
            lost=today.failed,
        )

    async def _lines(self, reader: Connection, items: Sequence[Item]) -> list[HomeRow]:
        lines = []
        for item in items:
            conversation = await conversations.get(reader, item.conversation_id)
            contact = await contacts.get(reader, conversation.contact_id)
            name = contact.name or spaced(contact.address)
            said = spaced(item.number) if item.number else item.sentence or ""
            lines.append(HomeRow(name, self._presenter.address_of(conversation), item.at, said))
        return lines

    async def _accounts(self, reader: Connection, inboxes: Sequence[str], now: int) -> list[AccountView]:
        """Returns the accounts that the inboxes use."""
        senders = [sender for name in inboxes for sender in self._settings.inboxes[name].senders]
        paused = {pause.key: pause.until for pause in await pauses.lasting(reader, now)}
        shown = []
        for account in dict.fromkeys(self._settings.senders[sender].account for sender in senders):
            health = await home_queries.health(reader, account)
            unasked = max((until for key, until in paused.items() if key.startswith(f"{account} ")), default=None)
            title = f"{account} ({self._providers[account].title})"
            shown.append(
                AccountView(title, health.accepted_at, health.failed_at, health.unknown, paused.get(account), unasked)
            )
        return shown


def _midnight(now: int, where: ZoneInfo) -> int:
    """Returns when the day began in that time zone (microseconds UTC)."""
    here = to_datetime(now).astimezone(where)
    return from_datetime(datetime.combine(here.date(), datetime.min.time(), where))
