"""The actions with rows only: people whom Slack described just now, and a look at what an action wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.conversations import enqueue
from bot.conversations.entries import Action
from bot.conversations.job_kinds import ACT
from bot.slack.app.actions import Actions
from bot.slack.client.users import Users
from bot.slack.client.workspace import Workspace
from bot.telemetry.metrics import Metrics
from storage.tables import jobs, users
from storage.tables.identity import Identity
from storage.tables.intake import Appender
from storage.tables.users import Person
from tests.bot.conversations.tried_texts import TriedTexts
from tests.bot.snapshot import everything
from tests.storage.making import rows

if TYPE_CHECKING:
    from storage.engine.database import Database

ANNA, BEN, GUS = "U1ANNA", "U1BEN", "U1GUS"
NOBODY: Any = None  # Slack, which no action asks about people that it described within the hour


class Acting:
    """The actions of Anna and Ben, who are members, and of Gus, who is a guest.

    Args:
        database: open.
        changes: of the settings, as `installation.changed` takes them.

    Attributes:
        texts: texts from the inbox "support", and their results.
    """

    def __init__(self, database: Database, **changes: Any) -> None:
        self.database = database
        self.texts = TriedTexts(database, **changes)
        who = Identity("T1", "B1", "U0BOT", "https://x.slack.com/")
        people = Users(database, NOBODY, who)
        providers: Any = {}
        workspace = Workspace(
            self.texts.settings, database, Appender(database), providers, NOBODY, people, Metrics(), who
        )
        self.actions = Actions(workspace, self.texts.send_results)

    async def know(self) -> None:
        """Slack described the three just now. Anna is in Sydney."""
        async with self.database.transaction() as tx:
            for user, guest in ((ANNA, 0), (BEN, 0), (GUS, 1)):
                person = Person("T1", user, user, 0, guest, 0, 0, tx.now, "Australia/Sydney" if user == ANNA else None)
                await users.remember(tx, person)

    async def act(self, do: str, subject: int, user: str = ANNA, **more: Any) -> list[str]:
        """Does the job of an action, in a thread of #support. Returns the answer to its person."""
        action = Action(do, subject, user, **{"channel": "C0SUPPORT", "thread_ts": "1.0"} | more)
        async with self.database.transaction() as tx:
            await enqueue.act(tx, tx.new_id(), action)
            (job,) = await jobs.of_kind(tx, "act")
        await self.actions.act(job, ACT.read(job))
        assert await rows(self.database, "SELECT id FROM jobs WHERE kind = 'act'") == []
        return await self.told()

    async def told(self) -> list[str]:
        """Returns the sentences that are to be shown to one person only, and forgets them."""
        async with self.database.transaction() as tx:
            found = [json.loads(job.payload or "{}")["sentence"] for job in await jobs.of_kind(tx, "tell")]
            await tx.run("DELETE FROM jobs WHERE kind = 'tell'")
        return found

    async def stored(self) -> dict[str, list[dict[str, Any]]]:
        """Returns all rows of all tables but jobs and users."""
        return await everything(self.database, but=("jobs", "users"))

    async def unchanged(self, do: str, subject: int, user: str = ANNA, **more: Any) -> list[str]:
        """Does an action that must change nothing and add no job. Returns the answer to its person."""
        before, waiting = await self.stored(), await self.texts.jobs()
        told = await self.act(do, subject, user, **more)
        assert await self.stored() == before
        assert await self.texts.jobs() == waiting
        return told
