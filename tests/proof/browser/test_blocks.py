"""Everything that an app can post through the real Web API, as the browser shows it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Page, expect

if TYPE_CHECKING:
    from tests.page.company import Company

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("browser")]

MOMENT = 1_767_225_600  # 2026-01-01 00:00:00 UTC, 11 in the morning in Sydney
EVIL = '<img src=x onerror="alert(1)"> &amp; <script>alert(2)</script> <b>'
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def plain(text: str) -> dict[str, Any]:
    """Returns a plain text object."""
    return {"type": "plain_text", "text": text}


def marked(text: str) -> dict[str, Any]:
    """Returns a mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def option(value: str) -> dict[str, Any]:
    """Returns a menu option."""
    return {"text": plain(value.title()), "value": value}


async def test_mrkdwn_is_read_as_slack_reads_it(company: Company, page: Page) -> None:
    """Styles, links, mentions, channels, emoji, quotes and code become elements; times are in the viewer's zone."""
    lines = [
        "*bold* _italic_ ~gone~ `a*b` 2*3*4",
        f"<https://example.com/?a=1&amp;b=2|here> <mailto:a@example.com> <@{company.ben}> <#{company.alerts}> <!here>",
        ":flag-au: :wave::skin-tone-3: :not-an-emoji:",
        f"<!date^{MOMENT}^{{date_num}} {{time_secs}} {{nonsense}}|then>",
        "&gt; quoted &amp; escaped &lt;b&gt;",
        "```a <b> *c*```",
    ]
    await company.post("x", blocks=[{"type": "section", "text": marked("\n".join(lines))}])
    text = page.locator("#messages article .text")
    await expect(text.locator("strong")).to_have_text("bold")
    await expect(text.locator("em")).to_have_text("italic")
    await expect(text.locator("s")).to_have_text("gone")
    await expect(text.locator("code").first).to_have_text("a*b")
    await expect(text).to_contain_text("2*3*4")
    link = text.get_by_role("link", name="here", exact=True)
    await expect(link).to_have_attribute("href", "https://example.com/?a=1&b=2")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(text.get_by_role("link", name="#sms-alerts")).to_have_attribute("href", f"#{company.alerts}")
    await expect(text).to_contain_text("@ben")
    await expect(text).to_contain_text("@here")
    await expect(text.get_by_role("img", name="flag-au")).to_have_text("🇦🇺")
    await expect(text.get_by_role("img", name="wave")).to_have_text("👋🏼")
    await expect(text).to_contain_text(":not-an-emoji:")
    await expect(text.locator("time")).to_have_text("2026-01-01 11:00:00 am {nonsense}")
    await expect(text.locator("blockquote")).to_have_text("quoted & escaped <b>")
    await expect(text.locator("pre")).to_have_text("a <b> *c*")


async def test_no_text_becomes_markup_or_a_dangerous_link(company: Company, page: Page) -> None:
    """A contact's text stays text, an executable URL is no link, and nothing loads from outside."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    literal = {"type": "rich_text_section", "elements": [{"type": "text", "text": EVIL}]}
    bad = {"type": "rich_text_section", "elements": [{"type": "link", "url": "javascript:alert(3)", "text": "press"}]}
    image = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": EVIL}
    blocks = [{"type": "rich_text", "elements": [literal, bad]}, image, {"type": "header", "text": plain(EVIL)}]
    await company.post("x", blocks=blocks)
    await company.phones.send("+61488023555", company.fone.settings.numbers[0], EVIL)
    article = page.locator("#messages article")
    await expect(article.locator(".rich")).to_contain_text(EVIL)
    await expect(article.locator("h3")).to_have_text(EVIL)
    await expect(page.locator("#phone .bubble")).to_have_text(EVIL)
    assert await article.locator("script, b:not(.head b), img").count() == 0
    assert await article.get_by_role("link", name="press").count() == 0
    await expect(article.locator("a[href='https://example.com/a.png']")).to_be_visible()
    assert not [url for url in asked if not url.startswith("http://127.0.0.1:")]


async def test_rich_text_in_full(company: Company, page: Page) -> None:
    """Sections, lists, quotes, code, styles, links, mentions, groups, channels, broadcasts, emoji, colours, dates."""
    group = company.slack.add_group("crew", [company.anna])
    inline: list[dict[str, Any]] = [
        {"type": "text", "text": "plain "},
        {"type": "text", "text": "strong", "style": {"bold": True, "italic": True}},
        {"type": "link", "url": "https://example.com/", "text": "site"},
        {"type": "user", "user_id": company.anna},
        {"type": "usergroup", "usergroup_id": group},
        {"type": "channel", "channel_id": company.support},
        {"type": "broadcast", "range": "channel"},
        {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fc", "skin_tone": 3},
        {"type": "color", "value": "#FF0000"},
        {"type": "date", "timestamp": MOMENT, "format": "{date_num}", "fallback": "then"},
    ]
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "item"}]}
    elements = [
        {"type": "rich_text_section", "elements": inline},
        {"type": "rich_text_list", "style": "ordered", "offset": 2, "elements": [item, item]},
        {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [item]},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "quoted"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
    ]
    await company.post("x", blocks=[{"type": "rich_text", "elements": elements}])
    rich = page.locator("#messages article .rich")
    await expect(rich.locator("p").first).to_have_text(
        "plain strongsite@anna@crew#support@channel👋🏼#FF00002026-01-01"
    )
    await expect(rich.locator("em > strong, strong > em")).to_have_text("strong")
    await expect(rich.locator("ol")).to_have_attribute("start", "3")
    await expect(rich.locator("ul.indent-1 li")).to_have_text("item")
    await expect(rich.locator("blockquote")).to_have_text("quoted")
    await expect(rich.locator("pre code")).to_have_text("code")


async def test_every_block_and_element_is_drawn(company: Company, page: Page) -> None:
    """Sections with fields and accessories, context, images, files, tables and every kind of menu are drawn."""
    picture = company.slack.add_file(company.anna, "dot.png", DOT)
    choices = [option("one"), option("two")]

    def image(alt: str) -> dict[str, Any]:
        return {"type": "image", "alt_text": alt, "slack_file": {"id": picture}}

    kinds: list[dict[str, Any]] = [
        {"type": "button", "text": plain("Go :wave:"), "style": "primary"},
        {"type": "static_select", "placeholder": plain("Pick"), "options": choices},
        {"type": "users_select", "placeholder": plain("Who")},
        {"type": "channels_select", "placeholder": plain("Where")},
        {"type": "overflow", "options": choices},
        {"type": "radio_buttons", "options": choices},
        {"type": "checkboxes", "options": choices},
        {"type": "datepicker", "initial_date": "2026-01-01"},
        {"type": "timepicker", "initial_time": "11:00"},
    ]
    await company.post(
        "x",
        blocks=[
            {"type": "section", "fields": [marked("*a*"), plain("b")]},
            {"type": "section", "text": plain("with"), "accessory": image("dot")},
            {"type": "context", "elements": [marked("small"), image("tiny")]},
            {"type": "divider"},
            image("a dot") | {"title": plain("Dot")},
            {"type": "table", "rows": [[{"type": "raw_text", "text": "head"}], [{"type": "raw_text", "text": "cell"}]]},
            {"type": "actions", "elements": kinds},
        ],
    )  # fmt: skip
    article = page.locator("#messages article")
    await expect(article.get_by_role("button", name="Go wave")).to_have_class("button primary")
    for name in ("Pick", "Who", "Where"):
        await expect(article.get_by_role("combobox", name=name)).to_be_visible()
    await expect(article.get_by_role("radio")).to_have_count(2)
    await expect(article.get_by_role("checkbox")).to_have_count(2)
    await expect(article.locator("input[type=date]")).to_have_value("2026-01-01")
    await expect(article.locator("td")).to_have_text("cell")
    for alt in ("dot", "tiny", "a dot"):
        seen = article.get_by_role("img", name=alt, exact=True)
        await expect(seen).to_be_visible()
        assert await seen.evaluate("image => image.naturalWidth") == 1
    assert await article.get_by_text(" block)").count() == 0


async def test_files_of_people(company: Company, page: Page) -> None:
    """A picture is shown with its name, other files can be saved, and a deleted file is marked as deleted."""
    dot = company.slack.add_file(company.ben, "dot.png", DOT)
    paper = company.slack.add_file(company.ben, "paper.pdf", b"%PDF-1.7")
    await company.slack.say(company.ben, company.support, "look", files=[dot, paper])
    article = page.locator("#messages article")
    await expect(article.get_by_role("img", name="dot.png")).to_be_visible()
    await expect(article.get_by_role("link", name="paper.pdf")).to_have_attribute("href", f"file/{paper}")
    await company.slack.remove_file(paper)
    await expect(article).to_contain_text("This file was deleted.")


async def test_a_failure_is_retried_with_its_button(company: Company, page: Page) -> None:
    """The button under a failed reply reaches the app, which edits its status line; the thread shows both."""

    async def retry(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        where = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        await company.bot.web.chat_update(text="sent", blocks=line("✓ sent 10:31 · attempt 2"), **where)

    def line(words: str, *buttons: dict[str, Any]) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = [{"type": "context", "elements": [marked(words)]}]
        return [*shown, {"type": "actions", "elements": list(buttons)}] if buttons else shown

    company.bot.app.action("retry")(retry)
    root = await company.post("card")
    confirm = {"title": plain("Send again?"), "text": plain("It costs."), "confirm": plain("Send"), "deny": plain("No")}
    button = {"type": "button", "action_id": "retry", "text": plain("Retry"), "confirm": confirm}
    await company.post("failed", thread_ts=root, blocks=line("✗ failed 10:30", button))
    await page.get_by_role("link", name="1 reply").click()
    last = page.locator("#replies article").last
    await last.get_by_role("button", name="Retry").click()
    await page.get_by_role("dialog", name="Send again?").get_by_role("button", name="No").click()
    await expect(last).to_contain_text("✗ failed")
    await last.get_by_role("button", name="Retry").click()
    await page.get_by_role("dialog", name="Send again?").get_by_role("button", name="Send").click()
    await expect(last).to_contain_text("✓ sent 10:31 · attempt 2")


async def test_an_overflow_menu(company: Company, page: Page) -> None:
    """The menu opens, works with arrow keys, and reports the choice to the app."""
    chosen: list[str] = []

    async def more(ack: Any, action: dict[str, Any]) -> None:
        chosen.append(action["selected_option"]["value"])
        await ack()

    company.bot.app.action("more")(more)
    menu = {"type": "overflow", "action_id": "more", "options": [option("export"), option("forget")]}
    await company.post("x", blocks=[{"type": "section", "text": plain("More"), "accessory": menu}])
    await page.get_by_role("button", name="More actions").click()
    await expect(page.get_by_role("menuitem", name="Export")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Forget")).to_be_focused()
    await page.keyboard.press("Enter")
    await company.slack.wait_for(lambda: chosen)
    assert chosen == ["forget"]
    await expect(page.get_by_role("menu")).to_be_hidden()


async def test_what_only_one_person_sees(company: Company, page: Page) -> None:
    """An ephemeral message is marked as such, and disappears when the person switches users."""
    await company.bot.web.chat_postEphemeral(channel=company.support, user=company.anna, text="psst")
    private = page.locator("#messages article.private")
    await expect(private).to_contain_text("Only you can see this")
    await page.get_by_label("You are").select_option("ben")
    await expect(private).to_have_count(0)
    await page.locator("#channel textarea").fill("hello, I am *ben*")
    await page.keyboard.press("Enter")
    await expect(page.locator("#messages article").last).to_contain_text("hello, I am ben")
    assert company.slack.see(company.support)[-1]["user"] == company.ben


async def test_own_messages_are_changed_and_taken_back(company: Company, page: Page) -> None:
    """E edits, Enter saves, deleting asks first, and a root with replies leaves a tombstone."""
    await page.locator("#channel textarea").fill("teh first")
    await page.keyboard.press("Enter")
    article = page.locator("#messages article")
    await article.focus()
    await page.keyboard.press("e")
    await article.get_by_role("textbox", name="Your message").fill("the first")
    await page.keyboard.press("Enter")
    await expect(article).to_contain_text("the first")
    await expect(article).to_contain_text("edited")
    root = company.slack.see(company.support)[0]["ts"]
    await company.post("below", thread_ts=root)
    await article.hover()
    await article.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog", name="Delete message").get_by_role("button", name="Delete").click()
    await expect(article).to_contain_text("This message was deleted.")


async def test_files_are_attached_and_replies_also_sent_to_the_channel(company: Company, page: Page) -> None:
    """The composers send files, and send a reply to the channel too on request."""
    picker = page.locator("#channel-composer input[type=file]")
    await picker.set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": DOT})
    await page.get_by_role("button", name="Remove dot.png").wait_for()
    await page.locator("#channel").get_by_role("button", name="Send").click()
    await expect(page.locator("#messages").get_by_role("img", name="dot.png")).to_be_visible()
    root = company.slack.see(company.support)[0]
    await page.keyboard.press("Escape")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await page.keyboard.press("r")
    await page.keyboard.type("for all")
    await page.get_by_label("Also send to the channel").check()
    await page.locator("#thread").get_by_role("button", name="Send").click()
    await expect(page.locator("#messages article").last).to_contain_text("replied to a thread")
    assert company.slack.thread(company.support, root["ts"])[1]["subtype"] == "thread_broadcast"
    await expect(page.get_by_label("Also send to the channel")).not_to_be_checked()


async def test_commands_that_are_none_are_refused(company: Company, page: Page) -> None:
    """Commands other than /sms, and commands in threads, are rejected; the typed text stays."""
    field = page.locator("#channel textarea")
    await field.fill("/fax 1234")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("/fax is not a valid command.")
    await expect(field).to_have_value("/fax 1234")
    root = await company.post("card")
    await page.evaluate(f"location.hash = '{company.support}/{root}'")
    await page.locator("#thread textarea").fill("/sms help")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("/sms is not supported in threads. Sorry!")
    assert len(company.slack.thread(company.support, root)) == 1
