"""The log of a short life of the real bot says what happened and shows no personal data."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import structlog

from bot.conversations.callbacks import CallbackUrls
from bot.telemetry.logs import configure
from bot.telemetry.metrics import Metrics
from sandbox.timeouts import PATIENCE
from storage.engine.database import open_database
from storage.tables import identity, intake
from storage.tables.identity import Identity
from storage.tables.intake import Arrival
from tests.bot.installation import SECRETS, SYDNEY
from tests.bot.running import Running, as_it_was, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBER = "+61488777666"
BODY = "MARKED-BODY"
FORGED = "markedforgedtoken"
NAME = "MARKED-NAME"
UNTRUSTED = "MARKED-REFUSED-KEY"


async def before(path: Path) -> None:
    """Makes the database of an earlier start, with our identity in Slack and rows that nobody can handle."""
    database = await open_database(path)
    async with database.transaction() as tx:
        await identity.save(tx, Identity("T1", "B1", "U0BOT", "https://example.slack.com/"))
        broken = {"sender": NUMBER, "text": BODY, NAME: UNTRUSTED}
        for kind in ("inbound", "receipt", "reply"):
            await intake.append(tx, [Arrival("fone", kind, f"{kind}:{NUMBER}", BODY.encode(), broken)])
        await intake.append(tx, [Arrival("fone", "unheard of", NUMBER, BODY.encode(), broken)])
        strange = {"status": BODY, "at": NUMBER}  # Python says: 'MARKED-BODY' is not a valid Status
        await intake.append(tx, [Arrival("fone", "receipt", f"strange:{NUMBER}", b"", strange)])
    await database.close()


def texted(text: str, number: str) -> dict[str, Any]:
    """Returns a Fone Dynamics webhook about a text to us."""
    message = {"MessageSid": f"SM{hash(text) & 0xFFFFFFFF:032x}", "From": number, "To": SYDNEY, "Text": text}
    return message | {"Direction": "Receive", "Status": "Received"}


def use(bot: Running) -> None:
    """Sends texts from customers, guessed tokens and garbage."""
    urls = CallbackUrls(bot.url, SECRETS["secret"])
    ours = urls.make("fone", "sender", "sydney")[0]
    wrong = f"{bot.url}/sms/fone/{FORGED}"
    with httpx.Client() as client:
        assert client.post(ours, json=texted(BODY, NUMBER)).is_success
        assert client.post(ours, json=texted("STOP", NUMBER)).is_success
        assert client.post(ours, content=f'{{"Text": "{BODY}", "From": {NUMBER}').status_code == 400
        assert client.post(wrong, json=texted(BODY, NUMBER)).status_code == 404
        assert client.get(f"{ours}?From={NUMBER}&Text={BODY}").status_code < 500
        client.post(f"{bot.url}/slack/events", content=BODY, headers={"X-Slack-Signature": UNTRUSTED})
        client.post(f"{bot.url}/{NUMBER}", content=BODY)


def wait_until(bot: Running, *words: str) -> str:
    """Waits until the metrics have all of these, and returns them."""
    end = time.monotonic() + PATIENCE
    shown = ""
    while time.monotonic() < end:
        shown = httpx.get(f"{bot.url}/metrics").text
        if all(word in shown for word in words):
            return shown
        time.sleep(0.05)
    raise TimeoutError(shown)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """Returns the log, the metrics and the URL of a bot that ran without Slack and its provider."""
    folder = tmp_path_factory.mktemp("life")
    asyncio.run(before(folder / "threadline.db"))
    nobody = f"http://127.0.0.1:{free_port()}"
    with running(folder, "--log-json", accounts__fone__base_url=nobody) as bot:
        use(bot)
        metrics = wait_until(bot, 'kind="post"', 'kind="send"', 'kind="alert"', 'outcome="forged"')
        assert bot.stop() == 0
        return bot.log.read_text(encoding="utf-8"), metrics, bot.url


def test_every_line_is_a_json_object(life: tuple[str, str, str]) -> None:
    """Each line has an event, a level, a time and a logger."""
    lines = [json.loads(line) for line in life[0].splitlines()]
    assert all({"event", "level", "timestamp", "logger"} <= set(line) for line in lines)


def test_what_went_wrong_is_there(life: tuple[str, str, str]) -> None:
    """The log has tracebacks for the rows that failed, the unreadable webhook, and the outage of Slack."""
    said = [json.loads(line)["event"] for line in life[0].splitlines()]
    assert said.count("an intake row could not be handled") >= 3
    assert "a webhook could not be read" in said
    assert any("Slack" in event for event in said)
    assert "in _unpack_receipt" in life[0]


def private(url: str) -> dict[str, str]:
    """Returns the values that must not appear anywhere, by what they are."""
    urls = CallbackUrls(url, SECRETS["secret"])
    token = urls.make("fone", "sender", "sydney")[0].rpartition("/")[2]
    key = hmac.digest(SECRETS["secret"].encode(), b"x", hashlib.sha256)
    return {
        "a contact's number": NUMBER.removeprefix("+"),
        "our number": SYDNEY.removeprefix("+"),
        "a body": BODY,
        "a name": NAME,
        "a token of ours": token,
        "a token somebody tried": FORGED,
        "a header of ours": urls.header_secret("fone"),
        "a signature": UNTRUSTED,
        "a made secret": base64.b32encode(key).decode(),
        **{f"the setting {name}": value for name, value in SECRETS.items()},
    }


def test_nothing_private_is_in_the_log(life: tuple[str, str, str]) -> None:
    """No line and no traceback has a number, a body, a token or a secret."""
    assert [what for what, value in private(life[2]).items() if value.lower() in life[0].lower()] == []


def test_nothing_private_is_in_the_metrics(life: tuple[str, str, str]) -> None:
    """Labels are names from the settings and words of ours."""
    assert [what for what, value in private(life[2]).items() if value.lower() in life[1].lower()] == []


@contextmanager
def configured() -> Iterator[None]:
    """The process's logging as the bot sets it up, and afterwards as it was."""
    with as_it_was():
        configure(as_json=True)
        yield


def fail() -> None:
    """Raises an error from another one; both quote private data."""
    try:
        int(NUMBER + BODY)
    except ValueError as error:
        raise LookupError(f"no {NUMBER}") from error


def test_a_traceback_says_where_and_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    """Tracebacks, ours and of libraries, show frames and exception types with their causes, but no messages."""
    try:
        fail()
    except LookupError as error:
        with configured():
            structlog.get_logger("ours").exception("a job failed", job=17)
            logging.getLogger("slack_bolt.App").exception(f"Failed to run listener function (error: {error})")  # noqa: G004, TRY401 - as Bolt does
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["job"], ours["level"], ours["logger"]) == ("a job failed", 17, "error", "ours")
    assert theirs["event"] == "Failed to run listener function (error: LookupError)"
    for line in (ours, theirs):
        assert line["exception"].index("ValueError") < line["exception"].index("LookupError")
        assert "in fail\n" in line["exception"]
        assert not any(private in json.dumps(line) for private in (NUMBER, BODY))


def test_what_prints_tokens_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """Httpx would print URLs with keys, aiohttp's access log tokens in paths, the Slack SDK whole envelopes."""
    names = ("httpx", "httpcore.http11", "aiohttp.access", "slack_sdk.web", "slack_bolt.AsyncApp", "aiosqlite")
    with configured():
        for name in names:
            for level in (logging.DEBUG, logging.INFO, logging.WARNING):
                logging.getLogger(name).log(level, "MARKED")
    assert capsys.readouterr().err == ""


def test_every_counter_has_its_help() -> None:
    """Every counter has a help text for operators."""
    assert all(family.documentation for family in Metrics().registry.collect())
