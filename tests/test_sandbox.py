"""The sandbox by its public name, with and without the distribution that serves it."""

import subprocess
import sys
from pathlib import Path

import pytest

import etna_magic_sandbox
from etna_magic import sandbox

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this Python."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_it_offers_the_same() -> None:
    """Each public name is the one of the sandbox."""
    assert etna_magic_sandbox.__all__ == sandbox.__all__
    for name in sandbox.__all__:
        assert getattr(etna_magic_sandbox, name) is getattr(sandbox, name)


@pytest.mark.parametrize("module", ["etna_magic.sandbox", "etna_magic_sandbox"])
def test_it_runs_under_both_names(module: str) -> None:
    """The help, and the message of an option that is none, name what was typed."""
    shown, refused = run("-m", module, "--help"), run("-m", module, "--port", "x")
    assert (0, True) == (shown.returncode, shown.stdout.startswith(f"usage: python -m {module} [-h]"))
    assert (2, True) == (refused.returncode, f"python -m {module}: error: " in refused.stderr)


@pytest.mark.parametrize("missing", ["etna_magic_sandbox", "cheroot", "flask"])
def test_it_cannot_run_without_its_extra(missing: str) -> None:
    """Without what serves it one line says what to install."""
    refused = run(
        "-c",
        f"import runpy, sys; sys.modules['{missing}'] = None; sys.argv[0] = 'sandbox'\n"
        "runpy.run_module('etna_magic.sandbox', run_name='__main__')",
    )
    assert (1, f"{sandbox.IS_MISSING}\n") == (refused.returncode, refused.stderr)


@pytest.mark.parametrize("missing", ["etna_magic_sandbox", "cheroot", "flask"])
def test_it_cannot_be_imported_without_its_extra(missing: str) -> None:
    """The error of an import says what to install, and keeps the reason."""
    refused = run("-c", f"import sys; sys.modules['{missing}'] = None; import etna_magic.sandbox")
    assert (1, f"ImportError: {sandbox.IS_MISSING}") == (refused.returncode, refused.stderr.splitlines()[-1])
    assert "ModuleNotFoundError: " in refused.stderr
    assert "run pip install 'etna-magic[sandbox]'" in sandbox.IS_MISSING
