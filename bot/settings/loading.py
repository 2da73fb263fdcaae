"""Loads the settings: one TOML file plus the environment, checked as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_settings import SettingsError, TomlConfigSettingsSource

from bot.settings.errors import located, messages, not_toml
from bot.settings.model import Environment, Settings
from bot.settings.renamed import Renamed, rename
from bot.settings.sections import PREFIX
from bot.settings.validation import inconsistencies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class BadSettings(Exception):
    """The settings are wrong. `problems` has one line for each mistake, with the setting and how to fix it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path | None, warn: Callable[[str], None] | None = None) -> Settings:
    """Reads the settings from the file, if you give one, and from the environment.

    Args:
        path: the settings file, or None.
        warn: called with one line for each setting that is set under its old name.

    Raises:
        BadSettings: settings are missing or wrong; it names all of them.
    """
    written, renamed = rename(_read(path))
    renamed += Environment(Settings).renamed
    text = "" if path is None else path.read_text(encoding="utf-8")
    if warn is not None:
        for each in renamed:
            warn(located(str(each), path, text, PREFIX))
    try:
        return check(_made(written))
    except BadSettings as error:
        problems = [_as_written(problem, renamed) for problem in error.problems]
        raise BadSettings([located(problem, path, text, PREFIX) for problem in problems]) from None


def _as_written(problem: str, renamed: list[Renamed]) -> str:
    """Returns the problem with the name that the operator used for the setting."""
    for each in renamed:
        old, new = ".".join(each.old), ".".join(each.new)
        if not each.is_ignored and re.match(rf"{re.escape(new)}(?![\w-])", problem):
            return old + problem.removeprefix(new)
    return problem


def _made(written: dict[str, Any]) -> Settings:
    try:
        return Settings(**written)
    except ValidationError as error:
        raise BadSettings(list(messages(error, Settings))) from None
    except SettingsError as error:
        raise BadSettings([_no_json(error)]) from None


def check(settings: Settings) -> Settings:
    """Checks that everything that the settings name exists and suits its provider. Returns the settings.

    Raises:
        BadSettings: settings are wrong; it names all of them.
    """
    if problems := list(inconsistencies(settings)):
        raise BadSettings(problems)
    return settings


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    if not path.is_file():
        raise BadSettings([f"There is no settings file {path}. Name one with --settings, or set THREADLINE_SETTINGS."])
    try:
        return TomlConfigSettingsSource(Settings, toml_file=path)()
    except ValueError as error:
        raise BadSettings([not_toml(path, error)]) from None
    except OSError as error:
        raise BadSettings([f"Can't read {path}: {error.strerror}."]) from None


def _no_json(error: SettingsError) -> str:
    """Returns the message for a variable that must hold a table or list as JSON. The library names only the field."""
    field = next(iter(re.findall(r'field "(\w+)"', str(error))), "")
    variable = f"{PREFIX}{field}".upper()
    return f"{field}: {variable}, or a variable whose name starts so, must hold a table or a list as JSON."
