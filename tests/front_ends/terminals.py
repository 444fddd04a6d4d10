"""Consoles: a person types the cells, and the password where it is asked for."""

import contextlib
import io
import re
import time
from pathlib import Path

import pexpect

from etna_magic.sandbox import Sandbox
from tests.front_ends.runners import process_environment
from tests.front_ends.scenarios import (
    QUESTION,
    SHOWN_PROMPT,
    TOGETHER,
    NotSeenError,
    Scenario,
    said,
    said_in_turn,
)

LIMIT = 180  # seconds; a busy machine needs more than one minute
TRIES = 3
NO_KEYS = "its box for an answer got no keys"
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][A-Z0-9]?")


def console(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
    """Type the cells into ``jupyter console``."""
    child = _start(["-m", "jupyter_console", "--simple-prompt"], python, folder, scenario, sandbox)
    password, asks, texts = sandbox.password_of("demo"), False, []
    child.expect(r"In \[1\]: ")
    for cell in scenario.cells:
        begin = len(child.logfile_read.getvalue())
        child.sendline(cell)
        while 0 == child.expect([QUESTION, r"In \[\d+\]: "]):
            asks = True
            child.sendline(password)
        texts.append(child.logfile_read.getvalue()[begin:])
    seen = _end(child, scenario, password, asks=asks)
    return " / ".join(said_in_turn(texts)) if scenario is TOGETHER else seen


def euporie(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
    """Type the cells into ``euporie-console``, again where the box of its question gets no keys."""
    for _ in range(TRIES):
        with contextlib.suppress(NotSeenError):
            return _euporie(python, folder, scenario, sandbox)
    raise NotSeenError(NO_KEYS)


def _euporie(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
    """Type the cells, after the input line has been drawn."""
    child = _start(["-m", "euporie.core", "console"], python, folder, scenario, sandbox)
    password, asks = sandbox.password_of("demo"), False
    _until_drawn(child, "In [1]:")
    for cell in scenario.cells:
        child.send(cell + "\r")
        if "login" in cell:
            asks = 0 == child.expect(["Password", "Logged in as demo", "Error: "])
            if asks:
                _type_into_box(child, password)
                if child.expect(["Logged in as demo", pexpect.TIMEOUT], timeout=30):
                    child.close(force=True)
                    raise NotSeenError(NO_KEYS)
        for marker in ("went on", "slept", "42"):
            if marker in cell.replace("' + '", "").replace("6 * 7", "42"):
                child.expect(marker)
    return _end(child, scenario, password, asks=asks)


def _type_into_box(child: pexpect.spawn, password: str) -> None:
    """Type a password when its box takes keys: what comes too early would be shown in the next cell."""
    for _ in range(TRIES):
        child.send("x")
        if 0 == child.expect([r"\*", pexpect.TIMEOUT], timeout=4):
            break
    else:
        child.close(force=True)
        raise NotSeenError(NO_KEYS)
    end = time.monotonic() + 20
    child.send("\x15")  # Ctrl+U empties the box
    child.expect([r".+", pexpect.TIMEOUT], timeout=2)
    begin = len(child.logfile_read.getvalue())
    child.send(password)
    while _STYLE.sub("", child.logfile_read.getvalue()[begin:]).count("*") < len(password):
        if time.monotonic() > end:
            child.close(force=True)
            raise NotSeenError(NO_KEYS)
        child.expect([r".+", pexpect.TIMEOUT], timeout=0.5)
    child.send("\r")


def _start(
    arguments: list[str], python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox
) -> pexpect.spawn:
    child = pexpect.spawn(
        str(python),
        arguments,
        cwd=str(folder),
        env=process_environment(python, folder, scenario, sandbox) | {"TERM": "xterm"},
        encoding="utf-8",
        codec_errors="replace",
        timeout=LIMIT,
        dimensions=(50, 200),
    )
    child.logfile_read = io.StringIO()
    return child


def _until_drawn(child: pexpect.spawn, text: str) -> None:
    end = time.monotonic() + LIMIT
    while text not in _STYLE.sub("", child.logfile_read.getvalue()):
        assert time.monotonic() < end, _STYLE.sub("", child.logfile_read.getvalue())[-2000:]
        child.expect([r".+", pexpect.TIMEOUT], timeout=0.2)


def _end(child: pexpect.spawn, scenario: Scenario, password: str, *, asks: bool) -> str:
    child.expect([r".+", pexpect.TIMEOUT], timeout=1)
    with contextlib.suppress(pexpect.ExceptionPexpect):
        child.close(force=True)  # which has killed it, and does not wait long for its end
    shown = child.logfile_read.getvalue()
    assert password not in shown, "the password was shown"
    return said(scenario, shown, asks=asks)


def qt_console(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
    """Run the cells in a Qt console without a screen, and type the password where it asks."""
    script = Path(__file__).with_name("qt_console.py")
    password = sandbox.password_of("demo")
    child = _start([str(script), password, *scenario.cells], python, folder, scenario, sandbox)
    child.expect(pexpect.EOF, timeout=2 * LIMIT)
    child.close()
    shown = child.logfile_read.getvalue()
    asks = "(a Qt console shows it): " in shown
    seen = said(scenario, shown, asks=asks)
    if asks:
        assert f"(a Qt console shows it): {password}" in shown, shown  # else it need not say so
        return SHOWN_PROMPT
    return seen
