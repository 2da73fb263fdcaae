"""Who somebody in Slack is, and what the names in a message are: asked of Slack once, then kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.slack.client.api import SlackRefused
from bot.text import decode
from bot.text.mrkdwn import unescape
from storage.engine.clock import HOUR, MINUTE
from storage.tables import users

if TYPE_CHECKING:
    from bot.settings.model import Inbox
    from bot.slack.client.api import SlackApi
    from storage.engine.database import Database
    from storage.tables.identity import Identity
    from storage.tables.messages import Message
    from storage.tables.users import Person

FRESH = HOUR  # how long Slack's word is good

GROUP_FRESH = 5 * MINUTE
NOT_ALLOWED = "Not sent: only full members of this workspace can text from here."
NOT_A_MEMBER = "Not sent: you are not one of those who text from this inbox. An admin of threadline can add you."
ONLY_ADMINS = "Only an admin of threadline can do that."
NO_ADMINS = "Nobody can do that in Slack until the operator names admins, in the setting `admins`."


class Users:
    """The users, channels and user groups of one workspace.

    Attributes:
        us: the bot's own user id.
    """

    def __init__(self, database: Database, slack: SlackApi, who: Identity) -> None:
        self.us = who.bot_user
        self._database = database
        self._slack = slack
        self._team = who.team
        self._channels: dict[str, str] = {}
        self._usergroups: dict[str, str] = {}
        self._group_users: dict[str, tuple[int, list[str]]] = {}  # since when (microseconds UTC), and who

    async def may_text(self, user: str | None, inbox: Inbox) -> str | None:
        """Why the user may not text from the inbox, as a sentence; None if they may.

        Args:
            user: None for a text of our own, like the confirmation of an opt-out.
            inbox: from where.

        Raises:
            bot.slack.client.api.SlackError: Slack has to be asked and does not answer.
        """
        if user is None:
            return None
        if not (await self.person(user)).is_member:
            return NOT_ALLOWED
        return None if not inbox.members or await self._is_among(user, inbox.members) else NOT_A_MEMBER

    async def is_admin(self, user: str, admins: list[str]) -> bool:
        """Whether the user may opt contacts out and in."""
        return (await self.person(user)).is_member and await self._is_among(user, admins)

    async def may_erase(self, user: str, admins: list[str]) -> str | None:
        """Why the user may not export and erase contacts, as a sentence; None if they may.

        An empty list lets nobody: what is erased does not come back, and an export is of every inbox.
        """
        if not admins:
            return NO_ADMINS
        return None if await self.is_admin(user, admins) else ONLY_ADMINS

    async def _is_among(self, user: str, listed: list[str]) -> bool:
        """Whether the list (of users and user groups; empty: everybody) has the user."""
        if not listed or user in listed:
            return True
        for group in (each for each in listed if each.startswith("S")):
            if user in await self._users_of(group):
                return True
        return False

    async def _users_of(self, group: str) -> list[str]:
        known = self._group_users.get(group)
        if known is None or known[0] < self._database.clock() - GROUP_FRESH:
            answer = await self._slack.call("usergroups.users.list", usergroup=group)
            known = self._group_users[group] = (self._database.clock(), answer["users"])
        return known[1]

    async def names_in(self, message: Message) -> decode.Names:
        """The names that decoding the message needs."""
        return decode.Names({}, {}, {}) if message.typed is None else await self.names_for(json.loads(message.typed))

    async def names_for(self, typed: dict[str, Any]) -> decode.Names:
        """The names that decoding a Slack message needs."""
        mentioned = decode.mentioned(typed)
        return decode.Names(
            {user: (await self.person(user)).name for user in mentioned.users},
            {channel: await self._channel(channel) for channel in mentioned.channels},
            {group: await self._usergroup(group) for group in mentioned.usergroups},
        )

    async def person(self, user: str) -> Person:
        """The user, as Slack describes them now or did within the last hour."""
        reader = self._database.reader
        known = await users.find(reader, self._team, user)
        if known is not None and known.seen_at > self._database.clock() - FRESH:
            return known
        answer = await self._slack.call("users.info", user=user)
        person = _person(self._team, answer["user"], self._database.clock())
        async with self._database.transaction() as tx:
            await users.remember(tx, person)
        return person

    async def _channel(self, channel: str) -> str:
        if channel not in self._channels:
            try:
                answer = await self._slack.call("conversations.info", channel=channel)
            except SlackRefused:
                return "a private channel"  # one that we are not in
            self._channels[channel] = answer["channel"]["name"]
        return self._channels[channel]

    async def _usergroup(self, group: str) -> str:
        if group not in self._usergroups:
            try:
                answer = await self._slack.call("usergroups.list", include_disabled=True)
            except SlackRefused:
                return "a group"  # the scope is optional
            self._usergroups = {each["id"]: each["handle"] for each in answer["usergroups"]}
        return self._usergroups.get(group, "a group")


def reason(refusal: str) -> str:
    """Why somebody may not text, where nothing was about to be sent."""
    sentence = refusal.removeprefix("Not sent: ")
    return sentence[:1].upper() + sentence[1:]


def _person(team: str, user: dict[str, Any], now: int) -> Person:
    """Slack's user object as our row (docs.slack.dev, user object)."""
    profile = user.get("profile", {})
    return users.Person(
        team=team,
        id=user["id"],
        name=unescape(profile.get("display_name") or profile.get("real_name") or user.get("name", "")),
        bot=int(bool(user.get("is_bot"))),
        guest=int(bool(user.get("is_restricted") or user.get("is_ultra_restricted"))),
        stranger=int(bool(user.get("is_stranger")) or user.get("team_id", team) != team),
        removed=int(bool(user.get("deleted"))),
        seen_at=now,
        time_zone=user.get("tz"),
    )
