"""The users, channels and user groups in Slack: their names and rights. We ask Slack once, then use its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog

from bot.slack.client.api import SlackRefused
from bot.text import decode
from bot.text.mrkdwn import unescape
from storage.engine.clock import HOUR, MINUTE
from storage.tables import users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings.model import Inbox
    from bot.slack.client.api import SlackApi
    from storage.engine.database import Database
    from storage.tables.identity import Identity
    from storage.tables.messages import Message
    from storage.tables.users import Person

SLACKBOT = "USLACKBOT"  # Slack's own user, which is no bot by its user object
_NOT_SHOWN = {"user_not_found", "user_not_visible", "users_not_found", "user_disabled"}
FRESH = HOUR  # how long we use what Slack said

GROUP_FRESH = 5 * MINUTE
NOT_ALLOWED = "Not sent: only full members of this workspace can text from here."
NOT_A_MEMBER = "Not sent: you don't have permission to text from this inbox. An admin of threadline can add you."
UNCLEAR = "Not sent: Slack doesn't show the app who wrote this, so it can't check that they may text. Ask a colleague."
UNCLEAR_CODE = (
    "Not sent: Slack doesn't tell the app who may text from here ({code}). Ask the operator to run `threadline doctor`."
)
ONLY_ADMINS = "Only an admin of threadline can do that."
NO_ADMINS = "Nobody can do that in Slack until the operator lists admins in the setting `admins`."


log = structlog.get_logger("users")


class Unclear(str):
    """A refusal because Slack does not say who somebody is, so that nobody can tell them privately."""

    __slots__ = ()


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
        self._group_users: dict[str, tuple[int, list[str]]] = {}  # when we asked (microseconds UTC), and the users

    async def may_text(self, user: str | None, inbox: Inbox) -> str | None:
        """Returns a sentence if the user may not text from the inbox, else None; `Unclear` if Slack refuses to say.

        Args:
            user: a Slack user id; None for an automatic text, such as the confirmation of an opt-out.
            inbox: the inbox.

        Raises:
            bot.slack.client.api.SlackError: Slack does not answer.
        """
        if user is None:
            return None
        try:
            if not (await self.person(user)).is_member:
                return NOT_ALLOWED
            return None if await self._is_among(user, inbox.members) else NOT_A_MEMBER
        except SlackRefused as error:
            return _unclear(error.code)

    async def is_admin(self, user: str, admins: list[str]) -> bool:
        """True if the user may opt contacts out and in; False too if Slack refuses to say who they are."""
        try:
            return (await self.person(user)).is_member and await self._is_among(user, admins)
        except SlackRefused as error:
            log.warning("Slack does not say who is an admin", reason=error.code)
            return False

    async def may_erase(self, user: str, admins: list[str]) -> str | None:
        """Returns a sentence if the user may not export and erase contacts, else None.

        An empty list allows nobody: an erasure is final, and an export covers every inbox.
        """
        if not admins:
            return NO_ADMINS
        return None if await self.is_admin(user, admins) else ONLY_ADMINS

    async def _is_among(self, user: str, listed: list[str]) -> bool:
        """True if the list of users and user groups has the user, or is empty."""
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
        """Returns the names that decoding the message needs."""
        return decode.Names({}, {}, {}) if message.typed is None else await self.names_for(json.loads(message.typed))

    async def names_for(self, typed: dict[str, Any]) -> decode.Names:
        """Returns the names that decoding a Slack message needs."""
        mentioned = decode.mentioned(typed)
        return decode.Names(
            {user: name for user in mentioned.users if (name := await self._name(user))},
            {channel: await self._channel(channel) for channel in mentioned.channels},
            {group: await self._usergroup(group) for group in mentioned.usergroups},
        )

    async def person(self, user: str) -> Person:
        """Returns the user, as Slack described them within the last hour."""
        reader = self._database.reader
        known = await users.find(reader, self._team, user)
        if known is not None and known.seen_at > self._database.clock() - FRESH:
            return known
        answer = await self._slack.call("users.info", user=user)
        person = _person(self._team, answer["user"], self._database.clock())
        async with self._database.transaction() as tx:
            await users.remember(tx, person)
        return person

    async def _name(self, user: str) -> str:
        """Returns the user's name, perhaps an older one; empty if Slack never showed it to the app."""
        try:
            return (await self.person(user)).name
        except SlackRefused:
            known = await users.find(self._database.reader, self._team, user)
            return "" if known is None else known.name

    async def _channel(self, channel: str) -> str:
        if channel not in self._channels:
            try:
                answer = await self._slack.call("conversations.info", channel=channel)
            except SlackRefused:
                return "a private channel"  # the app is not in it
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
    """Returns a refusal without "Not sent", for an action that sends no text."""
    sentence = refusal.removeprefix("Not sent: ")
    return sentence[:1].upper() + sentence[1:]


def _unclear(code: str) -> Unclear:
    log.warning("Slack does not say who may text", reason=code)
    return Unclear(UNCLEAR if code in _NOT_SHOWN else UNCLEAR_CODE.format(code=code))


def _person(team: str, user: dict[str, Any], now: int) -> Person:
    """Converts Slack's user object to our row (docs.slack.dev, user object)."""
    profile = user.get("profile", {})
    return users.Person(
        team=team,
        id=user["id"],
        name=unescape(profile.get("display_name") or profile.get("real_name") or user.get("name", "")),
        bot=int(_is_bot(user)),
        guest=int(bool(user.get("is_restricted") or user.get("is_ultra_restricted"))),
        stranger=int(_is_stranger(team, user)),
        removed=int(bool(user.get("deleted"))),
        seen_at=now,
        time_zone=user.get("tz"),
    )


def _is_bot(user: Mapping[str, Any]) -> bool:
    return user["id"] == SLACKBOT or any(user.get(flag) for flag in ("is_bot", "is_workflow_bot", "is_connector_bot"))


def _is_stranger(team: str, user: Mapping[str, Any]) -> bool:
    """True for somebody from elsewhere. A member of an Enterprise Grid may have another workspace as their home."""
    if team in ((user.get("enterprise_user") or {}).get("teams") or ()):
        return False
    return bool(user.get("is_stranger")) or user.get("team_id", team) != team
