"""The settings file that `threadline init` writes: the operator's answers, and other settings as comments.

Pure except for `write`. The model that will read the file checks each answer.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AnyUrl, BaseModel, SecretStr, TypeAdapter, ValidationError

import providers
from bot.settings.loading import load
from bot.settings.model import Inbox, Sender, Settings
from bot.settings.sections import Name, SlackSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

_TOP = """\
# The settings of threadline, written by `threadline init`. docs/settings.md lists all settings.
# It holds secrets: only the bot's user may read it. A line that starts with # shows a default.
"""
_NAME = TypeAdapter[str](Name)
_OFFERED = ("reply_mode", "members", "max_segments", "signature", "links_for_files")  # settings of an inbox


class Exists(Exception):
    """A file exists already. The message names it and says what to do."""


def fault_of(model: type[BaseModel], name: str, value: object) -> str | None:
    """Returns what is wrong with this value of a setting, as a sentence without the value, or None."""
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            if fault["loc"][:1] == (name,) and fault["type"] != "missing":
                return f"{fault['msg'].removeprefix('Value error, ').rstrip('.')}."
    return None


def fault_of_name(name: str, taken: Mapping[str, object]) -> str | None:
    """Returns what is wrong with a name for an account, a sender or an inbox, as a sentence, or None."""
    if name in taken:
        return "This name is taken."
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        return f"{error.errors(include_input=False)[0]['msg'].removeprefix('Value error, ')}."
    return None


def needed(provider: str) -> dict[str, FieldInfo]:
    """Returns the provider's own settings that have no default, in the order in which it declares them."""
    fields = providers.load(provider).Settings.model_fields
    return {name: field for name, field in fields.items() if field.is_required()}


def is_secret(field: FieldInfo) -> bool:
    """True if the setting is a secret, so that the terminal must not show it."""
    return field.annotation is SecretStr


def to_toml(settings: Mapping[str, Any]) -> str:
    """Returns the text of the file.

    Args:
        settings: nested as in the file; every value is a string or a list of strings.
    """
    top = {name: value for name, value in settings.items() if not isinstance(value, dict)}
    parts = [_TOP, *_lines(top, Settings), "", "[slack]", *_lines(settings["slack"], SlackSettings)]
    for name, account in settings["accounts"].items():
        kind = providers.load(account["provider"])
        parts += ["", f"[accounts.{name}]  # {kind.title}", *_lines(account, kind.Settings, offered=None)]
    for name, sender in settings["senders"].items():
        parts += ["", f"[senders.{name}]", *_lines(sender, Sender)]
    for name, inbox in settings["inboxes"].items():
        parts += ["", f"[inboxes.{name}]", *_lines(inbox, Inbox, offered=_OFFERED)]
    return "\n".join(parts) + "\n"


def write(path: Path, text: str, *, overwrite: bool) -> None:
    """Writes the settings, readable only by our user, after checking that they load.

    Raises:
        Exists: the file exists, and `overwrite` is false.
        bot.settings.loading.BadSettings: the bot could not start with these settings.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        load(part)
        refuse_to_overwrite(path, overwrite=overwrite)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def refuse_to_overwrite(path: Path, *, overwrite: bool) -> None:
    """Checks that we may write the file.

    Raises:
        Exists: it exists, and `overwrite` is false.
    """
    if path.exists() and not overwrite:
        raise Exists(f"{path} exists already. Name another file, or use --force.")


def _lines(given: Mapping[str, Any], model: type[BaseModel], *, offered: tuple[str, ...] | None = ()) -> Iterator[str]:
    """Yields the given settings with their meanings, then the `offered` ones as comments; None offers all others."""
    for name, value in given.items():
        field = model.model_fields.get(name)
        yield _explained(f"{name} = {_value(value)}", field.description if field else None)
    for name, field in model.model_fields.items():
        if name not in given and not field.is_required() and (offered is None or name in offered):
            default = field.get_default(call_default_factory=True)
            yield _explained(f"# {name} = {_value(default)}", field.description or field.title)


def _explained(line: str, meaning: str | None) -> str:
    return f"{line}  # {' '.join(meaning.split())}" if meaning else line


def _value(value: object) -> str:
    """Formats a value as TOML, which is the same as JSON except for one control character."""
    plain = str(value) if isinstance(value, AnyUrl | Path) else value
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
