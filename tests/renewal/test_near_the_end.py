"""`%etna_status --for`, and who is told that a token comes near its end."""

import pytest

from tests.remember.desk import Desk
from tests.waiting.front_end import FrontEnd


def lines(desk: Desk, line: str) -> list[tuple[bool, str]]:
    """Return what `%etna_status` says below its table, and whether each is a warning."""
    run = desk.kernel.run(f"%etna_status {line}")
    assert "ok" == run.status, run.texts
    return [("etna-warning" in bundle["text/html"], bundle["text/plain"]) for bundle in run.bundles[1:]]


def test_a_token_that_lasts(desk: Desk):
    """A token that lasts so long is no cause for a warning."""
    desk.log_in()
    ((warns, text),) = lines(desk, "--for 6h")
    assert (False, True) == (warns, text.startswith("etna: the token lasts for 6 h; it ends in 23 h 59 min"))


def test_a_token_that_does_not_last(desk: Desk):
    """One that does not is told, with its end and the line that mends it."""
    desk.log_in()
    desk.age(left=5 * 3600)
    ((warns, text),) = lines(desk, "--for 6h")
    assert (True, True) == (warns, text.startswith("etna: the token ends in 4 h 59 min, at "))
    assert text.endswith(" and will not last for 6 h. To log in again: %etna_login")


def test_which_of_several(desk: Desk):
    """Of several, each has its line, with its own mending line; a name asks for one."""
    for name in ("one", "two", "three"):
        desk.log_in(name)
    desk.age("two", left=60)
    desk.age("three", left=-60)
    found = lines(desk, "--for 90m")
    assert [False, True, True] == [warns for warns, _ in found]
    assert ["two", "three"] == [text.rpartition(" ")[2] for _, text in found[1:]]
    assert "there is no good token now" in found[2][1]
    assert [found[0][0]] == [warns for warns, _ in lines(desk, "one --for 90m")]


@pytest.mark.parametrize("left", [3600, 600, 5])
def test_one_that_renews_itself(desk: Desk, left):
    """With --auto-renew it says so, and neither that nor the end that comes near is a warning."""
    desk.log_in("--auto-renew")
    desk.age(left=left)
    ((warns, text),) = lines(desk, "--for 6h")
    assert (False, True) == (warns, text.endswith("and is renewed by itself before that."))
    assert [] == desk.kernel.run("6 * 7").warnings


def test_one_whose_renewal_has_failed(desk: Desk):
    """A renewal that has failed for good is no promise any more."""
    desk.log_in("--auto-renew")
    desk.age(left=600)
    desk.kernel.set_environment(ETNA_PASSWORD="wrong")
    assert "ok" == desk.kernel.run("etna_session.get('v1.0/x')").status
    ((warns, text),) = lines(desk, "--for 6h")
    assert (True, True) == (warns, text.endswith("To log in again: %etna_login")), text


def test_one_whose_renewal_needs_a_person(desk: Desk):
    """Where each log-in wants a code, it does not renew by itself, and so will not last."""
    desk.log_in("--code 246810 --auto-renew", "twofactor")
    desk.age(left=3600)
    ((warns, text),) = lines(desk, "--for 6h")
    assert (True, True) == (warns, text.endswith(" and will not last for 6 h. To log in again: %etna_login"))


def test_one_whose_code_was_typed(desk: Desk, front: FrontEnd):
    """The same if the code was typed into the form; with a lifetime that suffices there is no warning."""
    desk.know("twofactor")
    run = front.run("%etna_login --auto-renew")
    front.wait_for_form("Code", "Verify")
    front.type("Code", "246810")
    front.click("Verify")
    front.until(lambda: front.shown(run)[0].startswith("Logged in as twofactor"), "the line of success")
    ((long, _), (short, _)) = (lines(desk, f"--for {duration}")[0] for duration in ("25h", "6h"))
    assert (True, False) == (long, short)


def test_one_whose_renewal_sends_a_pin(desk: Desk):
    """A PIN that is known needs nobody: it renews by itself."""
    desk.know("pin")
    desk.kernel.set_environment(ETNA_PIN_CODE="1357")
    assert "ok" == desk.kernel.run("%etna_login --auto-renew").status
    desk.age(left=3600)
    ((warns, text),) = lines(desk, "--for 6h")
    assert (False, True) == (warns, text.endswith("and is renewed by itself before that."))


def test_a_log_in_that_waits(desk: Desk):
    """A log-in that is not finished has no token that could last."""
    desk.kernel.run("%etna_login --form", allow_stdin=True)
    ((warns, text),) = lines(desk, "--for 1s")
    assert (True, True) == (warns, "no good token" in text)


@pytest.mark.parametrize("duration", ["soon", "0", "-6h", "6 hours", "400d"])
def test_a_duration_that_is_none(desk: Desk, duration):
    """What is no duration is a wrong option."""
    desk.log_in()
    run = desk.kernel.run(f"%etna_status --for='{duration}'")
    assert ("error", True) == (run.status, "".join(run.texts).startswith("UsageError: "))


def test_one_that_was_taken_up(desk: Desk):
    """A token that was remembered needed no code, and its renewal will."""
    desk.remember("--code 246810 --auto-renew", "twofactor")
    desk.restart()
    run = desk.remember("--auto-renew", "twofactor")
    assert "no request" in run.texts[0]
    ((warns, text),) = lines(desk, "--for 25h")
    assert (True, True) == (
        warns,
        text.endswith(" and will not last for 25 h. To log in again: %etna_login"),
    ), text
