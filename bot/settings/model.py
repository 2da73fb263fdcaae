"""The settings: one TOML file plus the environment, secrets kept secret, each provider's own model inside.

The environment wins over the file: `THREADLINE_SLACK__BOT_TOKEN` is `bot_token` under `[slack]`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator
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
    Name,
    Region,
    RetentionSettings,
    SlackId,
    SlackSettings,
    SweepSettings,
    Timeouts,
)
from providers.provider import Model
from sms.address import Address, NotAnAddress, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_settings import PydanticBaseSettingsSource

    from providers.provider import Provider

LEASED = "leased"  # a sender's address that means: the provider assigns us a number for each contact

SHORTEST_SECRET = 32  # characters


class Account(BaseModel):
    """An account at one provider; its further keys are that provider's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    provider: str

    @field_validator("provider")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if not providers.knows(name):
            raise ValueError(f"there is no provider {name!r}; the known ones are {', '.join(providers.names())}")
        return name

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """The further keys are plain texts here, secrets among them."""
        yield "provider", self.provider

    @property
    def kind(self) -> type[Provider]:
        """The provider's class."""
        return providers.load(self.provider)

    def provider_settings(self) -> Model:
        """The provider's own settings.

        Raises:
            pydantic.ValidationError: if they are not what the provider needs.
        """
        return self.kind.Settings.model_validate(self.model_extra)


class Sender(Model):
    """An address of ours that a text can come from."""

    account: str
    address: str = Field(repr=False, description=f'a number, a short code, an alphanumeric ID, or "{LEASED}"')
    options: dict[str, Any] = Field(default_factory=dict, description="the provider's options for every text from it")
    texts_per_second: int | None = Field(None, ge=1, description="the most that go out from it; not given: no limit")
    texts_per_minute: int | None = Field(None, ge=1, description="the same for any sixty seconds")

    @property
    def is_leased(self) -> bool:
        """Whether the provider assigns us a number for each contact."""
        return self.address == LEASED

    @property
    def parsed(self) -> Address | None:
        """The address; None if it is leased."""
        return None if self.is_leased else parse(self.address)

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
    senders: list[str] = Field(min_length=1, description="names of senders; the first that can is taken")
    default_region: Region | None = Field(
        None, description="the country of numbers typed without a country code, like AU"
    )
    max_segments: int = Field(8, ge=1, description="a longer reply is not sent but told to whoever wrote it")
    split_texts: bool = Field(
        True, description="what is too long for one text at a company goes out as several; false: it is not sent"
    )
    reply_mode: Literal["reply", "mention", "confirm", "off"] = Field(
        "reply", description="which replies are texted: all, those that mention the app first, confirmed ones, none"
    )
    members: list[SlackId] = Field(
        default_factory=list, description="who may text from here: ids of users and user groups; empty: every member"
    )
    reopen_days: float = Field(
        30.0,
        ge=0,
        description="so long after it was closed, a conversation goes on in its thread; later, or at 0, in a new one",
    )
    broadcast_hours: float | None = Field(
        None,
        ge=0,
        description="a text in a thread that was quiet for so long is shown in the channel too; unset: never",
    )
    ask_second: float = Field(
        30.0, ge=0, description="seconds in which a second person's answer is asked about first; 0: never"
    )
    signature: str = Field("", max_length=100, description="a last line under every reply that a person writes")
    help_text: str = Field(
        "",
        max_length=320,
        description="what a text HELP is answered with, once a day: who you are, and that STOP ends texts; "
        "empty: HELP is for the team like any other text",
    )
    links_for_files: bool = Field(False, description="where files cannot be sent: text a link to them, for a week")
    quiet_hours: QuietHours | None = Field(None, description="when texts are held, by the contact's clock")

    def signed(self, text: str) -> str:
        """A person's text as it goes out, with the signature as its last line if the inbox has one."""
        return f"{text}\n{self.signature}" if text and self.signature else text


def _without_slash(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must begin with https:// and name a host, like https://sms.example.com")
    return url.rstrip("/")


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"it must have {SHORTEST_SECRET} characters or more. `openssl rand -hex 32` makes one")
    return secret


class Environment(EnvSettingsSource):
    """The variables of the environment that are settings, under today's names.

    Attributes:
        renamed: those that were given under old names.
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
        description="where the internet reaches our doors; providers call us back there"
    )
    secret: Annotated[SecretStr, AfterValidator(_long_enough)] = Field(
        description="32 characters or more, of chance; callback URLs are made from it"
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
        default_factory=list, description="the first that fits says which senders come into question, and their order"
    )
    countries_without_names: list[Region] = Field(
        default_factory=list, description="where alphanumeric senders are not used, beside US and CA"
    )
    admins: list[SlackId] = Field(
        default_factory=list,
        description="who may opt contacts out and in (empty: every member), and export and erase them in Slack "
        "(empty: nobody)",
    )
    lease_lifetime_days: float = Field(30.0, gt=0, description="how long a leased number stays ours")
    max_leases: int = Field(
        5, ge=1, description="live leases of one contact at one account; never more than the company gives"
    )
    lease_warning_days: float = Field(
        3.0, ge=0, description="days before a lease that a customer texts to ends, when its thread is told"
    )
    receipt_minutes: float = Field(30.0, gt=0, description="when a receipt that has not come is said to be missing")
    send_minutes: float = Field(10.0, gt=0, description="how long a text that could not be handed over is tried again")
    expire_minutes: float = Field(
        120.0, gt=0, description="how long a text may wait past its time, before it is asked about instead of sent"
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
        """The environment wins over the file."""
        return Environment(settings_cls), init_settings

    def inbox_of_sender(self, sender: str) -> str | None:
        """The first inbox that has this sender."""
        return next((name for name, inbox in self.inboxes.items() if sender in inbox.senders), None)

    def inbox_of_account(self, account: str) -> str:
        """The first inbox with a sender of this account, else the first inbox: no text is without a place."""
        for name, inbox in self.inboxes.items():
            if any(self.senders[sender].account == account for sender in inbox.senders):
                return name
        return next(iter(self.inboxes))

    def sender_of_address(self, account: str, address: str) -> str | None:
        """The sender of this account with this address (canonical)."""
        return next(
            (
                name
                for name, sender in self.senders.items()
                if sender.account == account and not sender.is_leased and str(sender.parsed) == address
            ),
            None,
        )

    def is_ours(self, channel: str) -> bool:
        """Whether this Slack channel is an inbox or takes our alerts."""
        return channel == self.slack.alert_channel or self.inbox_of_channel(channel) is not None

    def inbox_of_channel(self, channel: str) -> str | None:
        """The first inbox that lives in this Slack channel."""
        return next((name for name, inbox in self.inboxes.items() if inbox.channel == channel), None)
