"""The settings: one TOML file plus the environment, secrets kept secret, each provider's own model inside.

The environment wins over the file: `THREADLINE_SLACK__BOT_TOKEN` is `bot_token` under `[slack]`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError, TomlConfigSettingsSource

import providers
from providers.provider import Model
from sms.address import Address, NotAnAddress, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_settings import PydanticBaseSettingsSource

    from providers.provider import Provider

PREFIX = "THREADLINE_"
LEASED = "leased"  # a sender's address that means: the provider assigns us a number for each contact

SHORTEST_SECRET = 32  # characters


def _like(pattern: str, sentence: str) -> AfterValidator:
    """Texts of this form; the sentence is for whoever wrote another one."""

    def check_form(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(sentence)
        return text

    return AfterValidator(check_form)


Name = Annotated[str, _like(r"[A-Za-z0-9_-]+", "a name here is made of letters, digits, - and _")]
ChannelId = Annotated[str, _like(r"[CG][A-Z0-9]{2,}", "it must be a Slack channel's id, like C0123456789")]
SlackId = Annotated[
    str, _like(r"[UWS][A-Z0-9]{2,}", "it must be the id of a Slack user or user group, like U0123456789")
]
Region = Annotated[str, _like(r"[A-Z]{2}", "it must be a country's two letters, like AU")]


class BadSettings(Exception):
    """The settings cannot be used. `problems` has one line for each mistake, naming the setting and the cure."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SlackSettings(Model):
    """How the bot reaches Slack."""

    mode: Literal["socket", "http"] = Field("socket", description="how events come: a WebSocket, or signed requests")
    bot_token: SecretStr = Field(description="xoxb-…, from *OAuth & Permissions*")
    app_token: SecretStr | None = Field(None, description="xapp-…, needed in socket mode")
    signing_secret: SecretStr | None = Field(None, description="needed in http mode")
    alert_channel: ChannelId = Field(description="where failures are told")
    api_url: str = Field("https://slack.com/api/", description="Slack's Web API; another one only for the sandbox")
    posts_per_second: float = Field(1.0, gt=0, description="in one channel; Slack allows one")
    posts_per_minute: float = Field(240.0, gt=0, description="in the whole workspace; Slack says several hundred")
    settle_seconds: float = Field(
        10.0,
        gt=0,
        description="after an answer that never came: how long a post may take to show up before it is repeated",
    )


class Patience(Model):
    """For how many seconds the bot waits for others before it goes on."""

    provider: float = Field(20.0, gt=0, description="for a provider's answer; then nobody knows whether a text left")
    settle: tuple[float, ...] = Field(
        (5.0, 5.0, 15.0, 60.0),
        min_length=1,
        description="between the questions to a provider about a text that may have gone out; then a person is asked",
    )
    retry: float = Field(
        2.0, gt=0, description="before a text that certainly did not go out is tried again; twice as long each time"
    )
    slack: float = Field(15.0, gt=0, description="for an answer of Slack")
    socket: float = Field(30.0, gt=0, description="for a connection to Slack, before it is made anew")
    renew: float = Field(14_400.0, gt=0, description="of a connection's life, before it is made anew all the same")
    fetch: tuple[float, ...] = Field(
        (2.0, 10.0, 60.0, 300.0),
        description="between the tries to fetch a file; then the thread says that it is missing",
    )
    share: tuple[float, ...] = Field(
        (1.0, 2.0, 4.0, 8.0, 15.0), min_length=1, description="between the looks whether Slack has shared a file"
    )
    share_again: float = Field(60.0, gt=0, description="for Slack to share a file, before it is asked once more")
    channel: float = Field(30.0, gt=0, description="for a channel that takes nothing, before it is tried again")
    line: float = Field(20.0, gt=0, description="for the outcome of a text, before its receipt line is posted")
    card: float = Field(3.0, gt=0, description="for further changes, before a card is edited")


class SweepSettings(Model):
    """How what Slack or a provider failed to tell us is looked for. Everything is in seconds."""

    every: float = Field(180.0, gt=0, description="between two looks; there is one at each start and reconnect too")
    late: float = Field(600.0, gt=0, description="of age, after which a reply is not texted but asked about")
    missing: float = Field(60.0, gt=0, description="of age, after which a text or a reply should have come by itself")


class SecondWaySettings(Model):
    """How alerts reach people while Slack is what fails: by e-mail, by a webhook, or by both."""

    after: float = Field(300.0, gt=0, description="seconds that Slack may fail, or an alert wait for it")
    webhook: SecretStr | None = Field(None, description="an address that takes a POST with JSON: text, cause and at")
    smtp_host: str = Field("", description="the mail server; empty: no e-mails")
    smtp_port: int = Field(587, ge=1, le=65535, description="of the mail server")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="of the connection to it")
    smtp_user: str = Field("", description="empty: it wants no name")
    smtp_password: SecretStr = Field(SecretStr(""), description="for that name")
    mail_from: str = Field("", description="the address that the e-mails come from")
    mail_to: list[str] = Field(default_factory=list, description="who gets the e-mails")


class FileSettings(Model):
    """Files that come with texts and go out with them. Sizes are in bytes."""

    largest_in: int = Field(20 << 20, ge=1, description="of a file that came with a text; a larger one is only told of")
    largest_out: int = Field(
        1 << 20, ge=1, description="of a file that goes out with a text; a larger picture goes in a smaller form"
    )
    largest_link: int = Field(20 << 20, ge=1, description="of a file that a text links to")
    link_days: float = Field(7.0, gt=0, description="how long the address of a file that went out works")
    seconds: float = Field(60.0, gt=0, description="in which a file has to be fetched")
    hosts: list[str] = Field(
        default_factory=list, description="more hosts that files of contacts may lie on, beside each provider's own"
    )
    caption: str = Field(
        "File attached.",
        min_length=1,
        max_length=100,
        description="the words of a file that goes out without any, where the provider takes no file alone",
    )


class HttpSettings(Model):
    """Where our own doors listen. A reverse proxy with TLS stands before them."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)


class Account(BaseModel):
    """An account at one provider; its further keys are that provider's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    provider: str

    @field_validator("provider")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in providers.names():
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
    reply_mode: Literal["reply", "mention", "confirm", "off"] = Field(
        "reply", description="which replies are texted: all, those that mention the app first, confirmed ones, none"
    )
    members: list[SlackId] = Field(
        default_factory=list, description="who may text from here: ids of users and user groups; empty: every member"
    )
    ask_second: float = Field(
        30.0, ge=0, description="seconds in which a second person's answer is asked about first; 0: never"
    )
    signature: str = Field("", max_length=100, description="a last line under every reply that a person writes")
    links_for_files: bool = Field(False, description="where files cannot be sent: text a link to them, for a week")


def _without_slash(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must begin with https:// and name a host, like https://sms.example.com")
    return url.rstrip("/")


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"it must have {SHORTEST_SECRET} characters or more. `openssl rand -hex 32` makes one")
    return secret


class Settings(BaseSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
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
    patience: Patience = Patience()
    sweep: SweepSettings = SweepSettings()
    second_way: SecondWaySettings = SecondWaySettings()
    files: FileSettings = FileSettings()
    accounts: dict[Name, Account] = Field(min_length=1)
    senders: dict[Name, Sender] = Field(min_length=1)
    inboxes: dict[Name, Inbox] = Field(min_length=1)
    admins: list[SlackId] = Field(
        default_factory=list, description="who may opt contacts out and in, export and erase; empty: every member"
    )
    lease_lifetime_days: float = Field(30.0, gt=0, description="how long a leased number stays ours")
    max_leases: int = Field(5, ge=1, description="live leases of one contact at one account")
    receipt_minutes: float = Field(30.0, gt=0, description="when a receipt that has not come is said to be missing")
    send_minutes: float = Field(10.0, gt=0, description="how long a text that could not be handed over is tried again")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the same for all
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - we read no .env file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor a folder of secrets
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return env_settings, init_settings

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

    def inbox_of_channel(self, channel: str) -> str | None:
        """The first inbox that lives in this Slack channel."""
        return next((name for name, inbox in self.inboxes.items() if inbox.channel == channel), None)


def load(path: Path | None) -> Settings:
    """The settings of this file, if one is given, and the environment.

    Raises:
        BadSettings: naming every setting that is missing or wrong.
    """
    try:
        settings = Settings(**_read(path))
    except ValidationError as error:
        raise BadSettings(list(_problems(error))) from None
    except SettingsError as error:
        raise BadSettings([_no_json(error)]) from None
    return check(settings)


def check(settings: Settings) -> Settings:
    """The settings, if all that they name is there and is what its provider needs.

    Raises:
        BadSettings: naming every setting that is wrong.
    """
    if problems := [*_account_problems(settings), *_reference_problems(settings)]:
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
        raise BadSettings([f"{path} is not TOML: {error}"]) from None
    except OSError as error:
        raise BadSettings([f"{path} cannot be read: {error.strerror}."]) from None


def _no_json(error: SettingsError) -> str:
    """The library names the field only; that a whole table may stand in a variable as JSON is its rule."""
    field = next(iter(re.findall(r'field "(\w+)"', str(error))), "")
    variable = f"{PREFIX}{field}".upper()
    return f"{field}: {variable}, or a variable that begins so, holds no JSON where a table or a list is wanted."


def _problems(error: ValidationError, *prefix: str) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False):
        place = [*prefix, *(str(part) for part in fault["loc"] if part != "[key]")]
        if fault["type"] == "missing" or fault.get("ctx", {}).get("actual_length") == 0:
            variable = PREFIX + "__".join(place).upper()
            yield f"{'.'.join(place)} is missing. Set it in the settings file, or as {variable}."
        elif fault["type"] == "extra_forbidden":
            yield f"{'.'.join(place)} is no setting. Remove it, or correct its name."
        else:
            yield f"{'.'.join(place)}: {fault['msg'].removeprefix('Value error, ').rstrip('.')}."


def _account_problems(settings: Settings) -> Iterator[str]:
    for name, account in settings.accounts.items():
        try:
            account.provider_settings()
        except ValidationError as error:
            yield from _problems(error, "accounts", name)


def _reference_problems(settings: Settings) -> Iterator[str]:
    if not settings.database.parent.is_dir():
        yield f"database: there is no folder {settings.database.parent}. Make it, or name another file."
    if settings.slack.mode == "socket" and settings.slack.app_token is None:
        yield 'slack.app_token is missing: socket mode needs it. Set it, or set slack.mode to "http".'
    if settings.slack.mode == "http" and settings.slack.signing_secret is None:
        yield 'slack.signing_secret is missing: http mode needs it. Set it, or set slack.mode to "socket".'
    for name, inbox in settings.inboxes.items():
        for missing in (sender for sender in inbox.senders if sender not in settings.senders):
            yield f"inboxes.{name}.senders names {missing!r}. The senders are: {_list(settings.senders)}."
    for name, sender in settings.senders.items():
        yield from _sender_problems(settings, name, sender)


def _sender_problems(settings: Settings, name: str, sender: Sender) -> Iterator[str]:
    account = settings.accounts.get(sender.account)
    if account is None:
        yield f"senders.{name}.account names {sender.account!r}. The accounts are: {_list(settings.accounts)}."
        return
    if sender.is_leased and not account.kind.features.leases:
        yield f"senders.{name}.address: {account.kind.title} leases no numbers. Give one of yours."
    try:
        account.kind.Options.model_validate(sender.options)
    except ValidationError as error:
        yield from _problems(error, "senders", name, "options")


def _list(names: dict[str, Any]) -> str:
    return ", ".join(sorted(names))
