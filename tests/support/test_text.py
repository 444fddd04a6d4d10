"""Text that somebody else wrote: sanitized, and with secrets redacted."""

import unicodedata

import pytest

from etna_magic import Secret
from etna_magic.support import redact, sanitize
from etna_magic.support.foreign import LIMIT

SECRET = Secret("hush-hush 5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Invalid pin", "Invalid pin"),
        ("", ""),
        ("  two\t words\n", "two words"),
        ("a\r\nb\x0bc\x85d\u2028e", "a b c d e"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x9b31mred", "31mred"),
        ("a\0b\x7fc", "abc"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("a\ud800b\ue000c", "abc"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("ünï€ \U0001f511", "ünï€ \U0001f511"),
        (None, "(NoneType)"),
        (["x"], "(list)"),
        (b"x", "(bytes)"),
        (5, "(int)"),
    ],
    ids=ascii,
)
def test_foreign_text(text: object, expected: str) -> None:
    """Foreign text becomes one line in which nothing acts."""
    assert expected == sanitize(text)


@pytest.mark.parametrize(
    "text", ["x" * 121, "x" * 10_000_000, "x " * 500, "\x1b[31m" * 400 + "x" * 200], ids=len
)
def test_long_text_is_cut(text: str) -> None:
    """What is too long ends in an ellipsis within the limit."""
    line = sanitize(text)
    assert (True, True) == (len(line) <= LIMIT, line == "" or line.endswith(("…", "x")))


def test_text_at_the_limit_is_whole() -> None:
    """A text of just the limit is not cut."""
    assert "x" * LIMIT == sanitize("x" * LIMIT)
    assert "x" * 119 + "…" == sanitize("x" * 121)
    assert ("abcde", "abcd…") == (sanitize("abcde", 5), sanitize("abcdef", 5))


def test_every_acting_character_is_dropped() -> None:
    """No control, direction mark or unassigned character survives."""
    everything = "".join(map(chr, range(0x30000)))
    survivors = {unicodedata.category(c) for c in sanitize(everything, len(everything))}
    assert set() == {kind for kind in survivors if kind[0] == "C"} | survivors & {"Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wrong: hush-hush 5", "wrong: ***"),
        ("hush-hush 5hush-hush 5", "******"),
        ("hush\x1b[0m-hush 5", "***"),
        ("hush-\u200bhush \n 5", "***"),
        ("HUSH-hush 5", "***"),
        ("hush-hush", "hush-hush"),
        ("", ""),
    ],
    ids=ascii,
)
def test_a_secret_in_a_text(text: str, expected: str) -> None:
    """Each secret is replaced, though a server put something invisible into its middle."""
    assert expected == redact(text, [None, Secret(""), SECRET])


def test_a_secret_within_a_secret() -> None:
    """Of the longer one nothing is left, in whatever order they come; its characters are no pattern."""
    secrets = [Secret("hush"), Secret("hush.hush+(5"), Secret(".*")]
    for given in (secrets, secrets[::-1]):
        assert "*** or ***, hashes" == redact("hush.hush+(5 or hush, hashes", given)


@pytest.mark.parametrize("blank", ["  ", "\xa0", " \xa0 ", "\xad"], ids=ascii)
def test_a_secret_with_odd_blanks(blank: str) -> None:
    """A password is found though its blanks are folded where foreign text is shown."""
    password = f"correct{blank}horse"
    assert "*** is wrong" == redact(f"{password} is wrong", [Secret(password)])


def test_a_redacted_text_is_cut_after_it_was_redacted() -> None:
    """No part of a secret is left at the end of a line."""
    line = redact("x" * 115 + SECRET.get_secret_value(), [SECRET])
    assert ("x" * 115 + "***", True) == (line, len(line) <= LIMIT)
    assert LIMIT == len(redact("x" * 500, [SECRET]))


def test_a_secret_at_the_cut() -> None:
    """A secret that reaches over the end of what is shown leaves no part of it."""
    secret = Secret("S0mEkey+" * 80)
    for ahead in range(100, 130):
        assert "S0mE" not in redact("x" * ahead + secret.get_secret_value(), [secret])
