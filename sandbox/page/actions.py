"""What the person at the page can do, as the bodies of small POSTs: one class each, checked before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from sandbox.page.scene import people
from sandbox.slack.errors import NotShown

if TYPE_CHECKING:
    from sandbox.page.desk import Desk

ID = Field(min_length=1, max_length=64)
MOST_TYPED = 12_000  # characters; what a Slack client lets people type
MOST_BYTES = 8 * 1024 * 1024  # of a file, and of a whole body


class Action(BaseModel):
    """One thing that somebody does.

    Attributes:
        user: who: one of the team, whose page it is.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)
    NAME: ClassVar[str]

    user: str = ID

    async def do(self, desk: Desk) -> Any:
        """Does it; what is returned is told the page.

        Raises:
            NotShown, NoSuchNumber, ApiError: it cannot be done, with the sentence for the person.
        """
        raise NotImplementedError

    def check_user(self, desk: Desk) -> None:
        """Refuses who is not of the team.

        Raises:
            NotShown: they are not.
        """
        if self.user not in [one["id"] for one in people(desk.scene)]:
            raise NotShown("there is nobody of this id in the team")
