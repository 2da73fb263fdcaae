"""An SMS Flow with one `httpRequest` rule: the webhook for a text to a VoxNumber.

https://www.iovox.com/api/sms-flow/httpRequest.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import urlencode

from lxml import etree

from sandbox.carriers.webhooks import Hook

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIGIN, DESTINATION, MESSAGE = "$_smsOrigin", "$_smsDestination", "$_smsMessage"


@dataclass(slots=True)
class Flow:
    """The rule, as set up in the portal.

    Attributes:
        url: the URL to call.
        method: POST or GET.
        params: names that we choose, each with a variable of the text or a literal.
        encoding: of a POST, which no document shows. A GET uses its query.
    """

    url: str = field(repr=False)
    method: Literal["POST", "GET"] = "POST"
    params: tuple[tuple[str, str], ...] = field(
        default=(("origin", ORIGIN), ("destination", DESTINATION), ("content", MESSAGE)), repr=False
    )
    encoding: Literal["form", "query", "json"] = "form"

    @classmethod
    def from_xml(cls, document: str) -> Self:
        """Returns the rule in a document for createFlow (https://www.iovox.com/api/sms-flow/httpRequest.html)."""
        rule = etree.fromstring(document.encode()).find("smsFlow/httpRequest")
        if rule is None:
            raise ValueError("There are no Rules in this Template")
        params = tuple((param.get("name", ""), param.get("value", "")) for param in rule.iterfind("params/param"))
        return cls(rule.get("url", ""), "GET" if rule.get("requestMethod") == "GET" else "POST", params)

    def hook(self, message_id: str, variables: Mapping[str, str]) -> Hook:
        """Returns the webhook for a text."""
        said = {name: variables.get(value, value) for name, value in self.params}
        if self.method == "GET" or self.encoding == "query":
            joint = "&" if "?" in self.url else "?"
            return Hook("inbound", message_id, f"{self.url}{joint}{urlencode(said)}", self.method)
        if self.encoding == "json":
            headers = {"Content-Type": "application/json"}
            return Hook("inbound", message_id, self.url, "POST", headers, json.dumps(said).encode())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Hook("inbound", message_id, self.url, "POST", headers, urlencode(said).encode())
