"""The subcommands of `/sms`. A subcommand that changes something is in the intake before the answer."""

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
from bot.slack.app.short_codes import ShortCodes
from bot.slack.app.slash_replies import say
from bot.slack.client.api import SlackError
from bot.slack.client.users import ONLY_ADMINS
from bot.slack.views.blocks import Marked, fill, joined
from bot.slack.views.help import help_text
from bot.text import mrkdwn, templates
from bot.text.inline_text import CannotBeTexted, with_emoji
from bot.text.parse_number import read_number, read_texting, spell, unlinked
from bot.text.templates import CannotFill
from sms.address import NotAnAddress, ShortCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slack_bolt.async_app import AsyncApp

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
_WAIT = "One moment: the answer appears here."
_NOBODY = "Slack didn't say who you are. Nothing was done; try again in a moment."
_BUSY = "The database is busy. Nothing was done; try again in a moment."
_TEMPLATE = re.compile("#([a-z][a-z0-9_-]{0,39})", re.IGNORECASE)

log = structlog.get_logger("commands")


class Refusal(Exception):
    """The command is refused. The message is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One use of the command."""

    user: str
    inbox: str  # of the channel, else the first that the person may text from
    inboxes: list[str]  # all that the person may text from
    words: str = field(repr=False)  # without the subcommand
    body: dict[str, Any] = field(repr=False)  # as Slack sent it

    @property
    def response_url(self) -> str:
        """The URL for answers; it works for half an hour."""
        return str(self.body["response_url"])


class Commands:
    """The command of one workspace.

    Args:
        workspace: the workspace.
        decider: checks a text before it is stored.
        replies: builds the answers.
        rights: exports and erases.
        compose: the modal that the bare command opens.
        tasks: run the rest of a slow command.
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
        self._short_codes = ShortCodes(workspace, tasks)
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

    def listen(self, app: AsyncApp) -> None:
        """Takes the buttons below the command's answers."""
        self._short_codes.listen(app)

    async def run(self, body: dict[str, Any]) -> Rendered | None:
        """Runs a command and returns the private answer within Slack's timeout; None: the command opens a modal."""
        written = (body.get("text") or "").strip()
        if not written:
            self._compose.open(body["user_id"], body["trigger_id"], body["channel_id"], body["response_url"])
            return None
        work = asyncio.create_task(self._answer(body, written))
        await asyncio.wait([work], timeout=SOON)
        if work.done():
            return work.result()
        self._tasks.start(self._follow(work, body["response_url"]))
        return say(_WAIT)

    async def _follow(self, work: asyncio.Task[Rendered], response_url: str) -> None:
        shown = await work
        await self._slack.respond(response_url, shown.text, shown.blocks)

    async def _answer(self, body: dict[str, Any], raw: str) -> Rendered:
        command = None
        try:
            written = await self._resolved(raw)
            word, rest = [*written.split(maxsplit=1), ""][:2]
            command = self._commands.get(word.lower())
            if command is None and word.isalpha():
                raise Refusal(f"There is no `/sms {word}`. `/sms help` lists the commands.")
            asked = await self._asked(body, written if command is None else rest)
            return await (command or self._text)(asked)
        except NotAnAddress as error:
            nothing = "Nothing was sent. " if command is None else ""
            return say(f"{nothing}{error} `/sms help` shows examples.")
        except CannotBeTexted as error:
            return say(str(error))
        except (Refusal, CannotFill) as error:
            sentence = str(error) if command is None else str(error).removeprefix("Not sent: ")
            return say(sentence[:1].upper() + sentence[1:])
        except SlackError:
            return say(_NOBODY)
        except sqlite3.OperationalError as error:
            log.error("a command could not be stored", error=str(error))
            return say(_BUSY)

    async def _resolved(self, raw: str) -> str:
        """Returns the words as the person typed them: mentions as names, links with their address.

        Raises:
            CannotBeTexted: they notify colleagues, or mention somebody whose name is missing.
        """
        return unlinked(mrkdwn.resolved(raw, await self._users.names_for({"text": raw})))

    async def _asked(self, body: dict[str, Any], words: str) -> Invocation:
        """Returns the command. Refusal: the person may not text from this channel, or from any inbox elsewhere."""
        user, inboxes = body["user_id"], self._settings.inboxes
        refusals = {name: await self._users.may_text(user, inbox) for name, inbox in inboxes.items()}
        allowed = [name for name, refusal in refusals.items() if refusal is None]
        here = self._settings.inbox_by_channel.get(body["channel_id"]) or next(iter([*allowed, *inboxes]))
        refusal = refusals[here]
        if refusal is not None:
            raise Refusal(refusal)
        return Invocation(user, here, allowed, words, body)

    # --- commands that change something -------------------------------------------------------------------------------

    async def _text(self, asked: Invocation) -> Rendered:
        """Runs `<number> <text>` or `<number> #<template>`."""
        texting = read_texting(asked.words, self._inbox(asked).default_region)
        named = _TEMPLATE.fullmatch(texting.text)
        text = texting.text if named is None else await self._filled(asked, named[1], texting.to)
        return await self._send(asked, texting.to, text)

    async def _template(self, asked: Invocation) -> Rendered:
        """Runs `template <name> <number>`."""
        name, number = [*asked.words.split(maxsplit=1), "", ""][:2]
        to = read_number(number, self._inbox(asked).default_region)
        return await self._send(asked, to, await self._filled(asked, name.removeprefix("#"), to))

    async def _send(self, asked: Invocation, to: Address, text: str) -> Rendered:
        text = with_emoji(text)
        route = await self._decider.would_send(asked.inbox, to, text)
        if isinstance(route, Stop):
            return say(route.sentence)
        command = Command(str(to), text, asked.inbox, asked.user, asked.response_url)
        if isinstance(to, ShortCode):
            return self._short_codes.ask(command, self._key(asked))
        await self._store(asked, command)
        where = self._channel(asked)
        sentence = fill("Texting {who}. The conversation is in {where}.", who=spell(to), where=where)
        return say(joined(" ", [sentence, ONE_WAY if one_way(route.address) else ""]))

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
        return say(fill("Opening the thread of {who} in {where}. This sends no text.", who=spell(to), where=where))

    async def _opt_out(self, asked: Invocation) -> Rendered:
        to = await self._decided_about(asked)
        if await self._replies.opted_out_since(to) is not None:
            return say(f"{spell(to)} opted out already.")
        await self._store(asked, OptOut(str(to), asked.user))
        return say(f"Noted: nobody can text {spell(to)} from any sender, until they text START.")

    async def _opt_in(self, asked: Invocation) -> Rendered:
        to = await self._decided_about(asked)
        if await self._replies.opted_out_since(to) is None:
            return say(f"{spell(to)} hasn't opted out.")
        await self._store(asked, OptIn(str(to), asked.user))
        return say(f"Noted: you can text {spell(to)} again.")

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
        """Returns the address in a command that erases or exports. Refusal: the person may not do that."""
        refusal = await self._users.may_erase(asked.user, self._settings.admins)
        if refusal is not None:
            raise Refusal(refusal)
        return read_number(asked.words, self._inbox(asked).default_region)

    async def _templates(self, asked: Invocation) -> Rendered:
        """Runs `templates`, `templates show <name>`, `templates add <name> <text>`, `templates remove <name>`."""
        what, name, text = re.fullmatch(r"(\S*)\s*(\S*)\s*(.*)", asked.words, re.DOTALL).groups()  # type: ignore[union-attr]  # it matches every text
        name = name.removeprefix("#").lower()
        if not what or what.lower() == "list":
            return await self._replies.templates(asked.inbox)
        if what.lower() == "add":
            return await self._add_template(asked, name, text)
        if what.lower() not in {"show", "remove"}:
            raise Refusal("Write `/sms templates`, or behind it `add <name> <text>`, `show <name>` or `remove <name>`.")
        found = await self._replies.template_named(asked.inbox, name)
        if found is None:
            raise Refusal(f"This inbox has no template `#{name}`. `/sms templates` lists them.")
        if what.lower() == "show":
            return self._replies.template(found)
        await self._store(asked, TemplateChange(name, None, asked.inbox, asked.user))
        return say(f"The template `#{name}` is gone.")

    async def _add_template(self, asked: Invocation, name: str, text: str) -> Rendered:
        templates.check(name, text)
        before = await self._replies.template_named(asked.inbox, name)
        await self._store(asked, TemplateChange(name, text, asked.inbox, asked.user))
        done = "saved" if before is None else "saved in place of the old one"
        return say(f"The template is {done}. `/sms <number> #{name}` texts it.")

    async def _store(self, asked: Invocation, content: Content) -> None:
        kept = {name: value for name, value in asked.body.items() if name not in {"token", "response_url"}}
        body = json.dumps(kept).encode()
        await self._appender.append(entries.arrival("slack", content, self._key(asked), body=body))

    def _key(self, asked: Invocation) -> str:
        """Returns the key that makes one use of the command one row of the intake."""
        return f"{self._team}:command:{asked.body['trigger_id']}"

    # --- commands that only show something ----------------------------------------------------------------------------

    async def _find(self, asked: Invocation) -> Rendered:
        if not asked.words:
            raise Refusal("Write a part of a name or a number behind it: `/sms find anna`.")
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
