"""Who may use `/sms`: members by name and by user group, guests, strangers, people of other inboxes, admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.slack.errors import NotShown
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

COMMANDS = [
    "+61488023777 Hello",
    "+61488023777 #ready",
    "find anna",
    "open +61488023777",
    "leases",
    "senders",
    "route +61488023777 Hello",
    "status",
    "templates",
    "templates add ready Hello",
    "templates remove ready",
    "template ready +61488023777",
    "optout +61488023777",
    "optin +61488023777",
    "export +61488023777",
    "erase +61488023777",
    "help",
]
FULL = "full members of this workspace"
ONE_OF = "have permission to text from this inbox"
ADMINS = "Only an admin"


class Divided(Team):
    """A team where Anna may text from support by name, Cleo by user group and as an admin, and Ben only from sales."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cleo = self.slack.add_user("cleo")
        self.guest = self.slack.add_user("gus", guest=True)
        self.group = self.slack.add_group("support-team", [self.cleo, self.guest])
        self._adapt = self._divide

    def _divide(self, settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"]["members"] = [self.anna, self.group]
        settings["inboxes"]["sales"]["members"] = [self.ben]
        settings["inboxes"]["london"]["members"] = [self.anna]
        settings["inboxes"]["boston"]["members"] = [self.anna]
        settings["admins"] = [self.group]

    async def says(self, user: str, text: str, channel: str = "support") -> str:
        """Returns the immediate answer to the user."""
        used = await self.slack.slash(user, self.channels.get(channel, channel), "/sms", text)
        assert not used.error
        return str(used.posts[0]["text"])

    def taken_in(self) -> int:
        """Returns the number of intake rows that commands made."""
        (row,) = self.rows("SELECT count(*) AS n FROM intake WHERE source = 'slack' AND kind <> 'reply'")
        return int(row["n"])


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Divided]:
    """A team in which not everybody may do everything."""
    async with Divided(tmp_path) as team:
        yield team


async def test_a_guest_may_use_nothing(team: Divided) -> None:
    """The bot refuses every subcommand in private, even if the user group contains the guest."""
    for command in COMMANDS:
        assert FULL in await team.says(team.guest, command)
    assert team.taken_in() == 0
    assert not team.slack.see(team.support)


async def test_a_member_of_another_inbox_may_use_nothing_here(team: Divided) -> None:
    """Ben texts from sales: the bot refuses him privately in support's channel, and not in his own."""
    for command in COMMANDS:
        assert ONE_OF in await team.says(team.ben, command)
    assert team.taken_in() == 0
    assert "`denver`" in await team.says(team.ben, "senders", "sales")
    assert not team.slack.see(team.support)


async def test_members_by_name_and_by_group(team: Divided) -> None:
    """A listed user and a member of a listed user group can both text."""
    assert "Texting" in await team.says(team.anna, f"{CUSTOMER} One")
    assert "Texting" in await team.says(team.cleo, f"{CUSTOMER} Two")
    assert await team.received(CUSTOMER, 2) == ["One", "Two"]


async def test_strangers_do_not_see_the_command(team: Divided) -> None:
    """People of another organisation in a shared channel have no `/sms` at all."""
    shared = team.slack.add_channel("shared", shared=True)
    stranger = team.slack.add_user("zoe", stranger=True)
    with pytest.raises(NotShown):
        await team.slack.slash(stranger, shared, "/sms", "status")


async def test_elsewhere_the_first_inbox_that_is_theirs(team: Divided) -> None:
    """In a channel without an inbox, each user gets the answer for an inbox that they may text from."""
    lobby = team.slack.add_channel("lobby")
    assert "`denver`" in await team.says(team.ben, "senders", lobby)
    assert "`sydney`" in await team.says(team.anna, "senders", lobby)
    assert FULL in await team.says(team.guest, "senders", lobby)


async def test_find_shows_only_what_is_theirs(team: Divided) -> None:
    """Members of support find a contact of support; other users find it from nowhere."""
    await team.conversation()
    assert "/archives/" in await team.says(team.anna, "find 488")
    assert "No conversation matches" in await team.says(team.ben, "find 488", "sales")
    assert "support" not in await team.says(team.ben, "status", "sales")


async def test_only_admins_opt_out_and_in(team: Divided) -> None:
    """The bot refuses a member who is not an admin; the evidence names the admin of the user group."""
    await team.conversation()
    assert ADMINS in await team.says(team.anna, f"optout {CUSTOMER}")
    assert ADMINS in await team.says(team.anna, f"optin {CUSTOMER}")
    assert team.rows("SELECT * FROM suppressions") == []
    assert "Noted" in await team.says(team.cleo, f"optout {CUSTOMER}")
    await team.quiet()
    assert [row["evidence"] for row in team.rows("SELECT evidence FROM suppressions")] == [team.cleo]


async def test_who_may_is_asked_of_slack_once(team: Divided) -> None:
    """A second command within the hour makes no such call to Slack, so that the answer comes at once."""
    await team.says(team.cleo, "status")
    before = [call.method for call in team.slack.calls]
    await team.says(team.cleo, "status")
    asked = [call.method for call in team.slack.calls][len(before) :]
    assert not {"users.info", "usergroups.users.list"} & set(asked)
