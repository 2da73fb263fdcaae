"""`threadline init`: asks for the settings that the bot needs, and writes the settings file and the manifest."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import providers
from bot.cli.console import examples, fail
from bot.cli.settings_file import (
    Exists,
    fault_of,
    fault_of_name,
    is_secret,
    needed,
    refuse_to_overwrite,
    to_toml,
    write,
)
from bot.settings.loading import BadSettings
from bot.settings.model import LEASED, Inbox, Sender, Settings
from bot.settings.sections import SlackSettings
from bot.slack.views.manifest import manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

_TOKENS = {"bot_token": "xoxb-", "app_token": "xapp-", "signing_secret": ""}
_APP = """
Wrote {manifest}. At https://api.slack.com/apps choose Create New App, From a manifest, and paste it. Install the app
to your workspace, then come back here for the next questions. Stay in this command: if you leave it, your answers are
lost.
"""
_NEXT = """
Wrote {path}, readable only by your user. Next:

  1. In Slack, write /invite @threadline in each channel that you named.
  2. Set up a reverse proxy with a certificate that forwards {url} to 127.0.0.1:8080.
  3. threadline callbacks    prints the URLs to paste into the providers' portals.
  4. threadline doctor       checks everything, and says what to fix.
  5. threadline run"""


@click.command(epilog=examples("init", "init --file /etc/threadline.toml"))
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("threadline.toml"),
    show_default=True,
    help="The settings file to write. The manifest goes beside it.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def init(path: Path, *, force: bool) -> None:
    """Ask for the settings that the bot needs, and write the settings file and the Slack app's manifest.

    The command checks each answer at once, hides the tokens that you type, and sends nothing anywhere. It writes the
    settings last, readable only by your user, and overwrites nothing without --force.
    """
    app = path.with_name(f"{path.stem}-manifest.json")
    try:
        for each in (path, app):
            refuse_to_overwrite(each, overwrite=force)
        settings = _ask(app)
        write(path, to_toml(settings), overwrite=force)
    except (Exists, BadSettings) as error:
        fail(str(error))
    except OSError as error:
        fail(f"Can't write {error.filename}: {error.strerror}.")
    click.echo(_NEXT.format(path=path, url=settings["public_url"]))


def _ask(app: Path) -> dict[str, Any]:
    """Asks for all settings; returns them nested as in the file."""
    url = _field(Settings, "public_url", "The bot's public URL, https://…")
    mode = click.prompt("How Slack sends events", type=click.Choice(["socket", "http"]), default="socket")
    app.write_text(json.dumps(manifest(url.rstrip("/") if mode == "http" else None), indent=2) + "\n", encoding="utf-8")
    click.echo(_APP.format(manifest=app))
    settings: dict[str, Any] = {"public_url": url, "secret": secrets.token_hex(32), "slack": _slack(mode)}
    settings["accounts"], settings["senders"] = _accounts()
    settings["inboxes"] = _inboxes(settings["senders"])
    return settings


def _slack(mode: str) -> dict[str, Any]:
    second = {"socket": ("app_token", "The app-level token (xapp-…)"), "http": ("signing_secret", "The signing secret")}
    return {
        "mode": mode,
        "bot_token": _token("bot_token", "The bot token (xoxb-…)"),
        second[mode][0]: _token(*second[mode]),
        "alert_channel": _field(SlackSettings, "alert_channel", "The id of the channel for alerts (C…)"),
    }


def _accounts() -> tuple[dict[str, Any], dict[str, Any]]:
    """Asks for the accounts at providers, and for their senders."""
    accounts: dict[str, Any] = {}
    senders: dict[str, Any] = {}
    while not accounts or click.confirm("Another provider?", default=False):
        provider = click.prompt("The provider", type=click.Choice(providers.names()))
        name = _name("A name for this account", provider, accounts)
        kind = providers.load(provider)
        accounts[name] = {"provider": provider} | {
            key: _field(kind.Settings, key, f"{kind.title}: {field.title or key}", hide=is_secret(field))
            for key, field in needed(provider).items()
        }
        _senders(name, kind.title, senders, leases=kind.features.leases)
    return accounts, senders


def _senders(account: str, title: str, senders: dict[str, Any], *, leases: bool) -> None:
    """Asks for the senders of an account, at least one."""
    count = 0
    lease = f', or "{LEASED}"' if leases else ""
    while not count or click.confirm(f"Another sender at {title}?", default=False):
        address = _field(Sender, "address", f"Your number, short code or name at {title}{lease}", refuse=not leases)
        default = LEASED if address == LEASED and LEASED not in senders else f"{account}-{count + 1}"
        senders[_name("A name for this sender", default, senders)] = {"account": account, "address": address}
        count += 1


def _inboxes(senders: dict[str, Any]) -> dict[str, Any]:
    inboxes: dict[str, Any] = {}
    while not inboxes or click.confirm("Another inbox?", default=False):
        name = _name("A name for the inbox", "support" if not inboxes else None, inboxes)
        channel = _field(Inbox, "channel", "The id of its Slack channel (C…)")
        listed = _prompt(
            "Its senders, in order of preference", lambda answer: _unknown(answer, senders), default=", ".join(senders)
        )
        region = _field(
            Inbox, "default_region", "The country of numbers typed without a country code, like AU", default=""
        )
        inboxes[name] = {"channel": channel, "senders": _list(listed)} | ({"default_region": region} if region else {})
    return inboxes


# --- one question -----------------------------------------------------------------------------------------------------


def _field(
    model: type[BaseModel],
    name: str,
    text: str,
    *,
    default: str | None = None,
    hide: bool = False,
    refuse: bool = False,
) -> str:
    """Asks for a setting that the model accepts. `default` needs no check; `refuse` rejects a leased sender."""

    def fault(answer: str) -> str | None:
        if answer == default:
            return None
        return "This provider leases no numbers." if refuse and answer == LEASED else fault_of(model, name, answer)

    return _prompt(text, fault, default=default, hide=hide)


def _token(name: str, text: str) -> str:
    begin = _TOKENS[name]

    def fault(answer: str) -> str | None:
        if answer.startswith(begin) and answer.isascii() and " " not in answer:
            return None
        return f"It starts with {begin}." if begin else "It has no spaces and no special characters."

    return _prompt(text, fault, hide=True)


def _name(text: str, default: str | None, taken: dict[str, Any]) -> str:
    free = default if default not in taken else f"{default}-{len(taken) + 1}"
    return _prompt(text, lambda answer: fault_of_name(answer, taken), default=free)


def _prompt(text: str, fault: Callable[[str], str | None], *, default: str | None = None, hide: bool = False) -> str:
    """Asks until the answer is valid; says each time what is wrong with it."""

    def good(answer: str) -> str:
        answer = answer.strip()
        if (wrong := fault(answer)) is not None:
            if hide:
                click.echo(wrong, err=True)  # click hides the reason for a hidden answer
            raise click.UsageError(wrong)
        return answer

    return str(click.prompt(text, default=default, hide_input=hide, value_proc=good, show_default=bool(default)))


def _list(answer: str) -> list[str]:
    return [name.strip() for name in answer.split(",") if name.strip()]


def _unknown(answer: str, senders: dict[str, Any]) -> str | None:
    names = _list(answer)
    unknown = [name for name in names if name not in senders]
    if unknown or not names:
        return f"Name one or more of {', '.join(senders)}, separated by commas."
    return None
