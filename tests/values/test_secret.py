"""A secret hands itself over by `reveal` alone."""

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
    "format": "{}".format,
    "added": lambda secret: "Bearer " + secret,
    "joined": lambda secret: "".join(iter([secret])),
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "json": json.dumps,
    "vars": vars,
    "len": len,
    "iter": iter,
    "index": lambda secret: secret[0],
    "bytes": bytes,
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_never_shown(show) -> None:
    """Whatever shows a secret shows three stars."""
    assert (False, True) == (TEXT in show(Secret(TEXT)), "***" in show(Secret(TEXT)))


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
def test_refused(act) -> None:
    """What would make a text of it is a TypeError without the text."""
    with pytest.raises(TypeError) as caught:
        act(Secret(TEXT))
    assert TEXT not in str(caught.value)


def test_reveal() -> None:
    """It is handed over as it was."""
    assert TEXT == Secret(TEXT).get_secret_value()


@pytest.mark.parametrize("text", ["", "x", TEXT, "ü", "€", "\0", "\udcff"], ids=ascii)
def test_equal(text: str) -> None:
    """Secrets compare and hash by their text, whatever is in it."""
    assert Secret(text) == Secret(text)
    assert Secret(text) != Secret(text + "x")
    assert hash(Secret(text)) == hash(Secret(text))


@pytest.mark.parametrize("other", [TEXT, TEXT.encode(), None, 5])
def test_equals_nothing_else(other: object) -> None:
    """A secret equals no text, so that nobody learns it by comparing."""
    assert Secret(TEXT) != other


def test_is_not_changed() -> None:
    """There is no attribute to add or to set by mistake."""
    with pytest.raises(AttributeError):
        Secret(TEXT).other = 1
