"""A person's actions in modals and in the Home tab: enter, press, submit, close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.slack import api_objects
from sandbox.slack.blockkit import blocks
from sandbox.slack.blockkit.schema import array, by_type, mapping, text
from sandbox.slack.element_values import TEXTS, entered
from sandbox.slack.errors import ApiError, Json, NotShown
from sandbox.slack.people.interactions import InteractionResult, Interactions, find
from sandbox.slack.view_stacks import ViewStacks

if TYPE_CHECKING:
    from sandbox.slack.delivery.events import Events
    from sandbox.slack.store import View

MOST_OPTIONS = 100
_OPTION = mapping(
    {"text": by_type({"plain_text": mapping({"type": text(), "text": text(75, 1)}, {"emoji": lambda *_: None})})}
    | {"value": text(150, 1)},
    {"description": lambda *_: None},
)
_OPTIONS = array(_OPTION, MOST_OPTIONS)
_GROUPS = array(mapping({"label": lambda *_: None, "options": _OPTIONS}), MOST_OPTIONS)


class ViewInteractions(Interactions):
    """The part of a workspace for modals and the Home tab."""

    events: Events
    _offered: dict[tuple[str, str], list[Json]]

    def fill(self, user: str, action_id: str, value: Any, *, block_id: str | None = None) -> None:
        """Enters a value that the app does not get before the modal is submitted.

        Raises:
            NotShown: there is no modal, or no such field or option in it.
        """
        view = self._top(user)
        block, element = find(view.data["blocks"], action_id, value, block_id)
        offered = self._offered.get((user, element["action_id"]))
        view.values.setdefault(block["block_id"], {})[element["action_id"]] = entered(element, value, offered)
        self.world.changes.announce()

    async def press(
        self, user: str, action_id: str, value: Any = None, *, block_id: str | None = None, home: bool = False
    ) -> InteractionResult:
        """Uses an element of the person's modal or Home tab; the app gets `block_actions`.

        Args:
            user: the person.
            action_id: of the element.
            value: the choice or input, unless it is a button.
            block_id: needed if the `action_id` is not unique.
            home: in the Home tab instead of the modal.

        Raises:
            NotShown: there is no such element.
        """
        view = self._home(user) if home else self._top(user)
        block, element = find(
            view.data["blocks"], action_id, None if element_is_menu(view, action_id) else value, block_id
        )
        offered = self._offered.get((user, action_id))
        if element["type"] not in ("button", "overflow"):
            kept = entered(element, value, offered)
            view.values.setdefault(block["block_id"], {})[element["action_id"]] = kept
        trigger = self.world.triggers.issue(user, view.id)
        payload = self._interaction("block_actions", user, trigger) | {
            "container": {"type": "view", "view_id": view.id},
            "view": api_objects.view(view, self.world.store),
            "actions": [self._action(block, element, value, offered)],
        }
        return self._used(await self.deliveries.ask("interactive", payload), trigger, None)

    async def type_in(
        self, user: str, action_id: str, text: str, *, block_id: str | None = None
    ) -> list[InteractionResult]:
        """Types a text, character by character.

        If the field dispatches `on_character_entered`, the app is called once per character, without waiting for
        answers. With `on_enter_pressed` it is called once, at the end.

        Returns:
            The result of each call; empty if the field does not dispatch.
        """
        block, element = find(self._top(user).data["blocks"], action_id, None, block_id)
        if element["type"] not in TEXTS:
            raise NotShown(f"a {element['type']} takes no text")
        when = (element.get("dispatch_action_config") or {}).get("trigger_actions_on", ["on_enter_pressed"])
        if not block.get("dispatch_action"):
            when = []
        if "on_character_entered" not in when:
            self.fill(user, action_id, text, block_id=block_id)
            return [await self.press(user, action_id, text, block_id=block_id)] if when else []
        steps = [text[: length + 1] for length in range(len(text))] or [""]
        tasks = [self.world.spawn(self.press(user, action_id, step, block_id=block_id)) for step in steps]
        return [await task for task in tasks]

    async def suggest(self, user: str, action_id: str, text: str, *, home: bool = False) -> list[Json]:
        """Types into an external select and returns the suggested options.

        Raises:
            NotShown: the options did not come in time, or Slack cannot show them.
        """
        view = self._home(user) if home else self._top(user)
        block, element = find(view.data["blocks"], action_id, None, None)
        if not element["type"].endswith("external_select"):
            raise NotShown(f"a {element['type']} loads no options")
        if len(text) < element.get("min_query_length", 3):
            return []
        payload = self._interaction("block_suggestion", user, "") | {
            "action_id": action_id,
            "block_id": block["block_id"],
            "value": text,
            "container": {"type": "view", "view_id": view.id},
            "view": api_objects.view(view, self.world.store),
        }
        answer = await self.deliveries.ask("interactive", payload)
        if not answer.ok:
            raise NotShown("the options did not come in time")
        options = read_options(answer.payload)
        self._offered[user, action_id] = options
        return options

    async def submit(self, user: str) -> InteractionResult:
        """Submits the person's modal and applies the app's answer: errors, update, push, clear.

        `answer` has the errors by block id under "errors", if there are any.

        Raises:
            NotShown: there is no modal, or a required field is empty (Slack does not even call the app).
        """
        view = self._top(user)
        check_filled(view)
        trigger = self.world.triggers.issue(user, view.id)
        payload = self._interaction("view_submission", user, trigger) | {
            "view": api_objects.view(view, self.world.store),
            "response_urls": [],
        }
        answer = await self.deliveries.ask("interactive", payload)
        used = self._used(answer, trigger, None)
        if not used.error:
            used.error = self._react(user, view, answer.payload)
        return used

    async def close(self, user: str, *, everything: bool = False) -> InteractionResult | None:
        """Closes the top modal, or all of them with `everything`.

        Returns:
            The result of `view_closed`, or None if the modal does not request it.
        """
        view = self._top(user)
        stacks = ViewStacks(self.world)
        if everything or view.data.get("clear_on_close"):
            stacks.clear(user)
        else:
            stacks.close(user)
        if not view.data.get("notify_on_close"):
            return None
        payload = self._interaction("view_closed", user, "") | {
            "view": api_objects.view(view, self.world.store),
            "is_cleared": everything,
        }
        return self._used(await self.deliveries.ask("interactive", payload), "", None)

    async def open_home(self, user: str, tab: str = "home") -> None:
        """Opens the app's Home tab."""
        view = self.world.store.views.get(self.world.store.homes.get(user, ""))
        shown = {"view": api_objects.view(view, self.world.store)} if view is not None else {}
        self.events.plain("app_home_opened", user=user, channel=f"D{user[1:]}", tab=tab, **shown)

    def _top(self, user: str) -> View:
        view = ViewStacks(self.world).top(user)
        if view is None:
            raise NotShown("they have no modal open")
        return view

    def _home(self, user: str) -> View:
        view = self.world.store.views.get(self.world.store.homes.get(user, ""))
        if view is None:
            raise NotShown("nothing is published in their Home tab")
        return view

    def _react(self, user: str, view: View, answer: Any) -> str:
        stacks = ViewStacks(self.world)
        action = answer.get("response_action") if isinstance(answer, dict) else None
        try:
            if action == "errors":
                return "" if _names_blocks(answer.get("errors"), view) else "invalid_arguments"
            if action == "update":
                stacks.update(view, blocks.check_view(answer.get("view"), "modal"))
            elif action == "push":
                stacks.push(user, blocks.check_view(answer.get("view"), "modal"))
            elif action == "clear":
                stacks.clear(user)
            elif answer:
                return "invalid_arguments"
            else:
                stacks.close(user)
        except ApiError as error:
            return error.error
        return ""


def element_is_menu(view: View, action_id: str) -> bool:
    """Returns True if a value for this element is a choice, and not part of its name."""
    kinds = [
        one["type"]
        for block in view.data["blocks"]
        for one in blocks.elements_of(block)
        if one["action_id"] == action_id
    ]
    return bool(kinds) and kinds[0] != "button"


def check_filled(view: View) -> None:
    """Rejects a modal with an empty required field, as the Slack client does.

    Raises:
        NotShown: names the block.
    """
    for block in view.data["blocks"]:
        if block["type"] != "input" or block.get("optional"):
            continue
        entry = view.values[block["block_id"]][block["element"]["action_id"]]
        values = [value for key, value in entry.items() if key != "type" and value]
        if not values:
            raise NotShown(f"the field {block['block_id']} is empty")
        if isinstance(values[0], str) and len(values[0]) < block["element"].get("min_length", 0):
            raise NotShown(f"the field {block['block_id']} has too few characters")


def read_options(payload: Any) -> list[Json]:
    """Returns the options in an answer to `block_suggestion`.

    Raises:
        NotShown: Slack cannot show them.
    """
    wrong: list[str] = []
    body = payload if isinstance(payload, dict) else {}
    if "option_groups" in body:
        _GROUPS(body["option_groups"], "/option_groups", wrong)
    else:
        _OPTIONS(body.get("options"), "/options", wrong)
    if wrong:
        raise NotShown("; ".join(wrong))
    if "option_groups" in body:
        return [one for group in body["option_groups"] for one in group["options"]]
    return list(body["options"])


def _names_blocks(errors: Any, view: View) -> bool:
    inputs = {block["block_id"] for block in view.data["blocks"] if block["type"] == "input"}
    return isinstance(errors, dict) and bool(errors) and set(errors) <= inputs
