"""The two walks of CONTRIBUTING, held against a run: which files are entered, in which order."""

import contextlib
import io
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

import etna_magic
from etna_magic.sandbox import Sandbox
from tests.helpers.ipython import shell

PACKAGE = Path(etna_magic.__file__).parent
INSIDE = f"{PACKAGE}{os.sep}"
CONTRIBUTING = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
# Values and helpers are used from everywhere, and are no step of a way.
VALUES = {"callbacks.py", "exceptions.py", "secret.py", "credentials.py", "token.py"}
FOLDERS = "exceptions.py secret.py support credentials.py token.py session token_cache settings login_flow"
LAYERS = [*FOLDERS.split(), "display.py", "ask", "logins", "notebook"]


def documented(title: str) -> list[str]:
    """Return the files that a walk of CONTRIBUTING names, in its order."""
    section = CONTRIBUTING.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    steps = re.findall(r"^\d+\. (.*?)(?=^\d+\. |\n\n|\Z)", section, re.MULTILINE | re.DOTALL)
    return [re.search(r"`((?:[a-z_]+/)?[a-z_]+\.py)`", step)[1] for step in steps]


def traced(act: Callable[[], object]) -> list[tuple[str, str]]:
    """Return the files of the package between which calls went, on every thread."""
    calls: list[tuple[str, str]] = []

    def file_of(frame: FrameType | None) -> str:
        while frame is not None and not frame.f_code.co_filename.startswith(INSIDE):
            frame = frame.f_back
        return str(Path(frame.f_code.co_filename).relative_to(PACKAGE)) if frame else ""

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(INSIDE):
            calls.append((file_of(frame.f_back), file_of(frame)))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


def steps_of(calls: list[tuple[str, str]], *, with_support: bool = False) -> list[str]:
    """Return the files that were entered, each at its first time, without values and helpers."""
    files = dict.fromkeys(file for _, file in calls if file not in VALUES)
    return [file for file in files if with_support or not file.startswith("support/")]


def climbs_of(calls: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the calls from a folder to one above it: callbacks."""

    def layer(file: str) -> int:
        folder = file.split("/", maxsplit=1)[0]
        return LAYERS.index(folder) if folder in LAYERS else -1

    known = [(caller, file) for caller, file in calls if caller and file != "__init__.py" != caller]
    return [(caller, file) for caller, file in known if layer(caller) < layer(file)]


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator:
    """Return an IPython in which every value of a login is known."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(login_limit=None, call_limits=False) as sandbox, shell() as made:
        for name, value in {
            "ETNA_BASE_URL": sandbox.base_url,
            "ETNA_APP_KEY": sandbox.app_key,
            "ETNA_USERNAME": "demo",
            "ETNA_PASSWORD": sandbox.password_of("demo"),
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def log_in(running) -> None:
    """Run the magic, its line unseen."""
    with contextlib.redirect_stdout(io.StringIO()):
        running.run_line_magic("etna_login", "again")


def test_life_of_a_login(running) -> None:
    """A login enters the files that the walk names, and climbs back once: where its request is sent."""
    log_in(running)  # the first one imports
    calls = traced(lambda: log_in(running))
    walk, steps = documented("Life of a login"), steps_of(calls)
    assert sorted(walk) == sorted(steps)
    # The one that a step before it, the registry, looks into as well: it is put in place at its own step.
    early = {"session/token_holder.py"}
    assert [file for file in walk if file not in early] == [file for file in steps if file not in early]
    assert len(walk) <= 12
    assert {("support/safe_call.py", "login_flow/conversation.py")} >= set(climbs_of(calls))


def test_life_of_a_request(running) -> None:
    """A call enters files that the walk names, and climbs back once: where its request is signed."""
    log_in(running)
    session = running.user_ns["again_session"]
    session.get("v1.0/users/@me/info")
    calls = traced(lambda: session.get("v1.0/users/@me/info"))
    walk = documented("Life of a request")
    entered = [
        file for file in steps_of(calls, with_support=True) if file in walk or file.startswith("session/")
    ]
    assert set(entered) <= set(walk)
    # Each outcome of a call is known to the adapter before it sends.
    early = {"session/call_outcome.py"}
    assert [file for file in walk if file in entered and file not in early] == [
        file for file in entered if file not in early
    ]
    assert {("support/safe_call.py", "session/auth_adapter.py")} == set(climbs_of(calls))
