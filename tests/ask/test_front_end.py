"""Which kind of front end it is, by what was seen in each; and never an error."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from etna_magic.ask import FrontEnd, current_front_end
from etna_magic.ask.whom_to_ask import has_terminal
from tests.ask import kernels


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        pytest.param(kernels.LAB, FrontEnd.NOTEBOOK, id="JupyterLab"),
        pytest.param(kernels.CLASSIC, FrontEnd.UNKNOWN, id="a notebook without ids of cells"),
        pytest.param(kernels.CONSOLE, FrontEnd.CONSOLE, id="jupyter console"),
        pytest.param(kernels.MYST, FrontEnd.PROGRAM, id="mystmd before 1.11"),
        pytest.param(kernels.NBCLIENT, FrontEnd.NOBODY, id="nbclient"),
        pytest.param(kernels.ENGINE, FrontEnd.NOBODY, id="ipyparallel"),
        pytest.param(kernels.MERCURY, FrontEnd.PAGE, id="Mercury"),
        pytest.param(
            kernels.header_only(kernels.LAB_HEADER), FrontEnd.UNKNOWN, id="xeus-python in JupyterLab"
        ),
        pytest.param(
            kernels.header_only(kernels.CLIENT_HEADER), FrontEnd.CONSOLE, id="xeus-python in a console"
        ),
    ],
)
def test_front_ends(kernel, expected: FrontEnd) -> None:
    """Each is known by what it sends."""
    assert expected is current_front_end(kernel)


@pytest.mark.parametrize("kernel", kernels.MUTE)
def test_a_kernel_that_says_nothing(kernel) -> None:
    """Nobody is asked there, and nothing is raised."""
    assert FrontEnd.NOBODY is current_front_end(kernel)


@pytest.mark.parametrize("name", ["VOILA_KERNEL_ID", "SERVER_SOFTWARE"])
@pytest.mark.parametrize("kernel", [kernels.NBCLIENT, kernels.header_only(kernels.CLIENT_HEADER)])
def test_voila(monkeypatch: pytest.MonkeyPatch, name, kernel) -> None:
    """It sends what nbclient sends, and says who it is in the environment of its kernels."""
    monkeypatch.setenv(name, "voila/0.5.13")
    assert FrontEnd.PAGE is current_front_end(kernel)


def test_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs set that variable too."""
    monkeypatch.setenv("SERVER_SOFTWARE", "gunicorn/23")
    assert FrontEnd.NOBODY is current_front_end(kernels.NBCLIENT)


def test_colab() -> None:
    """Its cells have no ids in the metadata; its kernel is known by its module."""
    kind = type("Kernel", (kernels.RequestedKernel,), {"__module__": "google.colab._kernel"})
    assert FrontEnd.NOTEBOOK is current_front_end(kind(kernels.LAB_HEADER, kernels.ASKING))
    assert FrontEnd.NOBODY is current_front_end(kind(kernels.LAB_HEADER, kernels.SILENT))


def stream(*, is_terminal: bool) -> SimpleNamespace:
    """Return a stream of a terminal, or of none."""
    return SimpleNamespace(isatty=lambda: is_terminal)


@pytest.mark.parametrize(
    ("stdin", "stdout", "expected"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_terminal(monkeypatch: pytest.MonkeyPatch, *, stdin: bool, stdout: bool, expected: bool) -> None:
    """A question has to be seen, too: ploomber-engine keeps back what a cell prints until its end."""
    monkeypatch.setattr(sys, "stdin", stream(is_terminal=stdin))
    monkeypatch.setattr(sys, "stdout", stream(is_terminal=stdout))
    assert expected is has_terminal()
    assert (FrontEnd.TERMINAL if expected else FrontEnd.NOBODY) is current_front_end(None)


def closed() -> bool:
    """Do as a closed stream does."""
    raise ValueError


@pytest.mark.parametrize("stdin", [None, SimpleNamespace(isatty=closed), ModuleType("stdin")])
def test_no_standard_input(monkeypatch: pytest.MonkeyPatch, stdin) -> None:
    """A service has none, or has closed it; other things may stand in its place."""
    monkeypatch.setattr(sys, "stdin", stdin)
    assert FrontEnd.NOBODY is current_front_end(None)
