"""The log of a bot, with one id through the life of a text; its metrics; and the Prometheus rules over them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry.gauges import declare
from bot.telemetry.metrics import Metrics
from tests.docs.pages import ROOT
from tests.docs.pages import page as page_named
from tests.e2e.watched import Day, lived

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.nursery import Nursery

RULES = ROOT / "deploy/alerts.yml"
ELSEWHERE = {"up": {"job"}, "process_start_time_seconds": {"job"}}  # Prometheus itself adds these

_SELECTOR = re.compile(r"\b([a-z][a-z_]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Day:
    """One, for all of these."""
    return lived(tmp_path_factory.mktemp("day"), nursery)


# --- the log ----------------------------------------------------------------------------------------------------------


def about(day: Day, intake: int) -> list[dict[str, Any]]:
    """Returns the lines that `grep` for the id finds."""
    return [line for line in day.log if str(intake) in str(line)]


def events(lines: list[dict[str, Any]]) -> list[str]:
    """Returns the event of each line."""
    return [line["event"] for line in lines]


def in_order(wanted: list[str], found: list[str]) -> bool:
    """True if the wanted events appear in this order, with others between them or not."""
    rest = iter(found)
    return all(each in rest for each in wanted)


def test_one_id_leads_through_the_life_of_a_text(day: Day) -> None:
    """It is in the lines of the webhook, the intake handler, the job and the post in Slack."""
    found = about(day, day.text["intake_id"])
    assert in_order(["stored", "text received", "posted", "text shown in Slack"], events(found)) or in_order(
        ["stored", "text received", "text shown in Slack", "posted"], events(found)
    )
    assert {"job", "kind"} <= set(found[-1])


def test_one_id_leads_through_the_life_of_a_reply(day: Day) -> None:
    """It is in the lines of Slack, the gate, the request and its answer, the receipt and the status line."""
    found = about(day, day.reply["intake_id"])
    wanted = ["stored", "handled", "sending text", "provider request", "attempt ended"]
    assert in_order(wanted, events(found))
    assert {"receipt received", "posted"} <= set(events(found))
    ends = [line["end"] for line in found if line["event"] == "attempt ended"]
    assert ends == ["accepted", "delivered"]
    (receipt, *_) = [line for line in found if line["event"] == "receipt received"]
    assert receipt["by"] != receipt["intake"] == day.reply["intake_id"]
    assert "stored" in events(about(day, receipt["by"]))


def test_other_texts_do_not_share_it(day: Day) -> None:
    """No line about another message contains the id."""
    others = {line["message"] for line in about(day, day.reply["intake_id"]) if "message" in line}
    assert others == {day.reply["id"]}


def test_nothing_private_is_in_the_log(day: Day) -> None:
    """It contains no number, no text and no token, whatever went wrong."""
    written = str(day.log).lower()
    assert [what for what, value in day.private.items() if value.lower() in written] == []


# --- the metrics ------------------------------------------------------------------------------------------------------


def samples(day: Day) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Returns the samples by their names."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(day.metrics):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(day: Day, name: str, **labels: str) -> float:
    """Returns the sum of the samples with these labels."""
    return sum(value for had, value in samples(day)[f"threadline_{name}"] if labels.items() <= had.items())


def test_texts_are_counted_by_account_and_end(day: Day) -> None:
    """The counters count each event once."""
    assert value(day, "texts_in_total", account="fone") == 5
    ends = {had["end"]: count for had, count in samples(day)["threadline_texts_out_total"]}
    assert ends == {"accepted": 3, "delivered": 2, "failed": 1, "refused": 1, "unknown": 1}
    assert value(day, "texts_stopped_total", code="opted_out") == 1
    assert value(day, "receipts_total", status="delivered") >= 2


def test_waits_are_measured_from_the_door(day: Day) -> None:
    """A contact's text until it is in Slack, a text of ours until the provider's answer."""
    assert value(day, "text_to_slack_seconds_count") == 5
    assert 0 < value(day, "text_to_slack_seconds_sum") < 60
    assert value(day, "reply_to_provider_seconds_count", account="fone") == 5
    assert value(day, "provider_request_seconds_count", account="fone", kind="send") == 5
    assert value(day, "provider_requests_total", account="fone", answer="none") >= 1


def test_what_waits_is_measured(day: Day) -> None:
    """Queues, dead rows, unknown texts, opt-outs, leases, alerts, files, connections."""
    assert value(day, "dead_rows") == 1
    assert value(day, "texts_waiting", inbox="support", why="unknown") == 1
    assert value(day, "opted_out") == 1
    assert value(day, "leases", account="fone") >= 1
    assert value(day, "alerts", cause="refused") == 1
    assert value(day, "jobs_later", side="sms") >= 1
    assert value(day, "database_bytes", file="database") > 0
    assert value(day, "disk_free_bytes") > 0
    assert value(day, "sockets") == 2
    assert value(day, "ready") == 1
    assert value(day, "slack_calls_total", method="chat.postMessage", outcome="ratelimited") >= 1


def test_nothing_private_is_in_the_metrics(day: Day) -> None:
    """Labels are names from the settings and our own codes."""
    written = day.metrics.lower()
    assert [what for what, value in day.private.items() if value.lower() in written] == []


def test_what_is_shown_is_what_is_declared(day: Day) -> None:
    """Every metric is on the page with its labels, and every metric of the page is shown."""
    metrics = Metrics()
    declare(metrics)
    declared = {each.name: set(each.labels) for each in metrics.declared}
    families = [each for each in text_string_to_metric_families(day.metrics) if each.name.startswith("threadline")]
    assert {family.name.removesuffix("_info") for family in families} == set(declared)
    for family in families:
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == declared[family.name.removesuffix("_info")], sample.name


# --- the rules over them ----------------------------------------------------------------------------------------------


def rules() -> list[dict[str, Any]]:
    """Returns every rule of the file."""
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def selected(expression: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yields the metrics that an expression names, with their matchers."""
    outside = _GROUPING.sub("", expression)
    for name, matchers in _SELECTOR.findall(outside):
        if name.startswith("threadline_") or name in ELSEWHERE:
            yield name, _MATCHER.findall(matchers)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_there_is(day: Day, rule: dict[str, Any]) -> None:
    """The bot shows each metric of a rule, with its labels and its values."""
    found = list(selected(rule["expr"]))
    assert found
    for name, matchers in found:
        if name in ELSEWHERE:
            assert {label for label, _, _ in matchers} <= ELSEWHERE[name]
            continue
        had = [labels for labels, _ in samples(day)[name]]
        assert all(label in labels for label, _, _ in matchers for labels in had), name
        for label, _, wanted in matchers:
            assert set(wanted.split("|")) & ({labels[label] for labels in had} | NOT_TODAY.get(label, set())), wanted
    grouped = {label.strip() for group in _GROUPING.findall(rule["expr"]) for label in group.split(",")}
    labels = {label for name, _ in found if name not in ELSEWHERE for had, _ in samples(day)[name] for label in had}
    assert grouped <= labels


# Other tests produce these values; this day does not.
NOT_TODAY = {
    "end": {"given up"},  # of a job
    "outcome": {"not stored", "locked out", "unreachable"},
}


@pytest.mark.parametrize("value", sorted({value for values in NOT_TODAY.values() for value in values}))
def test_values_of_other_days_are_the_codes_own(value: str) -> None:
    """The code contains each value that this day did not show."""
    assert any(f'"{value}"' in path.read_text("utf-8") for path in (ROOT / "bot").rglob("*.py"))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_says_what_to_do(rule: dict[str, Any]) -> None:
    """It has a sentence, a severity, and a runbook that exists."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"[A-Z].*\.", rule["annotations"]["summary"])
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in page_named(page).anchors


def test_rules_have_names_of_their_own() -> None:
    """No two rules have the same name."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 20
