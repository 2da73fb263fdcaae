"""The errors of the simulated Slack."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer with `ok: false`.

    Args:
        error: Slack's error code, such as "channel_not_found".
        messages: complaints for `response_metadata.messages`; each gets an [ERROR] prefix, as at Slack.
        status: of the HTTP answer; Slack answers 200 to nearly everything.
        retry_after: whole seconds, for a 429.
        extra: further fields of the answer, such as `needed` and `provided`.
    """

    def __init__(
        self,
        error: str,
        *messages: str,
        status: int = 200,
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.messages = list(messages)
        self.status = status
        self.retry_after = retry_after
        self.extra = extra

    def body(self) -> Json:
        """Returns the answer's body as Slack words it."""
        body: Json = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            body["errors"] = self.messages
            body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
        return body


class NotShown(Exception):
    """A person cannot do this in the Slack client: there is no such button, command or message for them."""
