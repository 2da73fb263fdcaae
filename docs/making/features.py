"""`docs/features.md`: the features that each provider declares, and what each means."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from making import built_in_providers
from making.markdown import code, page, table
from providers.provider import Features

if TYPE_CHECKING:
    from providers.provider import Limit

MEANING = {
    "receipts": "The provider reports delivery. Without receipts we only know that it accepted a text.",
    "delivered_means": "The meaning of the provider's status *delivered*. The status line shows it.",
    "inbound": "Texts from contacts reach our webhook.",
    "inbound_after_send": "Texts to a number reach our webhook only after a text with our URL went out from it.",
    "media_in": "Texts from contacts can have files.",
    "media_hosts": "The hosts of these files, besides that of an account's `base_url`. We fetch from no other host.",
    "media_headers": "The bot fetches these files with credentials of the account, which go to those hosts only.",
    "media_out": "Texts to contacts can have files, which the provider fetches from URLs of ours.",
    "leases": "The provider can assign us a number for one contact: a sender's address can be `leased`.",
    "max_leases": "The most leased numbers that one contact can have at a time, according to the provider.",
    "alphanumeric": "A text can come from a name. Nobody can reply to a name.",
    "schedule": "The provider can send a text later. Nobody can cancel such a text.",
    "expiry": "We can set how long the provider tries to deliver a text.",
    "find_sent": "We can ask if the provider has a text of ours, which reconciles a send that may have gone out.",
    "look_up": "We can ask for a text by its id, which finds a lost receipt.",
    "list_inbound": "We can ask for texts from contacts, for webhooks that got lost or say too little.",
    "clients": "The provider can text a SIP client, `client:alice`.",
    "max_text": "The longest text. We reject a longer one, and never cut it.",
    "concatenates": "The phone joins the segments of a long text into one text.",
    "limits": "The most that an account may send in any period of that length. A text beyond a limit waits, and its "
    "status line says until when.",
    "unproved": "Features that no document of the provider describes. We read them in any form, or an account has to "
    "turn them on.",
}

_INTRO = """\
Each provider declares its `features` (`Features` in `providers/provider.py`) as data. For each *yes* the contract suite
needs a payload in `tests/contract/fixtures/` that shows it. *Unproved* means that no document of the provider says so,
or says how. The table shows what a provider's API can do; the [page of each provider](README.md#providers) says how to
set up an account."""


def page_text() -> str:
    """Returns the whole page."""
    declared = built_in_providers.features()
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
    """Returns the meaning of a feature.

    Raises:
        LookupError: MEANING has no sentence for it.
    """
    if name not in MEANING:
        raise LookupError(f"the feature {name} has no sentence: add one to MEANING in docs/making/features.py")
    return MEANING[name]


def _cell(features: Features, name: str) -> str:
    value = getattr(features, name)
    if isinstance(value, bool):
        answer = "yes" if value else "no"
        return f"{answer}, *unproved*" if name in features.unproved else answer
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
