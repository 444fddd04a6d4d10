"""Tab after a magic: its options and the names of logins, in a notebook and in a terminal."""

import sys
import warnings
from pathlib import Path

import pexpect
import pytest

from etna_magic.notebook.arguments import completions
from tests.helpers.clean_home import environment
from tests.helpers.kernel import LIMIT, Kernel
from tests.helpers.notebook_user import NotebookUser

NAMES = ("etna", "paper")


def completed(line: str) -> list[str]:
    """Return what a line may go on with, its token split off as IPython does it."""
    token = line.rpartition(" ")[2]
    return [one.text for one in completions(line, token, NAMES)["completions"]]


def asked(kernel: Kernel, code: str) -> list[str]:
    """Return what the kernel answers to a front end's request at the end of a cell."""
    sent = kernel.client.complete(code, len(code))
    while (reply := kernel.client.get_shell_msg(timeout=LIMIT))["parent_header"]["msg_id"] != sent:
        pass
    content = reply["content"]
    return [code[: content["cursor_start"]] + match for match in content["matches"]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%etna_login --sa", ["--sandbox"]),
        ("%etna_login paper --re", ["--remember", "--read-only"]),
        ("%etna_login --remember --re", ["--read-only"]),
        ("%etna_login p", ["paper"]),
        ("%etna_login --form e", ["etna"]),
        ("%etna_login paper e", []),
        ("%etna_login -u e", []),
        ("%etna_login --env-file e", []),
        ("%etna_login --username paper p", ["paper"]),
        ("%etna_status --", ["--for"]),
        ("%etna_logout ", ["etna", "paper", "--all"]),
        ("%etna_logout --all", ["--all"]),
        ("etna_logout --a", ["--all"]),
        ("%time %etna_logout --a", ["--all"]),
        ("x = %etna_logout --a", ["--all"]),
        ("%etna_logout", []),
        ("my_etna_logout --a", []),
        ("%etna_other --a", []),
    ],
)
def test_what_a_line_may_go_on_with(line: str, expected: list[str]) -> None:
    """Options that are not there yet, one name, and nothing where a value comes next."""
    found = completed(line)
    assert set(expected) <= set(found) if line == "%etna_status --" else sorted(expected) == sorted(found)


@pytest.mark.parametrize("jedi", [True, False])
def test_in_a_notebook(user: NotebookUser, jedi: bool) -> None:  # noqa: FBT001 - a table's column
    """The kernel answers with ours alone, and as ever elsewhere; after unloading there is nothing of it."""
    user.log_in("paper")
    user.kernel.run(f"%config Completer.use_jedi = {jedi}")
    assert ["%etna_login --sandbox"] == asked(user.kernel, "%etna_login --sa")
    assert ["x = 1\n%etna_login paper"] == asked(user.kernel, "x = 1\n%etna_login pa")
    assert {"%etna_logout --all", "%etna_logout paper"} == {
        *asked(user.kernel, "%etna_logout -"),
        *asked(user.kernel, "%etna_logout p"),
    }
    assert {"%etna_login", "%etna_logout"} == set(asked(user.kernel, "%etna_lo"))
    user.kernel.run("%unload_ext etna_magic")
    assert [] == [one for one in asked(user.kernel, "%etna_login --sa") if "--" in one[12:]]


def test_in_a_terminal(tmp_path: Path) -> None:
    """Tab puts the option into the line, as IPython's own prompt does it."""
    more = {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    command = ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=nocolor", "-i"]
    command += ["-c", "%load_ext etna_magic"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside a thread; the child only execs
        child = pexpect.spawn(
            sys.executable, command, cwd=str(tmp_path), env=environment(tmp_path, **more), timeout=LIMIT
        )
    try:
        child.expect_exact("In [")
        child.send("%etna_login --sandb")
        child.expect_exact("--sandb")
        child.send("\t")
        child.expect_exact("ox")
        child.send(" --form --prompt\r")
        child.expect_exact("exclude each other")
    finally:
        child.close(force=True)
