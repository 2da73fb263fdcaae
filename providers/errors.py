"""Errors for failed sends and bad webhooks. The class of an error says how to react to it.

A send fails in one of three ways, by whether the text may have been sent: *not sent* (safe to retry), *refused* (final)
or *unknown* (may have been sent, so it is never retried automatically).
"""

from __future__ import annotations


class ProviderError(Exception):
    """An error from a provider, or from a request to one.

    Attributes:
        code: short and stable, for rows and metrics: the provider's own, or one of ours in lower_snake_case.
        sentence: for the thread. Plain and short, without a number or a body.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class NotSent(ProviderError):
    """The text surely was not sent. A retry is safe and may succeed."""


class Throttled(NotSent):
    """The provider limits our requests.

    Attributes:
        retry_after: seconds, or None if the provider does not say.
    """

    def __init__(self, code: str, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(code, sentence)
        self.retry_after = retry_after


class Refused(ProviderError):
    """The text was not sent, and the same text would be refused again.

    Attributes:
        opted_out: the contact opted out at the provider or the carrier.
    """

    def __init__(self, code: str, sentence: str, *, opted_out: bool = False) -> None:
        super().__init__(code, sentence)
        self.opted_out = opted_out


class Unsupported(Refused):
    """The provider's API cannot do this. Raised before any request."""


class Unknown(ProviderError):
    """The text may have been sent. Only the provider's records, a receipt or a person can tell."""


class Forged(Exception):
    """A webhook that does not come from the provider. It is counted, answered with 404 and not stored."""


class Unverified(Forged):
    """A webhook at an unguessable URL of ours without the provider's further proof. It is stored and shown as such."""


class Unreadable(Exception):
    """A webhook that cannot be parsed. It is kept as a dead row, and can be replayed after a fix."""
