"""What a provider lets people choose for one text, as fields of a form: made from its `Options` model alone. Pure."""

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
    """What was chosen cannot be used. `problems` has a sentence for each field, by the option's name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


def block_of(sender: str, option: str) -> str:
    """The `block_id` of an option's field. A change of sender makes it another field."""
    return f"option:{sender}:{option}"


def fields(kind: type[Model], sender: str, usual: Mapping[str, Any]) -> list[Block]:
    """A field for each option of the provider.

    Args:
        kind: the provider's options.
        sender: by the name the settings give it.
        usual: what the settings choose for every text from it.
    """
    return [
        _field(block_of(sender, name), name, info, usual.get(name, info.get_default(call_default_factory=False)))
        for name, info in kind.model_fields.items()
    ]


def read(kind: type[Model], sender: str, entered: Entered, usual: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, of JSON types; only what is not as usual.

    Raises:
        WrongOptions: the provider cannot take it.
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
    """What was entered, as the model takes it and JSON keeps it."""
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
    """The type of an option, without *or nothing* and without what only checks it."""
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
    told = {".".join(str(part) for part in each["loc"]): each["msg"].removeprefix("Value error, ") for each in found}
    return {name: f"{sentence}." for name, sentence in told.items()}
