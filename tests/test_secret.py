"""A secret gives its text by a call of `get_secret_value` alone."""

import copy
import json
import pickle

import pytest

from etna_magic import EtnaError, Secret

TEXT = "hush-hush"
SHOWN = {
    "repr": repr,
    "str": str,
    "in a list": lambda secret: f"{[secret]}",
    "in a dict": lambda secret: f"{ {'a': secret} }",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way is tested too
    "in an exception": lambda secret: f"{EtnaError(secret)!r} {EtnaError(secret)}",
}
REFUSED = {
    "f-string": lambda secret: f"{secret}",
    "f-string, aligned": lambda secret: f"{secret:>20}",
    "format": "{}".format,
    "added": lambda secret: "Bearer " + secret,
    "joined": lambda secret: "".join(iter([secret])),
    "json": json.dumps,
    "vars": vars,
    "len": len,
    "iter": iter,
    "index": lambda secret: secret[0],
    "bytes": bytes,
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_it_is_never_shown(show) -> None:
    """Whatever shows a secret shows three asterisks."""
    assert (False, True) == (TEXT in show(Secret(TEXT)), "***" in show(Secret(TEXT)))


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
def test_it_is_no_text(act) -> None:
    """What would make a text of it is a TypeError without the text."""
    with pytest.raises(TypeError) as caught:
        act(Secret(TEXT))
    assert TEXT not in str(caught.value)


def test_a_format_says_what_to_call() -> None:
    """A masked text must not be sent, and the error names the way to the real one."""
    with pytest.raises(TypeError, match=r"get_secret_value\(\)"):
        f"{Secret(TEXT)}"


@pytest.mark.parametrize("text", ["", "x", TEXT, "a\nb", "\udcff"], ids=ascii)
def test_the_text_is_given_by_a_call(text: str) -> None:
    """It is given as it was."""
    assert text == Secret(text).get_secret_value()


def test_no_attribute_holds_the_text() -> None:
    """Debuggers and inspectors read every attribute and call nothing: none is the text or shows it."""
    secret = Secret(TEXT)
    held = {name: getattr(secret, name) for name in dir(secret)}
    assert [] == [name for name, value in held.items() if TEXT in f"{value!r} {value!s}"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_empty(protocol: int) -> None:
    """Pickling never fails and never holds the text; what comes back knows that it is empty."""
    pickled = pickle.dumps({"password": Secret(TEXT)}, protocol)
    assert TEXT.encode() not in pickled
    back = pickle.loads(pickled)["password"]  # noqa: S301 - our own
    assert (Secret, False, "") == (type(back), bool(back), back.get_secret_value())


@pytest.mark.parametrize(
    "act", [copy.copy, copy.deepcopy, lambda s: copy.deepcopy([s])[0]], ids=["copy", "deepcopy", "in a list"]
)
def test_a_copy_is_the_secret_itself(act) -> None:
    """Within a process nothing is lost by a copy, and no second one is made."""
    secret = Secret(TEXT)
    assert secret is act(secret)


@pytest.mark.parametrize("text", ["", "x", TEXT, "ü", "€", "\0", "\udcff"], ids=ascii)
def test_equal_secrets(text: str) -> None:
    """Secrets compare and hash by their text, whatever is in it."""
    assert Secret(text) == Secret(text)
    assert Secret(text) != Secret(text + "x")
    assert hash(Secret(text)) == hash(Secret(text))


@pytest.mark.parametrize("other", [TEXT, TEXT.encode(), None, 5])
def test_it_equals_nothing_else(other: object) -> None:
    """A secret equals no text, so that nobody learns it by comparing."""
    assert Secret(TEXT) != other


def test_an_empty_secret_is_false() -> None:
    """It knows whether there is anything in it."""
    assert (False, True) == (bool(Secret("")), bool(Secret(" ")))


def test_it_has_no_other_attributes() -> None:
    """There is no attribute to add or to set by mistake."""
    with pytest.raises(AttributeError):
        Secret(TEXT).other = 1
