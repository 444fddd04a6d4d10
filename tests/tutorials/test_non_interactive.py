"""`jupyter execute` and papermill: nobody can be asked, so what is missing is named at once."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from etna_magic.sandbox import Sandbox
from tests.helpers.clean_home import environment

BIN = Path(sys.executable).parent
VARIABLES = ("ETNA_BASE_URL", "ETNA_APP_KEY", "ETNA_USERNAME", "ETNA_PASSWORD")
RUNNERS = {
    "jupyter execute": [str(BIN / "jupyter-execute"), "--kernel_name=python3", "book.ipynb", "--output=done"],
    "papermill": [str(BIN / "papermill"), "-k", "python3", "book.ipynb", "done.ipynb"],
}


def write(folder: Path, *sources: str) -> None:
    """Write a notebook of these cells."""
    cells = [new_code_cell(source) for source in sources]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    nbformat.write(new_notebook(cells=cells), folder / "book.ipynb")


def run(runner: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the notebook to its end."""
    return subprocess.run(
        RUNNERS[runner],
        cwd=folder,
        env=environment(folder / "home", **variables),
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize("runner", RUNNERS)
def test_missing_credentials_are_named(runner: str, tmp_path: Path):
    """It fails, with one line that names the four variables, and the cells after it do not run."""
    write(tmp_path, "%load_ext etna_magic", "%etna_login", "open('went-on', 'w').close()")
    done = run(runner, tmp_path)
    assert 0 != done.returncode
    said = [line for line in done.stderr.splitlines() if line.startswith("MissingCredentialsError: ")]
    assert said, done.stderr
    for line in said:
        assert [] == [variable for variable in VARIABLES if variable not in line]
    assert "etna_magic/" not in done.stdout + done.stderr
    assert not (tmp_path / "went-on").exists()


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_step_that_nobody_can_answer(runner: str, tmp_path: Path):
    """A server that asks for a code ends it at once, with the option that would have answered."""
    write(tmp_path, "%load_ext etna_magic", "%etna_login --sandbox -u twofactor")
    done = run(runner, tmp_path)
    assert 0 != done.returncode
    (_, *said) = done.stderr.split("VerificationError: ")
    assert (True, []) == (bool(said), [text for text in said if "--code CODE" not in text])


@pytest.mark.parametrize("runner", RUNNERS)
def test_with_credentials_it_runs(runner: str, tmp_path: Path):
    """With the variables set the whole notebook runs, and no secret is in the one that comes out."""
    call = "etna_session.get('v1.0/users/@me/info').json()['Login']"
    write(tmp_path, "%load_ext etna_magic", "%etna_login", call, "etna_token")
    with Sandbox() as sandbox:
        password = sandbox.password_of("demo")
        values = (sandbox.base_url, sandbox.app_key, "demo", password)
        done = run(runner, tmp_path, **dict(zip(VARIABLES, values, strict=True)))
        assert 0 == done.returncode, done.stderr
        assert 1 == sandbox.token_requests
    written = (tmp_path / "done.ipynb").read_text(encoding="utf-8")
    assert "'demo'" in written
    assert "Logged in as demo" in written
    assert [] == [secret for secret in (sandbox.app_key, password) if secret in written]
