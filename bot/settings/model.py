"""The settings: one TOML file plus the environment, with each provider's own model inside. Secrets stay secret.

The environment overrides the file: `THREADLINE_SLACK__BOT_TOKEN` is `bot_token` under `[slack]`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

import providers
from bot.settings.hours import QuietHours
from bot.settings.renamed import Renamed, rename_variables
from bot.settings.rules import Rule
from bot.settings.sections import (
    DELIMITER,
    PREFIX,
    ChannelId,
    FallbackAlertSettings,
    FileSettings,
    HttpSettings,
    Keyword,
    Name,
    Region,
    RetentionSettings,
    SlackId,
    SlackSettings,
    SweepSettings,
    Timeouts,
)
from providers.provider import Model
from sms.address import Address, NotAnAddress, from_canonical, parse, parse_own
from sms.keywords import MoreWords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_settings import PydanticBaseSettingsSource

    from providers.provider import Provider

LEASED = "leased"  # the address of a sender for which the provider assigns us a number for each contact

SHORTEST_SECRET = 32  # characters


class Account(BaseModel):
    """An account at one provider. Its other keys are that provider's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    provider: str

    @field_validator("provider")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if not providers.knows(name):
            raise ValueError(f"there is no provider {name!r}; the known ones are {', '.join(providers.names())}")
        return name

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Shows only the provider: the other keys are plain strings here, and some are secrets."""
        yield "provider", self.provider

    @property
    def kind(self) -> type[Provider]:
        """The provider's class."""
        return providers.load(self.provider)

    def provider_settings(self) -> Model:
        """Returns the provider's own settings.

        Raises:
            pydantic.ValidationError: they are not what the provider needs.
        """
        return self.kind.Settings.model_validate(self.model_extra)


class Sender(Model):
    """An address of ours that a text can come from."""

    account: str
    address: str = Field(repr=False, description=f'a number, a short code, an alphanumeric ID, or "{LEASED}"')
    options: dict[str, Any] = Field(default_factory=dict, description="the provider's options for every text from it")
    texts_per_second: int | None = Field(None, ge=1, description="the most texts from it; not set: no limit")
    texts_per_minute: int | None = Field(None, ge=1, description="the most texts from it in any sixty seconds")

    @cached_property
    def is_leased(self) -> bool:
        """True if the provider assigns us a number for each contact."""
        return self.address == LEASED

    @cached_property
    def parsed(self) -> Address | None:
        """The address; None if it is leased."""
        return None if self.is_leased else parse_own(self.address)

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        if address != LEASED:
            try:
                parse(address)
            except NotAnAddress as error:
                raise ValueError(str(error)) from None
        return address


class Inbox(Model):
    """A Slack channel with the senders that belong to it."""

    channel: ChannelId
    senders: list[str] = Field(min_length=1, description="sender names, in order of preference")
    default_region: Region | None = Field(
        None, description="the country of numbers typed without a country code, like AU"
    )
    max_segments: int = Field(8, ge=1, description="longer replies are rejected, and the author is notified")
    split_texts: bool = Field(
        True, description="send a text that is too long for the provider as several; false: reject it"
    )
    reply_mode: Literal["reply", "mention", "confirm", "off"] = Field(
        "reply",
        description="the replies that are texted: all, those that start by mentioning the app, confirmed ones, or none",
    )
    members: list[SlackId] = Field(
        default_factory=list,
        description="ids of the users and user groups who may text from this inbox; empty: every member",
    )
    reopen_days: float = Field(
        30.0,
        ge=0,
        description="days after closing in which a conversation continues in its thread; later, or at 0, in a new one",
    )
    broadcast_hours: float | None = Field(
        None,
        ge=0,
        description="a text in a thread that was quiet for this long also appears in the channel; not set: never",
    )
    ask_second: float = Field(
        30.0,
        ge=0,
        description="seconds after a reply in which another person's reply is only texted once confirmed; 0: none",
    )
    signature: str = Field("", max_length=100, description="a last line below every reply that a person writes")
    help_text: str = Field(
        "",
        max_length=320,
        description="the answer to a text HELP, once a day: say who you are, and that STOP ends texts; "
        "empty: HELP is for the team, like any other text",
    )
    stop_words: list[Keyword] = Field(
        default_factory=list, description="more texts that opt a contact out, besides STOP and the words of its country"
    )
    start_words: list[Keyword] = Field(
        default_factory=list, description="more texts that opt a contact in again, besides START"
    )
    stop_text: str = Field(
        "",
        max_length=320,
        description="the confirmation of a STOP: say who you are, and say that START brings texts again; "
        "empty: a sentence of ours without a name",
    )
    start_text: str = Field(
        "",
        max_length=320,
        description="the confirmation of a START: say who you are, and say that STOP ends texts; "
        "empty: a sentence of ours without a name",
    )
    links_for_files: bool = Field(False, description="if the sender can't send files, text a link to them instead")
    quiet_hours: QuietHours | None = Field(None, description="the hours in which texts wait, by the contact's clock")

    @cached_property
    def more_words(self) -> MoreWords:
        """The keywords of this inbox."""
        return MoreWords(tuple(self.stop_words), tuple(self.start_words))

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        for word in self.stop_words:
            if word.casefold() in map(str.casefold, self.start_words):
                raise ValueError(f"stop_words and start_words both have {word!r}. Take it out of one of them")
        return self

    def signed(self, text: str) -> str:
        """Returns a person's text with the inbox's signature, if it has one, as its last line."""
        return f"{text}\n{self.signature}" if text and self.signature else text


def _without_slash(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must begin with https:// and name a host, like https://sms.example.com")
    return url.rstrip("/")


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"it must have {SHORTEST_SECRET} characters or more. `openssl rand -hex 32` prints one")
    return secret


class Environment(EnvSettingsSource):
    """The environment variables that are settings, under their current names.

    Attributes:
        renamed: the variables that are set under old names.
    """

    renamed: list[Renamed]

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables, self.renamed = rename_variables(super()._load_env_vars(), PREFIX.lower(), DELIMITER)
        return variables


class Settings(BaseSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    public_url: Annotated[str, AfterValidator(_without_slash)] = Field(
        description="the URL at which the internet reaches the bot; providers send callbacks there"
    )
    secret: Annotated[SecretStr, AfterValidator(_long_enough)] = Field(
        description="32 or more random characters; the bot derives callback URLs from it"
    )
    database: Path = Path("threadline.db")
    http: HttpSettings = HttpSettings()
    slack: SlackSettings
    timeouts: Timeouts = Timeouts()
    sweep: SweepSettings = SweepSettings()
    fallback_alerts: FallbackAlertSettings = FallbackAlertSettings()
    files: FileSettings = FileSettings()
    retention: RetentionSettings = RetentionSettings()
    accounts: dict[Name, Account] = Field(min_length=1)
    senders: dict[Name, Sender] = Field(min_length=1)
    inboxes: dict[Name, Inbox] = Field(min_length=1)
    rules: list[Rule] = Field(
        default_factory=list, description="the first rule that matches a text gives its senders, and their order"
    )
    countries_without_names: list[Region] = Field(
        default_factory=list, description="countries where alphanumeric senders are not used, besides US and CA"
    )
    admins: list[SlackId] = Field(
        default_factory=list,
        description="who may opt contacts out and in (empty: every member), and export and erase them in Slack "
        "(empty: nobody)",
    )
    lease_lifetime_days: float = Field(30.0, gt=0, description="how long a leased number stays ours")
    max_leases: int = Field(
        5, ge=1, description="the most live leases of one contact on one account; never more than the provider allows"
    )
    lease_warning_days: float = Field(
        3.0, ge=0, description="days before a lease ends at which its thread gets a warning, if the contact texts to it"
    )
    receipt_minutes: float = Field(30.0, gt=0, description="how long to wait before a receipt counts as missing")
    send_minutes: float = Field(10.0, gt=0, description="how long to retry a text that did not reach the provider")
    expire_minutes: float = Field(
        120.0, gt=0, description="how long a text may wait past its time; then a person is asked if it still goes out"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours knows old names too
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - we read no .env file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor a folder of secrets
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Returns the sources: the environment overrides the file."""
        return Environment(settings_cls), init_settings

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Returns a copy, whose tables below are made again."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("inbox_by_sender", "inbox_by_channel", "sender_by_address"):
            copied.__dict__.pop(name, None)
        return copied

    @cached_property
    def inbox_by_sender(self) -> Mapping[str, str]:
        """The first inbox of each sender."""
        return {sender: name for name, inbox in reversed(self.inboxes.items()) for sender in inbox.senders}

    @cached_property
    def inbox_by_channel(self) -> Mapping[str, str]:
        """The first inbox of each Slack channel."""
        return {inbox.channel: name for name, inbox in reversed(self.inboxes.items())}

    @cached_property
    def sender_by_address(self) -> Mapping[tuple[str, str], str]:
        """The sender of each account and canonical address: the first that an inbox lists, else the first.

        Leased numbers are not among them.
        """
        known = {name: sender for name, sender in self.senders.items() if not sender.is_leased}
        listed = [name for name in known if name in self.inbox_by_sender]
        names = list(dict.fromkeys([*listed, *known]))
        return {(known[name].account, str(from_canonical(str(known[name].parsed)))): name for name in reversed(names)}

    def inbox_of_account(self, account: str) -> str:
        """Returns the first inbox with a sender of this account, else the first inbox: every text needs a place."""
        for name, inbox in self.inboxes.items():
            if any(self.senders[sender].account == account for sender in inbox.senders):
                return name
        return next(iter(self.inboxes))

    def is_ours(self, channel: str) -> bool:
        """True if this Slack channel belongs to an inbox or is the alert channel."""
        return channel == self.slack.alert_channel or channel in self.inbox_by_channel
