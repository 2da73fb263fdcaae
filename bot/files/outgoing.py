"""Files that a person drops into a thread: fetched from Slack, and sent with the text.

If the provider can send files, it gets URLs of ours. Else the text gets links, if the inbox allows that. Else the text
does not go out, and the thread says why. We fetch the files before the gate decides, because the gate is one
transaction and makes no requests in it.
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
_THUMBS = (1024, 960, 720, 480, 360)  # pixels of Slack's smaller copies of a picture
_HIDDEN = {"tombstone": "it was deleted", "hidden_by_limit": "Slack hides it behind a limit of this workspace"}
_REFUSED = {"file_deleted": "it was deleted", "file_not_found": "Slack does not show it to the app"}


_NO_FILE = "no_file"
# Documents that exist only in Slack, by the mode, filetype or media type of their file (docs.slack.dev, file object).
_DOCUMENTS = {
    "quip": "a canvas",
    "canvas": "a canvas",
    "application/vnd.slack-docs": "a canvas",
    "list": "a list",
    "application/vnd.slack-list": "a list",
    "post": "a post",
    "space": "a post",
    "email": "an e-mail",
}


class NotCarried(Exception):
    """The files can't go out with the text. Carries a stable code and the sentence for the thread."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


class Outgoing:
    """Fetches the files of outbound texts and serves them.

    Args:
        workspace: the workspace.
        downloads: fetches files.
        file_store: stores them while their URLs work.
        urls: makes these URLs.
    """

    def __init__(self, workspace: Workspace, downloads: Downloads, file_store: FileStore, urls: SignedUrls) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._settings = workspace.settings.files
        self._give_up_after = int(workspace.settings.send_minutes * MINUTE)
        self._lasts = int(workspace.settings.files.link_days * DAY)
        self._downloads = downloads
        self._file_store = file_store
        self._urls = urls
        self._source = of_slack(workspace.settings)

    # --- before the gate decides --------------------------------------------------------------------------------------

    async def prepare(self, message: Message, inbox: Inbox, providers: Iterable[Provider]) -> None:
        """Fetches the message's files, if one of these providers can send files, or the inbox texts links.

        Raises:
            RetryLater: Slack may have a file in a moment.
            bot.slack.client.api.SlackError: Slack does not answer.
        """
        async with self._database.read() as reader:
            found = await files.of_message(reader, message.id)
        go_along = any(provider.features.media_out for provider in providers)
        if go_along or inbox.links_for_files:
            for file in found:
                await self._fetch_once(file, message, go_along=go_along, links=inbox.links_for_files)

    async def _fetch_once(self, file: File, message: Message, *, go_along: bool, links: bool) -> None:
        if file.state == "here" and await self._file_store.has(file):
            await self._serve(file.id, is_linked=bool(file.is_linked))
            return
        if file.state == "failed" and (file.tried_at or 0) >= message.decided_at:
            return
        try:
            found, is_linked = await self._fetch(file, go_along=go_along, links=links)
        except NotFetched as error:
            if error.may_come and self._database.clock() - message.wanted_at < self._give_up_after:
                raise RetryLater(_AGAIN, error.code) from None
            await self._fail(file, error)
            return
        await self._file_store.put(file.id, found.content)
        async with self._database.transaction() as tx:
            await files.fetched(tx, file.id, name=found.name, content_type=found.kind, size=len(found.content))
        await self._serve(file.id, is_linked=is_linked)

    async def _serve(self, file_id: int, *, is_linked: bool) -> None:
        """Makes its URL work for `files.link_days`; then a job deletes the content."""
        async with self._database.transaction() as tx:
            until = tx.now + self._lasts
            await files.serve(tx, file_id, until=until, is_linked=is_linked)
            await enqueue.drop_file(tx, file_id, until)

    async def _fail(self, file: File, error: NotFetched) -> None:
        noun = filetypes.noun(file.claimed_type)
        if error.code == "too_large":
            size = error.reason.removeprefix("it is ")
            sentence = f"Not sent: the {noun} is {size}. Send a smaller one, or write again without it."
        elif error.code == _NO_FILE:
            sentence = f"Not sent: {error.reason} can't be texted. Write the words that the customer should read."
        else:
            sentence = f"Not sent: couldn't fetch the {noun} from Slack: {error.reason}. Write again without it."
        async with self._database.transaction() as tx:
            await files.fail(tx, file.id, sentence)

    # --- from Slack ---------------------------------------------------------------------------------------------------

    async def _fetch(self, file: File, *, go_along: bool, links: bool) -> tuple[Fetched, bool]:
        """Returns the file, and True if it is to be linked because it can't go along."""
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
        """Returns Slack's newest description of the file; an event may have an older or a shorter one."""
        try:
            about: dict[str, Any] = (await self._slack.call("files.info", file=file.source))["file"]
        except SlackRefused as error:
            reason = _REFUSED.get(error.code, f"Slack says {error.code}")
            raise NotFetched(error.code, reason) from None
        mode = about.get("mode", "")
        if (what := _of_slack(about)) is not None:
            raise NotFetched(_NO_FILE, what)
        if about.get("is_external") or mode == "external":
            raise NotFetched("external", "it is not stored in Slack, so text a link to it instead")
        if mode in _HIDDEN or "url_private_download" not in about:
            raise NotFetched("hidden", _HIDDEN.get(mode, "Slack does not offer it for download"))
        if about.get("mimetype") == filetypes.HTML:
            raise NotFetched("web_page", "the bot does not text web pages")
        return about

    async def _small(self, about: Mapping[str, Any]) -> Fetched:
        """Returns the original, else Slack's largest copy that is small enough."""
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
        """Downloads from Slack's hosts with our token. A page that asks to sign in has status 200."""
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
        """Returns the text and the files as they go out through this provider.

        Raises:
            NotCarried: the files can't go out.
            RetryLater: somebody changed the files a moment ago, and they are not here yet.
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
        """Deletes the content of a file whose URL has expired."""
        async with self._database.transaction() as tx:
            file = await files.find(tx, job.subject)
            if file is not None and file.expires_at is not None and file.expires_at > tx.now:
                await jobs.retry(tx, job, file.expires_at, "a newer text uses the file")
                return
            if file is not None and file.state == "here":
                await files.end(tx, file.id)
        await self._file_store.drop(job.subject)
        async with self._database.transaction() as tx:
            await jobs.finish(tx, job)


def _of_slack(about: Mapping[str, Any]) -> str | None:
    """Returns the word for a document that exists only in Slack, or None for a file."""
    kinds = (about.get("mode"), about.get("filetype"), about.get("mimetype"))
    return next((_DOCUMENTS[kind] for kind in kinds if kind in _DOCUMENTS), None)
