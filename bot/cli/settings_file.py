"""The settings file that `threadline init` writes: what was answered, and beside it what else could be set.

Pure but for `write`. Each answer is checked by the model that will read it.
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
# The settings of threadline, written by `threadline init`. docs/settings.md has all that can be set.
# It holds secrets: only the bot's user may read it. A line that begins with # shows a default.
"""
_NAME = TypeAdapter[str](Name)
_OFFERED = ("reply_mode", "members", "max_segments", "signature", "links_for_files")  # of an inbox, as comments


class Exists(Exception):
    """A file is there already; the message says which and what to do."""


def fault_of(model: type[BaseModel], name: str, value: object) -> str | None:
    """What is wrong with this value of a setting, as a sentence without the value; None if nothing is."""
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            if fault["loc"][:1] == (name,) and fault["type"] != "missing":
                return f"{fault['msg'].removeprefix('Value error, ').rstrip('.')}."
    return None


def fault_of_name(name: str, taken: Mapping[str, object]) -> str | None:
    """What is wrong with a name for an account, a sender or an inbox."""
    if name in taken:
        return "There is one of this name already."
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        return f"{error.errors(include_input=False)[0]['msg'].removeprefix('Value error, ')}."
    return None


def needed(provider: str) -> dict[str, FieldInfo]:
    """The settings of a company's own that have no default, in the order in which it declares them."""
    fields = providers.load(provider).Settings.model_fields
    return {name: field for name, field in fields.items() if field.is_required()}


def is_secret(field: FieldInfo) -> bool:
    """Whether what is typed is not to be seen."""
    return field.annotation is SecretStr


def to_toml(settings: Mapping[str, Any]) -> str:
    """The file.

    Args:
        settings: as the file nests them; every value a text or a list of texts.
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
    """Writes the settings for our user's eyes only, once they were read back and can be used.

    Raises:
        Exists: the file is there, and is not to be overwritten.
        bot.settings.model.BadSettings: the bot could not start with them.
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
    """Looks whether the file may be written.

    Raises:
        Exists: it is there, and is not to be overwritten.
    """
    if path.exists() and not overwrite:
        raise Exists(f"{path} is there already. Name another file, or use --force.")


def _lines(given: Mapping[str, Any], model: type[BaseModel], *, offered: tuple[str, ...] | None = ()) -> Iterator[str]:
    """What was given, with what each means; then what else there is, as comments (all of it where None is offered)."""
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
    """A value as TOML has it, which JSON has in the same way, but for one control character."""
    plain = str(value) if isinstance(value, AnyUrl | Path) else value
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
