"""The demo with the real bot, as a person uses it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.carriers.outcomes import Fate
from sandbox.page.pictures import Photographer

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.demo_environment import DemoEnvironment

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("browser")]


async def pick(page: Page, phone: str) -> None:
    """Selects a phone, and adds it if needed."""
    known = page.locator("#phone-list > button").filter(has_text=spaced(phone))
    if not await known.count():
        await page.get_by_label("Number of another phone").fill(phone)
        await page.get_by_role("button", name="Add this phone").click()
    await known.click()


async def text(page: Page, phone: str, words: str) -> None:
    """Sends a text from a phone."""
    await pick(page, phone)
    await page.get_by_role("textbox", name="Text", exact=True).fill(words)
    await page.keyboard.press("Enter")


async def open_thread(page: Page, phone: str) -> Locator:
    """Opens the phone's thread; returns its messages."""
    card = page.locator("#messages article").filter(has_text=spaced(phone))
    await card.click()
    await card.press("Enter")
    replies = page.locator("#replies article")
    await expect(replies.first).to_contain_text(spaced(phone))
    return replies


def spaced(number: str) -> str:
    """Returns an Australian mobile number as the page shows it."""
    return f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}"


async def test_a_text_comes_in_a_reply_goes_out_and_its_receipt_comes_back(demo: Page) -> None:
    """The thread has the literal text, the phone gets the reply, its receipt is shown, and the card has the lease."""
    phone = "+61488023555"
    await text(demo, phone, "Is my order *on its way*? <!channel> <b>")
    replies = await open_thread(demo, phone)
    await expect(replies.last).to_contain_text("Is my order *on its way*? <!channel> <b>")
    await demo.keyboard.press("r")
    await demo.keyboard.type("Yes, it left this morning :wave:")
    await demo.keyboard.press("Enter")
    bubble = demo.locator("#phone .text-row.in")
    await expect(bubble).to_contain_text("Yes, it left this morning 👋")
    await expect(replies.last).to_contain_text("✓✓ delivered")
    await expect(replies.first).to_contain_text("Texts come from +61 499 009 990")
    await expect(demo.get_by_label("Text to")).to_contain_text("+61 499 009 990")
    await demo.get_by_role("textbox", name="Text", exact=True).fill("Thank you!")
    await demo.keyboard.press("Enter")
    await expect(replies.last).to_contain_text("Thank you!")


async def test_a_reply_that_fails_is_told_in_the_thread_and_in_the_alert_channel(demo: Page) -> None:
    """The phone never gets the reply, and the thread and the alert channel report it."""
    phone = "+61488020001"
    await text(demo, phone, "Can you call me?")
    await expect(demo.locator("#phone .fate")).to_have_text("Texts to this phone fail")
    replies = await open_thread(demo, phone)
    await demo.keyboard.press("r")
    await demo.keyboard.type("We will call you at 3.")
    await demo.keyboard.press("Enter")
    await expect(replies.last).to_contain_text("✗ failed")
    await expect(demo.locator("#phone .text-row.in")).to_have_count(0)
    await demo.get_by_role("link", name="sms-alerts").click()
    await expect(demo.locator("#messages article").first).to_be_visible()


async def test_a_failed_reply_is_retried_with_its_button(demo: Page, stage: DemoEnvironment) -> None:
    """The first attempt fails; a retry with the button arrives, and the phone has the text once."""
    phone = "+61488023779"
    stage.fone.outcome(phone, Fate.FAILED, times=1)
    await text(demo, phone, "Where are you?")
    replies = await open_thread(demo, phone)
    await demo.keyboard.press("r")
    await demo.keyboard.type("At the door.")
    await demo.keyboard.press("Enter")
    await expect(replies.last).to_contain_text("✗ failed")
    await replies.last.get_by_role("button", name="Retry").click()
    await expect(replies.last).to_contain_text("✓✓ delivered")
    await expect(demo.locator("#phone .text-row.in")).to_have_count(1)


async def test_the_command_texts_somebody_new_and_answers_privately(demo: Page, stage: DemoEnvironment) -> None:
    """Only Anna sees the answer to a wrong number; a valid number opens a conversation."""
    await demo.keyboard.press("/")
    await demo.keyboard.type("0400 hello")
    await demo.keyboard.press("Enter")
    await expect(demo.locator("#messages article.private")).to_contain_text("Only you can see this")
    await demo.keyboard.type("/sms 0488 023 778 Your parcel is here.")
    await demo.keyboard.press("Enter")
    await stage.phones.wait_for(lambda: stage.phones.received("+61488023778"))
    await pick(demo, "+61488023778")
    await expect(demo.locator("#phone .text-row.in")).to_contain_text("Your parcel is here.")


async def test_the_modal_counts_and_tells_a_wrong_number(demo: Page, stage: DemoEnvironment) -> None:
    """The bot's own modal counts segments during typing, reports errors at the field, and sends a valid text."""
    await demo.locator("#channel textarea").fill("/sms")
    await demo.keyboard.press("Enter")
    dialog = demo.get_by_role("dialog", name="New SMS")
    number = dialog.get_by_label("new number")
    await number.fill("+61 400")
    await dialog.get_by_label("Text", exact=True).fill("It is here.")
    await expect(dialog).to_contain_text("1 segment")
    await dialog.get_by_role("button", name="Send").click()
    await expect(number).to_have_attribute("aria-invalid", "true")
    await expect(number).to_be_focused()
    await number.fill("0488 023 783")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_have_count(0)
    await stage.phones.wait_for(lambda: stage.phones.received("+61488023783"))
    await expect(demo.get_by_role("alert")).to_have_text("")


async def test_all_four_companies_have_their_phones(demo: Page, stage: DemoEnvironment) -> None:
    """A text from a phone at each provider is posted in the channel of its inbox."""
    where = {"sales": "+1 555-222-3333", "london": "+44 7911 123456", "boston": "+1 202-555-0143"}
    for name, phone in where.items():
        await demo.locator("#phone-list > button").filter(has_text=phone).click()
        await expect(demo.get_by_label("Text to").locator("option:checked")).to_contain_text(
            {"sales": "IO Phone", "london": "IOVOX", "boston": "Restcomm"}[name]
        )
        if name == "sales":  # its first text sets the webhook
            await demo.get_by_role("link", name="sales").click()
            await demo.locator("#channel textarea").fill("/sms +15552223333 Hello from sales")
            await demo.keyboard.press("Enter")
            await expect(demo.locator("#phone .text-row.in")).to_contain_text("Hello from sales")
        await demo.get_by_role("textbox", name="Text", exact=True).fill(f"Hello {name}")
        await demo.keyboard.press("Enter")
    for name in where:
        await stage.slack.wait_for(partial(stage.slack.see, stage.channels[name]))


async def test_a_killed_bot_heals(demo: Page, stage: DemoEnvironment) -> None:
    """The bot is killed from the panel and misses a text; after a restart it has the text."""
    phone = "+61488023780"
    stage.fone.settings.retries = (0.3,) * 40  # the provider retries often, so that the test is fast
    await demo.get_by_role("button", name="Kill the bot").click()
    await expect(demo.locator("#health")).to_have_text("The bot is not running")
    newest = demo.locator(".log li").first
    await expect(newest).to_contain_text("happened The bot was killed")
    await text(demo, phone, "Are you there?")
    await demo.get_by_role("button", name="Start the bot").click()
    await expect(demo.locator("#health")).to_have_text("The bot is running", timeout=15_000)
    await expect(newest).to_contain_text("healed The bot was killed")
    replies = await open_thread(demo, phone)
    await expect(replies.last).to_contain_text("Are you there?")


async def test_a_429_heals(demo: Page) -> None:
    """Slack refuses the next post for a while; the text is in the thread once in the end."""
    phone = "+61488023781"
    await demo.get_by_role("button", name="Answers the next post with 429").click()
    newest = demo.locator(".log li").first
    await expect(newest).to_contain_text("answers the next post with 429")  # a status line may hit it at once
    await text(demo, phone, "Hello?")
    await expect(newest).to_contain_text("healed", timeout=10_000)
    replies = await open_thread(demo, phone)
    await expect(replies.filter(has_text="Hello?")).to_have_count(1)


async def test_a_company_that_refuses_is_told_in_the_thread(demo: Page) -> None:
    """The panel makes Fone Dynamics refuse the next text; the thread shows the reason."""
    phone = "+61488023782"
    await text(demo, phone, "Hi")
    replies = await open_thread(demo, phone)
    await demo.get_by_label("Where to inject faults").select_option("Fone Dynamics")
    await demo.get_by_role("button", name="Refuses the next text").click()
    await expect(demo.locator(".log li").first).to_contain_text("waiting to happen Fone Dynamics refuses the next text")
    await demo.locator("#thread textarea").fill("Hello!")
    await demo.keyboard.press("Enter")
    await expect(replies.last).to_contain_text("✗ refused")
    await expect(demo.locator(".log li").first).to_contain_text("happened")


async def test_pictures_are_taken_for_the_documentation(demo: Page, tmp_path: Path) -> None:
    """The screenshots are taken to the end of the demo; what the bot does not show is listed."""
    photographer = Photographer(demo, tmp_path)
    await photographer.play()
    assert {"thread", "dark", "failure", "narrow-workspace"} <= {file.stem for file in photographer.taken}
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in photographer.taken)
    assert len(photographer.taken) + len(photographer.missing) == 7
