"""What a user may read: at most two sentences of at most 25 words each, in plain words of today."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from etna_magic import Secret
from etna_magic.login_flow import LoginAttempt
from etna_magic.settings import LoginOptions, resolve
from tests.helpers import accounts, environment
from tests.helpers.leaks import caught
from tests.helpers.server import ScriptedServer, answer
from tests.test_architecture import OLD_WORDS

PACKAGE = Path(__file__).parents[1] / "etna_magic"
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_WORDS, MOST_SENTENCES = 25, 2
# Words of yesterday, or of nobody but us; the others stand in no file at all.
NOT_USED = re.compile(rf"\b({'|'.join(OLD_WORDS)}|stands?|over again|wants?|told|gates?)\b", re.IGNORECASE)
# A sentence ends where the next one begins; a value in its middle counts as a word.
_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z“{])")
_NO_SENTENCE = re.compile(r"[<{]|: .*;|px|^\^")


def text_of(node: ast.AST) -> str | None:
    """Return the text of a literal, with a word for each value that is put into it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "VALUE" for v in node.values)
    return None


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the literals of a file that may be read by a user, with their lines: no docstrings, no HTML."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts: set[ast.AST] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            parts.add(body[0].value)
        if isinstance(node, ast.JoinedStr):
            # The texts between its values, but not those inside of them.
            parts.update(value for value in node.values if isinstance(value, ast.Constant))
        text = None if node in parts else text_of(node)
        if text is not None and len(text.split()) > 3 and not _NO_SENTENCE.search(text):
            yield node.lineno, text  # type: ignore[attr-defined]


def faults(text: str) -> list[str]:
    """Return what is wrong with a message."""
    sentences = _END.split(text.strip())
    found = [f"{len(one.split())} words" for one in sentences if len(one.split()) > MOST_WORDS]
    if len(sentences) > MOST_SENTENCES:
        found.append(f"{len(sentences)} sentences")
    return found + [f"“{match[0]}”" for match in NOT_USED.finditer(text)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_message_of_the_package(path: Path) -> None:
    """Each text in the code is short and plain."""
    assert [] == [(path.name, line, text, found) for line, text in texts(path) if (found := faults(text))]


def test_the_messages_are_found() -> None:
    """The search finds what it looks for, and tells good from bad."""
    assert 150 < sum(1 for path in FILES for _ in texts(path))
    assert ["26 words"] == faults(f"{'word ' * 25}word.")
    assert ["3 sentences"] == faults("One. Two. Three.")
    assert ["“stands”", "“told”"] == faults("It stands there, as you were told.")
    assert [] == faults("Log in again. Then go on.")


@pytest.mark.parametrize(
    "reason", ["Invalid credentials", "User is locked out", "User is not active", "Invalid pin"]
)
def test_the_longest_messages(reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is put together of parts is as short, with two sources that hide others."""
    environment.clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.env").write_text("ETNA_USERNAME=alice\nETNA_PASSWORD='a\\\\b'\nETNA_PIN_CODE=1\n")
    (tmp_path / ".env").write_text("ETNA_USERNAME=bob\nETNA_PASSWORD=other\nETNA_PIN_CODE=2\n")
    monkeypatch.setenv("ETNA_APP_KEY", accounts.APP_KEY)
    refused = accounts.body(State="Failed", Reason=reason)
    with ScriptedServer(answer(401, refused)) as server:
        options = LoginOptions(base_url=server.base_url, env_file=tmp_path / "my.env")
        attempt = LoginAttempt(resolve(options, timedelta(hours=1)), lifetime=timedelta(hours=1))
        message = str(caught(lambda: attempt.start({})))
    assert [] == faults(message.replace(f"“{reason}”", "VALUE")), message


def test_the_longest_list_of_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a login needs, each under a name that is nearly right."""
    environment.clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    for name in ("ETNA_URL", "ETNA_APPKEY", "ETNA_USER", "ETNA_PASS"):
        monkeypatch.setenv(name, "x")
    message = str(caught(resolve(LoginOptions(), timedelta(hours=1)).credentials))
    assert ("Did you mean" in message, []) == (True, faults(message)), message


def test_no_value_is_in_a_message() -> None:
    """A typed value that is refused is not repeated."""
    attempt = LoginAttempt(resolve(LoginOptions(), timedelta(hours=1)), lifetime=timedelta(hours=1))
    error = caught(lambda: attempt.start({"password": Secret("VALUE-SECRET\n")}))
    assert "VALUE-SECRET" not in str(error)
