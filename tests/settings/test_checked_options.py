"""What the options of a login may be, in Python and on a line; nothing that does not fit is repeated."""

from pathlib import Path

import pytest

from etna_magic import Secret
from etna_magic.settings import LoginOptions, as_option, as_parameter, given_options
from etna_magic.settings.login_options import checked_options

TYPED = "Hunter2-typed"


def checked(**given: object) -> LoginOptions:
    """Check options as a call in Python gives them."""
    return checked_options(LoginOptions(**given), as_parameter)


@pytest.mark.parametrize("env_file", ["~/my.env", Path("~/my.env")])
def test_a_file_in_the_home_folder(env_file) -> None:
    """As in a shell, by text or path."""
    assert Path("~/my.env").expanduser() == checked(env_file=env_file).env_file


def test_a_file_of_an_unknown_user() -> None:
    """The name is left as it was typed, for the error that says that there is no such file."""
    assert "~no-such-user" == checked(env_file="~no-such-user/x").env_file.parent.name


@pytest.mark.parametrize("name", ["name", "base_url", "username", "env_file", "code"])
@pytest.mark.parametrize("value", [0, 5, TYPED.encode(), [TYPED]])
def test_another_type(name, value) -> None:
    """One line names the option and the type, not the value."""
    with pytest.raises(TypeError) as raised:
        checked(**{name: value})
    kinds = "a text or a function that returns one" if name == "code" else "a text"
    assert f"{name} has to be {kinds}, and is of type {type(value).__name__}." == str(raised.value)


def test_what_is_understood() -> None:
    """A number of seconds is a lifetime; a code may be a text; none is none."""
    assert LoginOptions(lifetime="3600", code=Secret("123456")) == checked(lifetime=3600, code="123456")
    assert LoginOptions() == checked(env_file="", code="")
    assert Secret("1") == checked(code=Secret("1")).code


def test_a_name_has_to_be_given() -> None:
    """None names nothing."""
    with pytest.raises(TypeError, match="name has to be a text, and is of type NoneType"):
        checked(name=None)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"lifetime": TYPED}, ["lifetime"]),
        ({"sandbox": True, "base_url": f"https://{TYPED}"}, ["sandbox", "base_url", "env_file"]),
        ({"sandbox": True, "remember": True}, ["remember", "base_url"]),
    ],
    ids=["lifetime", "two servers", "nothing to remember"],
)
@pytest.mark.parametrize("spell", [as_option, as_parameter])
def test_the_spelling(given, named, spell) -> None:
    """A line is answered in the words of a line, a call in those of a call."""
    with pytest.raises(ValueError, match=r".") as raised:
        checked_options(LoginOptions(**given), spell)
    assert [] == [name for name in named if spell(name) not in str(raised.value)]
    assert TYPED not in str(raised.value)


def test_two_ways_to_ask() -> None:
    """They exclude each other, and both are named."""
    with pytest.raises(ValueError, match=r"^prompt= and no_input= exclude each other: give one of them.$"):
        given_options(as_parameter, prompt=True, no_input=True)
