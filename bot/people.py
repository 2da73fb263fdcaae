"""Who somebody in Slack is, and what the names in a message are: asked of Slack once, then kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot import decode
from bot.mrkdwn import unescape
from bot.slack_api import SlackRefused
from storage import people
from storage.clock import HOUR

if TYPE_CHECKING:
    from bot.slack_api import SlackApi
    from storage.database import Database
    from storage.messages import Message
    from storage.people import Person

FRESH = HOUR  # how long Slack's word is good

NOT_ALLOWED = "Not sent: only full members of this workspace can text from here."


class People:
    """The users, channels and user groups of one workspace."""

    def __init__(self, database: Database, slack: SlackApi, team: str) -> None:
        self._database = database
        self._slack = slack
        self._team = team
        self._channels: dict[str, str] = {}
        self._usergroups: dict[str, str] = {}

    async def author_of(self, message: Message) -> str | None:
        """Why the message's author may not text, as a sentence; None if they may.

        Raises:
            bot.slack_api.SlackError: Slack has to be asked and does not answer.
        """
        if message.author is None:
            return None  # a text of our own, like the confirmation of an opt-out
        person = await self.person(message.author)
        return None if person.is_member else NOT_ALLOWED

    async def names_in(self, message: Message) -> decode.Names:
        """The names that decoding the message needs."""
        if message.typed is None:
            return decode.Names({}, {}, {})
        mentioned = decode.mentioned(json.loads(message.typed))
        return decode.Names(
            {user: (await self.person(user)).name for user in mentioned.users},
            {channel: await self._channel(channel) for channel in mentioned.channels},
            {group: await self._usergroup(group) for group in mentioned.usergroups},
        )

    async def person(self, user: str) -> Person:
        """The user, as Slack describes them now or did within the last hour."""
        async with self._database.read() as reader:
            known = await people.find(reader, self._team, user)
        if known is not None and known.seen_at > self._database.clock() - FRESH:
            return known
        answer = await self._slack.call("users.info", user=user)
        person = _person(self._team, answer["user"], self._database.clock())
        async with self._database.transaction() as tx:
            await people.remember(tx, person)
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


def _person(team: str, user: dict[str, Any], now: int) -> Person:
    """Slack's user object as our row (docs.slack.dev, user object)."""
    profile = user.get("profile", {})
    return people.Person(
        team=team,
        id=user["id"],
        name=unescape(profile.get("display_name") or profile.get("real_name") or user.get("name", "")),
        bot=int(bool(user.get("is_bot"))),
        guest=int(bool(user.get("is_restricted") or user.get("is_ultra_restricted"))),
        stranger=int(bool(user.get("is_stranger")) or user.get("team_id", team) != team),
        removed=int(bool(user.get("deleted"))),
        seen_at=now,
    )
