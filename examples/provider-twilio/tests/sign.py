"""Signs the webhooks in fixtures/ as Twilio would. Run it after you changed a URL or a body there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from threadline_twilio.signing import signature

FIXTURES = Path(__file__).parent / "fixtures/twilio"
PUBLIC = "https://threadline.example"  # the constant in threadline's tests/contract/__init__.py
_WEBHOOK = re.compile(r"(?<=^=== webhook\n)\w+ (?P<target>\S+)\n(?P<head>(?:.+\n)*)\n?(?P<body>[^\n]*)", re.MULTILINE)
_HEADER = re.compile(r"(?<=X-Twilio-Signature: )\S+")


def signed(text: str, token: str) -> str:
    """Returns a fixture with the signature of its webhook."""
    found = _WEBHOOK.search(text)
    if found is None:
        raise SystemExit("there is no webhook in it")
    target, body = found["target"], found["body"] if not found["body"].startswith("===") else ""
    url = target if "://" in target else f"{PUBLIC}{target}"
    head = _HEADER.sub(signature(token, url, body.encode()), found["head"])
    return text[: found.start("head")] + head + text[found.end("head") :]


def main() -> None:
    """Writes each file that changes."""
    token = tomllib.loads((FIXTURES / "contract.toml").read_text("utf-8"))["settings"]["auth_token"]
    for path in sorted(FIXTURES.glob("webhooks/*.http")):
        before = path.read_text("utf-8")
        if (after := signed(before, token)) != before:
            path.write_text(after, "utf-8")


if __name__ == "__main__":
    main()
