"""What `/sms help` and `!help` say. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.views import blocks
from bot.slack.views.blocks import Marked, Rendered, escape
from bot.slack.views.cards import MODES

if TYPE_CHECKING:
    from bot.slack.views.content import Mode

_COMMANDS = """*The command*, outside of threads:
• `/sms` opens a window to write a text
• `/sms <number> <text>` texts at once; `/sms <number> #<template>` texts a template
• `/sms find <name or number>` finds conversations
• `/sms open <number>` opens the thread of a number without texting it
• `/sms leases` shows the numbers that are leased to us
• `/sms senders` shows what texts can come from
• `/sms route <number> <text>` shows which sender a text would come from, what it costs, and why; nothing is sent
• `/sms status` shows what waits, what failed and how the providers are
• `/sms templates` lists the templates; `add <name> <text>`, `show <name>` and `remove <name>` behind it
• `/sms template <name> <number>` texts one
• `/sms optout <number>` and `/sms optin <number>` note that somebody wants no texts, or wants them again; for admins
• `/sms export <number>` and `/sms erase <number>` give out, and delete, all that is kept about a person; for admins
• `/sms help` shows this"""
_THREAD = """*In the thread of a conversation*, at the start of a message:
• `!note <words>` stays in the team
• `!close` and `!reopen` the conversation
• `!assign @somebody` hands it to a colleague
• `!via <sender>` chooses what texts come from
• `!later <when>` with the text below it, on a new line, texts it then
• `!help` shows this"""


def help_text(mode: Mode | None = None, key: str = "") -> Rendered:
    """`/sms help` and `!help`.

    Args:
        mode: how the inbox treats replies; None outside of an inbox.
        key: as everywhere.
    """
    shown = [blocks.section(escape(text)) for text in (_COMMANDS, _THREAD)]
    if mode is not None:
        shown.append(blocks.context(Marked(MODES[mode])))
    spoken = Marked("How to text: `/sms` outside of threads, `!note` and other words in them.")
    return Rendered(spoken, blocks.keyed(shown, key))
