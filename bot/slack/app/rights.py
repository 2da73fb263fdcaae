"""`/sms erase` and `/sms export`: an admin erases or exports a contact without the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import entries
from bot.conversations.entries import Exported
from bot.conversations.number_hash import NumberHash
from bot.slack.app.slash_replies import say
from bot.slack.views import rights as rights_view
from bot.slack.views.blocks import fill
from bot.text.parse_number import spell
from storage.engine.clock import MINUTE
from storage.maintenance import contact_erasure
from storage.tables import contacts, erasures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.files.signed_urls import SignedUrls
    from bot.slack.client.workspace import Workspace
    from bot.slack.views.blocks import Rendered
    from sms.address import Address
    from storage.tables.contacts import Contact

MINUTES = 15  # the links of an export work for so long


class Rights:
    """Answers both commands. The caller has checked that the person may use them.

    Args:
        workspace: the workspace.
        urls: make the links of exports, by form (`bot/http/export_routes.py`).
    """

    def __init__(self, workspace: Workspace, urls: Mapping[str, SignedUrls]) -> None:
        self._database = workspace.database
        self._appender = workspace.appender
        self._number_hash = NumberHash(workspace.settings)
        self._urls = urls

    async def erase(self, to: Address) -> Rendered:
        """Returns how much would be erased, with the button that does it (`bot/slack/app/actions.py`)."""
        contact = await self._find(to)
        if contact is None:
            return _nothing(to)
        async with self._database.read() as reader:
            extent = await contact_erasure.extent(reader, contact.id)
        return rights_view.question(spell(to), extent, contact.id)

    async def export(self, user: str, to: Address, key: str) -> Rendered:
        """Returns the links of an export, after it has stored who gets them.

        Args:
            user: a Slack user id.
            to: the contact's address.
            key: of the command, in the intake.
        """
        contact = await self._find(to)
        if contact is None:
            return _nothing(to)
        async with self._database.read() as reader:
            if await erasures.under_way(reader, contact.id) is not None:
                return say(rights_view.ERASING_ALREADY)
        exported = Exported(user, self._number_hash.of(contact.address))
        await self._appender.append(entries.arrival("slack", exported, key))
        until = self._database.clock() + MINUTES * MINUTE
        page, data = (self._urls[form].make(contact.id, until) for form in ("export.html", "export.json"))
        return rights_view.links(spell(to), MINUTES, page, data)

    async def _find(self, to: Address) -> Contact | None:
        async with self._database.read() as reader:
            return await contacts.find(reader, str(to))


def _nothing(to: Address) -> Rendered:
    return say(fill("The bot keeps nothing about {who}.", who=spell(to)))
