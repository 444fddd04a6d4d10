"""Tokens, changed records, and processes of their own whose every path lies below a test's folder."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from etna_magic import Secret, Token
from etna_magic.token_cache import CacheKey

REPOSITORY = Path(__file__).parents[2]
LIMIT = 60.0
BASE_URL = "https://api.example.com/api"
APP_KEY = "QXBwS2V5LVNFQ1JFVC0x"
KEY = CacheKey(BASE_URL, "alice", Secret(APP_KEY))
HOUR = 3600.0


def new_token(
    text: str = "TOKEN-SECRET-1", *, key: CacheKey = KEY, age: float = 0.0, hours: float = 24.0
) -> Token:
    """Return a token that was issued some seconds ago."""
    return Token(
        Secret(text),
        app_key=key.app_key,
        username=key.username,
        base_url=key.base_url,
        lifetime=timedelta(hours=hours),
        issued=(time.time() - age, time.monotonic() - age),
    )


def change(path: Path, **members: object) -> None:
    """Change members of the record in a file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


def secrets_below(folder: Path, *secrets: str) -> list[str]:
    """Return every file below a folder that holds one of these texts."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


def environment(home: Path, **variables: str | None) -> dict[str, str]:
    """Return an environment in which nothing of this machine's user shows; a variable of None is not set."""
    left_out = ("ETNA_", "XDG_", "PYTEST_", "PYTHON", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    own: dict[str, str | None] = {
        "HOME": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "DBUS_SESSION_BUS_ADDRESS": "",
    }
    return kept | {name: value for name, value in (own | variables).items() if value is not None}


def start(home: Path, words: Iterable[str], **variables: str | None) -> subprocess.Popen[str]:
    """Start a command whose output is read as text."""
    return subprocess.Popen(
        list(words),
        env=environment(home, **variables),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a process, which must end well; return what it printed."""
    try:
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert 0 == process.returncode, output
    return output.strip()


def python(program: str) -> list[str]:
    """Return the command that runs a program."""
    return [sys.executable, "-W", "error", "-c", program]


def run(home: Path, program: str, **variables: str | None) -> str:
    """Run a Python program in a process of its own; return what it printed."""
    return finish(start(home, python(program), **variables))
