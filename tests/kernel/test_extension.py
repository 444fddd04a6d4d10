"""`%load_ext`, `%unload_ext`, `%reload_ext`: mirror images, silent and cheap."""

from collections.abc import Iterator

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel_reset import NAMES
from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser

LATE = (
    "requests",
    "urllib3",
    "ipywidgets",
    "dotenv",
    "flask",
    "werkzeug",
    "keyring",
    "pandas",
    "etna_magic.sandbox",
)
MAGICS = ["etna_login", "etna_logout", "etna_status"]

# All that an extension could leave in a shell.
TRACES = """{
    "magics": sorted(
        f"{kind} {name}" for kind, found in get_ipython().magics_manager.magics.items() for name in found
    ),
    "registry": sorted(get_ipython().magics_manager.registry),
    "hooks": sorted(
        f"{event} {hook!r}" for event, found in get_ipython().events.callbacks.items() for hook in found
    ),
    "configurables": sorted(type(one).__name__ for one in get_ipython().configurables),
    "names": sorted(get_ipython().user_ns),
    "transformers": len(get_ipython().input_transformers_post) + len(get_ipython().ast_transformers),
    "completers": len(get_ipython().Completer.matchers),
    "handlers": sorted(map(repr, get_ipython().custom_exceptions)),
}"""
HOOKS = (
    "sorted(event for event, found in get_ipython().events.callbacks.items() for hook in found"
    " if 'etna_magic' in type(getattr(hook, '__self__', None)).__module__)"
)
BOTH = ["post_run_cell", "pre_run_cell"]


@pytest.fixture
def fresh(tmp_path) -> Iterator[Kernel]:
    """Start a kernel that has not seen the extension."""
    with Kernel(tmp_path / "home") as started:
        yield started


def magics_of(kernel: Kernel) -> list[str]:
    """Return the names of our magics that the shell has."""
    return kernel.ask(
        "sorted(name for found in get_ipython().magics_manager.magics.values() for name in found"
        " if name.startswith('etna'))"
    )


def test_load_and_unload_in_a_fresh_kernel(fresh: Kernel):
    """Loading is silent and imports nothing big; unloading leaves what stood there before."""
    # IPython makes the magic %load_ext itself when an extension is first loaded.
    fresh.run("%load_ext storemagic", store_history=False)
    fresh.do("import sys; _before = set(sys.modules)")
    before = fresh.ask(TRACES)
    loaded = fresh.run("%load_ext etna_magic", store_history=False)
    new = set(fresh.ask("sorted(set(sys.modules) - _before)"))
    assert ("ok", []) == (loaded.status, loaded.outputs)
    assert "etna_magic.magics" in new
    assert set() == {name for name in new if name.startswith(LATE)}
    assert (MAGICS, BOTH) == (magics_of(fresh), fresh.ask(HOOKS))
    unloaded = fresh.run("%unload_ext etna_magic", store_history=False)
    assert ("ok", []) == (unloaded.status, unloaded.outputs)
    assert before == fresh.ask(TRACES)


def test_the_hooks_import_nothing_while_nobody_is_logged_in(fresh: Kernel):
    """Cells that are run after loading drag nothing in either."""
    fresh.do("import sys")
    fresh.run("%load_ext etna_magic")
    fresh.run("6 * 7")
    assert [] == fresh.ask(f"[name for name in {LATE!r} if name in sys.modules]")


def test_the_form_is_imported_when_it_is_needed(fresh: Kernel):
    """A log-in that asks nobody does without ipywidgets."""
    fresh.do("import sys")
    with Sandbox() as sandbox:
        fresh.set_environment(**NotebookUser(fresh, sandbox).credentials())
        run = fresh.run("%load_ext etna_magic\n%etna_login", allow_stdin=True)
        assert ("ok", False) == (run.status, fresh.ask("'ipywidgets' in sys.modules"))


def test_loading_twice_is_harmless(kernel: Kernel):
    """The second `%load_ext` adds nothing."""
    kernel.run("%load_ext etna_magic")
    assert (MAGICS, BOTH) == (magics_of(kernel), kernel.ask(HOOKS))


def test_unloading_takes_the_magics_away(seat: NotebookUser):
    """A magic that is unloaded is unknown, and comes back."""
    seat.kernel.run("%unload_ext etna_magic")
    assert "etna_login" in seat.kernel.run("%etna_login").error
    assert ([], []) == (magics_of(seat.kernel), seat.kernel.ask(HOOKS))
    seat.kernel.run("%load_ext etna_magic")
    assert "ok" == seat.log_in().status


def test_unloading_while_a_form_waits(seat: NotebookUser):
    """Neither our hooks nor those by which a form is shut while a cell runs are left behind."""
    shown = seat.kernel.run(f"%etna_login -b {seat.sandbox.base_url} -u demo", allow_stdin=True)
    assert ("ok", True) == (shown.status, len(seat.kernel.ask(HOOKS)) > len(BOTH))
    unloaded = seat.kernel.run("%unload_ext etna_magic")
    assert ("ok", []) == (unloaded.status, seat.kernel.ask(HOOKS))
    after = seat.kernel.run("6 * 7")
    assert (["42"], []) == (after.texts, seat.kernel.ask(NAMES))


def test_unloading_twice_is_harmless(seat: NotebookUser):
    """`%unload_ext` of what is not loaded breaks nothing."""
    assert ["ok", "ok"] == [seat.kernel.run("%unload_ext etna_magic").status for _ in range(2)]


def test_reloading_leaves_one_of_each_and_keeps_the_log_ins(seat: NotebookUser):
    """After several `%reload_ext`: one of each hook, the same objects, a log-in that works."""
    seat.log_in()
    seat.kernel.do("_kept = (etna_token, etna_session)")
    before = seat.kernel.ask(f"[{TRACES}['magics'], {TRACES}['registry'], {TRACES}['configurables']]")
    for _ in range(3):
        run = seat.kernel.run("%reload_ext etna_magic")
        assert ("ok", []) == (run.status, run.outputs)
    assert (MAGICS, BOTH) == (magics_of(seat.kernel), seat.kernel.ask(HOOKS))
    assert before == seat.kernel.ask(f"[{TRACES}['magics'], {TRACES}['registry'], {TRACES}['configurables']]")
    assert seat.kernel.ask("_kept[0] is etna_token and _kept[1] is etna_session")
    assert "demo" in seat.kernel.run("%etna_status").texts[0]
    assert "ok" == seat.kernel.run("%etna_login").status
    assert seat.kernel.ask("_kept[0] is not etna_token and _kept[1] is etna_session")


def test_after_reloading_a_stale_token_is_warned_of_once(seat: NotebookUser):
    """One hook of each kind means one line in each cell."""
    seat.log_in_stale()
    seat.kernel.run("%reload_ext etna_magic\n%reload_ext etna_magic")
    assert [1, 1] == [len(seat.kernel.run("6 * 7").warnings) for _ in range(2)]


def test_reloading_keeps_the_settings_of_the_user(seat: NotebookUser):
    """A setting that a cell has made outlives `%reload_ext`."""
    seat.kernel.run("%config EtnaMagics.warn = 'never'")
    seat.kernel.run("%reload_ext etna_magic")
    assert ["'never'"] == seat.kernel.run("%config EtnaMagics.warn").texts


def test_it_shows_in_config(kernel: Kernel):
    """`%config` lists the settings with their help."""
    shown = kernel.run("%config EtnaMagics").texts[0]
    for name in ("warn", "warn_before", "lifetime", "timeout"):
        assert f"EtnaMagics.{name}=" in shown


@pytest.mark.parametrize("magic", MAGICS)
def test_each_magic_has_a_manual_page(kernel: Kernel, magic):
    """`%etna_login?` describes the line; the page has no argparse leftovers."""
    page = kernel.run(f"%{magic}?").paged
    assert f"%{magic}" in page
    assert "positional arguments" in page
