"""Credentials: a value that cannot be a header is refused by its name, and shown nowhere."""

import pickle
from datetime import timedelta

import pytest

from etna_magic import InsecureURLError, InvalidCredentialsError, Secret
from tests.helpers import accounts
from tests.helpers.header_values import BAD, MARK
from tests.helpers.leaks import caught, leaks

BASE_URL = "https://api.example.com"
FIELDS = {"App key": "app_key", "Username": "username", "Password": "password", "PIN": "pin"}


@pytest.mark.parametrize(("value", "fault"), BAD.values(), ids=BAD)
@pytest.mark.parametrize(("label", "field"), FIELDS.items(), ids=FIELDS)
def test_a_bad_value(label: str, field: str, value: str, fault: str) -> None:
    """Each bad value is refused by the field's name and its fault."""
    given = value if field == "username" else Secret(value)
    error = caught(lambda: accounts.credentials(BASE_URL, **{field: given}))
    assert (InvalidCredentialsError, True) == (type(error), str(error).startswith(f"{label} "))
    assert (True, False) == (fault in str(error), MARK in str(error))
    if field != "username":
        # What raises knows the Secret only, never its text.
        assert [] == leaks(error, [MARK])


SENTENCES = {
    "": "is empty",
    "a\nb": "holds a line break: copy it without",
    "a\rb": "holds a line break: copy it without",
    "a\x1fb": "holds a control character: type it again",
    "a\x7fb": "holds a control character: type it again",
    "a\x9fb": "holds a control character: type it again",
    "a ": "begins or ends with a blank: copy it without",
    "a\u0100": "holds a character outside latin-1, which no HTTP header can carry",
}


@pytest.mark.parametrize(("value", "fault"), SENTENCES.items(), ids=ascii)
@pytest.mark.parametrize(("label", "field"), FIELDS.items(), ids=FIELDS)
def test_what_an_error_says(label: str, field: str, value: str, fault: str) -> None:
    """The sentence names the field, its fault and what to do."""
    given = value if field == "username" else Secret(value)
    error = caught(lambda: accounts.credentials(BASE_URL, **{field: given}))
    assert f"{label} {fault}." == str(error)


@pytest.mark.parametrize(
    "value",
    ["x", "a b", "p\xe4ss", "a\xa0b", "~" * 500, "a~b", "a\xa0b\xff", ":", "%00", "\\n", "\xff"],
    ids=ascii,
)
def test_a_good_value(value: str) -> None:
    """What a header can hold is taken as it is."""
    user = accounts.credentials(BASE_URL, password=Secret(value), username=value, pin=Secret(value))
    assert [value] * 3 == [user.password.get_secret_value(), user.username, user.pin.get_secret_value()]


def test_the_base_url_is_in_its_one_form() -> None:
    """The base URL is kept as every other part of the package compares it."""
    assert BASE_URL == accounts.credentials(f"{BASE_URL}/token/").base_url


def test_an_insecure_base_url() -> None:
    """A base URL that must not be used makes no credentials."""
    assert InsecureURLError is type(caught(lambda: accounts.credentials("http://api.example.com")))


def test_repr() -> None:
    """Credentials show where and who, and no secret."""
    user = accounts.credentials(BASE_URL, pin=Secret(accounts.PIN), lifetime=timedelta(hours=1))
    assert f"Credentials(base_url='{BASE_URL}', username='{accounts.USERNAME}')" == repr(user) == str(user)


def test_what_is_kept() -> None:
    """Each value as it was given; without a lifetime a day, and nothing can be added by mistake."""
    user = accounts.credentials(BASE_URL)
    assert (Secret(accounts.APP_KEY), Secret(accounts.PASSWORD)) == (user.app_key, user.password)
    assert (accounts.USERNAME, None, timedelta(hours=24)) == (user.username, user.pin, user.lifetime)
    with pytest.raises(AttributeError):
        user.other = 1


def test_a_pickle_holds_no_secret() -> None:
    """A saved notebook says who and where alone, and can be loaded."""
    pickled = pickle.dumps(accounts.credentials(BASE_URL, pin=Secret(accounts.PIN)))
    assert [] == [secret for secret in accounts.SECRETS if secret.encode("latin-1") in pickled]
    back = pickle.loads(pickled)  # noqa: S301 - our own
    assert (accounts.USERNAME, BASE_URL, Secret("")) == (back.username, back.base_url, back.password)
