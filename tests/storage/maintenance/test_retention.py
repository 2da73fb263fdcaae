"""Retention deletes finished texts in small steps, and nothing else; the file can be cleaned of remains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.files.file_store import FileStore
from bot.privacy.retention import Retention
from bot.settings.sections import RetentionSettings
from storage.engine.clock import DAY, SECOND
from storage.tables import files, intake, jobs, messages, posts, schedule
from storage.tables.intake import Arrival
from tests.storage.making import a_conversation, a_text, an_attempt, an_inbound, rows

if TYPE_CHECKING:
    from pathlib import Path

    from storage.engine.database import Database
    from tests.storage.making import Clock

OLD = 31 * DAY / SECOND
MARK = "MARKED-WORDS"


async def _filled(database: Database, file_store: FileStore) -> dict[str, int]:
    """Adds a finished text in each direction, a waiting one, one never shown, and intake rows; returns ids by name."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        made = {"in": await an_inbound(tx, conversation.id, MARK) or 0, "out": await a_text(tx, MARK)}
        made |= {"later": await a_text(tx, "later"), "hidden": await an_inbound(tx, conversation.id, "hidden") or 0}
        post = await posts.begin(
            tx, "text:1", kind="text", subject=conversation.id, team="T1", channel="C1", thread_ts="1.1"
        )
        await messages.show_in(tx, [made["in"]], post.id)
        await posts.sent(tx, post.id, "C1", "1.2")
        attempt = await an_attempt(tx, made["out"])
        await messages.set_status(tx, made["out"], "delivered")
        await schedule.schedule(tx, made["later"], tx.now + 90 * DAY)
        made["attempt"] = attempt.id
        made["file"] = await files.expect(tx, made["in"], "in", source=f"https://x/{MARK}", name=f"{MARK}.png")
        arrivals = [
            Arrival("fone", "inbound", f"key {n}", MARK.encode(), {"text": MARK}, {"x": MARK}) for n in range(120)
        ]
        dead = [Arrival("fone", "unreadable", "dead", MARK.encode(), None, {":query": MARK}, None, "unreadable")]
        await intake.append(tx, [*arrivals, *dead])
        for entry in await intake.waiting(tx, 200):
            await intake.finish(tx, entry)
    await file_store.put(made["file"], MARK.encode())
    return made


async def test_what_is_over_is_dropped(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Bodies, raw payloads and files of finished texts are deleted after their days; waiting texts and rows stay."""
    file_store = FileStore(tmp_path / "files")
    made = await _filled(database, file_store)
    settings = RetentionSettings(text_days=30, raw_days=30, dead_days=90)
    retention = Retention(database, file_store, settings)
    assert await retention.drop() == {"texts": 0, "payloads": 0, "dead": 0}
    clock.wait(OLD)
    assert await retention.drop() == {"texts": 2, "payloads": 120, "dead": 0}
    clock.wait(2 * OLD)
    assert await retention.drop() == {"texts": 0, "payloads": 0, "dead": 1}
    found = {row["id"]: row["text"] for row in await rows(database, "SELECT id, text FROM messages")}
    assert (found[made["in"]], found[made["out"]]) == (None, None)
    assert (found[made["later"]], found[made["hidden"]]) == ("later", "hidden")
    assert not file_store.place(made["file"]).exists()
    async with database.read() as reader:
        assert (await messages.get(reader, made["out"])).shown_text == "(text removed after 31 days)"
        assert (await messages.get(reader, made["later"])).shown_text == "later"
        assert (await intake.dead(reader))[0].error == "unreadable"
    assert len(await rows(database, "SELECT id FROM intake")) == 121


async def test_a_text_that_is_not_shown_whole_stays(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Its first post may not be in Slack yet, or the rest of it waits: the words go once all of them were shown."""
    async with database.transaction() as tx:
        conversation = await a_conversation(tx)
        message_id = await an_inbound(tx, conversation.id, "long") or 0
        post = await posts.begin(
            tx, "text:1", kind="text", subject=conversation.id, team="T1", channel="C1", thread_ts="1.1"
        )
        await messages.show_in(tx, [message_id], post.id)
    retention = Retention(database, FileStore(tmp_path / "files"), RetentionSettings(text_days=30))
    clock.wait(OLD)
    assert (await retention.drop())["texts"] == 0
    async with database.transaction() as tx:
        await posts.sent(tx, post.id, "C1", "1.2")
        await jobs.add(
            tx,
            "rest",
            conversation.id,
            payload={"post": post.id},
            side="slack",
            lane=f"slack:{conversation.id}",
        )
    assert (await retention.drop())["texts"] == 0
    async with database.transaction() as tx:
        await jobs.finish(tx, (await jobs.of_kind(tx, "rest"))[0])
    assert (await retention.drop())["texts"] == 1


async def test_nothing_is_left_in_the_file(database: Database, clock: Clock, tmp_path: Path, path: Path) -> None:
    """After a rewrite neither the file nor its log has a byte of the deleted data."""
    file_store = FileStore(tmp_path / "files")
    await _filled(database, file_store)
    clock.wait(3 * OLD)
    await Retention(database, file_store, RetentionSettings(text_days=1, raw_days=1, dead_days=1)).drop()
    assert not await database.scrub(1)
    assert await database.scrub(1 << 30)
    for part in (path, path.with_name(f"{path.name}-wal")):
        assert MARK.encode() not in part.read_bytes()
    async with database.transaction() as tx:
        assert await a_text(tx)


async def test_nothing_is_dropped_by_itself(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Texts stay without end unless the settings say otherwise."""
    file_store = FileStore(tmp_path / "files")
    await _filled(database, file_store)
    clock.wait(100 * OLD)
    assert (await Retention(database, file_store, RetentionSettings()).drop())["texts"] == 0


# Columns that stay after retention: counts and explanations, but no one's words.
KEPT = {
    "messages": """
        id conversation_id direction origin encoding segments author account provider_id our_address said_at repeats
        recovered team slack_channel slack_ts slack_thread post_id state status code sentence via options at_once
        not_before expires_at decided_at removed_at created_at intake_id address_note
        """,
    "attempts": """
        id message_id part try account sender from_address recipient provider_id outcome status word code sentence
        segments reconciled_by started_at ended_at accepted_at delivered_at no_receipt unverified scheduled_at
        """,
    "receipts": """
        id account provider_id attempt_id word status code sentence sender segments opted_out said_at received_at
        intake_id unverified
        """,
}
DROPPED = {
    "messages": {"text", "typed", "written", "media", "parts"},
    "attempts": {"text"},
    "receipts": {"description"},
}


async def test_every_column_is_decided_about(database: Database) -> None:
    """`storage/maintenance/retention.py` deletes each column with someone's words; all others are listed here."""
    for table, kept in KEPT.items():
        columns = {each["name"] for each in await rows(database, f"SELECT name FROM pragma_table_info('{table}')")}  # noqa: S608 - our own name
        strange = columns - set(kept.split()) - DROPPED[table]
        assert not strange, f"{table}: drop {strange} in maintenance/retention.py, or list it in KEPT"
