"""The sections of the settings that belong to no provider and no inbox, and the formats of their strings."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from providers.provider import Model

PREFIX = "THREADLINE_"  # starts the name of every environment variable that is a setting
DELIMITER = "__"  # separates table and key in the name of a variable


def _like(pattern: str, sentence: str) -> AfterValidator:
    """Returns a validator for strings of this format. The sentence is the error message for any other."""

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
Keyword = Annotated[
    str, _like(r"(?s)(?=.*[^\W_]).{1,40}", "a keyword has a letter or digit, and at most 40 characters")
]
Region = Annotated[str, _like(r"[A-Z]{2}", "it must be a country's two letters, like AU")]


class SlackSettings(Model):
    """How the bot reaches Slack."""

    mode: Literal["socket", "http"] = Field(
        "socket", description="how Slack sends events: over a WebSocket, or as signed HTTP requests"
    )
    bot_token: SecretStr = Field(description="xoxb-…, from *OAuth & Permissions*")
    app_token: SecretStr | None = Field(None, description="xapp-…, needed in socket mode")
    signing_secret: SecretStr | None = Field(None, description="needed in http mode")
    alert_channel: ChannelId = Field(description="the id of the channel for alerts")
    api_url: str = Field("https://slack.com/api/", description="Slack's Web API; change it only for the sandbox")
    posts_per_second: float = Field(1.0, gt=0, description="the most posts in one channel; Slack allows one")
    posts_per_minute: float = Field(
        240.0, gt=0, description="the most posts in the whole workspace; Slack says several hundred"
    )
    calls_scale: float = Field(
        1.0, gt=0, description="a factor for Slack's limits on its other methods; above 1 only if Slack allows it"
    )
    reconcile_seconds: float = Field(
        10.0,
        gt=0,
        description="when Slack did not answer: how long a post may take to show up before the bot repeats it",
    )


class Timeouts(Model):
    """How long the bot waits for others, in seconds."""

    provider: float = Field(
        20.0, gt=0, description="for a provider's answer; without one nobody knows if the text went out"
    )
    reconcile: tuple[float, ...] = Field(
        (5.0, 5.0, 15.0, 60.0),
        min_length=1,
        description="between questions to a provider about a text that may have gone out; then a person is asked",
    )
    retry: float = Field(
        2.0, gt=0, description="before the bot retries a text that certainly did not go out; doubles each time"
    )
    slack: float = Field(15.0, gt=0, description="for an answer from Slack")
    socket: float = Field(30.0, gt=0, description="for a connection to Slack, before the bot opens another")
    renew: float = Field(14_400.0, gt=0, description="before the bot replaces a connection to Slack that still works")
    fetch: tuple[float, ...] = Field(
        (2.0, 10.0, 60.0, 300.0),
        description="between attempts to fetch a file; then the thread says that it is missing",
    )
    share: tuple[float, ...] = Field(
        (1.0, 2.0, 4.0, 8.0, 15.0), min_length=1, description="between checks that Slack has shared a file"
    )
    share_again: float = Field(60.0, gt=0, description="for Slack to share a file, before the bot asks again")
    channel: float = Field(30.0, gt=0, description="before the bot tries a channel again that rejects posts")
    status_line: float = Field(20.0, gt=0, description="for a text's result, before the bot posts its status line")
    card: float = Field(3.0, gt=0, description="for further changes, before the bot edits a card")


class SweepSettings(Model):
    """How the bot looks for texts, receipts and replies that did not reach it. All values are in seconds."""

    every: float = Field(180.0, gt=0, description="between two sweeps; the bot also sweeps at each start and reconnect")
    late: float = Field(600.0, gt=0, description="the age from which a reply is not texted until a person confirms it")
    missing: float = Field(60.0, gt=0, description="the age from which a text or reply that never arrived is looked up")


class FallbackAlertSettings(Model):
    """How alerts reach people while Slack itself fails: by e-mail, by a webhook, or by both."""

    after: float = Field(
        300.0, gt=0, description="seconds that Slack may fail, or an alert may wait for Slack, before these are used"
    )
    webhook: SecretStr | None = Field(None, description="a URL that takes a POST with JSON: text, cause and at")
    smtp_host: str = Field("", description="the mail server; empty: no e-mails")
    smtp_port: int = Field(587, ge=1, le=65535, description="the port of the mail server")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="the encryption of the connection to the mail server"
    )
    smtp_user: str = Field("", description="the user name at the mail server; empty: no login")
    smtp_password: SecretStr = Field(SecretStr(""), description="the password of that user")
    mail_from: str = Field("", description="the address that the e-mails come from")
    mail_to: list[str] = Field(default_factory=list, description="the addresses that get the e-mails")


class FileSettings(Model):
    """Files in texts from and to contacts. Sizes are in bytes."""

    largest_in: int = Field(
        20 << 20, ge=1, description="the largest file from a contact; the thread only mentions a larger one"
    )
    largest_out: int = Field(
        1 << 20, ge=1, description="the largest file to a contact; a larger picture is sent in a smaller size"
    )
    largest_link: int = Field(20 << 20, ge=1, description="the largest file that a text links to")
    link_days: float = Field(7.0, gt=0, description="days for which the link to a sent file works")
    seconds: float = Field(60.0, gt=0, description="seconds in which the bot must have fetched a file")
    hosts: list[str] = Field(
        default_factory=list, description="more hosts that contacts' files may come from, besides each provider's own"
    )
    caption: str = Field(
        "File attached.",
        min_length=1,
        max_length=100,
        description="the text of a file that is sent without one, if the provider takes no file alone",
    )


class RetentionSettings(Model):
    """How long the bot keeps what contacts wrote. Slack keeps its own copy: set its retention there."""

    text_days: float = Field(
        0.0, ge=0, description="days after which the bot deletes the words and files of a text; 0: never"
    )
    raw_days: float = Field(
        30.0, ge=0, description="days after which the bot deletes raw webhooks and Slack events; 0: never"
    )
    dead_days: float = Field(
        90.0, ge=0, description="the same for dead rows, which then can no longer be replayed; 0: never"
    )
    key: SecretStr | None = Field(
        None,
        description="the key for hashing the numbers of erased people who opted out; not set: `secret`. "
        "Before you change `secret`, set this to the old one",
    )


class HttpSettings(Model):
    """Where the bot listens for HTTP. Put a reverse proxy with TLS in front of it."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
