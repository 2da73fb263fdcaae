"""Queries to getSmsData for an account that turns them on, and how far their answers are trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from lxml import etree

from providers.errors import Refused, Unknown
from providers.iovox import Iovox, IovoxSettings
from providers.provider import Accepted
from sms.address import E164
from sms.message import InboundSms, OutboundSms, Receipt, Status
from tests.contract.fixture_file import HttpMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from tests.contract.provider_server import ProviderServer

NOW = datetime(2020, 5, 6, 17, 40, tzinfo=UTC)
KEY = "eb94fd75a6a8c04306dd341953e7e922"
JOHN = OutboundSms("attempt-1", E164("+447723443321"), E164("+447923221231"), "Hello there, my name is John")
ROW = {
    "sms_activity_id": "d454cfe0",
    "direction": "OUT",
    "origin": "447923221231",
    "destination": "447723443321",
    "message": JOHN.text,
    "status": "DELIVERED",
    "time": "2020-05-06 18:37:37",
}
INBOUND = ROW | {"direction": "IN", "origin": "447723443321", "destination": "447923221231", "status": "RECEIVED"}


@pytest.fixture
def asking(server: ProviderServer, client: httpx.AsyncClient) -> Iovox:
    """Returns a provider whose account has queries turned on."""
    settings = {"username": "RestUserName", "secure_key": KEY, "base_url": server.origin, "use_get_sms_data": True}
    return Iovox(IovoxSettings.model_validate(settings), client)


def _answer(*rows: Mapping[str, str], pages: int | None = None) -> HttpMessage:
    """Returns a page of getSmsData in the envelope of getSmsHistory."""
    root = etree.Element("response", httpStatus="200")
    if pages is not None:
        etree.SubElement(root, "total_pages").text = str(pages)
    results = etree.SubElement(root, "results")
    for row in rows:
        result = etree.SubElement(results, "result")
        for name, value in row.items():
            etree.SubElement(result, name).text = value
    return HttpMessage("200", (("Content-Type", "text/xml"),), etree.tostring(root, xml_declaration=True))


def _asked(server: ProviderServer) -> list[dict[str, str]]:
    """Returns the query of each request."""
    queries = [parse_qs(urlsplit(request.target).query) for request in server.requests]
    return [{name: value for name, (value,) in query.items()} for query in queries]


def test_what_an_account_may_be_asked(asking: Iovox) -> None:
    """The setting adds three unproved features to the instance; those of the class stay."""
    asked = {"find_sent", "look_up", "list_inbound"}
    assert asking.features == replace(
        Iovox.features, find_sent=True, look_up=True, list_inbound=True, unproved=frozenset(asked)
    )
    assert not any(getattr(Iovox.features, name) for name in asked)


async def test_finding_a_text_that_may_have_gone(asking: Iovox, server: ProviderServer) -> None:
    """Only a text that matches by recipient, sender, text and time is found, with its status."""
    others = [
        {"message": "Hello"},
        {"destination": "447723443322"},
        {"origin": "447923221232"},
        {"time": "2020-05-06 18:20:00"},
        {"time": ""},
        {"direction": "IN"},
        {"sms_activity_id": ""},
    ]
    rows = [ROW | other | {"sms_activity_id": other.get("sms_activity_id", f"x{n}")} for n, other in enumerate(others)]
    rows[-1].pop("sms_activity_id")
    server.answers = [_answer(*rows, ROW, ROW | {"sms_activity_id": "e", "status": "ODD", "origin": ""}, pages=1)]
    with time_machine.travel(NOW, tick=False):
        found = await asking.find_sent(JOHN, NOW - timedelta(minutes=5))
    assert found == [Accepted("d454cfe0", Status.DELIVERED), Accepted("e", Status.ACCEPTED)]
    assert _asked(server) == [
        {
            "v": "3",
            "method": "getSmsData",
            "direction": "OUT",
            "destination": "447723443321",
            "sdt": "2020-05-06 17:30:00",  # 65 minutes before that moment, in London time
            "order": "cs_ASC",
            "limit": "1000",
            "page": "1",
        }
    ]
    assert server.requests[0].method == "GET"
    assert server.requests[0].header("secureKey") == KEY


@pytest.mark.parametrize(
    ("row", "event"),
    [
        (
            ROW | {"delivery_status": "delivery success", "status_reason": "1", "receipt_timestamp": ROW["time"]},
            Receipt(
                "DELIVERED",
                Status.DELIVERED,
                "d454cfe0",
                code="1",
                description="delivery success",
                at=datetime(2020, 5, 6, 17, 37, 37, tzinfo=UTC),
            ),
        ),
        (ROW | {"status": "ODD"}, Receipt("ODD", None, "d454cfe0")),
        (
            INBOUND | {"voxnumber": "447923221230"},
            InboundSms(
                E164("+447723443321"),
                E164("+447923221230"),
                JOHN.text,
                "d454cfe0",
                datetime(2020, 5, 6, 17, 37, 37, tzinfo=UTC),
            ),
        ),
        (ROW | {"sms_activity_id": "another"}, None),
    ],
)
async def test_looking_a_text_up(
    asking: Iovox, server: ProviderServer, row: Mapping[str, str], event: Receipt | InboundSms | None
) -> None:
    """A look-up returns the status or the content of a text of the last year, and never another text's."""
    server.answers = [_answer(row)]
    with time_machine.travel(NOW, tick=False):
        assert await asking.look_up("d454cfe0") == event
    (asked,) = _asked(server)
    assert (asked["sms_activity_id"], asked["sdt"]) == ("d454cfe0", "2019-05-06 17:35:00")


@pytest.mark.parametrize("row", [{"status": ""}, {"direction": "IN", "message": ""}, {"direction": "IN", "origin": ""}])
async def test_a_row_that_says_nothing(asking: Iovox, server: ProviderServer, row: dict[str, str]) -> None:
    """A row without a status leaves the text unknown."""
    server.answers = [_answer({name: value for name, value in (ROW | row).items() if value})]
    with pytest.raises(Unknown):
        await asking.look_up("d454cfe0")


async def test_names_of_their_other_pages(asking: Iovox, server: ProviderServer) -> None:
    """Rows are parsed by other methods' field names too, in any case."""
    row = {"ID": "1", "Sender": "447723443321", "Content": " Hi\n", "Time_Sent": "2020-05-06 18:37:37", "Extra": "x"}
    server.answers = [_answer(row)]
    with time_machine.travel(NOW, tick=False):
        found = [sms async for sms in asking.list_inbound(NOW - timedelta(hours=1))]
    at = datetime(2020, 5, 6, 17, 37, 37, tzinfo=UTC)
    assert found == [InboundSms(E164("+447723443321"), None, " Hi\n", "1", at)]


async def test_catching_up_over_pages(asking: Iovox, server: ProviderServer) -> None:
    """All pages are fetched; each text comes once, oldest first, without our own."""
    times = [f"2020-05-06 17:{n // 60:02}:{n % 60:02}" for n in range(1500)]
    rows = [INBOUND | {"sms_activity_id": str(n), "time": time} for n, time in enumerate(times)]
    rows[3] = ROW
    rows[4] = {name: value for name, value in rows[4].items() if name != "origin"}
    server.answers = [_answer(*reversed(rows[500:])), _answer(*rows[:501])]
    found = [sms async for sms in asking.list_inbound(NOW)]
    assert [sms.provider_id for sms in found] == [str(n) for n in range(1500) if n not in (3, 4)]
    assert [asked["page"] for asked in _asked(server)] == ["1", "2"]


@pytest.mark.parametrize("pages", [1, None])
async def test_pages_come_to_an_end(asking: Iovox, server: ProviderServer, pages: int | None) -> None:
    """A full page is the last one if they say so, or if the next one has nothing new."""
    rows = [INBOUND | {"sms_activity_id": str(n)} for n in range(1000)]
    server.answers = [_answer(*rows, pages=pages)] * 3
    assert len([sms async for sms in asking.list_inbound(NOW)]) == 1000
    assert len(server.requests) == (pages or 2)


async def test_a_refused_question(asking: Iovox, server: ProviderServer) -> None:
    """An error for a query is reported like an error for a send."""
    server.answers = [HttpMessage("400", (), b"<errors><error status='400'>Limit not an integer</error></errors>")]
    with pytest.raises(Refused, match="Limit not an integer"):
        await asking.look_up("d454cfe0")


@pytest.mark.parametrize("body", [b"", b"<html/>", b'{"response": {}}', b"<rows><result/></rows>"])
async def test_an_answer_of_another_form(asking: Iovox, server: ProviderServer, body: bytes) -> None:
    """An answer in another envelope proves neither presence nor absence."""
    server.answers = [HttpMessage("200", (), body)]
    with pytest.raises(Unknown):
        await asking.find_sent(JOHN, NOW)
