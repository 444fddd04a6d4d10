"""Times as text, and foreign text made inert."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from etna_magic.inert import LIMIT, inert
from etna_magic.timetext import format_duration, format_moment, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86_400), ("90m", 5_400), ("5s", 5), ("3600", 3_600), ("1d", 86_400), ("0.5", 0.5),
        ("1.5h", 5_400), (" 24h ", 86_400), ("24 h", 86_400), ("24H", 86_400), ("366d", 366 * 86_400),
    ],
)  # fmt: skip
def test_duration_is_read(text: str, seconds: float) -> None:
    """A number and its unit make a duration; no unit means seconds."""
    assert timedelta(seconds=seconds) == parse_duration(text)


NO_NUMBER = ["", " ", "h", "-1h", "+1h", "nan", "inf", "1e3", "1,5h", ".5h", "5.", "1" * 30]
NO_UNIT = ["1w", "24 hours", "1h30m", "1:30", "24h\n5", "24h;"]
NO_USE = ["0", "0h", "367d", "0.0000001"]


@pytest.mark.parametrize("text", [*NO_NUMBER, *NO_UNIT, *NO_USE])
def test_duration_that_is_none(text: str) -> None:
    """What is no useful duration is refused with what was seen."""
    with pytest.raises(ValueError, match="duration") as caught:
        parse_duration(text)
    assert str(caught.value).startswith(repr(text))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"), (0.9, "0 s"), (1, "1 s"), (59.9, "59 s"), (60, "1 min"), (61, "1 min 1 s"),
        (3_599, "59 min 59 s"), (3_600, "1 h"), (3_659, "1 h"), (3_660, "1 h 1 min"), (86_400, "24 h"),
        (172_799, "47 h 59 min"), (172_800, "2 d"), (180_000, "2 d 2 h"), (-5_400, "1 h 30 min"), (-3, "3 s"),
    ],
)  # fmt: skip
def test_duration_is_written(seconds: float, expected: str) -> None:
    """A duration is written in its two largest units, never rounded up, without its sign."""
    assert expected == format_duration(timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-11-25 13:03:22 UTC"),
        ("Europe/Berlin", "2026-11-25 14:03:22 CET"),
        ("America/New_York", "2026-11-25 08:03:22 EST"),
    ],
)
def test_moment_is_local(zone: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment is written in local time with its zone."""
    import time  # noqa: PLC0415 - this test alone moves the process to another zone

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert expected == format_moment(datetime(2026, 11, 25, 13, 3, 22, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()


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
def test_inert(text: object, expected: str) -> None:
    """Foreign text becomes one line in which nothing acts."""
    assert expected == inert(text)


@pytest.mark.parametrize(
    "text", ["x" * 121, "x" * 10_000_000, "x " * 500, "\x1b[31m" * 400 + "x" * 200], ids=len
)
def test_long_text_is_cut(text: str) -> None:
    """What is too long ends in an ellipsis within the limit."""
    line = inert(text)
    assert (True, True) == (len(line) <= LIMIT, line == "" or line.endswith(("…", "x")))


def test_text_at_the_limit_is_whole() -> None:
    """A text of just the limit is not cut."""
    assert "x" * LIMIT == inert("x" * LIMIT)
    assert "x" * 119 + "…" == inert("x" * 121)


def test_every_acting_character_is_dropped() -> None:
    """No control, direction mark or unassigned character survives."""
    everything = "".join(map(chr, range(0x30000)))
    survivors = {unicodedata.category(c) for c in inert(everything, len(everything))}
    assert set() == {kind for kind in survivors if kind[0] == "C"} | survivors & {"Zl", "Zp"}
