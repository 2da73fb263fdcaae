"""Accessibility of the page: keyboard, screen reader, phone width, dark mode, reduced motion."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Page, expect

from sandbox.demo_environment import free_port
from sandbox.page.server import Server
from tests.page.company import PHONE

if TYPE_CHECKING:
    from tests.page.company import Company
    from tests.proof.browser.conftest import Opener

FAINT = Path(__file__).with_name("faint.js").read_text(encoding="utf-8")
NAMELESS = Path(__file__).with_name("nameless.js").read_text(encoding="utf-8")

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("browser")]


async def furnish(company: Company) -> str:
    """Fills a channel and a phone with all kinds of content; returns the root of a thread."""
    button = {"type": "button", "action_id": "go", "style": "danger", "text": {"type": "plain_text", "text": "Stop"}}
    mine = {"type": "button", "action_id": "mine", "style": "primary", "text": {"type": "plain_text", "text": "Go"}}
    plain = {"type": "button", "action_id": "hm", "text": {"type": "plain_text", "text": "Hm"}}
    words = f"*Open* `code` <https://example.com|link> <@{company.anna}> <@{company.ben}> <#{company.alerts}> <!here>"
    context = {"type": "context", "elements": [{"type": "mrkdwn", "text": "✓ sent 10:31 `x`"}]}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": words}}
    root = await company.post("x", blocks=[section, context, {"type": "actions", "elements": [button, mine, plain]}])
    await company.slack.say(company.ben, company.support, "a reply", thread_ts=root)
    mine_ts = await company.slack.say(company.anna, company.support, "my *own*")
    await company.slack.edit(company.anna, company.support, mine_ts, "my *own* words")
    await company.bot.web.chat_postEphemeral(channel=company.support, user=company.anna, text="psst")
    await company.phones.send(PHONE, company.fone.settings.numbers[0], "Hello")
    await company.send("Hello yourself")
    await company.send("Hello you", to="+61488020004")
    return root


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_word_stands_out_enough(company: Company, page: Page, scheme: Any) -> None:
    """Every text has AA contrast in both colour schemes: messages, buttons, phones, the panel, modals, errors."""
    root = await furnish(company)
    await page.emulate_media(color_scheme=scheme)
    await page.evaluate(f"location.hash = '{company.support}/{root}'")
    await page.get_by_role("button", name="Take down Slack").click()
    await expect(page.locator("#health")).to_have_text("Slack is down")
    await page.get_by_role("button", name="Bring back Slack").click()
    await page.get_by_role("button", name="Answers the next post with 429").click()
    await expect(page.locator(".log li")).to_have_count(2)
    await page.locator("#thread textarea").fill("/sms help")
    await page.keyboard.press("Enter")
    await page.get_by_role("alert").get_by_text("not supported").wait_for()
    assert await page.evaluate(FAINT) == []
    await page.locator("#replies article").last.focus()
    await page.get_by_role("button", name="Keys").click()
    assert await page.evaluate(FAINT) == []


async def test_everything_has_a_name_and_a_place(company: Company, page: Page) -> None:
    """The page has landmarks, one first-level heading, and a name for every control."""
    root = await furnish(company)
    await page.evaluate(f"location.hash = '{company.support}/{root}'")
    await page.get_by_role("complementary", name="Thread").wait_for()
    assert await page.evaluate(NAMELESS) == []
    await expect(page.get_by_role("navigation", name="Channels")).to_be_visible()
    await expect(page.get_by_role("region", name="Workspace")).to_be_visible()
    await expect(page.get_by_role("region", name="Phones", exact=True)).to_be_visible()
    await expect(page.get_by_role("banner")).to_have_count(1)
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await expect(page.get_by_role("link", name="support")).to_have_attribute("aria-current", "page")


async def test_the_keyboard_does_it_all(company: Company, page: Page) -> None:
    """J and k move through threads, Enter opens one, r replies, Escape goes back, n types a text, ? shows help."""
    roots = [await company.post(f"thread {number}") for number in (1, 2, 3)]
    articles = page.locator("#messages article")
    await expect(articles).to_have_count(3)
    await page.keyboard.press("j")
    await expect(articles.nth(2)).to_be_focused()
    await page.keyboard.press("k")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(articles.nth(0)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Thread")).to_be_focused()
    await page.keyboard.press("r")
    await page.keyboard.type("near now?")
    await page.keyboard.press("Enter")
    await expect(page.locator("#replies article").last).to_contain_text("near now?")
    assert len(company.slack.thread(company.support, roots[1])) == 2
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator("#thread")).to_be_hidden()
    await expect(articles.nth(1)).to_be_focused()
    await page.keyboard.press("n")
    await page.keyboard.type("just a text?")
    await page.keyboard.press("Enter")
    await expect(page.locator("#phone .text-row.out")).to_contain_text("just a text?")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_focus_can_always_be_seen_and_is_never_lost(company: Company, page: Page) -> None:
    """Tab reaches a message's button with a visible outline, and an edit of that message keeps the focus."""
    root = await furnish(company)
    button = page.locator("#messages").get_by_role("button", name="Go", exact=True)
    await page.locator(f'#messages [data-ts="{root}"]').focus()
    await page.keyboard.press("Tab")
    while not await button.evaluate("one => one === document.activeElement"):
        await page.keyboard.press("Tab")
    assert await button.evaluate("one => parseFloat(getComputedStyle(one).outlineWidth)") >= 2
    blocks = company.slack.see(company.support)[0]["blocks"]
    await company.bot.web.chat_update(channel=company.support, ts=root, text="y", blocks=blocks[1:])
    await expect(page.locator(f'#messages [data-ts="{root}"]')).not_to_contain_text("Open")
    await expect(button).to_be_focused()


async def test_news_is_announced_once_and_politely(company: Company, page: Page) -> None:
    """Others' new messages and new texts are announced once; one's own are not."""
    says = page.get_by_role("status")
    await expect(says).to_have_attribute("aria-live", "polite")
    await company.slack.say(company.ben, company.support, "good *morning*")
    await expect(says).to_have_text("ben in support: good morning")
    await company.send("Your parcel is here")
    await expect(says).to_have_text("Text on the phone +61 488 023 555: Your parcel is here")
    await company.slack.say(company.anna, company.support, "mine")
    await expect(page.locator("#messages article").last).to_contain_text("mine")
    await company.bot.kill()
    await expect(says).to_have_text("The bot is not running")


async def test_at_phone_width_the_sides_are_tabs(company: Company, page: Page) -> None:
    """At phone width one side shows at a time, without sideways scrolling; the other tab counts what is new."""
    root = await furnish(company)
    await expect(page.locator("#phone")).to_contain_text("Hello yourself")  # seen, so it does not count below
    await expect(page.locator("#phone-list")).to_contain_text("1 new")
    await page.set_viewport_size({"width": 360, "height": 740})
    await expect(page.get_by_role("tab", name="Workspace")).to_have_attribute("aria-selected", "true")
    await expect(page.locator("#phones")).to_be_hidden()
    await company.send("One more")
    await expect(page.locator("#tab-count")).to_have_text("2")
    sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(sideways)
    await page.evaluate(f"location.hash = '{company.support}/{root}'")
    await expect(page.locator("#channel")).to_be_hidden()
    await expect(page.locator("#thread textarea")).to_be_visible()
    assert not await page.evaluate(sideways)
    await page.get_by_role("tab", name="Workspace").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tabpanel", name="Phones")).to_be_visible()
    await expect(page.locator("#tab-count")).to_have_text("1")
    await page.get_by_role("button", name="+61 488 020 004 1 new").click()
    await expect(page.locator("#tab-count")).to_be_hidden()
    await expect(page.locator("#workspace")).to_be_hidden()
    assert not await page.evaluate(sideways)


async def test_nothing_moves_for_those_who_want_it_so(company: Company, page: Page) -> None:
    """Nothing is animated with reduced motion."""
    await page.emulate_media(reduced_motion="reduce")
    await furnish(company)
    await expect(page.locator("#messages article")).to_have_count(3)
    assert await page.evaluate("document.getAnimations().length") == 0
    names = "[...document.querySelectorAll('*')].filter(one => getComputedStyle(one).animationName !== 'none').length"
    assert await page.evaluate(names) == 0
    await page.emulate_media(reduced_motion="no-preference")
    assert await page.evaluate(names) > 0


async def test_a_lost_line_is_told_and_mended(company: Company, opened: Opener) -> None:
    """The page reports a lost connection, and shows everything again once it is back."""
    port = free_port()
    async with AsyncExitStack() as stack:
        async with Server(company, port) as server:
            page = await stack.enter_async_context(opened(server.url))
            await expect(page.locator("#health")).to_have_text("The bot is running")
        await expect(page.locator("#health")).to_have_text("The demo is not responding")
        await company.slack.say(company.ben, company.support, "meanwhile")
        await stack.enter_async_context(Server(company, port))
        await expect(page.locator("#messages article")).to_contain_text("meanwhile")
        await expect(page.locator("#health")).to_have_text("The bot is running")
