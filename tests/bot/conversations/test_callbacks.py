"""The URLs that we give to providers: unguessable, the same each time, and recognised only by a hash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bot.conversations.callbacks import CallbackUrls, hash_token

if TYPE_CHECKING:
    from storage.tables.callbacks import Scope

BASE = "https://sms.example.com"
SECRET = "a secret of thirty-two characters"
SCOPES: tuple[Scope, ...] = ("attempt", "conversation", "sender")
NAMES = st.text("abcXYZ019_-", min_size=1, max_size=8)  # what settings allow
PLACES = st.tuples(NAMES, st.sampled_from(SCOPES), NAMES | st.integers(0, 2**63 - 1).map(str))


def token_of(url: str) -> str:
    """Returns the last part of the path."""
    return url.rpartition("/")[2]


def test_a_url_has_its_token_in_the_path() -> None:
    """Restcomm moves query strings into the body; providers cut long URLs and fold the case of some."""
    url, callback = CallbackUrls(BASE, SECRET).make("fone", "attempt", "17")
    assert re.fullmatch(r"https://sms\.example\.com/sms/fone/[a-z2-7]{52}", url)
    assert (callback.scope, callback.subject, callback.account) == ("attempt", "17", "fone")


@given(PLACES)
def test_the_row_recognises_the_url_and_does_not_hold_the_token(place: tuple[str, Scope, str]) -> None:
    """The row holds only its hash, and no `repr` shows any of it."""
    url, callback = CallbackUrls(BASE, SECRET).make(*place)
    token = token_of(url)
    assert callback.token_hash == hash_token(token)
    assert token not in callback.token_hash
    assert token not in repr(callback)
    assert callback.token_hash not in repr(callback)


@given(st.sets(PLACES, min_size=2, max_size=5))
def test_everything_has_a_token_of_its_own(places: set[tuple[str, Scope, str]]) -> None:
    """Every account, kind and subject has another token, and none is the secret of a header."""
    urls = CallbackUrls(BASE, SECRET)
    made = [token_of(urls.make(*place)[0]) for place in places]
    headers = [urls.header_secret(account) for account, _, _ in places]
    assert len(set(made)) == len(places)
    assert not set(made) & set(headers)


def test_the_same_can_be_printed_again() -> None:
    """A token depends only on the secret, so it is the same after a restart."""
    first, second = CallbackUrls(BASE, SECRET), CallbackUrls(BASE, SECRET)
    assert first.make("fone", "sender", "sydney") == second.make("fone", "sender", "sydney")
    assert first.header_secret("fone") == second.header_secret("fone")


def test_another_secret_makes_other_tokens() -> None:
    """Nobody can guess a token without the secret."""
    ours, theirs = CallbackUrls(BASE, SECRET), CallbackUrls(BASE, SECRET + "!")
    assert ours.make("fone", "sender", "sydney")[0] != theirs.make("fone", "sender", "sydney")[0]
    assert ours.header_secret("fone") != theirs.header_secret("fone")
    assert ours.header_secret("fone") != ours.header_secret("other")
