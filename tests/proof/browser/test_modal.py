"""Modals and the Home tab, with a small app that behaves like the bot's compose modal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

if TYPE_CHECKING:
    from tests.page.company import Company

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("browser")]


def plain(text: str) -> dict[str, Any]:
    """Returns a plain text object."""
    return {"type": "plain_text", "text": text}


def field(block: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Returns an input block."""
    return {
        "type": "input",
        "block_id": block,
        "label": plain(label),
        "element": element | {"action_id": block},
        **more,
    }


def compose(counter: str) -> dict[str, Any]:
    """Returns the compose modal with its live counter."""
    typed = {"trigger_actions_on": ["on_character_entered"]}
    options = [{"text": plain(one.title()), "value": one} for one in ("leased", "sydney")]
    return {
        "type": "modal",
        "callback_id": "compose",
        "title": plain("New SMS"),
        "submit": plain("Send"),
        "close": plain("Never mind"),
        "notify_on_close": True,
        "blocks": [
            field("to", "To", {"type": "plain_text_input", "placeholder": plain("+61 400 000 000")}),
            field("contact", "Contact", {"type": "external_select", "min_query_length": 0}, optional=True),
            field("sender", "From", {"type": "static_select", "options": options, "initial_option": options[0]}),
            field("day", "On", {"type": "datepicker"}, optional=True),
            field("flags", "How", {"type": "checkboxes", "options": options}, optional=True),
            field("files", "Pictures", {"type": "file_input", "max_files": 2}, optional=True),
            field(
                "text",
                "Text",
                {"type": "plain_text_input", "multiline": True, "max_length": 1600, "dispatch_action_config": typed},
                dispatch_action=True,
                hint=plain("Emoji make it shorter"),
            ),
            {"type": "context", "block_id": "counter", "elements": [{"type": "mrkdwn", "text": counter}]},
        ],
    }


class Composer:
    """The app behind the modal.

    Attributes:
        counted: the texts that it got while the person typed.
        sent: `state.values` of each accepted submission.
        closed: how often the modal was closed without a submission.
    """

    def __init__(self, company: Company) -> None:
        self.counted: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.closed = 0
        self._web = company.bot.web
        app = company.bot.app
        app.command("/sms")(self._open)
        app.action("text")(self._count)
        app.options("contact")(self._contacts)
        app.view({"type": "view_submission", "callback_id": "compose"})(self._submit)
        app.view({"type": "view_closed", "callback_id": "compose"})(self._close)

    async def _open(self, ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await self._web.views_open(trigger_id=body["trigger_id"], view=compose("160 left"))

    async def _count(self, ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        text = action.get("value") or ""
        self.counted.append(text)
        view = compose(f"{160 - len(text)} left")
        await self._web.views_update(view_id=body["view"]["id"], view=view)

    async def _contacts(self, ack: Any, payload: dict[str, Any]) -> None:
        known = [one for one in ("Mia Park", "Max Moss") if payload["value"].lower() in one.lower()]
        await ack(options=[{"text": plain(one), "value": one} for one in known])

    async def _submit(self, ack: Any, view: dict[str, Any]) -> None:
        values = view["state"]["values"]
        if not values["to"]["to"]["value"].startswith("+"):
            await ack(response_action="errors", errors={"to": "This is not a phone number."})
            return
        self.sent.append(values)
        await ack()

    async def _close(self, ack: Any) -> None:
        self.closed += 1
        await ack()


@pytest_asyncio.fixture(loop_scope="session")
async def composer(company: Company) -> Composer:
    """The app behind the modal."""
    return Composer(company)


async def open_modal(page: Page) -> None:
    """Runs /sms."""
    await page.locator("#channel textarea").fill("/sms")
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog", name="New SMS").wait_for()


async def test_the_counter_counts_while_one_types(composer: Composer, page: Page) -> None:
    """Each pause in typing updates the counter; the cursor stays and no text is lost."""
    await open_modal(page)
    await expect(page.get_by_label("To", exact=True)).to_be_focused()
    await page.get_by_role("dialog").get_by_label("Text").click()
    await page.keyboard.type("Hello there, how are you?", delay=15)
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("135 left")
    await expect(dialog.get_by_label("Text")).to_be_focused()
    await page.keyboard.press("Home")
    await page.keyboard.type("Oh! ", delay=15)
    await expect(dialog).to_contain_text("131 left")
    await expect(dialog.get_by_label("Text")).to_have_value("Oh! Hello there, how are you?")
    assert composer.counted[-1] == "Oh! Hello there, how are you?"
    await expect(page.get_by_role("status")).to_contain_text("131 left")


async def test_a_wrong_number_is_told_at_its_field(composer: Composer, page: Page) -> None:
    """The page itself reports missing input; the app reports wrong input at its field, which gets the focus."""
    await open_modal(page)
    dialog = page.get_by_role("dialog")
    to = dialog.get_by_label("To", exact=True)
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.get_by_text("Please fill this in.")).to_have_count(2)
    await expect(to).to_be_focused()
    await to.fill("0400")
    await expect(dialog.get_by_text("Please fill this in.")).to_have_count(1)
    await dialog.get_by_label("Text").fill("Hello")
    await page.keyboard.press("Tab")
    await dialog.get_by_role("button", name="Send").click()
    await expect(to).to_have_accessible_description("This is not a phone number.")
    await expect(to).to_have_attribute("aria-invalid", "true")
    await expect(to).to_be_focused()
    await to.fill("+61400000000")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    assert composer.sent[0]["to"]["to"]["value"] == "+61400000000"
    assert composer.sent[0]["sender"]["sender"]["selected_option"]["value"] == "leased"


async def test_every_kind_of_field_reaches_the_app(composer: Composer, page: Page) -> None:
    """App options, menus, dates, checkboxes and files are in the submission."""
    await open_modal(page)
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("To", exact=True).fill("+61400000000")
    contact = dialog.get_by_role("combobox", name="Contact (optional)")
    await contact.fill("max")
    await expect(dialog.get_by_role("option", name="Max Moss")).to_be_visible()
    await expect(dialog.get_by_role("option", name="Mia Park")).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(contact).to_have_value("Max Moss")
    await dialog.get_by_label("From").select_option("Sydney")
    await dialog.get_by_label("On (optional)").fill("2026-12-24")
    await dialog.get_by_role("group", name="How (optional)").get_by_label("Leased").check()
    await dialog.get_by_label("Pictures (optional)").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
    )
    await dialog.get_by_label("Text").fill("Hello")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_have_count(0)
    sent = composer.sent[0]
    assert sent["contact"]["contact"]["selected_option"]["value"] == "Max Moss"
    assert sent["sender"]["sender"]["selected_option"]["value"] == "sydney"
    assert sent["day"]["day"]["selected_date"] == "2026-12-24"
    assert [one["value"] for one in sent["flags"]["flags"]["selected_options"]] == ["leased"]
    assert len(sent["files"]["files"]["files"]) == 1
    assert sent["text"]["text"]["value"] == "Hello"


async def test_escape_closes_and_the_app_hears_of_it(composer: Composer, company: Company, page: Page) -> None:
    """Escape closes an option list first, then the modal through the app; the focus returns to where it was."""
    await open_modal(page)
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("On (optional)").fill("2026-12-24")
    await dialog.get_by_role("combobox", name="Contact (optional)").focus()
    await expect(dialog.get_by_role("option", name="Mia Park")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog.get_by_role("listbox")).to_be_hidden()
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await company.slack.wait_for(lambda: composer.closed == 1)
    await expect(page.locator("#channel textarea")).to_be_focused()
    await expect(page.get_by_role("alert")).to_have_text("")


async def test_the_app_that_does_not_answer(company: Company, page: Page) -> None:
    """Without the bot a command fails with a sentence, and the typed text stays."""
    await company.bot.kill()
    await page.locator("#channel textarea").fill("/sms")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("threadline cannot be reached. Is the bot running?")


async def test_home_is_drawn_and_used(company: Company, page: Page) -> None:
    """Opening the Home tab calls the app; the page shows it, and its buttons work."""
    pressed: list[str] = []

    async def opened(event: dict[str, Any]) -> None:
        button = {"type": "button", "action_id": "new", "text": plain("New SMS"), "style": "primary"}
        blocks = [{"type": "header", "text": plain("Waiting: 2")}, {"type": "actions", "elements": [button]}]
        await company.bot.web.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    async def new(ack: Any, body: dict[str, Any]) -> None:
        pressed.append(body["user"]["id"])
        await ack()

    company.bot.app.event("app_home_opened")(opened)
    company.bot.app.action("new")(new)
    await page.get_by_role("link", name="Home").click()
    await expect(page.get_by_role("heading", name="Waiting: 2")).to_be_visible()
    await page.get_by_role("button", name="New SMS").click()
    await company.slack.wait_for(lambda: pressed == [company.anna])
