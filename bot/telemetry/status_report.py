"""How things stand, for Slack and for a terminal: the live leases, and what waits or went wrong. Only reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from storage.engine.clock import DAY, to_datetime
from storage.queries import status_queries
from storage.tables import contacts, conversations, leases, pauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.settings.model import Settings
    from providers.provider import Provider
    from storage.engine.database import Database
    from storage.queries.status_queries import InboxCounts, SideCounts
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation
    from storage.tables.leases import Lease

ENDS_SOON = 7 * DAY


@dataclass(frozen=True, slots=True)
class LeaseView:
    """A live lease with whom and what it serves."""

    lease: Lease
    contact: Contact
    conversation: Conversation
    provider: str  # as people write it
    ends_soon: bool  # within 7 days


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Times in microseconds UTC."""

    inboxes: dict[str, InboxCounts]
    sides: list[SideCounts]
    paused: dict[str, int] = field(repr=False)  # a Slack method or an account: until when
    accepted: dict[str, int | None]  # account: when it last took a text
    dead: int  # rows of the intake that nobody could read


async def live_leases(
    database: Database, providers: Mapping[str, type[Provider] | Provider], inboxes: Iterable[str]
) -> list[LeaseView]:
    """The live leases of these inboxes, the one that ends next first."""
    now = database.clock()
    found: list[LeaseView] = []
    async with database.read() as reader:
        for inbox in inboxes:
            for lease in await leases.live_in(reader, inbox, now):
                account = providers.get(lease.account)
                found.append(
                    LeaseView(
                        lease,
                        await contacts.get(reader, lease.contact_id),
                        await conversations.get(reader, lease.conversation_id),
                        account.title if account else lease.account,
                        lease.expires_at - now <= ENDS_SOON,
                    )
                )
    return sorted(found, key=lambda view: view.lease.expires_at)


async def look(database: Database, settings: Settings, inboxes: Iterable[str]) -> StatusReport:
    """How things stand now, with the counts of these inboxes."""
    async with database.read() as reader:
        accepted: dict[str, int | None] = dict.fromkeys(settings.accounts)
        for name, sender in settings.senders.items():
            last = await status_queries.last_accepted(reader, sender.account, name)
            accepted[sender.account] = max(accepted[sender.account] or 0, last or 0) or None
        return StatusReport(
            inboxes={inbox: await status_queries.of_inbox(reader, inbox) for inbox in inboxes},
            sides=await status_queries.of_sides(reader, database.clock()),
            paused={pause.key: pause.until for pause in await pauses.lasting(reader, database.clock())},
            accepted=accepted,
            dead=await status_queries.dead(reader),
        )


def lease_as_json(view: LeaseView) -> dict[str, Any]:
    """A lease in JSON types, times in ISO 8601."""
    return {
        "number": view.lease.number,
        "contact": view.contact.address,
        "name": view.contact.name,
        "inbox": view.conversation.inbox,
        "account": view.lease.account,
        "since": moment(view.lease.leased_at),
        "until": moment(view.lease.expires_at),
        "last_used": moment(view.lease.last_used_at),
        "ends_soon": view.ends_soon,
    }


def standing_as_json(standing: StatusReport) -> dict[str, Any]:
    """How things stand in JSON types, times in ISO 8601."""
    return {
        "inboxes": {
            name: {**asdict(counts), "waiting_since": moment(counts.waiting_since)}
            for name, counts in standing.inboxes.items()
        },
        "jobs": {
            each.side: {"waiting": each.waiting, "due": each.due, "oldest": moment(each.oldest)}
            for each in standing.sides
        },
        "paused": {key: moment(until) for key, until in standing.paused.items()},
        "last_accepted": {account: moment(at) for account, at in standing.accepted.items()},
        "dead": standing.dead,
    }


def moment(at: int | None) -> str | None:
    """A time as people and programs read it: `2025-12-12T10:31:00Z`."""
    return None if at is None else f"{to_datetime(at):%Y-%m-%dT%H:%M:%SZ}"
