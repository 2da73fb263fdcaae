"""`docs/features.md`: what each provider declares, with what each declaration means."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from making import companies
from making.markdown import code, page, table
from providers.provider import Features

if TYPE_CHECKING:
    from providers.provider import Limit

MEANING = {
    "receipts": "The company tells us what became of a text. Without it, nobody knows more than that it took it.",
    "delivered_means": "What its word for *delivered* promises. The receipt line says so.",
    "inbound": "Texts from contacts reach our webhook.",
    "inbound_after_send": "They do so only once a text with our URL has gone out from the number.",
    "media_in": "A text from a contact may bring files.",
    "media_hosts": "Where such files lie, beside the host of an account's `base_url`; none are fetched from elsewhere.",
    "media_headers": "Such files are fetched with credentials of the account, which go to those hosts only.",
    "media_out": "A text to a contact may take files along, as addresses that the company fetches.",
    "leases": "It can assign us a number for one contact: a sender's address may be `leased`.",
    "max_leases": "How many such numbers one contact can have at a time, as the company documents it.",
    "alphanumeric": "A text can come from a name. Nobody can answer a name.",
    "schedule": "It can be told to send later. What it was told to send later cannot be taken back.",
    "expiry": "It can be told when to give up.",
    "find_sent": "It can be asked whether a text of ours arrived there, which settles a send that may have gone out.",
    "look_up": "It can be asked for one text by its id, which finds a receipt that got lost.",
    "list_inbound": "It can be asked for texts from contacts, for when a webhook said too little.",
    "clients": "It can text a SIP client, `client:alice`.",
    "max_text": "How long a text may be. A longer one is not sent; nothing is cut off.",
    "concatenates": "A text of several segments is one text again on the phone.",
    "limits": "What an account may do in any stretch of that length. A text that would go beyond it waits, and its "
    "line says until when.",
    "unproved": "Which of the above rest on no document of the company: what reads them takes any form, or an account "
    "has to turn them on.",
}

_INTRO = """\
What each provider declares in its `features` (`Features` in `providers/provider.py`), as data. The contract suite holds
each *yes* to a payload in `tests/contract/fixtures/` that shows it. *Unproved* means that no document of the company
says so, or says how. The table is about what a company's API can do; how an account is set up stands on the
[page of each provider](README.md#providers)."""


def page_text() -> str:
    """The whole page."""
    declared = companies.features()
    names = [spec.name for spec in fields(Features)]
    rows = [[code(name), *(_cell(features, name) for features in declared.values())] for name in names]
    meanings = [[code(name), _meaning(name)] for name in names]
    return page(
        "What each provider can do",
        _INTRO,
        table(["", *declared], rows),
        "## What the rows mean",
        table(["declaration", "meaning"], meanings),
    )


def _meaning(name: str) -> str:
    """What stands in the table above.

    Raises:
        LookupError: nobody has written it.
    """
    if name not in MEANING:
        raise LookupError(f"the feature {name} has no sentence: give it one in docs/making/features.py")
    return MEANING[name]


def _cell(features: Features, name: str) -> str:
    value = getattr(features, name)
    if isinstance(value, bool):
        said = "yes" if value else "no"
        return f"{said}, *unproved*" if name in features.unproved else said
    if name == "limits":
        return "; ".join(_limit(limit) for limit in value) or "none documented"
    if isinstance(value, frozenset | tuple):
        return ", ".join(map(code, sorted(value))) or "none"
    if name == "max_leases" and not features.leases:
        return "none"
    if name == "max_text" and value is not None:
        return f"{value} characters"
    return "none documented" if value is None else str(value)


def _limit(limit: Limit) -> str:
    then = f", then {_limit(limit.after)} by hand" if limit.after else ""
    kind = limit.kind.removesuffix("s") if limit.count == 1 else limit.kind
    return f"{limit.count} {kind} in {_span(limit.seconds)}{then}"


def _span(seconds: int) -> str:
    for length, name in ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        count, rest = divmod(seconds, length)
        if count and not rest:
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
