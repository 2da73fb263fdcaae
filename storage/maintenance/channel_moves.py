"""Slack channels have no table. This updates every table when a channel gets another id."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Transaction


async def move(tx: Transaction, team: str, channel: str, now: str) -> None:
    """Changes a channel's id everywhere: conversations, posts, messages, watermarks and dedup keys of the intake."""
    place = {"team": team, "channel": channel, "now": now}
    await tx.run("UPDATE conversations SET channel = :now WHERE team = :team AND channel = :channel", **place)
    await tx.run("UPDATE posts SET channel = :now WHERE team = :team AND channel = :channel", **place)
    await tx.run("UPDATE messages SET slack_channel = :now WHERE team = :team AND slack_channel = :channel", **place)
    await tx.run(
        "UPDATE watermarks SET key = replace(key, :seen, :now) WHERE key >= :seen AND key < :beyond",
        **_span(f"thread:{channel}", f"thread:{now}"),
    )
    await tx.run(
        """
        UPDATE intake SET dedup_key = replace(dedup_key, :seen, :now)
        WHERE dedup_key >= :seen AND dedup_key < :beyond
        """,
        **_span(f"{team}:{channel}", f"{team}:{now}"),
    )


def _span(before: str, now: str) -> dict[str, str]:
    """Returns the range of keys that begin with `before` and a colon; a semicolon sorts next after a colon."""
    return {"seen": f"{before}:", "beyond": f"{before};", "now": f"{now}:"}
