"""The actions of a person at the page: one class per POST body, validated before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from sandbox.page.environment import people
from sandbox.slack.errors import NotShown

if TYPE_CHECKING:
    from sandbox.page.page_state import PageState

ID = Field(min_length=1, max_length=64)
MOST_TYPED = 12_000  # characters; the limit of a Slack client
MOST_BYTES = 8 * 1024 * 1024  # of a file, and of a whole body


class Action(BaseModel):
    """One action.

    Attributes:
        user: the member of the team who acts.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)
    NAME: ClassVar[str]

    user: str = ID

    async def do(self, state: PageState) -> Any:
        """Does the action; the page gets the result.

        Raises:
            NotShown, NoSuchNumber, ApiError: it cannot be done; the message is for the person.
        """
        raise NotImplementedError

    def check_user(self, state: PageState) -> None:
        """Rejects users outside the team.

        Raises:
            NotShown: the user is not in the team.
        """
        if self.user not in [one["id"] for one in people(state.environment)]:
            raise NotShown("nobody in the team has this id")
