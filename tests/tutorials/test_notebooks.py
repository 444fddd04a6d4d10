"""Every tutorial notebook: committed clean, and runnable by anybody."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

import etna_magic
from etna_magic.sandbox import APP_KEY, USERS
from tests.helpers.clean_home import REPOSITORY, environment

NOTEBOOKS = REPOSITORY / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])

Executed = Callable[[Path], list[NotebookNode]]


def read(path: Path) -> NotebookNode:
    """Read a notebook from the disk."""
    return nbformat.read(path, as_version=4)


def execute(path: Path, home: Path) -> NotebookNode:
    """Execute a notebook as nbclient does, below a home of its own; nothing is written beside it."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=40"],
    )
    client.execute(env=environment(home))
    return notebook


def texts(cell: NotebookNode) -> list[str]:
    """Return the plain text of each output of a cell."""
    return [_text(output) for output in cell.outputs]


def _text(output: NotebookNode) -> str:
    match output.output_type:
        case "stream":
            return output.text
        case "error":
            return "\n".join(output.traceback)
    return output.data.get("text/plain", "")


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Executed:
    """Return what executes a notebook once, and gives its code cells."""
    home = tmp_path_factory.mktemp("home")
    return cache(lambda path: [c for c in execute(path, home).cells if c.cell_type == "code"])


@pytest.fixture
def first(executed: Executed) -> list[NotebookNode]:
    """Return the first tutorial's code cells, executed."""
    return executed(NOTEBOOKS / "01_first_login.ipynb")


def cell_with(cells: list[NotebookNode], source: str) -> NotebookNode:
    """Return the one cell that has this in its source."""
    found = [cell for cell in cells if source in cell.source]
    assert 1 == len(found), source
    return found[0]


def test_the_index_names_them():
    """The five tutorials are in the index, in their order, and nothing else is."""
    index = (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
    assert 5 == len(PATHS)
    assert [path.name for path in PATHS] == re.findall(r"\]\((\w+\.ipynb)\)", index)


@every_notebook
def test_it_says_what_it_is(path: Path):
    """It begins with its task, its time and what one learns; at most one cell is meant to fail."""
    cells = read(path).cells
    assert cells[0].source.startswith("# ")
    assert re.search(r"minutes\. .+On top\s+you\s+learn", cells[0].source, re.DOTALL)
    assert len([cell for cell in cells if "raises-exception" in cell.metadata.get("tags", ())]) <= 1


@every_notebook
def test_it_is_committed_clean(path: Path):
    """Valid, with no outputs, no execution counts, no state of widgets, and nothing of who ran it."""
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert [] == [cell.outputs for cell in code if cell.outputs]
    assert [] == [cell.execution_count for cell in code if cell.execution_count is not None]
    assert {"kernelspec", "language_info"} == set(notebook.metadata)
    assert set() == {name for cell in notebook.cells for name in cell.metadata} - {"tags"}
    assert "python3" == notebook.metadata.kernelspec.name


@every_notebook
def test_it_runs(path: Path, executed: Executed):
    """From its first cell to its last, with nobody to answer; only cells that are tagged so fail."""
    before = path.read_bytes()
    cells = executed(path)
    assert list(range(1, len(cells) + 1)) == [cell.execution_count for cell in cells]
    announced = [cell.source for cell in cells if "raises-exception" in cell.metadata.get("tags", ())]
    assert announced == [c.source for c in cells if any(o.output_type == "error" for o in c.outputs)]
    assert before == path.read_bytes()


@every_notebook
def test_it_shows_no_secret(path: Path, executed: Executed):
    """What a reader sees holds no password or app key of the sandbox."""
    said = [text for cell in executed(path) for text in texts(cell)]
    secrets = [APP_KEY, *(user.password for user in USERS)]
    assert [] == [secret for secret in secrets for text in said if secret in text]


@every_notebook
def test_errors_of_ours_are_short(path: Path, executed: Executed):
    """Where the package itself refuses something, the cell shows a line or two, and no traceback."""
    outputs = [output for cell in executed(path) for output in cell.outputs if output.output_type == "error"]
    ours = [output for output in outputs if output.ename in etna_magic.__all__]
    assert [] == [output for output in ours if len("\n".join(output.traceback).splitlines()) > 3]


def test_the_first_logs_in(first):
    """The first cell shows the line of success alone."""
    said = texts(cell_with(first, "%load_ext etna_magic"))
    assert 1 == len(said)
    assert said[0].startswith("Logged in as demo at http://127.0.0.1:")
    assert "(SANDBOX)" in said[0]
    assert said[0].endswith("(24 h): etna_token, etna_session.")


def test_the_first_draws_candles(first):
    """A picture of the candles, and no more than a picture's text beside it."""
    drawing = cell_with(first, "plt.subplots")
    pictures = [
        output.data["image/png"] for output in drawing.outputs if "image/png" in output.get("data", {})
    ]
    assert 1 == len(pictures)
    assert len(pictures[0]) > 10_000  # base64 of more than an empty frame


def test_the_first_warns_when_the_token_is_stale(first):
    """The cell in which it ends says so at its end; the next begins with the warning."""
    ended = texts(cell_with(first, "time.sleep"))
    assert "expired while this cell ran" in ended[-1]
    said = texts(cell_with(first, "6 * 7"))
    assert said[0].startswith("etna: the token expired at ")
    assert said[0].endswith("To log in again: %etna_login")
    assert ["42"] == said[1:]


def test_the_first_shows_the_error_and_logs_in_again(first):
    """A call with the stale token is two sentences; after the login the same call works."""
    failed = next(cell for cell in first if "raises-exception" in cell.metadata.get("tags", ()))
    assert "TokenExpiredError" == failed.outputs[-1].ename
    assert 2 == len(texts(failed)[-1].splitlines())
    again = first[first.index(failed) + 1]
    assert texts(again)[0].startswith("Logged in as demo")
    assert ["'demo'"] == texts(first[first.index(failed) + 2])


def test_an_order_is_refused_placed_followed_and_cancelled(executed):
    """Read-only refuses it; then it is filled, and another one is cancelled."""
    cells = executed(NOTEBOOKS / "02_an_order_you_can_trust.ipynb")
    refused = next(cell for cell in cells if "raises-exception" in cell.metadata.get("tags", ()))
    assert "ReadOnlyError" == refused.outputs[-1].ename
    assert "Filled: 10 of 10" in "".join(texts(cell_with(cells, "filled = wait_for_end")))
    assert "'Canceled'" == texts(cell_with(cells, "wait_for_end(waiting)"))[-1]


def test_two_accounts_are_told_apart(executed):
    """The live account takes no order, and the demo account follows it."""
    cells = executed(NOTEBOOKS / "03_two_accounts.ipynb")
    refused = next(cell for cell in cells if "raises-exception" in cell.metadata.get("tags", ()))
    assert "ReadOnlyError" == refused.outputs[-1].ename
    assert 3 == "".join(texts(cell_with(cells, "for order in plan"))).count("PendingNew")


def test_research_is_one_login(executed):
    """A pickled `etna_session` is refused on a worker, and the error says what to send."""
    cells = executed(NOTEBOOKS / "04_research_on_500_symbols.ipynb")
    refused = cell_with(cells, "client.submit(closes, etna_session,")
    assert "NotLoggedInError" == refused.outputs[-1].ename
    assert "send etna_session.for_workers()" in texts(refused)[-1]
    assert ["500 calls, 1 login\n"] == texts(cell_with(cells, "sandbox.token_requests} login"))


@pytest.fixture
def overnight(executed: Executed) -> list[NotebookNode]:
    """Return the code cells of the tutorial about nights, executed."""
    return executed(NOTEBOOKS / "05_overnight.ipynb")


@pytest.mark.parametrize("line", ["!{sys.executable} night.py", "!env -i HOME=/"], ids=["shell", "cron"])
def test_a_notebook_becomes_a_script(overnight, line):
    """The script places its order, also with the environment that cron gives."""
    (cell,) = [cell for cell in overnight if cell.source.startswith(line)]
    assert ["the order's status: PendingNew"] == "".join(texts(cell)).splitlines()[:1]


def test_a_script_says_what_is_missing(overnight):
    """Its exit code says that it failed, and its last line names the variable."""
    said = "".join(texts(cell_with(overnight, "missing.log"))).splitlines()
    assert ("exit code 1", True) == (said[0], "MissingCredentialsError: ETNA_PASSWORD is not set" in said[1])


def test_a_code_without_a_person(overnight):
    """The function is asked once a life, and in the third one the order is placed."""
    said = "".join(texts(cell_with(overnight, "!{sys.executable} codes.py"))).splitlines()
    said = [line for line in said if line]
    assert "placed: True" == said.pop()
    assert {"asked for a code"} == set(said)
    assert 3 <= len(said) <= 4
