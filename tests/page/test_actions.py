"""The page's actions, without a browser."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.page.company import PHONE

if TYPE_CHECKING:
    from tests.page.company import Company
    from tests.page.conftest import Visitor


async def test_saying_editing_and_deleting(visitor: Visitor, company: Company) -> None:
    """A message can be posted, in a thread and to the channel too, edited and deleted."""
    status, answer = await visitor.do("say", channel=company.support, text="a *bold* word")
    root = answer["came"]
    assert status == 200
    await visitor.do("say", channel=company.support, text="below", thread=root, broadcast=True)
    assert [one["text"] for one in company.slack.thread(company.support, root)] == ["a *bold* word", "below"]
    assert company.slack.thread(company.support, root)[1]["subtype"] == "thread_broadcast"
    await visitor.do("edit", channel=company.support, ts=root, text="another")
    assert company.slack.thread(company.support, root)[0]["text"] == "another"
    reply = company.slack.thread(company.support, root)[1]["ts"]
    assert (await visitor.do("delete", channel=company.support, ts=reply))[0] == 200
    assert len(company.slack.thread(company.support, root)) == 1


async def test_files_are_sent_and_shown(visitor: Visitor, company: Company) -> None:
    """A file goes with a message; pictures are displayed, other files are downloads and never run."""
    content = base64.b64encode(b"<script>alert(1)</script>").decode()
    page = (await visitor.do("upload", name="a.html", content=content, mimetype="text/html"))[1]["came"]
    picture = (await visitor.do("upload", name="a.png", content=content, mimetype="image/png"))[1]["came"]
    await visitor.do("say", channel=company.support, text="", files=[page, picture])
    shared = company.slack.see(company.support)[0]
    assert [one["id"] for one in shared["files"]] == [page, picture]
    for file, kind, shown in ((page, "application/octet-stream", "attachment"), (picture, "image/png", "inline")):
        async with visitor.http.get(f"{visitor.url}file/{file}") as answer:
            assert await answer.read() == b"<script>alert(1)</script>"
            assert (answer.content_type, answer.headers["Content-Disposition"]) == (kind, shown)
    await company.slack.remove_file(page)
    async with visitor.http.get(f"{visitor.url}file/{page}") as answer:
        assert answer.status == 404


async def test_a_click_reaches_the_app(visitor: Visitor, company: Company) -> None:
    """A click on a message's button reaches the app, and its result is shown."""

    async def retry(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        where = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        await company.bot.web.chat_update(text=f"sent again by <@{body['user']['id']}>", blocks=[], **where)

    company.bot.app.action("retry")(retry)
    await company.bot.start()
    button = {"type": "button", "action_id": "retry", "value": "7", "text": {"type": "plain_text", "text": "Retry"}}
    ts = await company.post("failed", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}])
    status, answer = await visitor.do("click", channel=company.support, ts=ts, action="retry", block="b", value="7")
    assert (status, answer["came"]) == (200, {"error": ""})
    await company.slack.wait_for(lambda: "sent again" in company.slack.see(company.support)[0]["text"])


async def test_nobody_answers(visitor: Visitor, company: Company) -> None:
    """A click without an app reports a timeout, as Slack does."""
    button = {"type": "button", "action_id": "retry", "text": {"type": "plain_text", "text": "Retry"}}
    ts = await company.post("failed", blocks=[{"type": "actions", "elements": [button]}])
    _, answer = await visitor.do("click", channel=company.support, ts=ts, action="retry")
    assert answer["came"] == {"error": "dispatch_failed"}


async def test_commands_and_modals(visitor: Visitor, company: Company) -> None:
    """/sms opens a modal; input is kept, errors come back by block, and a valid submission closes it."""
    seen = []
    label = {"type": "plain_text", "text": "Number"}
    field = {"type": "plain_text_input", "action_id": "number"}
    view = {
        "type": "modal",
        "callback_id": "compose",
        "title": {"type": "plain_text", "text": "New SMS"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [{"type": "input", "block_id": "to", "label": label, "element": field}],
    }

    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await company.bot.web.views_open(trigger_id=body["trigger_id"], view=view)

    async def submission(ack: Any, view: dict[str, Any]) -> None:
        number = view["state"]["values"]["to"]["number"]["value"]
        seen.append(number)
        if number.startswith("+"):
            await ack()
        else:
            await ack(response_action="errors", errors={"to": "This is not a phone number."})

    company.bot.app.command("/sms")(command)
    company.bot.app.view("compose")(submission)
    await company.bot.start()
    assert (await visitor.do("slash", channel=company.support, text=""))[1]["came"] == {"error": ""}
    await company.slack.wait_for(lambda: company.slack.modal(company.anna))
    await visitor.do("fill", action="number", block="to", value="0400")
    _, answer = await visitor.do("submit")
    assert answer["came"] == {"error": "", "errors": {"to": "This is not a phone number."}}
    await visitor.do("fill", action="number", block="to", value="+61400000000")
    _, answer = await visitor.do("submit")
    assert answer["came"] == {"error": "", "errors": {}}
    assert company.slack.modal(company.anna) is None
    assert seen == ["0400", "+61400000000"]
    assert (await visitor.do("close"))[0] == 409


async def test_a_phone_texts_a_number_of_ours(visitor: Visitor, company: Company) -> None:
    """A phone can text our number; an unknown number, or one leased to another phone, is rejected."""
    ours = company.fone.settings.numbers[0]
    assert (await visitor.do("text", phone=PHONE, to=ours, text="Hello"))[0] == 200
    assert [text.text for text in company.phones.texts(PHONE)] == ["Hello"]
    assert await visitor.do("text", phone=PHONE, to="+61499999999", text="Hello") == (
        409,
        {"ok": False, "error": "No carrier has this number."},
    )
    await company.send("from a lease")
    lease = company.fone.leases.all[0].number
    status, answer = await visitor.do("text", phone="+61488023777", to=lease, text="Hello")
    assert (status, answer["error"]) == (409, "The number is not leased to this phone.")


async def test_a_picture_goes_along_where_it_can(visitor: Visitor, company: Company) -> None:
    """IO Phone carries pictures; Fone Dynamics rejects them."""
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    ours = company.io.settings.numbers[0]
    assert (await visitor.do("text", phone="+15552223333", to=ours, text="look", media=[picture]))[0] == 200
    assert company.phones.texts("+15552223333")[0].media == (picture,)
    answer = await visitor.do("text", phone=PHONE, to=company.fone.settings.numbers[0], text="look", media=[picture])
    assert answer == (409, {"ok": False, "error": "Fone Dynamics carries no pictures."})


async def test_another_phone_is_picked_up(visitor: Visitor) -> None:
    """A new phone appears once it is added with a valid number."""
    async with visitor.watching() as page:
        assert (await visitor.do("phone", phone="+61488020007"))[0] == 200
        await page.until(
            lambda: (
                {"number": "+61488020007", "fate": "Texts arrive, but no receipt reports it", "company": ""}
                in page.pieces["phones"]
            )
        )
        status, answer = await visitor.do("phone", phone="0488 023 777")
        assert (status, answer["error"][:13]) == (409, "A phone needs")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("say", {}),
        ("say", {"channel": 7, "text": "x"}),
        ("say", {"channel": "C1", "text": "x", "more": 1}),
        ("say", {"channel": "C1", "text": "x" * 12_001}),
        ("text", {"phone": PHONE, "to": "+1", "text": "x", "media": ["http://127.0.0.1/x.png"]}),
        ("upload", {"name": "../a", "content": ""}),
        ("power", {"where": "bot", "on": "yes"}),
    ],
)
async def test_a_body_that_is_not_what_the_action_takes(visitor: Visitor, action: str, body: dict[str, Any]) -> None:
    """Missing, unknown and mistyped fields are rejected before anything is done, without repeating a value."""
    status, answer = await visitor.do(action, **body)
    assert status == 400
    assert PHONE not in answer["error"]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("say", {"channel": "C0NOWHERE", "text": "x"}),
        ("say", {"channel": "here", "text": "  "}),
        ("say", {"channel": "here", "text": "x", "files": ["F0"]}),
        ("say", {"channel": "here", "text": "x", "thread": "1.000000"}),
        ("say", {"channel": "here", "text": "x", "user": "U0NOBODY"}),
        ("edit", {"channel": "here", "ts": "1.000000", "text": "x"}),
        ("click", {"channel": "here", "ts": "1.000000", "action": "a"}),
        ("submit", {}),
        ("press", {"action": "a", "home": True}),
        ("upload", {"name": "a", "content": "?"}),
        ("text", {"phone": PHONE, "to": "+61499009990", "text": " "}),
        ("mishap", {"where": "slack", "name": "flood"}),
        ("mishap", {"where": "nobody", "name": "REFUSE"}),
        ("power", {"where": "nobody", "on": True}),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(
    visitor: Visitor, company: Company, action: str, body: dict[str, Any]
) -> None:
    """An impossible action is rejected with a sentence, never with a server error."""
    body = {key: company.support if value == "here" else value for key, value in body.items()}
    status, answer = await visitor.do(action, **body)
    assert status == 409
    assert answer["error"][0].isupper()
    assert answer["error"].endswith(".")


async def test_nothing_can_be_done_in_slack_while_it_is_down(visitor: Visitor, company: Company) -> None:
    """Nobody can post while Slack is down; afterwards they can."""
    await visitor.do("power", where="slack", on=False)
    assert (await visitor.do("say", channel=company.support, text="x"))[1]["error"] == "Slack is down."
    await visitor.do("power", where="slack", on=True)
    assert (await visitor.do("say", channel=company.support, text="x"))[0] == 200
