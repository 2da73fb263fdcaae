"""Webhooks that only the token in the URL vouches for: what the thread and the alert say about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue
from bot.conversations.alert_sentences import CONTACT
from storage.tables import alerts

if TYPE_CHECKING:
    from storage.engine.database import Transaction

UNVERIFIED = "unverified: it came without our secret"


async def alert_unverified(tx: Transaction, title: str, account: str, conversation_id: int) -> None:
    """Raises the one alert of an account about webhooks without the provider's proof.

    Args:
        tx: the open transaction.
        title: of the provider, as people write it.
        account: by its name.
        conversation_id: that the webhook was about.
    """
    sentence = (
        f"A webhook about {CONTACT} came to {title}'s secret URL without the secret that belongs to it. The thread "
        f"shows it, marked *unverified*. If {title} sent it, run `threadline callbacks` and set up the secret as it "
        "prints it; if not, somebody knows the URL: change `secret` in the settings."
    )
    await enqueue.alert(tx, await alerts.raise_one(tx, f"unverified:{account}", sentence, conversation_id))
