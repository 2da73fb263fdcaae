"""The state that one person sees on the page, in pieces that are sent again only when they change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.carriers.outcomes import FATES, NO_ALPHANUMERIC, REFUSED_AT_ONCE, Fate
from sandbox.page.environment import carriers_of, leases, own_numbers, people, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.carriers.carrier import Carrier
    from sandbox.page.environment import Environment
    from sandbox.page.page_state import PageState

Piece = tuple[str, Any]

_WORDS = {
    Fate.FAILED: "Texts to this phone fail",
    Fate.REJECTED: "Texts to this phone are rejected",
    Fate.OPTED_OUT: "This phone has opted out",
    Fate.BUFFERED: "This phone is off for a while, and texts wait",
    Fate.EXPIRED: "This phone is off, and texts expire",
    Fate.SILENT: "Texts arrive, but no receipt reports it",
}
_FATES = {
    **{digits: _WORDS[fate] for digits, fate in FATES.items()},
    NO_ALPHANUMERIC: "This phone accepts no sender names",
    REFUSED_AT_ONCE: "Texts to this phone are refused at once",
}


def pieces(state: PageState, user: str) -> dict[str, str]:
    """Returns all pieces by name, each as JSON.

    Args:
        state: the page's state.
        user: the id of the viewer, whose modals, Home tab and ephemeral messages are included.
    """
    found: list[Piece] = [("me", user), ("people", people(state.environment))]
    for part in (_workspace(state.environment), _private(state.environment, user), _phones(state), _health(state)):
        found.extend(part)
    return {name: json.dumps(value, ensure_ascii=False, separators=(",", ":")) for name, value in found}


def _workspace(environment: Environment) -> Iterator[Piece]:
    store = environment.slack.world.store
    yield "users", {one["id"]: _user(one, environment.slack.bot_user_id) for one in environment.slack.users()}
    yield "groups", {one.id: one.handle for one in store.groups.values()}
    yield "team", {"name": store.team_name, "domain": store.domain, "app": store.app_name}
    channels = environment.slack.channels()
    yield "channels", [_channel(one) for one in channels]
    for channel in channels:
        for message in _messages(environment, channel["id"]):
            yield f"message:{channel['id']}:{message['ts']}", message


def _user(one: dict[str, Any], bot: str) -> dict[str, Any]:
    return {"name": one["name"], "bot": one["is_bot"], "app": one["id"] == bot, "gone": one["deleted"]}


def _channel(one: dict[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in ("id", "name", "is_private", "is_archived", "is_member", "is_shared")}


def _messages(environment: Environment, channel: str) -> Iterator[dict[str, Any]]:
    found = environment.slack.world.store.channel(channel)
    for message in found.messages.values():
        yield {**environment.slack.world.store.wire(found, message, metadata=False), "channel": channel}


def _private(environment: Environment, user: str) -> Iterator[Piece]:
    for message in environment.slack.ephemerals(user):
        yield f"message:{message['channel']}:{message['ts']}:{user}", message
    yield "modal", environment.slack.modal(user)
    yield "home", environment.slack.home(user)


def _phones(state: PageState) -> Iterator[Piece]:
    phones = state.phones
    yield "phones", [_phone(state, phone) for phone in phones]
    yield "lines", [line for carrier in carriers_of(state.environment) for line in _lines(carrier)]
    for phone in phones:
        for index, text in enumerate(state.environment.phones.texts(phone)):
            yield (
                f"text:{phone}:{index:06}",
                {
                    "phone": phone,
                    "direction": text.direction,
                    "line": text.from_number if text.direction == "in" else text.to,
                    "text": text.text,
                    "media": list(text.media),
                    "at": text.at.timestamp(),
                    "company": title(text.carrier),
                },
            )


def _phone(state: PageState, phone: str) -> dict[str, str]:
    return {"number": phone, "fate": _FATES.get(phone[-4:], ""), "company": state.carrier_of_phone(phone)}


def _lines(carrier: Carrier) -> Iterator[dict[str, Any]]:
    """Yields our numbers at a provider, with the phone for leased ones."""
    about = {"company": title(carrier.name), "pictures": hasattr(carrier, "host")}
    for number in own_numbers(carrier):
        yield {**about, "number": number, "phone": None}
    for lease in leases(carrier):
        yield {**about, "number": lease.number, "phone": lease.phone}


def _health(state: PageState) -> Iterator[Piece]:
    environment = state.environment
    yield "bot", {"running": environment.bot.is_running, "connections": environment.slack.connections}
    yield "slack", {"up": environment.slack.world.is_up}
    yield (
        "companies",
        [{"name": one.name, "company": title(one.name), "down": one.faults.down} for one in carriers_of(environment)],
    )
    yield "mishaps", state.faults.seen()
    yield "possible", state.faults.possible()
