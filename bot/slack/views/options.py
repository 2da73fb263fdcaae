"""A provider's options for one text, as fields of a form that we build from its `Options` model alone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.types import AwareDatetime

from bot.slack.views import forms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

    from bot.slack.views.blocks import Block
    from bot.slack.views.forms import Entered
    from providers.provider import Model

_MOMENTS = (datetime, AwareDatetime)


class WrongOptions(Exception):
    """The provider can't use the chosen values. `problems` has a sentence for each wrong option, by its name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


def block_of(sender: str, option: str) -> str:
    """Returns the `block_id` of an option's field. Another sender gets another field."""
    return f"option:{sender}:{option}"


def fields(kind: type[Model], sender: str, usual: Mapping[str, Any]) -> list[Block]:
    """Returns a field for each option of the provider.

    Args:
        kind: the provider's options.
        sender: its name in the settings.
        usual: the options that the settings give every text from this sender.
    """
    return [
        _field(block_of(sender, name), name, info, usual.get(name, info.get_default(call_default_factory=False)))
        for name, info in kind.model_fields.items()
    ]


def read(kind: type[Model], sender: str, entered: Entered, usual: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the chosen values that differ from the usual ones, as JSON types.

    Raises:
        WrongOptions: the provider can't use a value.
    """
    chosen: dict[str, Any] = {}
    for name, info in kind.model_fields.items():
        block_id = block_of(sender, name)
        value = _read(info, entered.get(block_id))
        if block_id in entered and value != usual.get(name, info.get_default()):
            chosen[name] = value
    try:
        kind.model_validate({**usual, **chosen})
    except ValidationError as error:
        raise WrongOptions(_problems(error)) from None
    return chosen


def _field(block_id: str, name: str, info: FieldInfo, value: Any) -> Block:
    label = info.title or name.replace("_", " ").capitalize()
    hint = info.description or ""
    kind = _kind(info)
    if kind is bool:
        return forms.enter(block_id, label, forms.tick(f"option:{name}", hint or "Yes", on=bool(value)), optional=True)
    return forms.enter(block_id, label, _element(f"option:{name}", kind, value), optional=True, hint=hint)


def _element(action_id: str, kind: Any, value: Any) -> forms.Element:
    if kind in _MOMENTS:
        return forms.moment(action_id, _seconds(value))
    if kind is int:
        return forms.whole_number(action_id, value)
    if get_origin(kind) is Literal:
        choices = [forms.Choice(str(each), str(each)) for each in get_args(kind)]
        return forms.choice(action_id, choices, None if value is None else str(value))
    return forms.text(action_id, "" if value is None else str(value), longest=500)


def _read(info: FieldInfo, given: Any) -> Any:
    """Converts an entered value to a type that both the model and JSON take."""
    kind = _kind(info)
    if kind is bool:
        return bool(given)
    if given is None or given == "":
        return None
    if kind in _MOMENTS:
        return datetime.fromtimestamp(given, UTC).isoformat()
    if kind is int:
        return int(given)
    if get_origin(kind) is Literal:
        return next((each for each in get_args(kind) if str(each) == given), given)
    return given


def _kind(info: FieldInfo) -> Any:
    """Returns the type of an option, without `None` and without annotations that only check the value."""
    kind: Any = info.annotation
    while True:
        if get_origin(kind) in (Union, UnionType):
            kind = next(each for each in get_args(kind) if each is not type(None))
        elif get_origin(kind) is Annotated and kind not in _MOMENTS:
            kind = get_args(kind)[0]
        else:
            return kind


def _seconds(value: Any) -> int | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return int(value.timestamp()) if isinstance(value, datetime) else None


def _problems(error: ValidationError) -> dict[str, str]:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    said = {".".join(str(part) for part in each["loc"]): each["msg"].removeprefix("Value error, ") for each in found}
    return {name: f"{sentence}." for name, sentence in said.items()}
