"""Settings in a kernel: from a profile's file, by `%config`, and after a reload."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser

CONFIG = """
c.EtnaMagics.warn_before = 5.0
c.EtnaMagics.timeout = 7.0
c.EtnaMagics.lifetime = "10h"
c.EtnaMagics.auto_renew = True
"""
MAGICS = "get_ipython().magics_manager.registry['EtnaMagics']"
SETTINGS = f"[getattr({MAGICS}, name) for name in ('warn_before', 'timeout', 'lifetime', 'auto_renew')]"
IN_USE = "[etna_token.warn_before.total_seconds(), etna_session.timeout]"
CALL = "etna_session.get('v1.0/users/@me/info').status_code"


@pytest.fixture
def configured(tmp_path: Path, sandbox: Sandbox) -> Iterator[NotebookUser]:
    """Return a user of a kernel whose profile has settings of ours, the extension loaded by a cell."""
    profile = tmp_path / "home" / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(CONFIG)
    with Kernel(tmp_path / "home") as kernel:
        loaded = kernel.run("%load_ext etna_magic")
        assert ("ok", []) == (loaded.status, loaded.texts)
        yield NotebookUser(kernel, sandbox)


def test_what_the_file_says_counts_from_the_start(configured: NotebookUser) -> None:
    """Loading takes every setting, the first login has them, and a reload leaves both as they are."""
    assert [5.0, 7.0, "10h", True] == configured.kernel.ask(SETTINGS)
    line = configured.log_in().texts[0]
    assert ([300.0, 7.0], True) == (configured.kernel.ask(IN_USE), "(10 h): etna_token" in line)
    configured.kernel.do("_kept = (etna_token, etna_session)")
    reloaded = configured.kernel.run("%reload_ext etna_magic")
    assert ("ok", []) == (reloaded.status, reloaded.texts)
    assert [5.0, 7.0, "10h", True] == configured.kernel.ask(SETTINGS)
    assert ([300.0, 7.0], True) == (
        configured.kernel.ask(IN_USE),
        configured.kernel.ask("_kept == (etna_token, etna_session)"),
    )


def test_a_reload_keeps_what_a_cell_has_set(configured: NotebookUser) -> None:
    """`%config` outranks the file, for a login that is there already too, and is kept by `%reload_ext`."""
    configured.log_in()
    configured.kernel.run("%config EtnaMagics.warn_before = 30\n%config EtnaMagics.timeout = 3.5")
    assert [1800.0, 3.5] == configured.kernel.ask(IN_USE)
    configured.kernel.run("%reload_ext etna_magic")
    assert [30.0, 3.5, "10h", True] == configured.kernel.ask(SETTINGS)
    assert [1800.0, 3.5] == configured.kernel.ask(IN_USE)
    configured.log_in("again")
    assert [1800.0, 3.5] == configured.kernel.ask(IN_USE.replace("etna_", "again_"))


def test_a_renewal_goes_by_what_was_set_after_a_reload(configured: NotebookUser) -> None:
    """A login that was made before the reload renews itself by the settings of this moment."""
    configured.log_in()
    configured.kernel.run("%reload_ext etna_magic")
    configured.age(left=60)
    configured.kernel.run("%config EtnaMagics.warn_before = 30\n%config EtnaMagics.lifetime = '20h'")
    before = configured.kernel.ask("etna_token.get_secret_value()")
    assert ["200"] == configured.kernel.run(CALL, store_history=False).texts
    assert (2, True) == (
        configured.sandbox.token_requests,
        before != configured.kernel.ask("etna_token.get_secret_value()"),
    )
    assert [1800.0, 72_000.0] == configured.kernel.ask(
        "[etna_token.warn_before.total_seconds(), etna_token.lifetime.total_seconds()]"
    )


def test_config_lists_the_settings(kernel: Kernel) -> None:
    """`%config EtnaMagics` shows each, and `warn` is `always` where nobody has said anything."""
    shown = kernel.run("%config EtnaMagics").texts[0]
    for name in ("warn", "warn_before", "lifetime", "timeout", "auto_renew"):
        assert f"EtnaMagics.{name}=" in shown
    assert ["'always'"] == kernel.run("%config EtnaMagics.warn").texts


@pytest.mark.parametrize("setting", ["warn = 'sometimes'", "lifetime = 'soon'"])
def test_a_setting_that_makes_no_sense_is_refused(kernel: Kernel, setting) -> None:
    """`%config` names the setting, and the old value is kept."""
    name = setting.split()[0]
    before = kernel.ask(f"{MAGICS}.{name}")
    assert name in kernel.run(f"%config EtnaMagics.{setting}").texts[0]
    assert before == kernel.ask(f"{MAGICS}.{name}")
