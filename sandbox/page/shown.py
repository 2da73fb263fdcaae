"""The state that one person sees on the page, in pieces that are sent again only when they change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.carriers.outcomes import FATES, NO_ALPHANUMERIC, REFUSED_AT_ONCE, Fate
from sandbox.page.scene import carriers_of, company, leases, own_numbers, people

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.carriers.carrier import Carrier
    from sandbox.page.desk import Desk
    from sandbox.page.scene import Scene

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


def pieces(desk: Desk, user: str) -> dict[str, str]:
    """Returns all pieces by name, each as JSON.

    Args:
        desk: the page's state.
        user: the id of the viewer, whose modals, Home tab and ephemeral messages are included.
    """
    found: list[Piece] = [("me", user), ("people", people(desk.scene))]
    for part in (_workspace(desk.scene), _private(desk.scene, user), _phones(desk), _health(desk)):
        found.extend(part)
    return {name: json.dumps(value, ensure_ascii=False, separators=(",", ":")) for name, value in found}


def _workspace(scene: Scene) -> Iterator[Piece]:
    store = scene.slack.world.store
    yield "users", {one["id"]: _user(one, scene.slack.bot_user_id) for one in scene.slack.users()}
    yield "groups", {one.id: one.handle for one in store.groups.values()}
    yield "team", {"name": store.team_name, "domain": store.domain, "app": store.app_name}
    channels = scene.slack.channels()
    yield "channels", [_channel(one) for one in channels]
    for channel in channels:
        for message in _messages(scene, channel["id"]):
            yield f"message:{channel['id']}:{message['ts']}", message


def _user(one: dict[str, Any], bot: str) -> dict[str, Any]:
    return {"name": one["name"], "bot": one["is_bot"], "app": one["id"] == bot, "gone": one["deleted"]}


def _channel(one: dict[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in ("id", "name", "is_private", "is_archived", "is_member", "is_shared")}


def _messages(scene: Scene, channel: str) -> Iterator[dict[str, Any]]:
    found = scene.slack.world.store.channel(channel)
    for message in found.messages.values():
        yield {**scene.slack.world.store.wire(found, message, metadata=False), "channel": channel}


def _private(scene: Scene, user: str) -> Iterator[Piece]:
    for message in scene.slack.ephemerals(user):
        yield f"message:{message['channel']}:{message['ts']}:{user}", message
    yield "modal", scene.slack.modal(user)
    yield "home", scene.slack.home(user)


def _phones(desk: Desk) -> Iterator[Piece]:
    phones = desk.phones
    yield "phones", [_phone(desk, phone) for phone in phones]
    yield "lines", [line for carrier in carriers_of(desk.scene) for line in _lines(carrier)]
    for phone in phones:
        for index, text in enumerate(desk.scene.phones.texts(phone)):
            yield (
                f"text:{phone}:{index:06}",
                {
                    "phone": phone,
                    "direction": text.direction,
                    "line": text.from_number if text.direction == "in" else text.to,
                    "text": text.text,
                    "media": list(text.media),
                    "at": text.at.timestamp(),
                    "company": company(text.carrier),
                },
            )


def _phone(desk: Desk, phone: str) -> dict[str, str]:
    return {"number": phone, "fate": _FATES.get(phone[-4:], ""), "company": desk.company_of(phone)}


def _lines(carrier: Carrier) -> Iterator[dict[str, Any]]:
    """Yields our numbers at a provider, with the phone for leased ones."""
    about = {"company": company(carrier.name), "pictures": hasattr(carrier, "host")}
    for number in own_numbers(carrier):
        yield {**about, "number": number, "phone": None}
    for lease in leases(carrier):
        yield {**about, "number": lease.number, "phone": lease.phone}


def _health(desk: Desk) -> Iterator[Piece]:
    scene = desk.scene
    yield "bot", {"running": scene.bot.is_running, "connections": scene.slack.connections}
    yield "slack", {"up": scene.slack.world.is_up}
    yield (
        "companies",
        [{"name": one.name, "company": company(one.name), "down": one.faults.down} for one in carriers_of(scene)],
    )
    yield "mishaps", desk.mishaps.seen()
    yield "possible", desk.mishaps.possible()
