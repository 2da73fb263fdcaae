"""The kinds of jobs: the name of each and the type of its payload, in one table that is checked at the start.

`bot/conversations/enqueue.py` adds jobs; `bot/app.py` pairs each kind with its handler.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from bot.conversations import entries
from bot.conversations.entries import Action
from bot.slack.views.blocks import Marked
from storage.tables.jobs import Job

if TYPE_CHECKING:
    from providers.provider import Ask

P = TypeVar("P")

Run = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Send:
    """`later`: the job was planned for a time, and people's texts of now have the right of way."""

    later: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """A question to a provider account, and the hash of the path token that its webhook came with."""

    account: str
    ask: Ask
    callback: str | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """The post that shows the beginning of the text."""

    post: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence of ours for a thread, once per key. `marked`: it is escaped already."""

    key: str
    sentence: str = field(repr=False)
    marked: bool = False

    @property
    def shown(self) -> str:
        """The sentence; `Marked` if it is escaped already."""
        return Marked(self.sentence) if self.marked else self.sentence


@dataclass(frozen=True, slots=True)
class SenderChange:
    """The address that texts came from before; None: none yet."""

    before: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Requester:
    """The admin who asked for an erasure in Slack, and the keyed hash of the contact's number."""

    channel: str | None
    user: str
    response_url: str | None = field(repr=False)
    number: str


@dataclass(frozen=True, slots=True)
class Erase:
    """`slack`: our posts go too. `told`: the person to notify of the end."""

    slack: bool
    told: Requester | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """A sentence for one person.

    Attributes:
        channel, thread_ts: where they are.
        user: a Slack user id.
        sentence: of ours; `marked`: it is escaped already.
        response_url: of the button they pressed.
        replaces: the answer replaces the message with that button.
    """

    channel: str
    user: str
    sentence: str = field(repr=False)
    marked: bool = False
    thread_ts: str | None = None
    response_url: str | None = field(default=None, repr=False)
    replaces: bool = False

    @property
    def shown(self) -> str:
        """The sentence; `Marked` if it is escaped already."""
        return Marked(self.sentence) if self.marked else self.sentence


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the person who began a conversation elsewhere gets its link."""

    response_url: str | None = field(repr=False)
    user: str | None = None


@dataclass(frozen=True, slots=True)
class JobKind(Generic[P]):
    """A kind of job.

    Attributes:
        name: as the `jobs` table has it.
        payload: the type of its payload; None: it has none.
        pack, unpack: the payload as JSON types and back.
    """

    name: str
    payload: type[P] | None = None
    pack: Callable[[P], dict[str, Any]] = asdict  # type: ignore[assignment]  # every payload is a dataclass
    unpack: Callable[[Mapping[str, Any]], P] | None = None

    def read(self, job: Job) -> P:
        """Returns the payload of a job of this kind.

        Raises:
            LookupError: the kind has no payload.
        """
        packed = json.loads(job.payload or "{}")
        if self.unpack is not None:
            return self.unpack(packed)
        if self.payload is None:
            raise LookupError(f"jobs of the kind {self.name} have no payload")
        return self.payload(**packed)


SEND = JobKind("send", Send)
RECONCILE: JobKind[None] = JobKind("reconcile")
FETCH = JobKind(
    "fetch",
    Fetch,
    lambda fetch: {"account": fetch.account, "ask": entries.pack_ask(fetch.ask), "callback": fetch.callback},
    lambda packed: Fetch(packed["account"], entries.unpack_ask(packed["ask"]), packed["callback"]),
)
OVERDUE: JobKind[None] = JobKind("overdue")
POST: JobKind[None] = JobKind("post")
REST = JobKind("rest", Rest)
NOTICE = JobKind("notice", Notice)
OPT_OUT_QUESTION: JobKind[None] = JobKind("opt_out_question")
FILE: JobKind[None] = JobKind("file")
DROP_FILE: JobKind[None] = JobKind("drop_file")
SHOW: JobKind[None] = JobKind("show")
CARD: JobKind[None] = JobKind("card")
NUMBER = JobKind("number", SenderChange)
LEASE: JobKind[None] = JobKind("lease")
ALERT: JobKind[None] = JobKind("alert")
ACT = JobKind("act", Action, entries.pack, entries.unpack_action)
TELL = JobKind("tell", Tell)
ANSWER = JobKind("answer", Answer)
ERASE = JobKind(
    "erase",
    Erase,
    unpack=lambda packed: Erase(packed["slack"], packed["told"] and Requester(**packed["told"])),
)

ALL: tuple[JobKind[Any], ...] = (
    SEND,
    RECONCILE,
    FETCH,
    OVERDUE,
    POST,
    REST,
    NOTICE,
    OPT_OUT_QUESTION,
    FILE,
    DROP_FILE,
    SHOW,
    CARD,
    NUMBER,
    LEASE,
    ALERT,
    ACT,
    TELL,
    ANSWER,
    ERASE,
)


@dataclass(frozen=True, slots=True)
class Handler:
    """A kind of job with the function that does it."""

    kind: JobKind[Any]
    run: Run


@overload
def handler(kind: JobKind[None], run: Run) -> Handler: ...
@overload
def handler(kind: JobKind[P], run: Callable[[Job, P], Awaitable[None]]) -> Handler: ...
def handler(kind: JobKind[Any], run: Callable[..., Awaitable[None]]) -> Handler:
    """Pairs a kind with its function, which gets the job and, if the kind has one, its payload.

    The function finishes its job in its last transaction, or raises `RetryLater`.
    """
    return Handler(kind, run if kind.payload is None else lambda job: run(job, kind.read(job)))


def table(handlers: Iterable[Handler]) -> Mapping[str, Run]:
    """Returns the handlers by the name of their kind.

    Raises:
        LookupError: a kind has no handler, or more than one.
    """
    found = list(handlers)
    names = [each.kind.name for each in found]
    wrong = {kind.name for kind in ALL if names.count(kind.name) != 1} | (set(names) - {kind.name for kind in ALL})
    if wrong:
        raise LookupError(f"these kinds of jobs do not have exactly one handler: {', '.join(sorted(wrong))}")
    return {each.kind.name: each.run for each in found}
