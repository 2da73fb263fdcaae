"""Tests of Twilio's peculiarities; threadline's contract suite tests the rest with fixtures/."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from providers import payload
from providers.errors import NotSent, Refused
from providers.provider import Webhook
from sms.message import Status
from threadline_twilio import errors
from threadline_twilio.provider import STATUS, Twilio, TwilioSettings

AC, MG, MM, ME = (f"{kind}{'a1' * 16}" for kind in ("AC", "MG", "MM", "ME"))
SETTINGS = TwilioSettings.model_validate({"account_sid": AC, "auth_token": "token-of-the-account"})
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
FILE = f"/2010-04-01/Accounts/{AC}/Messages/{MM}/Media/{ME}"


def answering(*answers: dict[str, Any]) -> tuple[Twilio, list[httpx.Request]]:
    """An account at a Twilio that gives these answers, and what it is asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=answers[len(asked) - 1])

    return Twilio(SETTINGS, httpx.AsyncClient(transport=httpx.MockTransport(answer))), asked


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["https://evil.example/", "@evil.example/", "", None, 7])
async def test_only_a_path_is_a_next_page(path: object) -> None:
    """The account's credentials go to no address that an answer names."""
    provider, asked = answering({"messages": [], "next_page_uri": path})
    assert [sms async for sms in provider.list_inbound(NOW)] == []
    assert [request.url.host for request in asked] == ["api.twilio.com"]


async def test_a_page_is_asked_for_once() -> None:
    """A list that leads back to a page ends there."""
    pages = [{"messages": [], "next_page_uri": f"/2010-04-01/{name}"} for name in ("b", "c", "b")]
    provider, asked = answering(*pages)
    assert [sms async for sms in provider.list_inbound(NOW)] == []
    assert len(asked) == 3


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "gets"),
    {
        FILE: True,
        f"{FILE}?x=1": True,
        f"{FILE}.json": False,
        f"{FILE}/../../../Messages.json": False,
        f"/2010-04-01/Accounts/{AC}/Messages.json": False,
        f"/2010-04-01/Accounts/{AC}.json": False,
        FILE.replace(AC, "AC" + "b" * 32): False,
        "/": False,
    }.items(),
)
def test_credentials_are_for_files_of_the_account(path: str, gets: bool) -> None:  # noqa: FBT001 - a table
    """Not for lists of texts, other resources or other accounts: a webhook cannot make us read those."""
    assert bool(Twilio.media_headers(SETTINGS, f"https://api.twilio.com{path}")) is gets


# --- words and sentences ----------------------------------------------------------------------------------------------


def test_a_word_may_be_written_otherwise() -> None:
    """Capitals change nothing, and the receipt keeps the word as it came."""
    hook = Webhook("POST", (), {}, b"MessageSid=SM1&MessageStatus=Delivered", NOW, "", "7")
    (receipt,) = Twilio(SETTINGS, httpx.AsyncClient()).parse(hook)
    assert (getattr(receipt, "word", None), getattr(receipt, "status", None)) == ("Delivered", Status.DELIVERED)


def test_every_outbound_status_has_its_word() -> None:
    """All that the document lists, but the two of inbound texts and the deprecated one."""
    good = {"accepted", "scheduled", "queued", "sending", "sent", "delivered", "read"}
    assert set(STATUS) == good | {"undelivered", "failed", "canceled"}


@pytest.mark.parametrize("sentence", sorted(set(errors.SENTENCES.values())))
def test_sentences_are_fit_for_the_thread(sentence: str) -> None:
    """One line, with what to do, and nothing in it that would be taken for a number of somebody."""
    assert re.fullmatch(r"[A-Z][^\n]{10,120}\.", sentence)
    assert payload.masked(sentence) == sentence


def test_what_may_work_later_is_not_refused() -> None:
    """A full queue is waited for; everything else that Twilio refuses stays refused."""
    full, other = (httpx.Response(400, json={"code": code, "message": "x"}) for code in (21611, 21212))
    assert isinstance(errors.refusal(full), NotSent)
    assert isinstance(errors.refusal(other), Refused)


@pytest.mark.parametrize("code", ["", "x", "1" * 7, "21211; drop", None, {"a": 1}])
def test_a_code_that_is_none_is_the_http_status(code: object) -> None:
    """Alerts are grouped by the code."""
    assert errors.refusal(httpx.Response(418, json={"code": code})).code == "http_418"


# --- what is pasted ---------------------------------------------------------------------------------------------------


def test_a_service_is_named_by_its_sid() -> None:
    """A name in its place stops the start."""
    Twilio.Options.model_validate({"messaging_service_sid": MG})
    with pytest.raises(ValueError, match="messaging_service_sid"):
        Twilio.Options.model_validate({"messaging_service_sid": "My service"})
