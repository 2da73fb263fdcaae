"""How an attempt to send can end badly, and how a webhook can be wrong. Each error carries the decision to be made.

Three ends, and the difference is whether the text may have gone out: *not sent* (safe to try again), *refused* (final),
*unknown* (may have gone: never tried again by itself).
"""

from __future__ import annotations


class ProviderError(Exception):
    """Something that a provider said or did.

    Attributes:
        code: stable and short, for rows and metrics: the provider's own, or one of ours in lower_snake_case.
        sentence: for the thread. Plain, short, no number and no body in it.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class NotSent(ProviderError):
    """It certainly did not go out, and may go out later: trying again is safe."""


class Throttled(NotSent):
    """The provider wants us to wait.

    Attributes:
        retry_after: seconds, or None where it does not say.
    """

    def __init__(self, code: str, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(code, sentence)
        self.retry_after = retry_after


class Refused(ProviderError):
    """It did not go out, and the same text would be refused again.

    Attributes:
        opted_out: the contact told the provider or the carrier to stop.
    """

    def __init__(self, code: str, sentence: str, *, opted_out: bool = False) -> None:
        super().__init__(code, sentence)
        self.opted_out = opted_out


class Unsupported(Refused):
    """The provider's API cannot say this; raised before any request."""


class Unknown(ProviderError):
    """It may have gone out. Only the provider's own records, a receipt or a person can settle it."""


class Forged(Exception):
    """A webhook that does not come from whom it claims. It is counted, answered 404 and not stored."""


class Unreadable(Exception):
    """A webhook that cannot be understood. It is kept as a dead row, and may be replayed after a fix."""
