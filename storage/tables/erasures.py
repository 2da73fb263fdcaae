"""Who was erased, by a keyed hash of their number: what was done, and whether they wanted no texts, which holds."""

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
    contact_id: int | None = field(repr=False)  # while it is under way
    opted_out_since: int | None
    done: str  # JSON: what was done so far
    begun_at: int
    done_at: int | None

    @property
    def proof(self) -> dict[str, Any]:
        """What was done so far, of JSON types."""
        found: dict[str, Any] = json.loads(self.done)
        return found


async def begin(tx: Transaction, address_hash: str, key_id: str, contact_id: int, opted_out_since: int | None) -> None:
    """The contact is to be erased. One that is under way goes on; one that was done is done anew."""
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
    """The erasure of this number, if it was ever begun."""
    return await connection.one(
        Erasure, f"SELECT {_COLUMNS} FROM erasures WHERE address_hash = :address_hash", address_hash=address_hash
    )


async def under_way(connection: Connection, contact_id: int) -> Erasure | None:
    """The erasure of this contact, if it is not done."""
    return await connection.one(
        Erasure,
        f"SELECT {_COLUMNS} FROM erasures WHERE contact_id = :contact_id AND done_at IS NULL",
        contact_id=contact_id,
    )


async def count(tx: Transaction, contact_id: int, part: str, counts: dict[str, int]) -> None:
    """So much more was done of this part of it ("rows" or "slack")."""
    erasure = await under_way(tx, contact_id)
    if erasure is None:
        return
    proof = erasure.proof
    so_far = proof.setdefault(part, {})
    for name, number in counts.items():
        so_far[name] = so_far.get(name, 0) + number
    await _write(tx, contact_id, proof)


async def note(tx: Transaction, contact_id: int, what: str, value: object) -> None:
    """Something about it that is not counted, in place of what was noted before."""
    erasure = await under_way(tx, contact_id)
    if erasure is not None:
        await _write(tx, contact_id, {**erasure.proof, what: value})


async def finish(tx: Transaction, contact_id: int) -> None:
    """It is done: nothing here leads to the contact any more."""
    await tx.run(
        "UPDATE erasures SET done_at = :now, contact_id = NULL WHERE contact_id = :contact_id",
        contact_id=contact_id,
        now=tx.now,
    )


async def claim(tx: Transaction, address_hash: str) -> int | None:
    """The number is known again: since when nothing may be texted to it, which from now on a suppression has to say."""
    since = await opted_out_since(tx, address_hash)
    await tx.run(
        "UPDATE erasures SET opted_out_since = NULL WHERE address_hash = :address_hash", address_hash=address_hash
    )
    return since


async def opted_out_since(connection: Connection, address_hash: str) -> int | None:
    """Since when nothing may be texted to the erased number (microseconds UTC); None if something may."""
    found = await connection.value(
        "SELECT opted_out_since FROM erasures WHERE address_hash = :address_hash", address_hash=address_hash
    )
    return None if found is None else int(found)


async def keep_leases(tx: Transaction, contact_id: int) -> None:
    """The contact's live leases count at their provider still: they are kept, without the contact, until they end."""
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
    """The number is known again: what is leased for it is its again, in the first conversation that it has."""
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
    """Those that have ended count no more; returns of how many people."""
    return await tx.run(
        "UPDATE erasures SET leases = NULL, leases_until = NULL WHERE leases_until IS NOT NULL AND leases_until < :now",
        now=tx.now,
    )


async def of_another_key(connection: Connection, key_id: str) -> int:
    """How many opt-outs of erased people cannot be recognised with this key."""
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
