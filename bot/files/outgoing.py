"""Files that a person drops into a thread: fetched from Slack before the text goes out, and carried by it.

They go along as addresses of ours where the provider can send files, else as links in the text where the inbox has
that, else the text does not go out and a sentence says why. They are fetched before the gate decides, because that is
one transaction and nothing is asked of anybody in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.conversations import enqueue
from bot.conversations.enqueue import RetryLater
from bot.files import filetypes
from bot.files.downloads import NotFetched
from bot.files.media import of_slack
from bot.slack.client.api import SlackRefused
from sms.message import Media
from storage.engine.clock import DAY, MINUTE
from storage.tables import files, jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.files.downloads import Downloads, Fetched
    from bot.files.file_store import FileStore
    from bot.files.signed_urls import SignedUrls
    from bot.settings.model import Inbox
    from bot.slack.client.workspace import Workspace
    from providers.provider import Provider
    from storage.tables.files import File
    from storage.tables.jobs import Job
    from storage.tables.messages import Message

_AGAIN = 2.0  # seconds between two tries to fetch a file from Slack
_THUMBS = (1024, 960, 720, 480, 360)  # pixels of the smaller forms that Slack makes of a picture
_HIDDEN = {"tombstone": "it was deleted", "hidden_by_limit": "Slack hides it behind a limit of this workspace"}
_REFUSED = {"file_deleted": "it was deleted", "file_not_found": "Slack does not show it to the app"}


class NotCarried(Exception):
    """The text cannot take its files along. Carries a stable code and the sentence for the thread."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


class Outgoing:
    """The files of texts of ours.

    Args:
        workspace: the workspace.
        downloads: fetches files.
        file_store: keeps them while their URLs work.
        urls: makes these URLs.
    """

    def __init__(self, workspace: Workspace, downloads: Downloads, file_store: FileStore, urls: SignedUrls) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._settings = workspace.settings.files
        self._patience = int(workspace.settings.send_minutes * MINUTE)
        self._lasts = int(workspace.settings.files.link_days * DAY)
        self._downloads = downloads
        self._file_store = file_store
        self._urls = urls
        self._source = of_slack(workspace.settings)

    # --- before the gate decides --------------------------------------------------------------------------------------

    async def prepare(self, message: Message, inbox: Inbox, providers: Iterable[Provider]) -> None:
        """Brings the message's files here, if a provider of these can send them, or the inbox texts links.

        Raises:
            Later: one may be had in a moment.
            bot.slack.client.api.SlackError: Slack cannot be asked.
        """
        async with self._database.read() as reader:
            found = await files.of_message(reader, message.id)
        go_along = any(provider.features.media_out for provider in providers)
        if go_along or inbox.links_for_files:
            for file in found:
                await self._bring(file, message, go_along=go_along, links=inbox.links_for_files)

    async def _bring(self, file: File, message: Message, *, go_along: bool, links: bool) -> None:
        if file.state == "here" and await self._file_store.has(file):
            await self._keep(file.id, is_linked=bool(file.is_linked))
            return
        if file.state == "failed" and (file.tried_at or 0) >= message.decided_at:
            return
        try:
            found, is_linked = await self._fetch(file, go_along=go_along, links=links)
        except NotFetched as error:
            if error.may_come and self._database.clock() - message.wanted_at < self._patience:
                raise RetryLater(_AGAIN, error.code) from None
            await self._fail(file, error)
            return
        await self._file_store.put(file.id, found.content)
        async with self._database.transaction() as tx:
            await files.fetched(tx, file.id, name=found.name, content_type=found.kind, size=len(found.content))
        await self._keep(file.id, is_linked=is_linked)

    async def _keep(self, file_id: int, *, is_linked: bool) -> None:
        """Its address works from now on for as long as the settings say; then the content is deleted."""
        async with self._database.transaction() as tx:
            until = tx.now + self._lasts
            await files.serve(tx, file_id, until=until, is_linked=is_linked)
            await enqueue.drop_file(tx, file_id, until)

    async def _fail(self, file: File, error: NotFetched) -> None:
        noun = filetypes.noun(file.claimed_type)
        if error.code == "too_large":
            size = error.reason.removeprefix("it is ")
            sentence = f"Not sent: the {noun} is {size}. Send a smaller one, or write again without it."
        else:
            sentence = f"Not sent: couldn't fetch the {noun} from Slack: {error.reason}. Write again without it."
        async with self._database.transaction() as tx:
            await files.fail(tx, file.id, sentence)

    # --- from Slack ---------------------------------------------------------------------------------------------------

    async def _fetch(self, file: File, *, go_along: bool, links: bool) -> tuple[Fetched, bool]:
        """The file in a form that can go along, else whole, to be linked; and whether it is the latter."""
        about = await self._about(file)
        if not go_along:
            return await self._whole(about, self._settings.largest_link), True
        try:
            return await self._small(about), False
        except NotFetched as error:
            if error.code != "too_large" or not links:
                raise
        return await self._whole(about, self._settings.largest_link), True

    async def _about(self, file: File) -> dict[str, Any]:
        """What Slack knows of it now: an event may know less, or another state of it."""
        try:
            about: dict[str, Any] = (await self._slack.call("files.info", file=file.source))["file"]
        except SlackRefused as error:
            reason = _REFUSED.get(error.code, f"Slack says {error.code}")
            raise NotFetched(error.code, reason) from None
        mode = about.get("mode", "")
        if about.get("is_external") or mode == "external":
            raise NotFetched("external", "it is not stored in Slack, so text a link to it instead")
        if mode in _HIDDEN or "url_private_download" not in about:
            raise NotFetched("hidden", _HIDDEN.get(mode, "Slack does not offer it for download"))
        if about.get("mimetype") == filetypes.HTML:
            raise NotFetched("web_page", "the bot does not text web pages")
        return about

    async def _small(self, about: Mapping[str, Any]) -> Fetched:
        """The original, else the largest of Slack's smaller forms that is small enough."""
        limit = self._settings.largest_out
        try:
            return await self._whole(about, limit)
        except NotFetched as error:
            if error.code != "too_large":
                raise
            too_large = error
        for thumb in (about.get(f"thumb_{size}") for size in _THUMBS):
            if thumb is None:
                continue
            try:
                return await self._get(thumb, limit, about)
            except NotFetched as error:
                if error.code != "too_large":
                    raise
        raise too_large

    async def _whole(self, about: Mapping[str, Any], limit: int) -> Fetched:
        size = about.get("size", 0)
        if size > limit:
            raise NotFetched.too_large(size, limit)
        found = await self._get(about["url_private_download"], limit, about)
        if len(found.content) != size:
            raise NotFetched("cut", "only a part of it came", may_come=True)
        return found

    async def _get(self, url: str, limit: int, about: Mapping[str, Any]) -> Fetched:
        """With our token, from Slack's own hosts only. A page that asks to sign in comes with status 200."""
        try:
            return await self._downloads.fetch(url, self._source, limit, name=about.get("name"))
        except NotFetched as error:
            if error.code not in {"web_page", "http_401", "http_403"}:
                raise
        raise NotFetched("signed_out", "Slack does not let the app see it: install it again with its newest manifest")

    # --- in the gate's transaction ------------------------------------------------------------------------------------

    def carry(
        self, text: str, found: Sequence[File], provider: Provider, inbox: Inbox
    ) -> tuple[str, tuple[Media, ...]]:
        """The text and the files as they go out through this provider.

        Raises:
            NotCarried: they cannot.
            Later: they were changed a moment ago, and are not here yet.
        """
        along = [file for file in found if provider.features.media_out and not file.is_linked]
        linked = [file for file in found if file not in along]
        if linked and not inbox.links_for_files:
            sentence = f"Not sent: {provider.title} cannot send files. Write it again without the file."
            raise NotCarried("no_files", sentence)
        for file in found:
            if file.state == "failed":
                raise NotCarried("file", file.sentence or "")
            if file.state != "here":
                raise RetryLater(0.1, "its files are not here yet")
        media = tuple(Media(self._url(file), file.content_type, file.name) for file in along)
        return "\n".join([*([text] if text else []), *map(self._url, linked)]), media

    def _url(self, file: File) -> str:
        return self._urls.make(file.id, file.expires_at or 0)

    # --- afterwards ---------------------------------------------------------------------------------------------------

    async def drop(self, job: Job) -> None:
        """Deletes a content whose address has ended."""
        async with self._database.transaction() as tx:
            file = await files.find(tx, job.subject)
            if file is not None and file.expires_at is not None and file.expires_at > tx.now:
                await jobs.retry(tx, job, file.expires_at, "it went out again")
                return
            if file is not None and file.state == "here":
                await files.end(tx, file.id)
        await self._file_store.drop(job.subject)
        async with self._database.transaction() as tx:
            await jobs.finish(tx, job)
