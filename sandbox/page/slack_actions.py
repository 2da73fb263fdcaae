"""Actions of a team member in the workspace."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from sandbox.page.actions import ID, MOST_TYPED, Action
from sandbox.slack.errors import NotShown

if TYPE_CHECKING:
    from sandbox.page.page_state import PageState
    from sandbox.slack import Workspace
    from sandbox.slack.people.interactions import InteractionResult


class SlackAction(Action):
    """An action in the workspace; impossible while Slack is down."""

    async def do(self, state: PageState) -> Any:
        """Does the action in the workspace."""
        self.check_user(state)
        if not state.environment.slack.world.is_up:
            raise NotShown("Slack is down")
        return await self.act(state.environment.slack)

    async def act(self, slack: Workspace) -> Any:
        """Does the action and returns its result."""
        raise NotImplementedError


class Say(SlackAction):
    """Posts a message, in a thread if one is given."""

    NAME: ClassVar[str] = "say"
    channel: str = ID
    text: str = Field(max_length=MOST_TYPED)
    thread: str | None = None
    broadcast: bool = False
    files: list[str] = Field(default_factory=list, max_length=10)

    async def act(self, slack: Workspace) -> Any:
        """Returns the timestamp."""
        if not self.text.strip() and not self.files:
            raise NotShown("there is nothing to send")
        if any(file not in slack.world.store.files for file in self.files):
            raise NotShown("there is no such file")
        return await slack.say(
            self.user,
            self.channel,
            self.text.strip() or None,
            thread_ts=self.thread,
            broadcast=self.broadcast,
            files=self.files or None,
        )


class Edit(SlackAction):
    """Edits one of the user's own messages."""

    NAME: ClassVar[str] = "edit"
    channel: str = ID
    ts: str = ID
    text: str = Field(min_length=1, max_length=MOST_TYPED)

    async def act(self, slack: Workspace) -> Any:
        """Returns nothing."""
        await slack.edit(self.user, self.channel, self.ts, self.text)


class Delete(SlackAction):
    """Deletes a message."""

    NAME: ClassVar[str] = "delete"
    channel: str = ID
    ts: str = ID

    async def act(self, slack: Workspace) -> Any:
        """Returns nothing."""
        await slack.delete(self.user, self.channel, self.ts)


class Slash(SlackAction):
    """Runs the app's command."""

    NAME: ClassVar[str] = "slash"
    channel: str = ID
    text: str = Field(max_length=MOST_TYPED)

    async def act(self, slack: Workspace) -> Any:
        """Returns the result."""
        return interaction_result(await slack.slash(self.user, self.channel, "/sms", self.text))


class Click(SlackAction):
    """Uses a button or a menu of a message."""

    NAME: ClassVar[str] = "click"
    channel: str = ID
    ts: str = ID
    action: str = ID
    block: str | None = None
    value: Any = None

    async def act(self, slack: Workspace) -> Any:
        """Returns the result."""
        used = await slack.click(self.user, self.channel, self.ts, self.action, value=self.value, block_id=self.block)
        return interaction_result(used)


class Fill(SlackAction):
    """Enters a value in the modal that the app does not get yet."""

    NAME: ClassVar[str] = "fill"
    action: str = ID
    block: str | None = None
    value: Any = None

    async def act(self, slack: Workspace) -> Any:
        """Returns nothing."""
        slack.fill(self.user, self.action, self.value, block_id=self.block)


class Press(SlackAction):
    """Uses an element of the modal or the Home tab that calls the app at once."""

    NAME: ClassVar[str] = "press"
    action: str = ID
    block: str | None = None
    value: Any = None
    home: bool = False

    async def act(self, slack: Workspace) -> Any:
        """Returns the result."""
        used = await slack.press(self.user, self.action, self.value, block_id=self.block, home=self.home)
        return interaction_result(used)


class Suggest(SlackAction):
    """Types into an external select."""

    NAME: ClassVar[str] = "suggest"
    action: str = ID
    text: str = Field(max_length=255)
    home: bool = False

    async def act(self, slack: Workspace) -> Any:
        """Returns the suggested options."""
        return await slack.suggest(self.user, self.action, self.text, home=self.home)


class Submit(SlackAction):
    """Submits the modal."""

    NAME: ClassVar[str] = "submit"

    async def act(self, slack: Workspace) -> Any:
        """Returns the result, with the errors by block id if there are any."""
        used = await slack.submit(self.user)
        answer = used.answer if isinstance(used.answer, dict) else {}
        return {**interaction_result(used), "errors": answer.get("errors") or {}}


class Close(SlackAction):
    """Closes the top modal, or all of them."""

    NAME: ClassVar[str] = "close"
    everything: bool = False

    async def act(self, slack: Workspace) -> Any:
        """Returns nothing."""
        await slack.close(self.user, everything=self.everything)


class OpenHome(SlackAction):
    """Opens the app's Home tab."""

    NAME: ClassVar[str] = "home"

    async def act(self, slack: Workspace) -> Any:
        """Returns nothing."""
        await slack.open_home(self.user)


class Upload(SlackAction):
    """Uploads a file, to be sent with a message or entered in a form."""

    NAME: ClassVar[str] = "upload"
    name: str = Field(min_length=1, max_length=255, pattern=r"^[^/\\\x00-\x1f]+$")
    content: str = Field(description="base64")
    mimetype: str = Field(default="", max_length=255)

    async def act(self, slack: Workspace) -> Any:
        """Returns the file's id."""
        try:
            content = base64.b64decode(self.content, validate=True)
        except binascii.Error as error:
            raise NotShown("the file cannot be read") from error
        return slack.add_file(self.user, self.name, content, mimetype=self.mimetype)


def interaction_result(used: InteractionResult) -> dict[str, Any]:
    """Returns the page's view of an interaction's result."""
    return {"error": used.error}


ALL: tuple[type[Action], ...] = (
    Say, Edit, Delete, Slash, Click, Fill, Press, Suggest, Submit, Close, OpenHome, Upload,
)  # fmt: skip
