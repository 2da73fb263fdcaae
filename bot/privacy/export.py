"""Collects everything we keep about a contact, in JSON types, for that person or for a dispute. Only reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.telemetry.status_report import moment
from storage.queries import transcript
from storage.tables import attempts, contacts, conversations, files, leases, receipts, suppressions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from storage.engine.database import Connection, Database
    from storage.tables.attempts import Attempt
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation
    from storage.tables.files import File
    from storage.tables.messages import Message
    from storage.tables.suppressions import Suppression

_PAGE = 100  # messages to read at a time
_OPT_OUTS = 1_000

Json = dict[str, Any]


async def collect(database: Database, contact: Contact, report: Callable[[int, int], None]) -> Json:
    """Collects everything about the contact, oldest first.

    Args:
        database: the database to read.
        contact: the contact.
        report: called with the number of messages read, and their total.
    """
    async with database.read() as reader:
        threads = await conversations.of_contact(reader, contact.id)
        total = sum([await transcript.count(reader, each.id) for each in threads])
        opt_outs = await suppressions.history(reader, contact.id, _OPT_OUTS)
        leased = await leases.of_contact(reader, contact.id)
    collected, read = [], 0
    for conversation in threads:
        listed: list[Json] = []
        async for message in _messages(database, conversation.id):
            listed.append(message)
            read += 1
            report(read, total)
        collected.append({**_conversation(conversation), "messages": listed})
    return {
        "made": moment(database.clock()),
        "contact": {
            "address": contact.address,
            "name": contact.name,
            "notes": contact.notes,
            "time_zone": contact.time_zone,
        },
        "opt_outs": [_opt_out(each) for each in reversed(opt_outs)],
        "leases": [
            {
                "number": each.number,
                "account": each.account,
                "since": moment(each.leased_at),
                "last_used": moment(each.last_used_at),
                "until": moment(each.expires_at),
            }
            for each in leased
        ],
        "conversations": collected,
    }


def _opt_out(known: Suppression) -> Json:
    return {
        "since": moment(known.since),
        "source": known.source,
        "evidence": known.evidence,
        "message": known.message_id,
        "lifted": moment(known.lifted_at),
        "lifted_source": known.lift_source,
        "lifted_evidence": known.lift_evidence,
        "lifted_message": known.lift_message_id,
    }


def written(found: Mapping[str, Any]) -> bytes:
    """Returns the result of `collect` as a JSON file for programs."""
    return json.dumps(found, indent=2, ensure_ascii=False).encode()


async def known(database: Database, address: str) -> Contact | None:
    """Returns the contact with this address, or None."""
    async with database.read() as reader:
        return await contacts.find(reader, address)


async def _messages(database: Database, conversation_id: int) -> Any:
    """Yields each message with its details. Reads a page at a time, to hold no reader for long."""
    after = 0
    while True:
        async with database.read() as reader:
            page = await transcript.page(reader, conversation_id, after, _PAGE)
            found = [await _message(reader, each) for each in page]
        for each in found:
            yield each
        if not page:
            return
        after = page[-1].id


def _conversation(one: Conversation) -> Json:
    return {
        "inbox": one.inbox,
        "state": one.state,
        "opened": moment(one.opened_at),
        "closed": moment(one.closed_at),
        "slack": {"team": one.team, "channel": one.channel, "thread": one.thread_ts},
    }


async def _message(reader: Connection, message: Message) -> Json:
    return {
        "id": message.id,
        "direction": message.direction,
        "origin": message.origin,
        "at": moment(message.created_at),
        "text": message.shown_text or _typed(message),
        "text_removed": moment(message.removed_at),
        "author": message.author,
        "state": message.state,
        "status": message.status,
        "sentence": message.sentence,
        "segments": message.segments,
        "not_before": moment(message.not_before),
        "our_address": message.our_address,
        "account": message.account,
        "files": [_file(each) for each in await files.of_message(reader, message.id)],
        "attempts": [await _attempt(reader, each) for each in await attempts.of_message(reader, message.id)],
    }


def _typed(message: Message) -> str:
    """Returns the text of a reply that we never decoded, because it never went out."""
    return "" if message.typed is None else str(json.loads(message.typed).get("text", ""))


def _file(one: File) -> Json:
    return {
        "id": one.id,
        "direction": one.direction,
        "name": one.name,
        "type": one.content_type or one.claimed_type,
        "bytes": one.size,
        "state": one.state,
    }


async def _attempt(reader: Connection, one: Attempt) -> Json:
    return {
        "id": one.id,
        "part": one.part,
        "try": one.number,
        "account": one.account,
        "sender": one.sender,
        "from": one.from_address,
        "to": one.recipient,
        "provider_id": one.provider_id,
        "outcome": one.outcome,
        "status": one.status.value,
        "code": one.code,
        "sentence": one.sentence,
        "segments": one.segments,
        "reconciled_by": one.reconciled_by,
        "started": moment(one.started_at),
        "ended": moment(one.ended_at),
        "delivered": moment(one.delivered_at),
        "receipts": [
            {
                "at": moment(at),
                "word": receipt.word,
                "status": None if receipt.status is None else receipt.status.value,
                "code": receipt.code,
                "description": receipt.description,
            }
            for at, receipt in await receipts.of_attempt(reader, one.id)
        ],
    }
