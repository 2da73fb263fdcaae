"""Modals, external options, and the Home tab."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.slack import NotShown, Workspace
from tests.sandbox.slack.test_access import refused

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from tests.sandbox.slack.conftest import Bot

PLAIN = {"type": "plain_text", "text": "x"}
Json = dict[str, Any]


def text_input(block_id: str, **more: Any) -> Json:
    """Returns a text field."""
    element = {"type": "plain_text_input", "action_id": f"{block_id}_in", **more.pop("element", {})}
    return {"type": "input", "block_id": block_id, "label": PLAIN, "element": element, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    """Returns a modal."""
    return {"type": "modal", "title": PLAIN, "submit": PLAIN, "callback_id": "m", "blocks": list(blocks), **more}


CONTACT = {
    "type": "input",
    "block_id": "contact",
    "label": PLAIN,
    "element": {"type": "external_select", "action_id": "who", "min_query_length": 2},
}
TYPING = {"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}


class Form:
    """A bot that opens a modal for a shortcut and gives set answers to its submissions."""

    def __init__(self, bot: Bot, view: Json) -> None:
        self.view: Json | None = None
        self.error = ""
        self.submitted: list[Json] = []
        self.actions: list[Json] = []
        self.closed: list[Json] = []
        self.answer: Json = {}
        self.options: Json = {"options": []}
        self._bot, self._view = bot, view
        bot.app.shortcut("open")(self._open)
        bot.app.view("m")(self._submit)
        bot.app.view_closed("m")(self._close)
        bot.app.options("who")(self._suggest)
        for action_id in ("body_in", "add"):
            bot.app.action(action_id)(self._act)

    async def _open(self, ack: Any, body: Json) -> None:
        await ack()
        self.view = (await self._bot.web.views_open(trigger_id=body["trigger_id"], view=self._view))["view"]

    async def _submit(self, ack: Any, body: Json) -> None:
        self.submitted.append(body["view"])
        await ack(**self.answer)

    async def _close(self, ack: Any, body: Json) -> None:
        self.closed.append(body)
        await ack()

    async def _suggest(self, ack: Any, body: Json) -> None:
        self.submitted.append(body)
        await ack(**self.options)

    async def _act(self, ack: Any, body: Json) -> None:
        self.actions.append(body)
        await ack()


async def test_a_modal_is_opened_filled_and_submitted(slack: Workspace, bot: Bot) -> None:
    """The input is in `state.values`; an empty answer closes the modal."""
    ann = slack.add_user("ann")
    form = Form(bot, modal(text_input("body"), text_input("note", optional=True), private_metadata="p"))
    async with bot.connected(slack):
        await slack.shortcut(ann, "open")
        assert slack.modal(ann) is not None
        with pytest.raises(NotShown):
            await slack.submit(ann)
        slack.fill(ann, "body_in", "hello")
        used = await slack.submit(ann)
    assert used.error == ""
    assert slack.modal(ann) is None
    values = form.submitted[0]["state"]["values"]
    assert values["body"]["body_in"] == {"type": "plain_text_input", "value": "hello"}
    assert values["note"]["note_in"]["value"] is None
    assert form.submitted[0]["private_metadata"] == "p"


async def test_errors_keep_the_modal_open(slack: Workspace, bot: Bot) -> None:
    """Errors name input blocks, and the input stays. Other errors are invalid."""
    ann = slack.add_user("ann")
    form = Form(bot, modal(text_input("body"), {"type": "divider", "block_id": "line"}))
    async with bot.connected(slack):
        await slack.shortcut(ann, "open")
        slack.fill(ann, "body_in", "hello")
        form.answer = {"response_action": "errors", "errors": {"body": "too short"}}
        used = await slack.submit(ann)
        assert (used.error, used.answer["errors"]) == ("", {"body": "too short"})
        assert (slack.modal(ann) or {})["state"]["values"]["body"]["body_in"]["value"] == "hello"
        form.answer = {"response_action": "errors", "errors": {"line": "x"}}
        assert (await slack.submit(ann)).error == "invalid_arguments"
        assert slack.modal(ann) is not None


async def test_update_push_and_clear_do_what_they_say(slack: Workspace, bot: Bot) -> None:
    """A pushed modal can be closed to go back; a third push is too many; clear closes all."""
    ann = slack.add_user("ann")
    form = Form(bot, modal(text_input("body")))
    async with bot.connected(slack):
        await slack.shortcut(ann, "open")
        slack.fill(ann, "body_in", "kept")
        form.answer = {
            "response_action": "update",
            "view": modal(text_input("body"), text_input("more", optional=True)),
        }
        assert not (await slack.submit(ann)).error
        first = slack.modal(ann)
        assert first is not None
        assert first["state"]["values"]["body"]["body_in"]["value"] == "kept"
        form.answer = {"response_action": "push", "view": modal()}
        assert not (await slack.submit(ann)).error
        second = slack.modal(ann)
        assert second is not None
        assert (second["previous_view_id"], second["root_view_id"]) == (first["id"], first["id"])
        assert not (await slack.submit(ann)).error
        assert (await slack.submit(ann)).error == "push_limit_reached"
        await slack.close(ann)
        assert (slack.modal(ann) or {})["id"] == second["id"]
        form.answer = {"response_action": "clear"}
        await slack.submit(ann)
        assert slack.modal(ann) is None
        await slack.shortcut(ann, "open")
        slack.fill(ann, "body_in", "x")
        form.answer = {"response_action": "update", "view": {"type": "modal"}}
        assert (await slack.submit(ann)).error == "invalid_arguments"


async def test_a_trigger_is_good_once_and_for_three_seconds(slack: Workspace, client: AsyncWebClient) -> None:
    """`exchanged_trigger_id`, `expired_trigger_id`, `invalid_trigger_id`."""
    ann = slack.add_user("ann")
    trigger = slack.world.triggers.issue(ann)
    await client.views_open(trigger_id=trigger, view=modal())
    assert (await refused(client.views_open(trigger_id=trigger, view=modal())))["error"] == "exchanged_trigger_id"
    assert (await refused(client.views_open(trigger_id="1.2.x", view=modal())))["error"] == "invalid_trigger_id"
    slack.world.triggers._seconds = 0.0
    late = slack.world.triggers.issue(ann)
    assert (await refused(client.views_open(trigger_id=late, view=modal())))["error"] == "expired_trigger_id"
    assert (await refused(client.views_open(view=modal())))["error"] == "invalid_arguments"


async def test_an_update_needs_the_last_hash(slack: Workspace, client: AsyncWebClient) -> None:
    """An old hash is `hash_conflict`; no hash passes; a closed view is not found."""
    ann = slack.add_user("ann")
    trigger = slack.world.triggers.issue(ann)
    view = (await client.views_open(trigger_id=trigger, view=modal(external_id="e")))["view"]
    new = (await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(external_id="e")))["view"]
    assert new["hash"] != view["hash"]
    answer = await refused(client.views_update(view_id=view["id"], hash=view["hash"], view=modal()))
    assert answer["error"] == "hash_conflict"
    assert (await client.views_update(external_id="e", view=modal()))["view"]["id"] == view["id"]
    await slack.close(ann)
    assert (await refused(client.views_update(view_id=view["id"], view=modal())))["error"] == "not_found"


async def test_pushing_needs_something_to_push_on(slack: Workspace, client: AsyncWebClient) -> None:
    """Without a modal a push is `not_found`; an external id works once."""
    ann = slack.add_user("ann")
    answer = await refused(client.views_push(trigger_id=slack.world.triggers.issue(ann), view=modal()))
    assert answer["error"] == "not_found"
    await client.views_open(trigger_id=slack.world.triggers.issue(ann), view=modal(external_id="e"))
    answer = await refused(client.views_push(trigger_id=slack.world.triggers.issue(ann), view=modal(external_id="e")))
    assert answer["error"] == "duplicate_external_id"
    await client.views_push(trigger_id=slack.world.triggers.issue(ann), view=modal())
    assert slack.modal(ann) is not None


async def test_typing_dispatches_each_character_where_it_is_asked_for(slack: Workspace, bot: Bot) -> None:
    """Each character gives one `block_actions` with the text so far; a plain field is silent before submission."""
    ann = slack.add_user("ann")
    form = Form(bot, modal(text_input("body", dispatch_action=True, element=TYPING), text_input("quiet")))
    async with bot.connected(slack):
        await slack.shortcut(ann, "open")
        used = await slack.type_in(ann, "body_in", "hey")
        assert [one.error for one in used] == ["", "", ""]
        assert await slack.type_in(ann, "quiet_in", "hey") == []
        with pytest.raises(NotShown):
            slack.fill(ann, "nowhere", "x")
        with pytest.raises(NotShown):
            await slack.suggest(ann, "body_in", "xyz")
    assert sorted(body["actions"][0]["value"] for body in form.actions) == ["h", "he", "hey"]
    assert form.actions[0]["container"]["view_id"] == (form.view or {})["id"]
    assert (slack.modal(ann) or {})["state"]["values"]["quiet"]["quiet_in"]["value"] == "hey"


async def test_enter_dispatches_once(slack: Workspace, bot: Bot) -> None:
    """Other dispatching fields call once at the end; nobody can type into menus."""
    ann = slack.add_user("ann")
    form = Form(bot, modal(text_input("body", dispatch_action=True), CONTACT))
    async with bot.connected(slack):
        await slack.shortcut(ann, "open")
        assert len(await slack.type_in(ann, "body_in", "hey")) == 1
        with pytest.raises(NotShown):
            await slack.type_in(ann, "who", "hey")
    assert [body["actions"][0]["value"] for body in form.actions] == ["hey"]


async def test_options_come_from_the_app_in_time(slack: Workspace, bot: Bot) -> None:
    """A suggestion needs enough characters, is requested once, and its options can be chosen."""
    ann = slack.add_user("ann")
    form = Form(bot, modal(CONTACT))
    form.options = {"options": [{"text": PLAIN, "value": "c1"}]}
    async with bot.connected(slack):
        await slack.shortcut(ann, "open")
        assert await slack.suggest(ann, "who", "a") == []
        assert [one["value"] for one in await slack.suggest(ann, "who", "an")] == ["c1"]
        with pytest.raises(NotShown):
            slack.fill(ann, "who", "c2")
        slack.fill(ann, "who", "c1")
        form.options = {"options": [{"text": PLAIN, "value": str(number)} for number in range(101)]}
        with pytest.raises(NotShown, match="no more than 100"):
            await slack.suggest(ann, "who", "an")
        form.options = {"option_groups": [{"label": PLAIN, "options": [{"text": PLAIN, "value": "g"}]}]}
        assert [one["value"] for one in await slack.suggest(ann, "who", "an")] == ["g"]
        assert not (await slack.submit(ann)).error
    assert form.submitted[-1]["state"]["values"]["contact"]["who"]["selected_option"]["value"] == "c1"


async def test_closing_is_told_only_where_it_is_asked_for(slack: Workspace, bot: Bot) -> None:
    """`view_closed` needs `notify_on_close`; `is_cleared` is true if everything was closed."""
    ann = slack.add_user("ann")
    form = Form(bot, modal(notify_on_close=True))
    async with bot.connected(slack):
        await slack.shortcut(ann, "open")
        assert await slack.close(ann) is not None
        await slack.shortcut(ann, "open")
        await slack.close(ann, everything=True)
        await bot.web.views_open(trigger_id=slack.world.triggers.issue(ann), view=modal())
        assert await slack.close(ann) is None
    assert [body["is_cleared"] for body in form.closed] == [False, True]
    with pytest.raises(NotShown):
        await slack.close(ann)


async def test_every_kind_of_field_has_its_value(slack: Workspace, client: AsyncWebClient) -> None:
    """Menus, dates, checkboxes, files and numbers have their element's form."""
    options = [{"text": PLAIN, "value": value} for value in ("a", "b")]
    elements: list[tuple[Json, Any, Json]] = [
        ({"type": "static_select", "options": options}, "a", {"selected_option": options[0]}),
        ({"type": "multi_static_select", "options": options}, ["a", "b"], {"selected_options": options}),
        ({"type": "checkboxes", "options": options}, ["b"], {"selected_options": [options[1]]}),
        ({"type": "radio_buttons", "options": options}, "b", {"selected_option": options[1]}),
        ({"type": "users_select"}, "U1", {"selected_user": "U1"}),
        ({"type": "multi_users_select"}, ["U1"], {"selected_users": ["U1"]}),
        ({"type": "datepicker"}, "2026-11-21", {"selected_date": "2026-11-21"}),
        ({"type": "datetimepicker"}, 1763766000, {"selected_date_time": 1763766000}),
        ({"type": "number_input", "is_decimal_allowed": False}, "5", {"value": "5"}),
        ({"type": "file_input"}, [{"id": "F1"}], {"files": [{"id": "F1"}]}),
        ({"type": "plain_text_input"}, "", {"value": None}),
    ]
    blocks = [
        {"type": "input", "block_id": str(number), "label": PLAIN, "element": {**one, "action_id": str(number)}}
        for number, (one, _, _) in enumerate(elements)
    ]
    ann = slack.add_user("ann")
    await client.views_open(trigger_id=slack.world.triggers.issue(ann), view=modal(*blocks))
    for number, (_, value, _) in enumerate(elements):
        slack.fill(ann, str(number), value)
    values = (slack.modal(ann) or {})["state"]["values"]
    for number, (element, _, expected) in enumerate(elements):
        assert values[str(number)][str(number)] == {"type": element["type"], **expected}
    with pytest.raises(NotShown):
        slack.fill(ann, "0", "z")


async def test_a_field_has_its_lengths(slack: Workspace, client: AsyncWebClient) -> None:
    """Too many characters cannot be typed, and too few cannot be submitted."""
    ann = slack.add_user("ann")
    view = modal(text_input("body", element={"min_length": 3, "max_length": 5}))
    await client.views_open(trigger_id=slack.world.triggers.issue(ann), view=view)
    with pytest.raises(NotShown):
        slack.fill(ann, "body_in", "x" * 6)
    slack.fill(ann, "body_in", "xx")
    with pytest.raises(NotShown, match="too few"):
        await slack.submit(ann)


async def test_the_home_tab_is_published_and_used(slack: Workspace, bot: Bot) -> None:
    """Opening the tab is an event; its content is shown, its buttons work, and an old hash is a conflict."""
    ann = slack.add_user("ann")
    bot.listen_to("app_home_opened")
    form = Form(bot, modal())
    home = {
        "type": "home",
        "blocks": [{"type": "actions", "elements": [{"type": "button", "action_id": "add", "text": PLAIN}]}],
    }
    async with bot.connected(slack):
        await slack.open_home(ann)
        await slack.wait_for(lambda: bot.events)
        assert (bot.events[0]["user"], bot.events[0]["tab"]) == (ann, "home")
        assert slack.home(ann) is None
        with pytest.raises(NotShown):
            await slack.press(ann, "add", home=True)
        first = (await bot.web.views_publish(user_id=ann, view=home))["view"]
        await slack.press(ann, "add", home=True)
        await slack.open_home(ann)
        await slack.wait_for(lambda: bot.events[1:])
        assert bot.events[1]["view"]["id"] == first["id"]
        await bot.web.views_publish(user_id=ann, view=home, hash=first["hash"])
        answer = await refused(bot.web.views_publish(user_id=ann, view=home, hash=first["hash"]))
        assert answer["error"] == "hash_conflict"
        assert (await refused(bot.web.views_publish(user_id="U0NO", view=home)))["error"] == "user_not_found"
        answer = await refused(bot.web.views_publish(user_id=ann, view=modal()))
        assert answer["error"] == "invalid_arguments"
    assert form.actions[0]["view"]["type"] == "home"
    assert (slack.home(ann) or {})["id"] == first["id"]


async def test_a_submission_without_an_answer_leaves_the_modal(slack: Workspace, bot: Bot) -> None:
    """The person sees a timeout and can try again."""
    ann = slack.add_user("ann")
    slack.settings.ack_seconds = 0.2
    async with bot.connected(slack):
        await bot.web.views_open(trigger_id=slack.world.triggers.issue(ann), view={**modal(), "callback_id": "unknown"})
        assert (await slack.submit(ann)).error == "operation_timeout"
        await asyncio.sleep(0)
    assert slack.modal(ann) is not None
