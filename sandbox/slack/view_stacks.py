"""Each user's open modals, up to three on top of each other, and their Home tab."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sandbox.slack.blockkit.blocks import elements_of
from sandbox.slack.element_values import initial
from sandbox.slack.errors import ApiError, Json
from sandbox.slack.identifiers import new_id, new_key
from sandbox.slack.store import View

if TYPE_CHECKING:
    from sandbox.slack.world import World

MOST_DEEP = 3


class ViewStacks:
    """Opens, changes and closes the views of a workspace."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def top(self, user: str) -> View | None:
        """Returns the modal that this user sees, or None."""
        stack = self._store.modals.get(user)
        return self._store.views[stack[-1]] if stack else None

    def open(self, user: str, data: Json) -> View:
        """Opens a modal and closes all others of the user.

        Raises:
            ApiError: `duplicate_external_id`.
        """
        self._check_external_id(data)
        self.clear(user)
        return self._add(user, data, None)

    def push(self, user: str, data: Json) -> View:
        """Opens a modal on top of the open one.

        Raises:
            ApiError: `push_limit_reached`, `not_found` if nothing is open, `duplicate_external_id`.
        """
        top = self.top(user)
        if top is None:
            raise ApiError("not_found")
        if len(self._store.modals[user]) >= MOST_DEEP:
            raise ApiError("push_limit_reached")
        self._check_external_id(data)
        return self._add(user, data, top)

    def update(self, view: View, data: Json) -> View:
        """Replaces a view's content. An entered value stays if its block and element keep their ids."""
        kept = view.values
        view.data, view.hash = data, _hash()
        view.values = initial(data)
        for block in data["blocks"]:
            for element in elements_of(block):
                old = kept.get(block["block_id"], {}).get(element["action_id"])
                if old is not None and old["type"] == element["type"]:
                    view.values[block["block_id"]][element["action_id"]] = old
        self._world.changes.announce()
        return view

    def publish(self, user: str, data: Json, expected: str | None) -> View:
        """Publishes a user's Home tab.

        Raises:
            ApiError: `hash_conflict`.
        """
        old = self._store.views.get(self._store.homes.get(user, ""))
        if old is not None:
            if expected is not None and expected != old.hash:
                raise ApiError("hash_conflict")
            return self.update(old, data)
        view = self._new(user, data, None)
        self._store.homes[user] = view.id
        self._world.changes.announce()
        return view

    def close(self, user: str) -> View | None:
        """Closes the top modal."""
        stack = self._store.modals.get(user)
        if not stack:
            return None
        view = self._store.views[stack.pop()]
        view.is_closed = True
        self._world.changes.announce()
        return view

    def clear(self, user: str) -> None:
        """Closes all modals of a user."""
        while self.close(user):
            pass

    def _check_external_id(self, data: Json) -> None:
        wanted = data.get("external_id")
        if wanted and any(one.data.get("external_id") == wanted for one in self._store.views.values()):
            raise ApiError("duplicate_external_id")

    def _add(self, user: str, data: Json, below: View | None) -> View:
        view = self._new(user, data, below)
        self._store.modals.setdefault(user, []).append(view.id)
        self._world.changes.announce()
        return view

    def _new(self, user: str, data: Json, below: View | None) -> View:
        number = new_id("V")
        root = below.root if below is not None else number
        view = View(number, user, data, _hash(), root, below.id if below is not None else None, values=initial(data))
        self._store.views[number] = view
        return view


def _hash() -> str:
    return f"{int(time.time())}.{new_key(8)}"
