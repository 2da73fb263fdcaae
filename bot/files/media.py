"""Files that come with a contact's text: fetched from the provider and shown in the thread, each exactly once.

An upload to Slack has three steps, and Slack shares the file some time after the last one, or never. So we store each
step before the next begins, and look for the file in Slack before we ask it to share the file again. If we can't fetch
or show a file, the thread says so.
"""

from __future__ import annotations

import json
from functools import partial
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any, NoReturn

import aiohttp
from yarl import URL

from bot.conversations import enqueue, recovery
from bot.conversations.attachments import MOST_FILES
from bot.conversations.enqueue import RetryLater
from bot.files import filetypes
from bot.files.downloads import Credentials, NotFetched, Source, origin
from bot.slack.client.api import SlackRefused, SlackUncertain, SlackUnreachable
from providers.provider import MediaHeaders
from storage.engine.clock import SECOND
from storage.tables import conversations, files, jobs, messages, posts

if TYPE_CHECKING:
    from bot.files.downloads import Downloads
    from bot.files.file_store import FileStore
    from bot.settings.model import Settings
    from bot.slack.client.workspace import Workspace
    from storage.tables.conversations import Conversation
    from storage.tables.files import File
    from storage.tables.jobs import Job

MOST_COMPLETIONS = 2  # times that we ask Slack to share one file
UPLOAD_SECONDS = 120.0
_NOT_YET = 1.0  # seconds until the next check if the file's text is in its thread
_NOT_HERE = "Couldn't fetch a {kind} that came with this text: {reason}."
_NOT_SHOWN = "Couldn't show a {kind} that came with this text: {reason}."
_THREAD_GONE = {"thread_not_found", "message_not_found"}

_ADMIN = "An admin of the workspace can change that; then ask the contact to send it again."
# Slack's codes for what an admin can change (docs.slack.dev, files.completeUploadExternal): the reason and the cure.
_REASONS = {
    "file_uploads_disabled": ("uploads are off in this workspace", _ADMIN),
    "file_uploads_except_images_disabled": ("this workspace allows only pictures", _ADMIN),
    "file_type_not_allowed": ("this workspace doesn't allow files of this kind", _ADMIN),
    "blocked_file_type": ("this workspace doesn't allow files of this kind", _ADMIN),
    "storage_limit_reached": ("the storage of this workspace is full", _ADMIN),
    "file_upload_size_restricted": ("it is too large for this workspace", "Ask the contact for a smaller one."),
    "missing_scope": ("the app may not upload files", "An admin can install it again with its newest manifest."),
}
_ASK_AGAIN = "Ask the contact to send it again."
_CURES = {  # by the code of `NotFetched`
    "too_large": "Ask the contact for a smaller one, or raise `files.largest_in`.",
    "not_allowed": "If the provider keeps its files there, add the host to `files.hosts`; then ask for it again.",
}


def sources(settings: Settings) -> dict[str, Source]:
    """Returns the servers from which the files of each account's contacts may come."""
    return {name: _source(settings, name) for name in settings.accounts}


def private_places(settings: Settings) -> set[tuple[str, int]]:
    """Returns the hosts and ports that an operator configured in place of a provider's own."""
    known = {host for account in settings.accounts.values() for host in account.kind.features.media_hosts}
    origins = {one for source in sources(settings).values() for one in source.origins} | {_slack(settings)}
    return {(host, port) for _, host, port in origins if host not in known}


def of_slack(settings: Settings) -> Source:
    """Returns the servers from which Slack's files may come. No other server gets our token."""
    token = settings.slack.bot_token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"}
    return Source(frozenset({"files.slack.com"}), frozenset({_slack(settings)}), headers)


def _slack(settings: Settings) -> tuple[str, str, int]:
    return origin(URL(settings.slack.api_url))


def _source(settings: Settings, name: str) -> Source:
    account = settings.accounts[name]
    kind, of_account = account.kind, account.provider_settings()
    base_url = getattr(of_account, "base_url", None)  # a provider of another package may have none
    origins = frozenset() if base_url is None else frozenset({origin(URL(str(base_url)))})
    hosts = frozenset(kind.features.media_hosts)
    wanted = Credentials(hosts, partial(kind.media_headers, of_account)) if issubclass(kind, MediaHeaders) else None
    return Source(frozenset({*hosts, *settings.files.hosts}), origins, credentials=wanted)


class Incoming:
    """The handler of the jobs that show files from contacts.

    Args:
        workspace: the workspace.
        downloads: fetches files.
        file_store: stores them until Slack has them.
        session: uploads the bytes to Slack.
    """

    def __init__(
        self, workspace: Workspace, downloads: Downloads, file_store: FileStore, session: aiohttp.ClientSession
    ) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._settings = workspace.settings
        self._downloads = downloads
        self._file_store = file_store
        self._session = session
        self._sources = sources(workspace.settings)
        self._steps = {"new": self._fetch, "here": self._upload, "uploaded": self._share}

    async def file(self, job: Job) -> None:
        """Takes the file through its remaining steps.

        Raises:
            RetryLater: the next step has to wait.
            bot.slack.client.api.SlackError: Slack can't accept it now.
        """
        while (step := self._steps.get((file := await self._get(job.subject)).state)) is not None:
            try:
                await step(file)
            except NotFetched as error:
                pauses = self._settings.timeouts.fetch
                if error.may_come and job.tries <= len(pauses):
                    raise RetryLater(pauses[job.tries - 1], error.code) from None
                await self._give_up(file, _NOT_HERE, error.reason, _CURES.get(error.code, _ASK_AGAIN))
            except SlackRefused as error:
                reason, cure = _REASONS.get(error.code, (f"Slack says: {error.code}", _ASK_AGAIN))
                await self._give_up(file, _NOT_SHOWN, reason, cure)
        await self._file_store.drop(file.id)
        async with self._database.transaction() as tx:
            await jobs.finish(tx, job)

    # --- the steps ----------------------------------------------------------------------------------------------------

    async def _fetch(self, file: File) -> None:
        async with self._database.read() as reader:
            account = (await messages.get(reader, file.message_id)).account
        source = self._sources.get(account or "", Source())
        found = await self._downloads.fetch(file.source, source, self._settings.files.largest_in, name=file.name)
        await self._file_store.put(file.id, found.content)
        async with self._database.transaction() as tx:
            await files.fetched(tx, file.id, name=found.name, content_type=found.kind, size=len(found.content))

    async def _upload(self, file: File) -> None:
        """Uploads the bytes, and stores Slack's id for them before it shares them."""
        content = await self._file_store.take(file)
        if content is None:
            async with self._database.transaction() as tx:
                await files.fetch_again(tx, file.id)
            return
        begun = await self._slack.call("files.getUploadURLExternal", filename=file.name, length=len(content))
        await self._send(begun["upload_url"], content)
        async with self._database.transaction() as tx:
            await files.uploaded(tx, file.id, begun["file_id"])

    async def _send(self, url: str, content: bytes) -> None:
        timeout = aiohttp.ClientTimeout(total=UPLOAD_SECONDS, sock_connect=5)
        try:
            async with self._session.post(url, data=content, timeout=timeout) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            raise SlackUnreachable("upload_broke") from None
        if status >= 500:  # noqa: PLR2004 - server errors; Slack shows nothing before the last step, so we repeat it
            raise SlackUnreachable(f"upload_http_{status}")
        if status != 200:  # noqa: PLR2004 - what Slack's document promises
            raise SlackRefused(f"upload_http_{status}")

    async def _share(self, file: File) -> None:
        """Asks Slack to share it below its text, and once more if Slack has not done so after a while."""
        conversation = await self._conversation_of(file)
        if file.completions == 0:
            await self._complete(file, conversation)
        share = await self._shared(file, conversation)
        if share is not None and share.get("thread_ts") != conversation.thread_ts:
            await self._take_back(file, conversation, share["ts"])
        elif share is not None:
            async with self._database.transaction() as tx:
                await files.shared(tx, file.id, share["ts"])
        else:
            await self._wait(file, conversation)

    async def _wait(self, file: File, conversation: Conversation) -> None:
        """Waits for Slack to share the file; asks once more, or gives up, if that takes too long."""
        waited = (self._database.clock() - (file.completed_at or 0)) / SECOND
        if waited < self._settings.timeouts.share_again:
            raise RetryLater(self._pause(waited), "Slack is sharing it")
        if file.completions < MOST_COMPLETIONS:
            await self._complete(file, conversation)
        await self._give_up(file, _NOT_SHOWN, "Slack accepted it and didn't show it", _ASK_AGAIN)

    async def _complete(self, file: File, conversation: Conversation) -> NoReturn:
        """Asks Slack to share the file. From before the request on, the bot assumes that Slack may have shared it."""
        async with self._database.transaction() as tx:
            await files.completing(tx, file.id)
        try:
            await self._slack.call(
                "files.completeUploadExternal",
                files=[{"id": file.slack_file, "title": file.name}],
                channel_id=conversation.channel,
                thread_ts=conversation.thread_ts,
            )
        except SlackUnreachable:
            async with self._database.transaction() as tx:
                await files.not_completed(tx, file.id)
            raise
        except SlackUncertain as error:
            raise RetryLater(self._pause(0), error.code) from None
        except SlackRefused as error:
            await self._not_here(file, conversation, error)
        raise RetryLater(self._pause(0), "Slack is sharing it")

    # --- how ----------------------------------------------------------------------------------------------------------

    async def _conversation_of(self, file: File) -> Conversation:
        """Returns the conversation. RetryLater: the file's text is not in its thread yet."""
        async with self._database.read() as reader:
            message = await messages.get(reader, file.message_id)
            conversation = await conversations.get(reader, message.conversation_id)
            is_posted = message.post_id is not None and (await posts.get(reader, message.post_id)).state == "sent"
        if not is_posted or conversation.thread_ts is None:
            raise RetryLater(_NOT_YET, "its text is not in the thread yet")
        return conversation

    async def _shared(self, file: File, conversation: Conversation) -> dict[str, Any] | None:
        """Returns Slack's share of the file in the conversation's channel; None if there is none yet."""
        try:
            answer = await self._slack.call("files.info", file=file.slack_file)
        except SlackRefused as error:
            if error.code != "file_not_found":  # Slack says that of a file that was never completed
                raise
            return None
        shares = answer["file"].get("shares", {})
        found = [one for kind in shares.values() for one in kind.get(conversation.channel, ())]
        return next(
            (one for one in found if one.get("thread_ts") == conversation.thread_ts), found[0] if found else None
        )

    async def _not_here(self, file: File, conversation: Conversation, error: SlackRefused) -> NoReturn:
        """Opens the thread again if it is gone, waits for a closed channel, and raises any other error."""
        if error.code in _THREAD_GONE:
            await self._open_again(file, conversation)
        if error.code not in recovery.CLOSED:
            raise error
        async with self._database.transaction() as tx:
            await files.not_completed(tx, file.id)
            if self._settings.is_ours(conversation.channel):
                await recovery.close_channel(tx, conversation.channel, error.code, self._settings)
        raise RetryLater(self._settings.timeouts.channel, error.code)

    async def _take_back(self, file: File, conversation: Conversation, ts: str) -> None:
        """Deletes the share: Slack put it into the channel because the thread is gone."""
        await self._slack.call("chat.delete", channel=conversation.channel, ts=ts)
        await self._open_again(file, conversation)

    async def _open_again(self, file: File, conversation: Conversation) -> NoReturn:
        async with self._database.transaction() as tx:
            await recovery.lose_thread(tx, conversation)
            await files.upload_again(tx, file.id)
        raise RetryLater(_NOT_YET, "its thread is opened again")

    def _pause(self, waited: float) -> float:
        """Returns the seconds until the next check, from the seconds that we have waited."""
        until = 0.0
        for pause in self._settings.timeouts.share:
            until += pause
            if until > waited:
                return until - waited
        return self._settings.timeouts.share[-1]

    async def _give_up(self, file: File, template: str, reason: str, cure: str) -> None:
        """Marks the file as failed, and says so in the thread."""
        kind = filetypes.noun(file.content_type or file.claimed_type or guess_type(file.source.partition("?")[0])[0])
        sentence = f"{template.format(kind=kind, reason=reason)} {cure}"
        async with self._database.transaction() as tx:
            message = await messages.get(tx, file.message_id)
            await files.fail(tx, file.id, sentence)
            if len(json.loads(message.media)) <= MOST_FILES:  # else one notice covers all that are missing
                await enqueue.notice(tx, message.conversation_id, f"notice:file:{file.id}", sentence)

    async def _get(self, file_id: int) -> File:
        async with self._database.read() as reader:
            return await files.get(reader, file_id)
