"""Erasure reaches every table that leads to a contact, and finds their number in every form, but no one else's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import enqueue
from bot.conversations.attachments import expect
from bot.conversations.job_kinds import ERASE, Requester
from bot.files.file_store import FileStore
from bot.privacy.erasure import Eraser, Needles, spelt
from sms.message import Media, Receipt, Status
from storage.engine.clock import DAY
from storage.maintenance import contact_erasure
from storage.maintenance.contact_erasure import Planned, Thread, Traces
from storage.tables import callbacks, erasures, intake, jobs, leases, opt_out_questions, posts, receipts, suppressions
from storage.tables.callbacks import Callback
from storage.tables.identity import Identity
from storage.tables.intake import Arrival
from tests.storage.making import PHONE, a_conversation, a_text, an_attempt, an_inbound, rows

if TYPE_CHECKING:
    from pathlib import Path

    from storage.engine.database import Database

US = Identity("T1", "B1", "U0BOT", "https://x.slack.com/")
OTHER = "+61400000002"
SPELLINGS = (
    "+61400000001",
    "61400000001",
    "0400 000 001",
    "(04) 0000-0001",
    "%2B61400000001",
    "%2B61%20400%20000%20001",
    "0400\\u00a0000\\u00a0001",
    "+61 400.000.001",
)


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_number_is_known_in_every_form(text: str) -> None:
    """With the country code or a zero, with spaces, escaped for a URL or for JSON."""
    needles = Needles.of(PHONE, Traces([], [], [], [], [], [], [], []))
    assert needles.in_text(f'{{"text": "call {text} please"}}')


@pytest.mark.parametrize("address", ["12345", "client:alice", "+4412"])
def test_short_addresses_are_whole_words(address: str) -> None:
    """A short code inside a longer number does not match."""
    found = spelt(address)
    bare = address.removeprefix("+")
    assert found.search(f"to {bare}.")
    assert not found.search(f"x{bare}0")


@given(st.text(), st.integers(10**15, 10**17))
def test_ids_are_known_in_any_text(text: str, number: int) -> None:
    """Our ids, and a thread's first message, are found in any text."""
    traces = Traces([number], [], [], [], [], [Thread("C1", "1765535460.000100")], [], [])
    needles = Needles.of(PHONE, traces)
    assert needles.in_text(f"{text} {number} {text}")
    assert needles.in_text(json.dumps({"ts": "1765535460.000100", "more": text}))
    assert needles.in_job(Planned(1, number, None, None))
    assert not needles.in_job(Planned(1, number + 1, None, None))


async def test_nothing_of_one_is_left_and_all_of_the_other(database: Database, tmp_path: Path) -> None:
    """All rows, intake entries, jobs and files of one contact are deleted; another contact's stay."""
    file_store = FileStore(tmp_path / "files")
    async with database.transaction() as tx:
        made = [await _lived(tx, phone) for phone in (PHONE, OTHER)]
        await erasures.begin(tx, "hash", "key", made[0]["contact"], tx.now)
    for each in made:
        await file_store.put(each["file"], b"MARKED")
    before = await _counted(database)
    slack: Any = None
    await Eraser(database, slack, file_store, US).run(made[0]["contact"], with_slack=False)
    await Eraser(database, slack, file_store, US).run(made[0]["contact"], with_slack=False)
    after = await _counted(database)
    kept = {"intake", "posts", "users", "identity", "alerts", "erasures"}
    assert {table: count for table, count in after.items() if table not in kept} == {
        table: count // 2 for table, count in before.items() if table not in kept
    }
    assert (before["posts"], after["posts"]) == (4, 2)
    held = await rows(database, "SELECT dedup_key, body, parsed FROM intake ORDER BY id")
    assert [each["body"] is None for each in held] == [True, False]
    assert PHONE.encode() not in (tmp_path / "threadline.db").read_bytes()
    assert not file_store.place(made[0]["file"]).exists()
    assert file_store.place(made[1]["file"]).exists()
    async with database.read() as reader:
        (done,) = [await erasures.find(reader, "hash")]
        assert done is not None
        assert done.done_at is not None
        assert done.proof["rows"]["messages"] == 2
        assert await erasures.of_another_key(reader, "key") == 0
        assert await erasures.of_another_key(reader, "another") == 1


async def test_who_began_it_is_told_also_when_only_the_end_was_cut_short(database: Database, tmp_path: Path) -> None:
    """If only the end was interrupted, a second run reports once what was deleted, and nothing to the command line."""
    slack: Any = None
    work = Eraser(database, slack, FileStore(tmp_path / "files"), US)
    async with database.transaction() as tx:
        made = await _lived(tx, PHONE)
        known = await contact_erasure.extent(tx, made["contact"])
        await erasures.begin(tx, "hash", "key", made["contact"], None)
    await work.run(made["contact"], with_slack=False)
    told = Requester("C1", "U1", None, "hash")
    for whom in (None, told):
        async with database.transaction() as tx:
            await enqueue.erase(tx, made["contact"], with_slack=False, requester=whom)
            (job,) = [each for each in await jobs.claim(tx, "test", "slack", 9) if each.kind == "erase"]
        await work.erase(job, ERASE.read(job))
    (telling,) = await rows(database, "SELECT payload FROM jobs WHERE kind = 'tell'")
    said = json.loads(telling["payload"])
    assert (said["user"], said["marked"]) == ("U1", True)
    assert f"{known.texts} texts, {known.files} file and" in said["sentence"]
    assert (known.texts, known.files, known.posts) == (2, 1, 0)


class Breaking(FileStore):
    """A file store that fails once, like a disk."""

    broken = True

    async def drop(self, file_id: int) -> None:
        """Fails the first time."""
        if self.broken:
            self.broken = False
            raise OSError("the disk is full")
        await super().drop(file_id)


async def test_what_was_cut_short_is_done_by_the_next_try(database: Database, tmp_path: Path) -> None:
    """An interruption before the rows and before the end gives the same counts as one run."""
    slack: Any = None
    work = Eraser(database, slack, Breaking(tmp_path / "files"), US)
    async with database.transaction() as tx:
        made = await _lived(tx, PHONE)
        await erasures.begin(tx, "hash", "key", made["contact"], None)
    with pytest.raises(OSError, match="disk is full"):
        await work.run(made["contact"], with_slack=False)
    async with database.read() as reader:
        traces = await contact_erasure.traces(reader, made["contact"])
    needles = Needles.of(PHONE, traces)
    await work._erase(made["contact"], needles, traces, with_slack=False, own_job=None)
    async with database.read() as reader:
        begun = await erasures.under_way(reader, made["contact"])
    assert begun is not None
    await work.run(made["contact"], with_slack=False)
    async with database.read() as reader:
        done = await erasures.find(reader, "hash")
    assert done is not None
    assert done.done_at is not None
    assert {name: done.proof["rows"][name] for name in ("contacts", "messages", "intake", "callbacks")} == {
        "contacts": 1,
        "messages": 2,
        "intake": 1,
        "callbacks": 2,
    }
    assert await rows(database, "SELECT id FROM contacts") == []


async def _counted(database: Database) -> dict[str, int]:
    tables = await rows(database, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return {
        each["name"]: (await rows(database, f"SELECT count(*) AS n FROM {each['name']}"))[0]["n"]  # noqa: S608 - our own
        for each in tables
        if each["name"] != "migrations"
    }


async def _lived(tx: Any, phone: str) -> dict[str, int]:
    conversation = await a_conversation(tx, phone)
    said = await an_inbound(tx, conversation.id, f"{phone} says", f"p{phone}") or 0
    message = await tx.value("SELECT :id", id=await _sent(tx, conversation.id))
    attempt = await an_attempt(tx, message, recipient=phone)
    await callbacks.remember(tx, Callback(f"hash {phone}", "attempt", str(attempt.id), "fone"))
    await callbacks.remember(tx, Callback(f"hash of {phone}", "conversation", str(conversation.id), "fone"))
    arrival = Arrival("fone", "receipt", f"receipt {attempt.id}", phone.encode(), {"attempt": str(attempt.id)})
    await intake.append(tx, [arrival])
    (entry,) = [each for each in await intake.waiting(tx, 9) if str(attempt.id) in each.parsed]
    await intake.finish(tx, entry)
    receipt = Receipt(attempt=str(attempt.id), provider_id=None, word="Delivered", status=Status.DELIVERED)
    await receipts.add(tx, "fone", receipt, attempt_id=attempt.id, intake_id=entry.id)
    await tx.run("UPDATE attempts SET outcome = 'accepted' WHERE id = :id", id=attempt.id)
    await leases.grant(
        tx, "fone", f"+6148{phone[-6:]}", conversation.contact_id, conversation.id, at=tx.now, lifetime=30 * DAY
    )
    await suppressions.add(tx, conversation.contact_id, "keyword", "STOP", said)
    await opt_out_questions.raise_one(tx, said, conversation.id)
    await expect(tx, said, [Media("https://x.example/1.png", "image/png", phone)])
    for key, subject in ((f"card:{conversation.id}", conversation.id), (f"line:{message}", message)):
        await posts.begin(tx, key, kind="card", subject=subject, team="T1", channel="C1", thread_ts=None)
    file = await tx.value("SELECT max(id) FROM files")
    return {"contact": conversation.contact_id, "file": file}


async def _sent(tx: Any, conversation_id: int) -> int:
    message = await a_text(tx)
    await tx.run(
        "UPDATE messages SET conversation_id = :to, status = 'delivered' WHERE id = :id", to=conversation_id, id=message
    )
    return message


async def test_every_table_that_leads_to_a_contact_is_reached(database: Database) -> None:
    """Every table that refers to these tables is covered; a new one must be added."""
    known = {"suppressions", "contacts", "leases", *contact_erasure._OF_MESSAGE, *contact_erasure._OF_CONVERSATION}
    leading = {"contacts", "conversations", "messages", "attempts"}
    for table in [each["name"] for each in await rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'")]:
        references = await rows(database, f"SELECT * FROM pragma_foreign_key_list('{table}')")  # noqa: S608 - our schema
        assert table in known or not leading & {each["table"] for each in references}, f"{table} is not erased"
