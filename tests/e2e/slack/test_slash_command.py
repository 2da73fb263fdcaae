"""`/sms` starts a conversation, or says at once what is wrong with the input."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

NEW = "+61488023777"
FORMS = {
    "spaces": "0488 023 777",
    "together": "0488023777",
    "country": "+61 488 023 777",
    "brackets": "(0488) 023-777",
    "international prefix": "0061 488 023 777",
    "dots": "0488.023.777",
    "plus and brackets": "+61 (0)488 023 777",
}


@pytest.mark.parametrize("number", FORMS.values(), ids=FORMS.keys())
async def test_numbers_are_understood_as_people_write_them(team: Team, number: str) -> None:
    """The text goes to the same phone, and keeps every word after the number."""
    answer = await team.slash(f"{number} Your parcel no. 7 is here")
    assert "Texting +61 488 023 777" in answer
    assert await team.received(NEW, 1) == ["Your parcel no. 7 is here"]


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


@pytest.mark.parametrize("said", ["help", " HELP "])
async def test_help_is_answered_at_once_and_sends_nothing(team: Team, said: str) -> None:
    """The answer explains the command."""
    assert "/sms" in await team.slash(said)
    await team.quiet()
    assert not team.requests()
    assert not team.rows("SELECT id FROM intake")


WRONG = {
    "no number": ("hello there", "/sms help"),
    "too short": ("+61 40 hello", "too short"),
    "no country": ("+999 123 456 789 hello", "number"),
    "no text": ("0488 023 777", "no text"),
    "too long": (f"0488 023 777 {'x' * 2000}", "segments"),
}


@pytest.mark.parametrize(("said", "reason"), WRONG.values(), ids=WRONG.keys())
async def test_wrong_input_is_answered_with_what_is_wrong(team: Team, said: str, reason: str) -> None:
    """The author gets a sentence, and the bot stores nothing."""
    answer = await team.slash(said)
    assert reason in answer
    await team.quiet()
    assert not team.requests()
    assert not team.rows("SELECT id FROM intake")
    assert not team.slack.see(team.support)


async def test_a_contact_who_opted_out_is_not_texted(team: Team) -> None:
    """The command says so at once."""
    await team.conversation(CUSTOMER, "STOP")
    await team.received(CUSTOMER, 1)
    assert "opted out" in await team.slash(f"{CUSTOMER} An offer")
    await team.quiet()
    assert len(team.requests()) == 1


async def test_a_name_as_sender_is_refused_before_anything_is_taken_in(tmp_path: Path) -> None:
    """If the country shows no names, the command says so and makes no request."""

    def named(settings: dict[str, Any]) -> None:
        settings["senders"]["name"] = {"account": "fone", "address": "ACME"}
        settings["inboxes"]["support"]["senders"] = ["name"]

    async with Team(tmp_path, named) as team:
        assert "(United States) don't show a name" in await team.slash("+1 202 555 0123 Hello")
        await team.quiet()
        assert not team.requests()


async def test_a_guest_cannot_text_by_the_command(team: Team) -> None:
    """A user who may not reply may not start a conversation either, and reads the reason."""
    guest = team.slack.add_user("gus", guest=True)
    used = await team.slack.slash(guest, team.support, "/sms", f"{NEW} From a guest")
    await team.quiet()
    assert not team.requests()
    assert "full members" in "".join([str(used.posts), *team.told(guest)])


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
