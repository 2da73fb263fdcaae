"""The status report for Slack and for the command: queues, failures, provider health and live leases. Only reads."""

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
    """A live lease with its contact and conversation."""

    lease: Lease
    contact: Contact
    conversation: Conversation
    provider: str  # as people write it
    ends_soon: bool  # within 7 days


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Queues, failures and provider health. Times are microseconds UTC."""

    inboxes: dict[str, InboxCounts]
    sides: list[SideCounts]
    paused: dict[str, int] = field(repr=False)  # the end of each pause, by Slack method or account
    accepted: dict[str, int | None]  # when each account last accepted a text
    dead: int  # dead rows of the intake


async def live_leases(
    database: Database, providers: Mapping[str, type[Provider] | Provider], inboxes: Iterable[str]
) -> list[LeaseView]:
    """Returns the live leases of these inboxes, the next to end first."""
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
    """Returns the current status, with the counts of these inboxes."""
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
    """Returns a lease in JSON types, times in ISO 8601."""
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


def report_as_json(report: StatusReport) -> dict[str, Any]:
    """Returns a status report in JSON types, times in ISO 8601."""
    return {
        "inboxes": {
            name: {**asdict(counts), "waiting_since": moment(counts.waiting_since)}
            for name, counts in report.inboxes.items()
        },
        "jobs": {
            each.side: {"waiting": each.waiting, "due": each.due, "oldest": moment(each.oldest)}
            for each in report.sides
        },
        "paused": {key: moment(until) for key, until in report.paused.items()},
        "last_accepted": {account: moment(at) for account, at in report.accepted.items()},
        "dead": report.dead,
    }


def moment(at: int | None) -> str | None:
    """Formats a time (microseconds UTC) as `2025-12-12T10:31:00Z`; None stays None."""
    return None if at is None else f"{to_datetime(at):%Y-%m-%dT%H:%M:%SZ}"
