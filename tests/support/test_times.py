"""The clocks, and times as text: durations to read and write, moments to show."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from etna_magic.support import Clock, format_duration, format_moment, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86_400), ("90m", 5_400), ("5s", 5), ("3600", 3_600), ("1d", 86_400), ("0.5", 0.5),
        ("1.5h", 5_400), (" 24h ", 86_400), ("24 h", 86_400), ("24H", 86_400), ("366d", 366 * 86_400),
    ],
)  # fmt: skip
def test_a_duration_is_read(text: str, seconds: float) -> None:
    """A number and its unit make a duration; no unit means seconds."""
    assert timedelta(seconds=seconds) == parse_duration(text)


NO_NUMBER = ["", " ", "h", "-1h", "+1h", "nan", "inf", "1e3", "1,5h", ".5h", "5.", "1" * 30]
NO_UNIT = ["1w", "24 hours", "1h30m", "1:30", "24h\n5", "24h;"]
NO_USE = ["0", "0h", "367d", "0.0000001"]


@pytest.mark.parametrize("text", [*NO_NUMBER, *NO_UNIT, *NO_USE])
def test_what_is_no_duration(text: str) -> None:
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
def test_a_duration_is_written(seconds: float, expected: str) -> None:
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
def test_a_moment_is_local(zone: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment is written in local time with its zone."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert expected == format_moment(datetime(2026, 11, 25, 13, 3, 22, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_clocks() -> None:
    """One shows the system's time, the other never fewer seconds than before."""
    clock = Clock()
    before = clock.forward()
    assert (True, True) == (abs(time.time() - clock.wall()) < 5, before <= clock.forward())
