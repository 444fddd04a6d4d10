"""Credentials: a value that cannot be a header is refused by its name, and shown nowhere."""

from datetime import timedelta

import pytest

from etna_magic import Credentials, InsecureURLError, InvalidCredentialsError, Secret
from etna_magic.settings import Setting, Settings
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks

BASE_URL = "https://api.example.com"
MARK = "VALUE-SECRET"
BAD = {
    "empty": ("", "is empty"),
    "line feed": (f"{MARK}\nx", "line break"),
    "line feed at its end": (f"{MARK}\n", "line break"),
    "carriage return": (f"{MARK}\rx", "line break"),
    "header injection": (f"{MARK}\r\nX-Injected: 1", "line break"),
    "NUL": (f"{MARK}\0", "control character"),
    "tab": (f"{MARK}\tx", "control character"),
    "escape": (f"{MARK}\x1b[31m", "control character"),
    "delete": (f"{MARK}\x7f", "control character"),
    "C1": (f"{MARK}\x9b31m", "control character"),
    "next line": (f"{MARK}\x85x", "control character"),
    "blank in front": (f" {MARK}", "blank"),
    "blank at its end": (f"{MARK} ", "blank"),
    "no-break space in front": (f"\xa0{MARK}", "blank"),
    "no-break space at its end": (f"{MARK}\xa0", "blank"),
    "blank alone": (" ", "blank"),
    "euro": (f"{MARK}\u20ac", "latin-1"),
    "just beyond": (f"{MARK}\u0100", "latin-1"),
    "emoji": (f"{MARK}\U0001f511", "latin-1"),
    "surrogate": (f"{MARK}\udcff", "latin-1"),
    "line separator": (f"{MARK}\u2028x", "latin-1"),
}
FIELDS = {"App key": "app_key", "Username": "username", "Password": "password", "PIN": "pin"}
by_bad = pytest.mark.parametrize(("value", "fault"), BAD.values(), ids=BAD)


@by_bad
@pytest.mark.parametrize(("label", "field"), FIELDS.items(), ids=FIELDS)
def test_bad_value(label: str, field: str, value: str, fault: str) -> None:
    """Each bad value is refused by the field's name and its fault."""
    given = value if field == "username" else Secret(value)
    error = caught(lambda: accounts.credentials(BASE_URL, **{field: given}))
    assert InvalidCredentialsError is type(error)
    assert (True, True) == (str(error).startswith(f"{label} "), fault in str(error))
    assert MARK not in str(error)
    if field != "username":
        # _fault raises nothing and check raises where only the Secret is known.
        assert [] == leaks(error, [MARK])


@pytest.mark.parametrize(
    ("value", "fault"),
    # No environment can hold a NUL.
    [pytest.param(*case, id=name) for name, case in BAD.items() if name != "NUL"],
)
@pytest.mark.parametrize("name", ["app_key", "username", "password", "pin"])
def test_bad_setting(name: str, value: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad value from the environment is refused by its variable; an empty one is as if not set."""
    variable = {"pin": "ETNA_PIN_CODE"}.get(name, f"ETNA_{name.upper()}")
    monkeypatch.setenv(variable, value)
    if not value:
        assert (name,) == Settings.read({}).empty
        return
    error = caught(lambda: Settings.read({}))
    assert (InvalidCredentialsError, True) == (type(error), str(error).startswith(f"{variable} "))
    assert (True, []) == (fault in str(error), leaks(error, [MARK]))


@pytest.mark.parametrize(
    "value", ["x", "a b", "p\xe4ss", "a\xa0b", "~" * 500, ":", "%00", "\\n", "\xff"], ids=ascii
)
def test_good_value(value: str) -> None:
    """What a header can carry is taken as it is."""
    who = accounts.credentials(BASE_URL, password=Secret(value), username=value, pin=Secret(value))
    assert [value] * 3 == [who.password.get_secret_value(), who.username, who.pin.get_secret_value()]


def test_base_url_is_normal() -> None:
    """The base URL is kept in its one form."""
    assert BASE_URL == accounts.credentials(f"{BASE_URL}/token/").base_url


def test_insecure_base_url() -> None:
    """A base URL that must not be used makes no credentials."""
    assert InsecureURLError is type(caught(lambda: accounts.credentials("http://api.example.com")))


def test_repr() -> None:
    """Credentials show where and who, and no secret."""
    who = accounts.credentials(BASE_URL, pin=Secret(accounts.PIN), lifetime=timedelta(hours=1))
    assert f"Credentials(base_url='{BASE_URL}', username='{accounts.USERNAME}')" == repr(who) == str(who)


def test_settings_show_no_value() -> None:
    """Settings and each setting show no value, not even one that is no secret."""
    known = {"password": Setting(Secret(accounts.PASSWORD), "typed")}
    assert [] == [secret for secret in accounts.SECRETS if secret in f"{Settings(known)!r} {known}"]


@pytest.mark.parametrize("name", ["app_key", "password", "pin"])
def test_settings_hand_out_no_secret_as_text(name: str) -> None:
    """`text` gives what may be shown, and refuses the rest."""
    with pytest.raises(KeyError):
        Settings({name: Setting(Secret("x"), "typed")}).text(name)


def test_equal_credentials() -> None:
    """Credentials compare by value and cannot be changed."""
    assert accounts.credentials(BASE_URL) == accounts.credentials(BASE_URL + "/")
    assert accounts.credentials(BASE_URL) != accounts.credentials(BASE_URL, password=Secret("other"))
    with pytest.raises(AttributeError):
        accounts.credentials(BASE_URL).username = "bob"
    assert Credentials is type(accounts.credentials(BASE_URL))
