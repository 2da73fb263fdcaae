"""The sections of the settings that belong to no provider and no inbox, and the forms that texts in them must have."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from providers.provider import Model

PREFIX = "THREADLINE_"  # of the variables in the environment that are settings
DELIMITER = "__"  # between a table and a key in the name of a variable


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
    calls_scale: float = Field(
        1.0, gt=0, description="times the limits that Slack has for its other methods; more only where Slack allows it"
    )
    reconcile_seconds: float = Field(
        10.0,
        gt=0,
        description="after an answer that never came: how long a post may take to show up before it is repeated",
    )


class Timeouts(Model):
    """For how many seconds the bot waits for others before it goes on."""

    provider: float = Field(20.0, gt=0, description="for a provider's answer; then nobody knows whether a text left")
    reconcile: tuple[float, ...] = Field(
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
    status_line: float = Field(20.0, gt=0, description="for the outcome of a text, before its receipt line is posted")
    card: float = Field(3.0, gt=0, description="for further changes, before a card is edited")


class SweepSettings(Model):
    """How what Slack or a provider failed to tell us is looked for. Everything is in seconds."""

    every: float = Field(180.0, gt=0, description="between two looks; there is one at each start and reconnect too")
    late: float = Field(600.0, gt=0, description="of age, after which a reply is not texted but asked about")
    missing: float = Field(60.0, gt=0, description="of age, after which a text or a reply should have come by itself")


class FallbackAlertSettings(Model):
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


class RetentionSettings(Model):
    """How long what customers wrote is kept here. What stands in Slack is Slack's: set that there."""

    text_days: float = Field(
        0.0, ge=0, description="of a text's age, after which its words and files are removed here; 0: never"
    )
    raw_days: float = Field(
        30.0, ge=0, description="after which webhooks and Slack events, as they came, are removed; 0: never"
    )
    dead_days: float = Field(
        90.0, ge=0, description="the same for what could not be read or handled; then it can be replayed no more"
    )
    key: SecretStr | None = Field(
        None,
        description="what the numbers of erased people who opted out are hashed with; none: `secret`. "
        "Before you change that, set this to the old one",
    )


class HttpSettings(Model):
    """Where our own doors listen. A reverse proxy with TLS stands before them."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
