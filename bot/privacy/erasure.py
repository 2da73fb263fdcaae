"""Erases a contact: our posts in Slack, and their texts, name, notes, files and intake rows.

An erasure can stop anywhere and run again: each transaction deletes rows and counts them. No app can delete the
messages that the team wrote in Slack, so the report lists their threads.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from bot.conversations import enqueue
from bot.conversations.enqueue import RetryLater
from bot.slack.client.api import SlackRefused
from bot.slack.views.rights import erased
from bot.telemetry.status_report import moment
from sms.address import E164, from_canonical
from sms.spellings import others
from storage.maintenance import contact_erasure
from storage.tables import alerts, contacts, erasures, jobs, suppressions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable

    from bot.conversations.job_kinds import Erase, Requester
    from bot.conversations.number_hash import NumberHash
    from bot.files.file_store import FileStore
    from bot.slack.client.api import SlackApi
    from storage.engine.database import Database, Transaction
    from storage.maintenance.contact_erasure import Came, Planned, Thread, Traces
    from storage.tables.contacts import Contact
    from storage.tables.identity import Identity
    from storage.tables.jobs import Job

LARGEST = 2 << 30  # bytes; we rewrite no larger database at the end, because that locks it
_AT_ONCE = 25  # messages in one transaction
_PAGE = 500  # intake rows to search at a time
_SOON = 0.25  # seconds until the next try, while a job of the contact is in progress
_SHORTEST = 6  # digits; we find a shorter number only as a whole word
_GONE = {"message_not_found", "thread_not_found", "file_not_found", "file_deleted"}
_IDS = re.compile(r"\d{9,}(?:\.\d+)?")
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")


@dataclass(frozen=True, slots=True)
class Needles:
    """The ids and the number by which we find everything about a contact."""

    ids: frozenset[str] = field(repr=False)  # of our rows, and of the first messages of their threads
    arrivals: frozenset[int]
    address: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(cls, address: str, traces: Traces) -> Needles:
        """Returns the needles for the contact with this canonical address."""
        ids = {*map(str, traces.ids), *(thread.ts for thread in traces.threads)}
        return cls(frozenset(ids), frozenset(traces.arrivals), spelt(address))

    def in_text(self, text: str) -> bool:
        """True if a text is about the contact, in any spelling of their number."""
        plain = _ESCAPED.sub(" ", unquote_plus(text))
        return self.address.search(plain) is not None or not self.ids.isdisjoint(_IDS.findall(text))

    def in_job(self, job: Planned) -> bool:
        """True if a job is about the contact."""
        return str(job.subject) in self.ids or (job.payload is not None and self.in_text(job.payload))

    def in_arrival(self, row: Came) -> bool:
        """True if an intake row is about the contact."""
        body = row.body or ""
        if row.body_encoding == "base64":
            body = base64.b64decode(body).decode(errors="replace")
        return row.id in self.arrivals or self.in_text(f"{row.dedup_key} {body} {row.rest}")


def spelt(address: str) -> re.Pattern[str]:
    """Returns a pattern for all spellings of an address: with spaces, with the country code or with a zero instead."""
    parsed = from_canonical(address)
    if isinstance(parsed, E164) and len(parsed.national) >= _SHORTEST:
        code = len(parsed.number) - len(parsed.national)  # characters before the national number
        nationals = [number[code:] for number in (parsed.number, *others(parsed.number))]
        return re.compile("|".join(r"\D{0,3}".join(national) for national in nationals))
    return re.compile(rf"(?<!\w){re.escape(str(parsed).removeprefix('+'))}(?!\w)")


class Eraser:
    """Erases contacts, as a job of the running bot, or from the command line while no bot runs.

    Args:
        database: the database.
        slack: Slack's API.
        file_store: the content of files.
        who: our identity in Slack, because we can delete only our own posts.
        alone: no bot runs, so a job that looks in progress was interrupted.
    """

    def __init__(
        self, database: Database, slack: SlackApi, file_store: FileStore, who: Identity, *, alone: bool = False
    ) -> None:
        self._database = database
        self._slack = slack
        self._file_store = file_store
        self._who = who
        self._alone = alone

    async def erase(self, job: Job, wanted: Erase) -> None:
        """Does the job, and notifies the admin who asked for it in Slack."""
        await self.run(job.subject, with_slack=wanted.slack, own_job=job.id)
        async with self._database.transaction() as tx:
            if wanted.told is not None:
                await self._report(tx, wanted.told)
            await jobs.finish(tx, job)

    async def run(self, contact_id: int, *, with_slack: bool = True, own_job: int | None = None) -> None:
        """Erases everything about the contact, or the rest if an earlier run stopped.

        Raises:
            RetryLater: a job or an intake row of the contact is in progress.
            bot.slack.client.api.SlackError: Slack failed. Nothing is deleted in the database yet.
        """
        async with self._database.read() as reader:
            if await erasures.under_way(reader, contact_id) is None:
                return
            contact = await contacts.get_if_there(reader, contact_id)
            traces = await contact_erasure.traces(reader, contact_id)
        if contact is not None:
            needles = Needles.of(contact.address, traces)
            await self._erase(contact_id, needles, traces, with_slack=with_slack, own_job=own_job)
        await self._seal(contact_id)

    async def _erase(
        self, contact_id: int, needles: Needles, traces: Traces, *, with_slack: bool, own_job: int | None
    ) -> None:
        await self._stop_jobs(contact_id, needles, own_job)
        if with_slack:
            await self._clear_slack(contact_id, traces)
        await self._empty_intake(contact_id, needles)
        await self._drop_rows(contact_id, traces)
        await self._end(contact_id, needles, own_job)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    async def _stop_jobs(self, contact_id: int, needles: Needles, own_job: int | None) -> None:
        """Cancels the contact's texts and jobs, so that we send and post nothing more."""
        async with self._database.transaction() as tx:
            await contact_erasure.cancel(tx, contact_id)
            if not self._alone and await contact_erasure.is_sending(tx, contact_id):
                raise RetryLater(_SOON, "a text to the contact is being sent")
        await self._drop_jobs(needles, own_job)

    async def _drop_jobs(self, needles: Needles, own_job: int | None) -> None:
        async with self._database.transaction() as tx:
            about = [job for job in await contact_erasure.planned(tx) if job.id != own_job and needles.in_job(job)]
            for job in about:
                if job.claimed_by is None or self._alone:
                    await contact_erasure.drop_job(tx, job.id)
        if not self._alone and any(job.claimed_by is not None for job in about):
            raise RetryLater(_SOON, "a job about the contact is in progress")

    # --- Slack --------------------------------------------------------------------------------------------------------

    async def _clear_slack(self, contact_id: int, traces: Traces) -> None:
        """Deletes every post and file of ours in their threads, also those that no row knows."""
        for file_id in traces.slack_files:
            await self._delete(contact_id, "files", self._slack.call("files.delete", file=file_id))
        left: list[dict[str, str | int]] = []
        for thread in traces.threads:
            try:
                users = await self._clear_thread(contact_id, thread)
            except SlackRefused as error:
                left.append({"channel": thread.channel, "thread": thread.ts, "why": f"Slack says {error.code}"})
                continue
            if users:
                why = "people wrote in it: only they or a Slack admin can delete that"
                left.append({"channel": thread.channel, "thread": thread.ts, "messages": users, "why": why})
        async with self._database.transaction() as tx:
            await erasures.note(tx, contact_id, "left_in_slack", left)

    async def _clear_thread(self, contact_id: int, thread: Thread) -> int:
        """Deletes our posts in a thread, the first one last, because it leads to the others.

        Returns how many messages by other people are in the thread.
        """
        found = [message async for message in self._messages(thread)]
        ours = [message for message in found if self._is_ours(message)]
        for message in reversed(ours):
            for file in message.get("files", ()):
                if file.get("user", self._who.bot_user) == self._who.bot_user:
                    await self._delete(contact_id, "files", self._slack.call("files.delete", file=file["id"]))
            deletion = self._slack.call("chat.delete", channel=thread.channel, ts=message["ts"])
            await self._delete(contact_id, "posts", deletion)
        return len([message for message in found if message.get("subtype") != "tombstone"]) - len(ours)

    async def _messages(self, thread: Thread) -> AsyncIterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            try:
                page = await self._slack.call(
                    "conversations.replies", channel=thread.channel, ts=thread.ts, limit=200, cursor=cursor
                )
            except SlackRefused as error:
                if error.code not in _GONE:
                    raise
                return
            for message in page["messages"]:
                yield message
            cursor = page.get("response_metadata", {}).get("next_cursor") or None
            if cursor is None:
                return

    def _is_ours(self, message: dict[str, Any]) -> bool:
        if message.get("subtype") == "tombstone":
            return False
        return self._who.bot_id == message.get("bot_id") or self._who.bot_user == message.get("user")

    async def _delete(self, contact_id: int, what: str, deletion: Awaitable[object]) -> None:
        """Deletes one post or file in Slack, and counts it unless it was gone already."""
        try:
            await deletion
        except SlackRefused as error:
            if error.code not in _GONE:
                raise
            return
        async with self._database.transaction() as tx:
            await erasures.count(tx, contact_id, "slack", {what: 1})

    # --- the database -------------------------------------------------------------------------------------------------

    async def _empty_intake(self, contact_id: int, needles: Needles) -> None:
        """Empties the intake rows. Keeps their keys, so that we don't store the same event again."""
        after = 0
        while True:
            async with self._database.read() as reader:
                rows = await contact_erasure.came(reader, after, _PAGE)
            about = [row for row in rows if _holds(row) and needles.in_arrival(row)]
            if any(row.state == "new" for row in about):
                raise RetryLater(_SOON, "an intake row about the contact is not handled yet")
            if about:
                async with self._database.transaction() as tx:
                    for row in about:
                        await contact_erasure.empty(tx, row.id, _safe_key(row.dedup_key, needles))
                    await erasures.count(tx, contact_id, "rows", {"intake": len(about)})
            if not rows:
                return
            after = rows[-1].id

    async def _drop_rows(self, contact_id: int, traces: Traces) -> None:
        """Deletes files and messages. The content of a file goes before its row, which leads to it."""
        for file_id in traces.files:
            await self._file_store.drop(file_id)
        async with self._database.transaction() as tx:
            await erasures.keep_leases(tx, contact_id)
            dropped = await contact_erasure.drop_suppressions(tx, contact_id)
            await erasures.count(tx, contact_id, "rows", {"suppressions": dropped})
        for some in _batches(traces.messages):
            async with self._database.transaction() as tx:
                await erasures.count(tx, contact_id, "rows", await contact_erasure.drop_messages(tx, some))

    async def _end(self, contact_id: int, needles: Needles, own_job: int | None) -> None:
        """Deletes the contact, last of all. If there is something new about them, everything starts again."""
        await self._drop_jobs(needles, own_job)
        try:
            async with self._database.transaction() as tx:
                await self._drop_contact(tx, contact_id)
        except sqlite3.IntegrityError:
            raise RetryLater(_SOON, "the contact has a new row") from None

    async def _report(self, tx: Transaction, told: Requester) -> None:
        done = await erasures.find(tx, told.number)
        if done is not None and told.channel is not None:
            sentence = erased(proof(done, moment(done.done_at) or ""), self._who.url)
            await enqueue.tell(tx, told.channel, told.user, sentence, response_url=told.response_url)

    async def _seal(self, contact_id: int) -> None:
        """Rewrites the database file, so that no deleted data remains in it, and finishes the erasure."""
        rewritten = await self._database.scrub(LARGEST)
        async with self._database.transaction() as tx:
            await erasures.note(tx, contact_id, "file_written_anew", rewritten)
            await erasures.finish(tx, contact_id)

    async def _drop_contact(self, tx: Transaction, contact_id: int) -> None:
        conversations = (await contact_erasure.traces(tx, contact_id)).conversations
        for conversation_id in conversations:
            for alert_id in await alerts.forget(tx, conversation_id):
                await enqueue.alert(tx, alert_id)  # its post names the contact
        await erasures.count(tx, contact_id, "rows", await contact_erasure.drop_contact(tx, contact_id, conversations))


def _holds(row: Came) -> bool:
    """True if the intake row still has content."""
    return row.body is not None or row.rest.strip() != "{}"


def _safe_key(key: str, needles: Needles) -> str:
    """Returns the row's key, or a hash of it if it has the number in it."""
    return hashlib.sha256(key.encode()).hexdigest() if needles.address.search(key) else key


def _batches(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


async def begin(tx: Transaction, number_hash: NumberHash, contact: Contact, by: str | None = None) -> str:
    """Marks the contact for erasure. Returns the keyed hash of their number.

    Args:
        tx: the open transaction.
        number_hash: makes the hash.
        contact: the contact. An erasure in progress continues.
        by: the admin who asked for it in Slack; None for the operator.
    """
    number = number_hash.of(contact.address)
    since = await suppressions.since(tx, contact.id)
    await erasures.begin(tx, number, number_hash.key_id, contact.id, since)
    if by is not None:
        await erasures.note(tx, contact.id, "by", by)
    return number


def proof(erasure: erasures.Erasure, at: str) -> dict[str, Any]:
    """Returns the proof of a finished erasure, in JSON types. It has no number, only its keyed hash."""
    done = erasure.proof
    rows = {table: count for table, count in sorted(done.get("rows", {}).items()) if count}
    return {
        "number": erasure.address_hash,
        "done": at,
        "by": done.get("by", "the operator"),
        "rows": rows,
        "slack": {"posts": 0, "files": 0, **done.get("slack", {}), "left": done.get("left_in_slack", [])},
        "opted_out": erasure.opted_out_since is not None,
        "file_written_anew": done.get("file_written_anew", False),
        "kept": "The keyed hash of the number and its opt-out, if any, so that nobody can text it again.",
        "elsewhere": "Earlier backups, Home views and private answers that Slack still shows, and the provider's data.",
    }
