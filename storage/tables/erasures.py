"""Erased contacts by a keyed hash of their number: what was deleted, and an opt-out that stays in force."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

_COLUMNS = "address_hash, contact_id, opted_out_since, done, begun_at, done_at"


@dataclass(frozen=True, slots=True)
class Erasure:
    """A row of the table; times in microseconds UTC."""

    address_hash: str
    contact_id: int | None = field(repr=False)  # while the erasure is under way
    opted_out_since: int | None
    done: str  # JSON: what was deleted so far
    begun_at: int
    done_at: int | None

    @property
    def proof(self) -> dict[str, Any]:
        """The record of what was deleted so far, as JSON types."""
        found: dict[str, Any] = json.loads(self.done)
        return found


async def begin(tx: Transaction, address_hash: str, key_id: str, contact_id: int, opted_out_since: int | None) -> None:
    """Begins an erasure. One under way continues; one that is done starts again."""
    await tx.run(
        """
        INSERT INTO erasures (address_hash, key_id, contact_id, opted_out_since, done, begun_at)
        VALUES (:address_hash, :key_id, :contact_id, :opted_out_since, '{}', :now)
        ON CONFLICT (address_hash) DO UPDATE SET contact_id = :contact_id, key_id = :key_id, done_at = NULL,
            opted_out_since = coalesce(:opted_out_since, erasures.opted_out_since),
            done = CASE WHEN erasures.done_at IS NULL THEN erasures.done ELSE '{}' END,
            begun_at = CASE WHEN erasures.done_at IS NULL THEN erasures.begun_at ELSE :now END
        """,
        address_hash=address_hash,
        key_id=key_id,
        contact_id=contact_id,
        opted_out_since=opted_out_since,
        now=tx.now,
    )


async def find(connection: Connection, address_hash: str) -> Erasure | None:
    """Returns the erasure of this number, or None."""
    return await connection.one(
        Erasure, f"SELECT {_COLUMNS} FROM erasures WHERE address_hash = :address_hash", address_hash=address_hash
    )


async def under_way(connection: Connection, contact_id: int) -> Erasure | None:
    """Returns the contact's unfinished erasure, or None."""
    return await connection.one(
        Erasure,
        f"SELECT {_COLUMNS} FROM erasures WHERE contact_id = :contact_id AND done_at IS NULL",
        contact_id=contact_id,
    )


async def count(tx: Transaction, contact_id: int, part: str, counts: dict[str, int]) -> None:
    """Adds to the counts for a part of the erasure, "rows" or "slack"."""
    erasure = await under_way(tx, contact_id)
    if erasure is None:
        return
    proof = erasure.proof
    so_far = proof.setdefault(part, {})
    for name, number in counts.items():
        so_far[name] = so_far.get(name, 0) + number
    await _write(tx, contact_id, proof)


async def note(tx: Transaction, contact_id: int, what: str, value: object) -> None:
    """Stores a value in the erasure's proof, in place of an earlier value of that name."""
    erasure = await under_way(tx, contact_id)
    if erasure is not None:
        await _write(tx, contact_id, {**erasure.proof, what: value})


async def finish(tx: Transaction, contact_id: int) -> None:
    """Finishes the erasure: nothing leads to the contact any more."""
    await tx.run(
        "UPDATE erasures SET done_at = :now, contact_id = NULL WHERE contact_id = :contact_id",
        contact_id=contact_id,
        now=tx.now,
    )


async def claim(tx: Transaction, address_hash: str) -> int | None:
    """Ends the erasure's opt-out and returns its time, because the number has a contact again."""
    since = await opted_out_since(tx, address_hash)
    await tx.run(
        "UPDATE erasures SET opted_out_since = NULL WHERE address_hash = :address_hash", address_hash=address_hash
    )
    return since


async def opted_out_since(connection: Connection, address_hash: str) -> int | None:
    """Returns when the erased number opted out (microseconds UTC), or None if texts to it are allowed."""
    found = await connection.value(
        "SELECT opted_out_since FROM erasures WHERE address_hash = :address_hash", address_hash=address_hash
    )
    return None if found is None else int(found)


async def keep_leases(tx: Transaction, contact_id: int) -> None:
    """Keeps the contact's live leases in the erasure until they end, because the provider still counts them."""
    live = await tx.all(
        _columns,
        "SELECT * FROM leases WHERE contact_id = :contact_id AND held_until > :now",
        contact_id=contact_id,
        now=tx.now,
    )
    if live:
        await tx.run(
            "UPDATE erasures SET leases = :leases, leases_until = :until WHERE contact_id = :contact_id",
            leases=json.dumps(live),
            until=max(lease["held_until"] for lease in live),
            contact_id=contact_id,
        )


async def return_leases(tx: Transaction, address_hash: str, contact_id: int, conversation_id: int) -> None:
    """Gives the number its kept leases back, in its new contact's first conversation."""
    kept = await tx.value("SELECT leases FROM erasures WHERE address_hash = :address_hash", address_hash=address_hash)
    for lease in json.loads(kept or "[]"):
        columns = {**lease, "contact_id": contact_id, "conversation_id": conversation_id}
        names = ", ".join(columns)
        places = ", ".join(f":{name}" for name in columns)
        await tx.run(f"INSERT INTO leases ({names}) VALUES ({places}) ON CONFLICT DO NOTHING", **columns)
    if kept is not None:
        await tx.run(
            "UPDATE erasures SET leases = NULL, leases_until = NULL WHERE address_hash = :address_hash",
            address_hash=address_hash,
        )


async def drop_leases(tx: Transaction) -> int:
    """Drops kept leases that have ended. Returns the number of erasures that had some."""
    return await tx.run(
        "UPDATE erasures SET leases = NULL, leases_until = NULL WHERE leases_until IS NOT NULL AND leases_until < :now",
        now=tx.now,
    )


async def of_another_key(connection: Connection, key_id: str) -> int:
    """Returns the number of erased contacts' opt-outs that this key cannot recognise."""
    return int(
        await connection.value(
            "SELECT count(*) FROM erasures WHERE opted_out_since IS NOT NULL AND key_id <> :key_id", key_id=key_id
        )
    )


def _columns(**columns: Any) -> dict[str, Any]:
    return columns


async def _write(tx: Transaction, contact_id: int, proof: dict[str, Any]) -> None:
    await tx.run(
        "UPDATE erasures SET done = :done WHERE contact_id = :contact_id", done=json.dumps(proof), contact_id=contact_id
    )
