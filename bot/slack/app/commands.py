"""`/sms`: what a person may write behind it. What shows answers at once; what decides is in the intake before that."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from bot.conversations import entries
from bot.conversations.decisions import Stop
from bot.conversations.entries import Command, OpenThread, OptIn, OptOut, TemplateChange
from bot.sending.routing import ONE_WAY, one_way
from bot.slack.app.slash_replies import say
from bot.slack.client.api import SlackError
from bot.slack.client.users import ONLY_ADMINS
from bot.slack.views.blocks import Marked, fill, joined
from bot.slack.views.help import help_text
from bot.text import templates
from bot.text.parse_number import read_number, read_texting, spell, unlinked
from bot.text.templates import CannotFill
from sms.address import NotAnAddress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.conversations.entries import Content
    from bot.sending.decide import Decider
    from bot.settings.model import Inbox
    from bot.slack.app.background import BackgroundTasks
    from bot.slack.app.compose import Compose
    from bot.slack.app.rights import Rights
    from bot.slack.app.slash_replies import SlashReplies
    from bot.slack.client.workspace import Workspace
    from bot.slack.views.blocks import Rendered
    from sms.address import Address

SOON = 2.0  # seconds; Slack waits for three
_WAIT = "One moment: the answer comes here."
_NOBODY = "Slack did not say who you are. Nothing was done; try again in a moment."
_BUSY = "The database is busy. Nothing was done; try again in a moment."
_TEMPLATE = re.compile("#([a-z][a-z0-9_-]{0,39})", re.IGNORECASE)

log = structlog.get_logger("commands")


class Refusal(Exception):
    """It is not done. The message is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One use of the command."""

    user: str
    inbox: str  # of the channel, else the first that the person may text from
    inboxes: list[str]  # all of those
    words: str = field(repr=False)  # without the subcommand
    body: dict[str, Any] = field(repr=False)  # as Slack sent it

    @property
    def response_url(self) -> str:
        """Takes the answer for half an hour."""
        return str(self.body["response_url"])


class Commands:
    """The command of one workspace.

    Args:
        workspace: the workspace.
        decider: checks a text before it is stored.
        replies: what `/sms` shows.
        rights: exports and erases.
        compose: the modal that the bare command opens.
        tasks: keep what takes longer.
    """

    def __init__(
        self,
        workspace: Workspace,
        decider: Decider,
        replies: SlashReplies,
        rights: Rights,
        compose: Compose,
        tasks: BackgroundTasks,
    ) -> None:
        self._appender = workspace.appender
        self._settings = workspace.settings
        self._users = workspace.users
        self._slack = workspace.slack
        self._team = workspace.team
        self._decider = decider
        self._replies = replies
        self._rights = rights
        self._compose = compose
        self._tasks = tasks
        self._commands: dict[str, Callable[[Invocation], Awaitable[Rendered]]] = {
            "find": self._find,
            "open": self._open,
            "leases": self._leases,
            "senders": self._senders,
            "route": self._route,
            "status": self._status,
            "templates": self._templates,
            "template": self._template,
            "optout": self._opt_out,
            "optin": self._opt_in,
            "export": self._export,
            "erase": self._erase,
            "help": self._help,
        }

    async def take(self, body: dict[str, Any]) -> Rendered | None:
        """Does what the command says and returns the private answer, within Slack's patience; None: there is none."""
        said = unlinked((body.get("text") or "").strip())
        if not said:
            self._compose.open(body["user_id"], body["trigger_id"], body["channel_id"], body["response_url"])
            return None
        work = asyncio.create_task(self._answer(body, said))
        await asyncio.wait([work], timeout=SOON)
        if work.done():
            return work.result()
        self._tasks.start(self._follow(work, body["response_url"]))
        return say(_WAIT)

    async def _follow(self, work: asyncio.Task[Rendered], response_url: str) -> None:
        shown = await work
        await self._slack.respond(response_url, shown.text, shown.blocks)

    async def _answer(self, body: dict[str, Any], said: str) -> Rendered:
        word, rest = [*said.split(maxsplit=1), ""][:2]
        command = self._commands.get(word.lower())
        try:
            if command is None and word.isalpha():
                raise Refusal(f"There is no `/sms {word}`. `/sms help` shows what there is.")
            asked = await self._asked(body, said if command is None else rest)
            return await (command or self._text)(asked)
        except NotAnAddress as error:
            nothing = "Nothing was sent. " if command is None else ""
            return say(f"{nothing}{error} `/sms help` shows how it goes.")
        except (Refusal, CannotFill) as error:
            sentence = str(error) if command is None else str(error).removeprefix("Not sent: ")
            return say(sentence[:1].upper() + sentence[1:])
        except SlackError:
            return say(_NOBODY)
        except sqlite3.OperationalError as error:
            log.error("a command could not be stored", error=str(error))
            return say(_BUSY)

    async def _asked(self, body: dict[str, Any], words: str) -> Invocation:
        """The command, if the person may text from where they are; elsewhere, if they may text from anywhere."""
        user, inboxes = body["user_id"], self._settings.inboxes
        refusals = {name: await self._users.may_text(user, inbox) for name, inbox in inboxes.items()}
        allowed = [name for name, refusal in refusals.items() if refusal is None]
        here = self._settings.inbox_by_channel.get(body["channel_id"]) or next(iter([*allowed, *inboxes]))
        refusal = refusals[here]
        if refusal is not None:
            raise Refusal(refusal)
        return Invocation(user, here, allowed, words, body)

    # --- what decides -------------------------------------------------------------------------------------------------

    async def _text(self, asked: Invocation) -> Rendered:
        """`<number> <text>`, also with a template's name in place of the text."""
        texting = read_texting(asked.words, self._inbox(asked).default_region)
        named = _TEMPLATE.fullmatch(texting.text)
        text = texting.text if named is None else await self._filled(asked, named[1], texting.to)
        return await self._send(asked, texting.to, text)

    async def _template(self, asked: Invocation) -> Rendered:
        """`template <name> <number>`."""
        name, number = [*asked.words.split(maxsplit=1), "", ""][:2]
        to = read_number(number, self._inbox(asked).default_region)
        return await self._send(asked, to, await self._filled(asked, name.removeprefix("#"), to))

    async def _send(self, asked: Invocation, to: Address, text: str) -> Rendered:
        route = await self._decider.would_send(asked.inbox, to, text)
        if isinstance(route, Stop):
            return say(route.sentence)
        await self._store(asked, Command(str(to), text, asked.inbox, asked.user, asked.response_url))
        where = self._channel(asked)
        told = fill("Texting {who}. The conversation is in {where}.", who=spell(to), where=where)
        return say(joined(" ", [told, ONE_WAY if one_way(route.address) else ""]))

    async def _filled(self, asked: Invocation, name: str, to: Address) -> str:
        template = await self._replies.template_named(asked.inbox, name.lower())
        if template is None:
            raise Refusal(f"Not sent: this inbox has no template `#{name}`. `/sms templates` lists them.")
        agent = (await self._users.person(asked.user)).name
        contact = await self._replies.contact_name(to)
        try:
            return templates.fill(template.text, templates.values(contact, spell(to), agent))
        except CannotFill as error:
            raise Refusal(f"Not sent: {error}") from None

    async def _open(self, asked: Invocation) -> Rendered:
        to = read_number(asked.words, self._inbox(asked).default_region)
        await self._store(asked, OpenThread(str(to), asked.inbox, asked.user, asked.response_url))
        where = self._channel(asked)
        return say(fill("Opening the thread of {who} in {where}. Nothing is texted.", who=spell(to), where=where))

    async def _opt_out(self, asked: Invocation) -> Rendered:
        to = await self._decided_about(asked)
        if await self._replies.opted_out_since(to) is not None:
            return say(f"{spell(to)} has opted out already.")
        await self._store(asked, OptOut(str(to), asked.user))
        return say(f"Noted: nothing is texted to {spell(to)} any more, from any sender, until they text START.")

    async def _opt_in(self, asked: Invocation) -> Rendered:
        to = await self._decided_about(asked)
        if await self._replies.opted_out_since(to) is None:
            return say(f"{spell(to)} has not opted out.")
        await self._store(asked, OptIn(str(to), asked.user))
        return say(f"Noted: {spell(to)} can be texted again.")

    async def _decided_about(self, asked: Invocation) -> Address:
        if not await self._users.is_admin(asked.user, self._settings.admins):
            raise Refusal(ONLY_ADMINS)
        return read_number(asked.words, self._inbox(asked).default_region)

    async def _export(self, asked: Invocation) -> Rendered:
        to = await self._owned_by(asked)
        return await self._rights.export(asked.user, to, self._key(asked))

    async def _erase(self, asked: Invocation) -> Rendered:
        return await self._rights.erase(await self._owned_by(asked))

    async def _owned_by(self, asked: Invocation) -> Address:
        """Whose data it is about, if the person may have it erased and exported."""
        refusal = await self._users.may_erase(asked.user, self._settings.admins)
        if refusal is not None:
            raise Refusal(refusal)
        return read_number(asked.words, self._inbox(asked).default_region)

    async def _templates(self, asked: Invocation) -> Rendered:
        """`templates`, `templates show <name>`, `templates add <name> <text>`, `templates remove <name>`."""
        what, name, text = re.fullmatch(r"(\S*)\s*(\S*)\s*(.*)", asked.words, re.DOTALL).groups()  # type: ignore[union-attr]  # it matches every text
        name = name.removeprefix("#").lower()
        if not what or what.lower() == "list":
            return await self._replies.templates(asked.inbox)
        if what.lower() == "add":
            return await self._add_template(asked, name, text)
        if what.lower() not in {"show", "remove"}:
            raise Refusal("It is `/sms templates`, or `templates add <name> <text>`, `show <name>`, `remove <name>`.")
        found = await self._replies.template_named(asked.inbox, name)
        if found is None:
            raise Refusal(f"This inbox has no template `#{name}`. `/sms templates` lists them.")
        if what.lower() == "show":
            return self._replies.template(found)
        await self._store(asked, TemplateChange(name, None, asked.inbox, asked.user))
        return say(f"The template `#{name}` is removed.")

    async def _add_template(self, asked: Invocation, name: str, text: str) -> Rendered:
        templates.check(name, text)
        before = await self._replies.template_named(asked.inbox, name)
        await self._store(asked, TemplateChange(name, text, asked.inbox, asked.user))
        done = "kept" if before is None else "kept in place of the one before"
        return say(f"The template is {done}. `/sms <number> #{name}` texts it.")

    async def _store(self, asked: Invocation, content: Content) -> None:
        kept = {name: value for name, value in asked.body.items() if name not in {"token", "response_url"}}
        body = json.dumps(kept).encode()
        await self._appender.append(entries.arrival("slack", content, self._key(asked), body=body))

    def _key(self, asked: Invocation) -> str:
        """In the intake, where the same use of the command is one row."""
        return f"{self._team}:command:{asked.body['trigger_id']}"

    # --- what only shows ----------------------------------------------------------------------------------------------

    async def _find(self, asked: Invocation) -> Rendered:
        if not asked.words:
            raise Refusal("Write a part of a name or of a number behind it: `/sms find anna`.")
        return await self._replies.find(asked.inboxes, asked.words)

    async def _leases(self, asked: Invocation) -> Rendered:
        return await self._replies.leases(asked.inboxes)

    async def _senders(self, asked: Invocation) -> Rendered:
        return self._replies.senders(asked.inbox)

    async def _route(self, asked: Invocation) -> Rendered:
        texting = read_texting(asked.words, self._inbox(asked).default_region)
        return await self._replies.route(asked.inbox, texting.to, texting.text)

    async def _status(self, asked: Invocation) -> Rendered:
        return await self._replies.status(asked.inboxes)

    async def _help(self, asked: Invocation) -> Rendered:
        return help_text(self._inbox(asked).reply_mode)

    # --- where --------------------------------------------------------------------------------------------------------

    def _inbox(self, asked: Invocation) -> Inbox:
        return self._settings.inboxes[asked.inbox]

    def _channel(self, asked: Invocation) -> Marked:
        return Marked(f"<#{self._inbox(asked).channel}>")
