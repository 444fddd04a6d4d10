"""Lines that make no sense, or that hold a secret, are refused before anything happens."""

import json

import pytest

from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser

TYPED = "Hunter2-typed"


def refused(seat: NotebookUser, line: str) -> str:
    """Return the one line by which a line of ours is refused, as IPython shows a `UsageError`."""
    seat.know()
    run = seat.kernel.run(line)
    assert ("error", "UsageError") == (run.status, run.reply["ename"]), run.texts
    assert 1 == len(run.texts)
    assert ([], 0) == (seat.kernel.ask(NAMES), len(seat.sandbox.seen))
    said = json.dumps([m["content"] for m in run.outputs] + [run.reply])
    assert TYPED not in said, f"what was typed is repeated: {said}"
    return run.error


@pytest.mark.parametrize(
    "option",
    [
        f"--password {TYPED}",
        f"--password={TYPED}",
        f"-p {TYPED}",
        f"-p{TYPED}",
        f"-p={TYPED}",
        f"--pass {TYPED}",
        f"--app-key {TYPED}",
        f"--app-key={TYPED}",
        f"--appkey {TYPED}",
        f"--pin {TYPED}",
        f"--PASSWORD {TYPED}",
        f'"--password={TYPED}"',
        f"paper --password {TYPED}",
        f"-u demo -p {TYPED} --no-input",
    ],
)
def test_secrets_on_the_line(seat: NotebookUser, option):
    """The explanation says why there is no such option, and where a secret belongs."""
    line = refused(seat, f"%etna_login {option}")
    assert line.startswith("UsageError: There is no option for a password")
    assert 1 == len(line.splitlines())
    assert "ETNA_PASSWORD" in line


@pytest.mark.parametrize(
    "option",
    [
        f"--no-such-option {TYPED}",
        f"--no-such-option={TYPED}",
        f"-x{TYPED}",
        f"etna {TYPED}",
        f"etna paper {TYPED}",
        f"'etna {TYPED}",
        f'--base-url "{TYPED}',
        f"-u {TYPED} --base-url",
        f"--form={TYPED}",
    ],
)
def test_lines_that_do_not_fit(seat: NotebookUser, option):
    """Unknown options, too many names, open quotes: one line, and nothing of what was typed."""
    assert 1 == len(refused(seat, f"%etna_login {option}").splitlines())


@pytest.mark.parametrize("name", [f"{TYPED}", f"2{TYPED}", f"{TYPED}!", "class", "None", "a.b", "''", "a-b"])
@pytest.mark.parametrize("magic", ["%etna_login", "%etna_status", "%etna_logout"])
def test_names_that_cannot_be_a_part_of_a_variable(seat: NotebookUser, magic, name):
    """A name that is no identifier is refused by every magic; it may be a password."""
    line = refused(seat, f"{magic} {name}")
    assert "cannot name a log-in" in line
    assert 1 == len(line.splitlines())


@pytest.mark.parametrize("lifetime", ["soon", "0", "-5", "1y", "1000d", "nan", "1e9"])
def test_lifetimes_that_make_no_sense(seat: NotebookUser, lifetime):
    """The line names the option."""
    line = refused(seat, f"%etna_login --lifetime {lifetime}")
    assert "--lifetime" in line
    assert 1 == len(line.splitlines())


@pytest.mark.parametrize(
    "options",
    ["--form --prompt", "--form --no-input", "--prompt --no-input", "--sandbox -b https://example.com"],
)
def test_options_that_exclude_each_other(seat: NotebookUser, options):
    """Two ways of asking, or two servers, are refused."""
    refused(seat, f"%etna_login {options}")


@pytest.mark.parametrize(
    "line",
    [
        "%etna_login --for 6h",
        "%etna_login --all",
        "%etna_status --all",
        "%etna_status --remember",
        "%etna_logout --for 6h",
        "%etna_logout --sandbox",
    ],
)
def test_options_of_another_magic(seat: NotebookUser, line):
    """An option is of its own magic, and refused by the others."""
    refused(seat, line)


def test_a_log_out_with_a_name_and_all(seat: NotebookUser):
    """Name and `--all` exclude each other."""
    refused(seat, "%etna_logout etna --all")
