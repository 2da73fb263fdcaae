"""`/sms` starts a conversation, or says at once what is wrong with the input."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

NEW = "+61488023777"
FORMS = [
    "0488 023 777",
    "0488023777",
    "+61 488 023 777",
    "(0488) 023-777",
    "0061 488 023 777",
    "0488.023.777",
    "+61 (0)488 023 777",
]


async def test_numbers_are_understood_as_people_write_them(team: Team) -> None:
    """The text goes to the same phone, and keeps every word behind the number."""
    for number in FORMS:
        assert "Texting +61 488 023 777" in await team.slash(f"{number} Your parcel no. 7 is here"), number
    assert await team.received(NEW, len(FORMS)) == ["Your parcel no. 7 is here"] * len(FORMS)


async def test_the_text_opens_a_thread_and_links_to_it(team: Team) -> None:
    """The thread has its card, the text with its author and a status line; the person gets a link to it."""
    used = await team.slack.slash(team.anna, team.support, "/sms", f"{NEW} Your parcel is here")
    await team.until(lambda: team.roots(NEW) and any("delivered" in line for line in team.lines(team.root(NEW))))
    root = team.root(NEW)
    assert "Your parcel is here" in team.shown(NEW)
    assert f"<@{team.anna}>" in team.below(root)[0]["blocks"][0]["elements"][0]["text"]
    await team.until(lambda: len(used.posts) == 2)
    assert root.replace(".", "") in str(used.posts[1])
    await team.quiet()
    assert (len(team.lines(root)), team.accepted("Your parcel is here")) == (1, 1)


async def test_a_known_contact_is_texted_in_the_thread_that_there_is(team: Team) -> None:
    """The same contact gets no second thread; the text is below the earlier ones."""
    root = await team.conversation(CUSTOMER, "Hello")
    await team.slash(f"{CUSTOMER} We called you")
    await team.received(CUSTOMER, 1)
    await team.until(lambda: "We called you" in team.shown(CUSTOMER))
    assert team.roots(CUSTOMER) == [root]
    assert team.shown(CUSTOMER) == "Hello\nWe called you"


async def test_the_answer_of_the_contact_lands_in_that_thread(team: Team) -> None:
    """A conversation that the team began continues like any other."""
    await team.slash(f"{NEW} Your parcel is here")
    await team.received(NEW, 1)
    await team.phones.send(NEW, team.phones.received(NEW)[0].from_number, "Thank you")
    await team.until(lambda: "Thank you" in team.shown(NEW))
    await team.reply(team.root(NEW), "You are welcome")
    assert (await team.received(NEW, 2))[1] == "You are welcome"


ANSWERS = {
    "help": "/sms",
    " HELP ": "/sms",
    "hello there": "/sms help",
    "+61 40 hello": "too short",
    "+999 123 456 789 hello": "number",
    "0488 023 777": "no text",
    f"0488 023 777 {'x' * 2000}": "segments",
}


async def test_wrong_input_is_answered_with_what_is_wrong(team: Team) -> None:
    """The author gets a sentence or the help, before anything is stored."""
    for said, reason in ANSWERS.items():
        assert reason in await team.slash(said), said
    await team.quiet()
    assert not team.requests()
    assert not team.rows("SELECT id FROM intake")
    assert not team.slack.see(team.support)


async def test_a_name_as_sender_is_refused_before_anything_is_taken_in(tmp_path: Path) -> None:
    """If the country shows no names, the command says so and makes no request."""

    def named(settings: dict[str, Any]) -> None:
        settings["senders"]["name"] = {"account": "fone", "address": "ACME"}
        settings["inboxes"]["support"]["senders"] = ["name"]

    async with Team(tmp_path, named) as team:
        assert "(United States) don't show a name" in await team.slash("+1 202 555 0123 Hello")
        await team.quiet()
        assert not team.requests()


async def test_a_short_code_is_texted_only_once_confirmed(tmp_path: Path) -> None:
    """The person gets a question: *Confirm* texts it, *Cancel* forgets it, and before it nothing is stored."""

    def by_restcomm(settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"]["senders"] = ["switchboard"]
        settings["inboxes"]["boston"]["senders"] = ["leased"]

    async with Team(tmp_path, by_restcomm) as team:
        for code, choice in [("911", "confirm"), ("000", "cancel"), ("112", "confirm")]:
            used = await team.slack.slash(team.anna, team.support, "/sms", f"{code} BALANCE")
            asked = used.posts[-1]
            assert f"Text {code}?" in str(asked)
            await team.quiet()
            assert not team.rows("SELECT id FROM contacts WHERE address = :code", code=code)
            await team.slack.click(team.anna, team.support, asked["ts"], f"short_code:{choice}")
            await team.quiet()
        assert team.rows("SELECT address FROM contacts ORDER BY id") == [{"address": "911"}, {"address": "112"}]
        assert [row["text"] for row in team.rows("SELECT text FROM messages")] == ["BALANCE", "BALANCE"]


async def test_two_spellings_of_one_phone_are_one_contact(team: Team) -> None:
    """Mexico's former 1 opens no second thread, and a STOP holds for both."""
    await team.phones.send("+5215512345678", team.sydney, "STOP")
    await team.until(lambda: team.rows("SELECT id FROM suppressions"))
    assert "opted out" in await team.slash("+52 55 1234 5678 our offer")
    assert "opted out" in await team.slash("+52 1 55 1234 5678 our offer")
    assert team.rows("SELECT address FROM contacts") == [{"address": "+525512345678"}]


async def test_the_command_twice_is_two_texts(team: Team) -> None:
    """Each is its own decision."""
    for _ in range(2):
        await team.slash(f"{NEW} Hello")
    assert await team.received(NEW, 2) == ["Hello", "Hello"]


async def test_outside_of_inboxes_the_command_uses_the_first_one(team: Team) -> None:
    """The answer says where the conversation is."""
    used = await team.slack.slash(team.anna, team.alerts, "/sms", f"{NEW} Hello")
    assert team.support in str(used.posts)
    await team.received(NEW, 1)
    await team.until(lambda: team.roots(NEW))


@pytest.mark.parametrize("trouble", ["drop", "fail", "ratelimit"])
async def test_the_link_is_told_though_slack_does_not_take_it_at_once(team: Team, trouble: str) -> None:
    """The connection breaks, Slack fails, or Slack asks for a pause: the link comes a little later."""
    faults = team.slack.faults
    strikes = {"drop": faults.drop, "fail": faults.fail, "ratelimit": lambda of: faults.ratelimit(of, seconds=1)}
    strikes[trouble]("response_url")
    used = await team.slack.slash(team.anna, team.support, "/sms", f"{NEW} Your parcel is here")
    await team.until(lambda: "this thread" in used.posts[-1]["text"])
    assert team.slack.calls.of("response_url")[0].status != HTTPStatus.OK
    assert team.alerted() == []
