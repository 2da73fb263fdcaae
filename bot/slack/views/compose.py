"""The compose modal, and the values that a person entered in it. Pure: it gets all the data that it shows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.slack.views import blocks, forms, options
from bot.slack.views.blocks import Button, fill, joined
from bot.slack.views.forms import Choice
from bot.text.inline_text import with_emoji
from sms.address import Alphanumeric
from sms.segments import Encoding, measure, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.settings.model import Inbox, Sender, Settings
    from bot.slack.views.blocks import Block, Marked
    from bot.slack.views.forms import Entered, View
    from providers.provider import Provider

FORM = "compose"  # its callback_id
TITLE = "New SMS"
AUTOMATIC = "-"  # the option for no particular sender: an option needs a value, and no sender has this name
_LATER = "In your own time zone. Leave it empty to send now."
_TO = "Type at least two characters of a name or number."
_NUMBER = "Instead of a contact. Any common form works, like +61 400 000 000."


@dataclass(frozen=True, slots=True)
class Draft:
    """The state of a compose modal."""

    inboxes: tuple[str, ...]  # those that the person may text from
    inbox: str
    contact: Choice | None = field(default=None, repr=False)  # its value is the contact's id
    via: str | None = None
    text: str = field(default="", repr=False)
    version: int = 0  # rises with each text that we put into the field
    response_url: str | None = field(default=None, repr=False)
    templates: tuple[Choice, ...] = ()  # their values are the templates' ids
    note: str = field(default="", repr=False)  # a sentence above the fields


@dataclass(frozen=True, slots=True)
class Filled:
    """The values in the fields."""

    draft: Draft
    contact: int | None
    number: str = field(repr=False)
    at: int | None  # epoch seconds; None: now
    files: tuple[Any, ...] = field(repr=False)  # Slack's file objects, or their ids
    template: int | None
    entered: Entered = field(repr=False)


def text_block(version: int) -> str:
    """Returns the `block_id` of the text. A new id drops typed text, so it changes only when we put in another text."""
    return f"text:{version}"


def via_block(inbox: str) -> str:
    """Returns the `block_id` of the sender. Each inbox has its own field, because it has its own senders."""
    return f"via:{inbox}"


def view(draft: Draft, settings: Settings, providers: Mapping[str, Provider]) -> View:
    """Returns the modal."""
    inbox = settings.inboxes[draft.inbox]
    about = {
        "version": draft.version,
        "answer": draft.response_url,
        "contact": None if draft.contact is None else [draft.contact.value, draft.contact.label],
    }
    shown = [
        *([blocks.context(draft.note)] if draft.note else []),
        *_to(draft),
        _inbox(draft),
        _via(draft.inbox, inbox, draft.via, settings, providers),
        *_templates(draft),
        *_text(draft, inbox),
        forms.enter("files", "Files", forms.files("compose:files"), optional=True),
        forms.enter("at", "Send later", forms.moment("compose:at"), optional=True, hint=_LATER),
        *_options(draft, settings, providers),
    ]
    return forms.modal(TITLE, shown, form=FORM, submit="Send", about=about)


def read(shown: Mapping[str, Any]) -> Filled:
    """Reads the values from a modal that Slack sent back."""
    about, entered = forms.about(shown), forms.entered(shown)
    fields = {block["block_id"]: block.get("element", {}) for block in shown["blocks"]}
    inbox, via = entered["inbox"], None
    if entered.get(via_block(inbox)) not in (None, AUTOMATIC):
        via = entered[via_block(inbox)]
    draft = Draft(
        inboxes=tuple(option["value"] for option in fields["inbox"]["options"]),
        inbox=inbox,
        contact=None if about["contact"] is None else Choice(*about["contact"]),
        via=via,
        text=entered.get(text_block(about["version"])) or "",
        version=about["version"],
        response_url=about["answer"],
        templates=tuple(_choices(fields.get(f"template:{inbox}", {}))),
    )
    return Filled(
        draft=draft,
        contact=None if entered["contact"] is None else int(entered["contact"]),
        number=(entered["number"] or "").strip(),
        at=entered["at"],
        files=tuple(entered.get("files") or ()),
        template=None if entered.get(f"template:{inbox}") is None else int(entered[f"template:{inbox}"]),
        entered=entered,
    )


def with_text(draft: Draft, text: str) -> Draft:
    """Returns the draft with this text in its field."""
    return replace(draft, text=text, version=draft.version + 1)


def choice_of(name: str, settings: Settings, providers: Mapping[str, Provider]) -> Choice:
    """Returns a sender as an option, with its abilities below it."""
    sender = settings.senders[name]
    provider = providers[sender.account]
    address = "a leased number" if sender.is_leased else str(sender.parsed)
    return Choice(name, f"{name}: {address} via {provider.title}", can_do(sender, provider))


def can_do(sender: Sender, provider: Provider) -> str:
    """Lists a sender's abilities (receipts, replies, files) in at most 75 characters."""
    features = provider.features
    replies = "can receive replies" if features.inbound else "replies don't reach us"
    if isinstance(sender.parsed, Alphanumeric):
        replies = "contacts can't reply"
    receipts = "receipts" if features.receipts else "no receipts"
    return " · ".join([receipts, replies, *(["files"] if features.media_out else [])])


# --- parts of the modal -----------------------------------------------------------------------------------------------


def _to(draft: Draft) -> list[Block]:
    return [
        forms.enter("contact", "To", forms.search("compose:contact", draft.contact), optional=True, hint=_TO),
        forms.enter(
            "number", "… or a new number", forms.text("compose:number", longest=100), optional=True, hint=_NUMBER
        ),
    ]


def _inbox(draft: Draft) -> Block:
    choices = [Choice(name, name) for name in draft.inboxes]
    return forms.enter("inbox", "Inbox", forms.choice("compose:inbox", choices, draft.inbox), live=True)


def _via(name: str, inbox: Inbox, via: str | None, settings: Settings, providers: Mapping[str, Provider]) -> Block:
    usual = "the conversation's sender, else the first that can text the number"
    if isinstance(settings.senders[inbox.senders[0]].parsed, Alphanumeric):
        usual = f"the conversation's sender, else {inbox.senders[0][:20]}: contacts can't reply"
    automatic = Choice(AUTOMATIC, "Automatic", usual)
    choices = [automatic, *(choice_of(each, settings, providers) for each in inbox.senders)]
    return forms.enter(via_block(name), "Via", forms.choice("compose:via", choices, via or AUTOMATIC), live=True)


def _templates(draft: Draft) -> list[Block]:
    if not draft.templates:
        return []
    element = forms.choice("compose:template", draft.templates)
    hint = "Replaces the text below."
    return [forms.enter(f"template:{draft.inbox}", "Template", element, optional=True, hint=hint, live=True)]


def _text(draft: Draft, inbox: Inbox) -> list[Block]:
    element = forms.text("compose:text", draft.text, lines=True, live=True)
    shown = [
        forms.enter(text_block(draft.version), "Text", element, live=True),
        {**blocks.context(count(with_emoji(draft.text), inbox)), "block_id": "count"},
    ]
    cheaper = plain(draft.text)
    if measure(inbox.signed(cheaper)).count < measure(inbox.signed(draft.text)).count:
        label = f"Use plain characters: {_counted(measure(inbox.signed(cheaper)).count)}"
        shown.append(forms.buttons("cheaper", Button("compose:plain", label)))
    return shown


def count(text: str, inbox: Inbox) -> Marked:
    """Counts the segments of the text with its signature, and says why it needs that many."""
    whole = inbox.signed(text)
    size, unsigned = measure(whole), measure(text)
    if not text:
        return fill("No text yet.")
    why: str | Marked = ""
    if size.forced_by is not None:
        why = fill("UCS-2 because of “{one}”", one=size.forced_by.character)
    signature: str | Marked = ""
    if inbox.signature:
        more = size.count - unsigned.count
        signature = f"the signature adds {_counted(more)}" if more else "the signature adds no segment"
    left = f"{size.left} characters left in the last one"
    over = f"too long: {_counted(inbox.max_segments)} at most" if size.count > inbox.max_segments else ""
    encoding = "" if size.encoding is Encoding.UCS2 else size.encoding.value
    return joined(" · ", [_counted(size.count), encoding, why, left, signature, over])


def _options(draft: Draft, settings: Settings, providers: Mapping[str, Provider]) -> list[Block]:
    """Returns the fields for the options of the chosen sender's provider; none if we choose the sender later."""
    if draft.via is None:
        return []
    sender = settings.senders[draft.via]
    provider = providers[sender.account]
    found = options.fields(provider.Options, draft.via, sender.options)
    return [{"type": "divider"}, blocks.context(f"{provider.title} options"), *found] if found else []


def _choices(element: Mapping[str, Any]) -> Sequence[Choice]:
    return [Choice(option["value"], option["text"]["text"]) for option in element.get("options", ())]


def _counted(segments: int) -> str:
    return f"{segments} segment" if segments == 1 else f"{segments} segments"
