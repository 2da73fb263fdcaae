"""The text of `/sms help` and `!help`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.views import blocks
from bot.slack.views.blocks import Marked, Rendered, escape
from bot.slack.views.cards import MODES

if TYPE_CHECKING:
    from bot.slack.views.content import Mode

_COMMANDS = """*Outside threads*, use the `/sms` command:
• `/sms` opens a window to write a text
• `/sms <number> <text>` sends a text; `/sms <number> #<template>` sends a template
• `/sms find <name or number>` finds conversations
• `/sms open <number>` opens the thread of a number without texting it
• `/sms leases` lists the numbers that we lease
• `/sms senders` lists the numbers and names that you can text from
• `/sms route <number> <text>` shows which sender a text would come from, why, and how long it is; nothing is sent
• `/sms status` shows queues, failures and provider health
• `/sms templates` lists the templates; put `add <name> <text>`, `show <name>` or `remove <name>` after it to edit them
• `/sms template <name> <number>` sends a template
• `/sms optout <number>` stops all texts to somebody, and `/sms optin <number>` allows them again; for admins
• `/sms export <number>` shows everything we keep about somebody, and `/sms erase <number>` deletes it; for admins
• `/sms help` shows this list"""
_THREAD = """*In the thread of a conversation*, start a message with one of these:
• `!note <words>` keeps the message in the team
• `!close` closes the conversation, and `!reopen` opens it again
• `!assign @somebody` assigns it to a colleague
• `!via <sender>`, with the text on a new line, sends this text from that sender
• `!later <when>`, with the text on a new line, sends the text at that time
• `!help` shows this list"""


def help_text(mode: Mode | None = None, key: str = "") -> Rendered:
    """Returns the answer to `/sms help` and `!help`.

    Args:
        mode: how the inbox treats replies; None outside an inbox.
        key: the key of the post, by which we find it again.
    """
    shown = [blocks.section(escape(text)) for text in (_COMMANDS, _THREAD)]
    if mode is not None:
        shown.append(blocks.context(Marked(MODES[mode])))
    spoken = Marked("How to text: use `/sms` outside threads, and `!note` and other commands in them.")
    return Rendered(spoken, blocks.keyed(shown, key))
