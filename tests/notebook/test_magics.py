"""The magics: what loading imports, what their pages say, their settings, and what unloading leaves."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import TraitError
from traitlets.config import Config

from etna_magic.logins import login_command
from etna_magic.notebook import arguments
from etna_magic.notebook.magics import EtnaMagics
from etna_magic.settings import LoginOptions
from tests.notebook.tokens import token

MAGICS = ["etna_login", "etna_status", "etna_logout"]
OWN = ["", ".logins", ".logins.registry", ".notebook", ".notebook.magics", ".notebook.watcher"]
HEAVY = ["requests", "urllib3", "ipywidgets", "dotenv", "cheroot", "keyring"]

LOADING = """
import argparse, json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("None", store_history=False)
before, made, make = set(sys.modules), [], argparse.ArgumentParser.__init__
def counted(self, *args, **kwargs):
    made.append(1)
    make(self, *args, **kwargs)
argparse.ArgumentParser.__init__ = counted
shell.extension_manager.load_extension("etna_magic")
loaded = set(sys.modules) - before
shell.run_cell("None", store_history=True)
print(json.dumps([sorted(loaded), sorted(set(sys.modules) - before - loaded), len(made)]))
"""


def test_loading_imports_six_modules_and_makes_no_parser(tmp_path) -> None:
    """Nothing heavy, nothing of ours but what is needed, also by a cell while nobody is logged in."""
    command, here = [sys.executable, "-c", LOADING], Path(__file__).parents[2]
    variables = {"HOME": str(tmp_path)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables, cwd=here)
    loaded, later, parsers = json.loads(done.stdout)
    assert [f"etna_magic{name}" for name in OWN] == [n for n in loaded if n.split(".")[0] == "etna_magic"]
    assert [] == [name for name in (*loaded, *later) if name.split(".")[0] in HEAVY]
    assert [] == [name for name in later if name.startswith("etna_magic")]
    assert 0 == parsers


@pytest.mark.parametrize("magic", MAGICS)
def test_the_page_of_a_magic_lists_its_options(magics: EtnaMagics, magic) -> None:
    """``%etna_login?`` shows the docstring, which is in step with the parser."""
    page = inspect.getdoc(magics.magics["line"][magic])
    assert f"    %{magic} [NAME] [options]\n" in page
    listed = re.findall(r"^    (NAME|-\S.*?)  +\S", page, re.MULTILINE)
    known = []
    for action in arguments.parser(magic)._actions:
        options = ", ".join(action.option_strings)
        known.append(" ".join(filter(None, (options, action.metavar if action.nargs != 0 else None))))
    assert known == listed


def test_every_magic_parses_its_own_line(magics: EtnaMagics, bare: InteractiveShell, monkeypatch) -> None:
    """A wrong line is refused by each; a right one is given to the command with registry and kernel."""
    calls = []
    monkeypatch.setattr(login_command, "log_in", lambda *args: calls.append(args))
    for magic in MAGICS:
        with pytest.raises(UsageError, match="something else than letters"):
            bare.run_line_magic(magic, "a-b")
    assert [] == calls
    bare.run_line_magic("etna_login", "paper --no-input")
    assert [(magics.registry, LoginOptions(name="paper", ask="never"), None)] == calls
    bare.kernel = object()
    bare.run_line_magic("etna_login", "")
    assert bare.kernel is calls[1][2]


def test_status_and_log_out(magics: EtnaMagics, bare: InteractiveShell, shown: list[str]) -> None:
    """They reach their commands."""
    bare.run_line_magic("etna_status", "")
    bare.run_line_magic("etna_logout", "--all")
    assert [True, True] == [line.startswith("Nobody is logged in.") for line in shown]


def test_a_setting_reaches_the_registry_and_its_logins(magics: EtnaMagics) -> None:
    """What ``%config`` sets counts for logins that are there already."""
    settings = magics.registry.settings
    assert ("always", 15.0, "24h", 30.0, False) == _values(settings)
    login = magics.registry.put("etna", token(), None)
    magics.warn, magics.warn_before, magics.lifetime = "used", 30.0, "10h"
    magics.timeout, magics.auto_renew = 7.0, True
    assert ("used", 30.0, "10h", 7.0, True) == _values(settings)
    assert (1800.0, 7.0) == (login.token.warn_before.total_seconds(), login.session.timeout)


def test_trust_reaches_the_logins(magics: EtnaMagics, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts for sessions that are there; without the package it is refused, and the extra named."""
    login = magics.registry.put("etna", token(), None)
    magics.trust = "system"
    assert ["system"] * 2 == [magics.registry.settings.trust, login.session.trust]
    magics.trust = "certifi"
    assert "certifi" == login.session.trust
    monkeypatch.setitem(sys.modules, "truststore", None)
    with pytest.raises(TraitError, match=r"needs its extra: run %pip install 'etna-magic\[system-trust\]'"):
        magics.trust = "system"
    assert ["certifi"] * 2 == [magics.registry.settings.trust, login.session.trust]


def test_a_change_of_a_setting_ends_the_rest(magics: EtnaMagics) -> None:
    """The watcher looks again after a change of settings."""
    magics.registry.put("etna", token(), None)
    before = magics.registry.version
    magics.warn_before = 60.0
    assert before < magics.registry.version


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("warn", "sometimes"),
        ("warn_before", -1.0),
        ("lifetime", "soon"),
        ("lifetime", "0s"),
        ("trust", "windows"),
        ("timeout", 0.0),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(magics: EtnaMagics, name, value) -> None:
    """The error names the setting, and the old value is kept."""
    before = _values(magics.registry.settings)
    with pytest.raises(TraitError, match=name):
        setattr(magics, name, value)
    assert before == _values(magics.registry.settings)


def test_a_profile_file_counts_from_the_start(bare: InteractiveShell) -> None:
    """What a configuration file says is in the registry as soon as the magics are made."""
    bare.config.merge(Config({"EtnaMagics": {"lifetime": "10h", "auto_renew": True}}))
    assert ("always", 15.0, "10h", 30.0, True) == _values(EtnaMagics(bare).registry.settings)


def test_the_logins_outlive_a_reload(bare: InteractiveShell) -> None:
    """New magics find the registry of their shell, and write their own settings into it."""
    first = EtnaMagics(bare)
    first.register()
    login = first.registry.put("etna", token(), None)
    first.warn_before = 30.0
    first.unregister()
    second = EtnaMagics(bare)
    assert second.registry is first.registry
    assert (login, 15.0) == (second.registry.get("etna"), second.registry.settings.warn_before)
    assert 900.0 == login.token.warn_before.total_seconds()


def test_unregister_is_the_mirror_of_register(bare: InteractiveShell) -> None:
    """Magics, hooks, registry of magics and configurables are as they were."""

    def traces() -> list[object]:
        manager = bare.magics_manager
        return [
            {kind: dict(found) for kind, found in manager.magics.items()},
            dict(manager.registry),
            {event: list(hooks) for event, hooks in bare.events.callbacks.items()},
            list(bare.configurables),
            set(bare.user_ns),
        ]

    before = traces()
    made = EtnaMagics(bare)
    made.register()
    assert before != traces()
    made.unregister()
    assert before == traces()


def test_a_magic_of_somebody_else_is_left(bare: InteractiveShell) -> None:
    """What another extension registered under our name later is not removed."""
    made = EtnaMagics(bare)
    made.register()
    bare.register_magic_function(print, magic_name="etna_status")
    made.unregister()
    assert print is bare.magics_manager.magics["line"].pop("etna_status")


def test_unloading_calls_off_a_form_that_waits(bare: InteractiveShell) -> None:
    """The form is closed; a login that it was for is gone, and one that has a token is kept."""
    sentences: list[str] = []

    class Form:
        call_off = sentences.append

    made = EtnaMagics(bare)
    made.register()
    made.registry.wait_for_form("etna", Form())
    made.registry.put("paper", token(), None)
    made.registry.wait_for_form("paper", Form())
    made.unregister()
    assert ["The extension was unloaded before this login was finished."] * 2 == sentences
    assert ["paper"] == [login.name for login in made.registry]
    assert made.registry.get("paper").form is None


def _values(settings) -> tuple[object, ...]:
    return settings.warn, settings.warn_before, settings.lifetime, settings.timeout, settings.auto_renew
