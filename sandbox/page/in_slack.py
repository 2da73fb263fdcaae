"""What a member of the team does in the workspace."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from sandbox.page.actions import ID, MOST_TYPED, Action
from sandbox.slack.errors import NotShown

if TYPE_CHECKING:
    from sandbox.page.desk import Desk
    from sandbox.slack import Workspace
    from sandbox.slack.people.using import Used


class InSlack(Action):
    """Something in the workspace; nobody can do anything while Slack is down."""

    async def do(self, desk: Desk) -> Any:
        """Does it in the workspace."""
        self.check_user(desk)
        if not desk.scene.slack.world.is_up:
            raise NotShown("Slack is down")
        return await self.act(desk.scene.slack)

    async def act(self, slack: Workspace) -> Any:
        """What is done."""
        raise NotImplementedError


class Say(InSlack):
    """Writes a message, in a thread where one is named."""

    NAME: ClassVar[str] = "say"
    channel: str = ID
    text: str = Field(max_length=MOST_TYPED)
    thread: str | None = None
    broadcast: bool = False
    files: list[str] = Field(default_factory=list, max_length=10)

    async def act(self, slack: Workspace) -> Any:
        """The timestamp."""
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


class Edit(InSlack):
    """Changes a message of their own."""

    NAME: ClassVar[str] = "edit"
    channel: str = ID
    ts: str = ID
    text: str = Field(min_length=1, max_length=MOST_TYPED)

    async def act(self, slack: Workspace) -> Any:
        """Nothing."""
        await slack.edit(self.user, self.channel, self.ts, self.text)


class Delete(InSlack):
    """Takes a message away."""

    NAME: ClassVar[str] = "delete"
    channel: str = ID
    ts: str = ID

    async def act(self, slack: Workspace) -> Any:
        """Nothing."""
        await slack.delete(self.user, self.channel, self.ts)


class Slash(InSlack):
    """Runs the app's command."""

    NAME: ClassVar[str] = "slash"
    channel: str = ID
    text: str = Field(max_length=MOST_TYPED)

    async def act(self, slack: Workspace) -> Any:
        """What came of it."""
        return told(await slack.slash(self.user, self.channel, "/sms", self.text))


class Click(InSlack):
    """Uses a button or a menu of a message."""

    NAME: ClassVar[str] = "click"
    channel: str = ID
    ts: str = ID
    action: str = ID
    block: str | None = None
    value: Any = None

    async def act(self, slack: Workspace) -> Any:
        """What came of it."""
        used = await slack.click(self.user, self.channel, self.ts, self.action, value=self.value, block_id=self.block)
        return told(used)


class Fill(InSlack):
    """Enters something into the modal that the app does not hear of yet."""

    NAME: ClassVar[str] = "fill"
    action: str = ID
    block: str | None = None
    value: Any = None

    async def act(self, slack: Workspace) -> Any:
        """Nothing."""
        slack.fill(self.user, self.action, self.value, block_id=self.block)


class Press(InSlack):
    """Uses an element of the modal or the Home tab, of which the app hears at once."""

    NAME: ClassVar[str] = "press"
    action: str = ID
    block: str | None = None
    value: Any = None
    home: bool = False

    async def act(self, slack: Workspace) -> Any:
        """What came of it."""
        used = await slack.press(self.user, self.action, self.value, block_id=self.block, home=self.home)
        return told(used)


class Suggest(InSlack):
    """Types into an external select."""

    NAME: ClassVar[str] = "suggest"
    action: str = ID
    text: str = Field(max_length=255)
    home: bool = False

    async def act(self, slack: Workspace) -> Any:
        """The options."""
        return await slack.suggest(self.user, self.action, self.text, home=self.home)


class Submit(InSlack):
    """Submits the modal."""

    NAME: ClassVar[str] = "submit"

    async def act(self, slack: Workspace) -> Any:
        """What came of it, with the errors by block id where there are some."""
        used = await slack.submit(self.user)
        answer = used.answer if isinstance(used.answer, dict) else {}
        return {**told(used), "errors": answer.get("errors") or {}}


class Close(InSlack):
    """Closes the modal on top, or all of them."""

    NAME: ClassVar[str] = "close"
    everything: bool = False

    async def act(self, slack: Workspace) -> Any:
        """Nothing."""
        await slack.close(self.user, everything=self.everything)


class OpenHome(InSlack):
    """Opens the app's Home tab."""

    NAME: ClassVar[str] = "home"

    async def act(self, slack: Workspace) -> Any:
        """Nothing."""
        await slack.open_home(self.user)


class Upload(InSlack):
    """Picks a file, to be sent with a message or entered into a form."""

    NAME: ClassVar[str] = "upload"
    name: str = Field(min_length=1, max_length=255, pattern=r"^[^/\\\x00-\x1f]+$")
    content: str = Field(description="base64")
    mimetype: str = Field(default="", max_length=255)

    async def act(self, slack: Workspace) -> Any:
        """The id."""
        try:
            content = base64.b64decode(self.content, validate=True)
        except binascii.Error as error:
            raise NotShown("the file is not readable") from error
        return slack.add_file(self.user, self.name, content, mimetype=self.mimetype)


def told(used: Used) -> dict[str, Any]:
    """What the person is told of what came of a command or a click."""
    return {"error": used.error}


ALL: tuple[type[Action], ...] = (
    Say, Edit, Delete, Slash, Click, Fill, Press, Suggest, Submit, Close, OpenHome, Upload,
)  # fmt: skip
