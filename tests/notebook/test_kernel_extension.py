"""`%load_ext`, `%unload_ext`, `%reload_ext` in a kernel: mirror images, silent, without a network."""

import subprocess
import sys

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.clean_home import environment
from tests.helpers.kernel import Kernel
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser

LATE = (
    "requests",
    "urllib3",
    "ipywidgets",
    "dotenv",
    "cheroot",
    "keyring",
    "pandas",
    "etna_magic.sandbox",
    "etna_magic_sandbox",
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

# The last line shows that a socket would have been seen.
WATCHED = """
import socket, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.run_cell("6 * 7", silent=True)
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith("socket.") else None)
shell.run_line_magic("load_ext", "etna_magic")
shell.run_cell("6 * 7", silent=True)
print(seen)
socket.socket().close()
print(seen)
"""


def magics_of(kernel: Kernel) -> list[str]:
    """Return the names of our magics that the shell has."""
    return kernel.ask(
        "sorted(name for found in get_ipython().magics_manager.magics.values() for name in found"
        " if name.startswith('etna'))"
    )


def test_load_and_unload_in_a_new_kernel(new_kernel: Kernel) -> None:
    """Loading is silent and imports nothing big; unloading leaves what was there before."""
    # IPython makes the magic %load_ext itself when an extension is first loaded.
    new_kernel.run("%load_ext storemagic", store_history=False)
    new_kernel.do("import sys; _before = set(sys.modules)")
    before = new_kernel.ask(TRACES)
    loaded = new_kernel.run("%load_ext etna_magic", store_history=False)
    imported = set(new_kernel.ask("sorted(set(sys.modules) - _before)"))
    assert ("ok", []) == (loaded.status, loaded.outputs)
    assert "etna_magic.notebook.magics" in imported
    assert set() == {name for name in imported if name.startswith(LATE)}
    assert (MAGICS, BOTH) == (magics_of(new_kernel), new_kernel.ask(HOOKS))
    unloaded = new_kernel.run("%unload_ext etna_magic", store_history=False)
    assert ("ok", []) == (unloaded.status, unloaded.outputs)
    assert before == new_kernel.ask(TRACES)


def test_only_a_login_with_a_form_imports_widgets(new_kernel: Kernel, sandbox: Sandbox) -> None:
    """Cells after loading import nothing either; a login that asks nobody does without ipywidgets."""
    new_kernel.do("import sys")
    new_kernel.run("%load_ext etna_magic")
    new_kernel.run("6 * 7")
    assert [] == new_kernel.ask(f"[name for name in {LATE!r} if name in sys.modules]")
    new_kernel.set_environment(**NotebookUser(new_kernel, sandbox).credentials())
    run = new_kernel.run("%etna_login", allow_stdin=True)
    assert ("ok", False) == (run.status, new_kernel.ask("'ipywidgets' in sys.modules"))


def test_loading_opens_no_socket(tmp_path) -> None:
    """Neither `%load_ext` nor a cell after it makes, connects or looks up anything."""
    script = tmp_path / "watched.py"
    script.write_text(WATCHED)
    done = subprocess.run(
        [sys.executable, script],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ["[]", "['socket.__new__']"] == done.stdout.splitlines()[-2:]


def test_loading_twice_changes_nothing(kernel: Kernel) -> None:
    """The second `%load_ext` adds nothing."""
    kernel.run("%load_ext etna_magic")
    assert (MAGICS, BOTH) == (magics_of(kernel), kernel.ask(HOOKS))


def test_unloading_removes_the_magics(user: NotebookUser) -> None:
    """A magic that is unloaded is unknown, and comes back with the extension."""
    user.kernel.run("%unload_ext etna_magic")
    assert "etna_login" in user.kernel.run("%etna_login").error
    assert ([], []) == (magics_of(user.kernel), user.kernel.ask(HOOKS))
    user.kernel.run("%load_ext etna_magic")
    assert "ok" == user.log_in().status


def test_unloading_while_a_form_waits(user: NotebookUser) -> None:
    """The form says so; neither our hooks nor those that disable a form while a cell runs are left."""
    form = user.show_form()
    assert len(user.kernel.ask(HOOKS)) > len(BOTH)
    unloaded = user.kernel.run("%unload_ext etna_magic")
    assert ("ok", []) == (unloaded.status, user.kernel.ask(HOOKS))
    assert "The extension was unloaded before this login was finished." == form.line
    after = user.kernel.run("6 * 7")
    assert (["42"], []) == (after.texts, user.kernel.ask(NAMES))


def test_unloading_twice_changes_nothing(user: NotebookUser) -> None:
    """`%unload_ext` of what is not loaded is no error."""
    assert ["ok", "ok"] == [user.kernel.run("%unload_ext etna_magic").status for _ in range(2)]


def test_reloading_leaves_one_of_each_and_keeps_the_logins(user: NotebookUser) -> None:
    """After several `%reload_ext`: one of each hook, the same objects, a login that works."""
    user.log_in()
    user.kernel.do("_kept = (etna_token, etna_session)")
    before = user.kernel.ask(f"[{TRACES}['magics'], {TRACES}['registry'], {TRACES}['configurables']]")
    for _ in range(3):
        run = user.kernel.run("%reload_ext etna_magic")
        assert ("ok", []) == (run.status, run.outputs)
    assert (MAGICS, BOTH) == (magics_of(user.kernel), user.kernel.ask(HOOKS))
    assert before == user.kernel.ask(f"[{TRACES}['magics'], {TRACES}['registry'], {TRACES}['configurables']]")
    assert user.kernel.ask("_kept[0] is etna_token and _kept[1] is etna_session")
    assert "demo" in user.kernel.run("%etna_status").texts[0]
    assert "ok" == user.kernel.run("%etna_login").status
    assert user.kernel.ask("_kept[0] is not etna_token and _kept[1] is etna_session")


def test_after_reloading_a_stale_token_has_one_line(user: NotebookUser) -> None:
    """One hook of each kind means one line in each cell."""
    user.log_in_stale()
    user.kernel.run("%reload_ext etna_magic\n%reload_ext etna_magic")
    assert [1, 1] == [len(user.kernel.run("6 * 7").warnings) for _ in range(2)]


@pytest.mark.parametrize("magic", MAGICS)
def test_each_magic_has_a_page(kernel: Kernel, magic) -> None:
    """`%etna_login?` describes the line in the pager."""
    page = kernel.run(f"%{magic}?").paged
    assert f"%{magic} [NAME] [options]" in page
