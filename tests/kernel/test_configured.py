"""Settings that stand in a profile's file before the extension is loaded, and what a reload makes of them."""

from collections.abc import Iterator

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
SETTINGS = (
    "[getattr(get_ipython().magics_manager.registry['EtnaMagics'], name)"
    " for name in ('warn_before', 'timeout', 'lifetime', 'auto_renew')]"
)
IN_USE = "[etna_token.warn_before.total_seconds(), etna_session.timeout]"
CALL = "etna_session.get('v1.0/users/@me/info').status_code"


@pytest.fixture
def configured(tmp_path, sandbox: Sandbox) -> Iterator[NotebookUser]:
    """Return a seat at a kernel whose profile has settings of ours, the extension loaded by a cell."""
    profile = tmp_path / "home" / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(CONFIG)
    with Kernel(tmp_path / "home") as kernel:
        loaded = kernel.run("%load_ext etna_magic")
        assert ("ok", []) == (loaded.status, loaded.texts)
        yield NotebookUser(kernel, sandbox)


def test_what_the_file_says_counts_from_the_start(configured: NotebookUser):
    """Loading takes every setting, the first log-in has them, and a reload leaves both as they are."""
    assert [5.0, 7.0, "10h", True] == configured.kernel.ask(SETTINGS)
    line = configured.log_in().texts[0]
    assert ([300.0, 7.0], True) == (configured.kernel.ask(IN_USE), line.endswith("(10 h)."))
    configured.kernel.do("_kept = (etna_token, etna_session)")
    reloaded = configured.kernel.run("%reload_ext etna_magic")
    assert ("ok", []) == (reloaded.status, reloaded.texts)
    assert [5.0, 7.0, "10h", True] == configured.kernel.ask(SETTINGS)
    assert ([300.0, 7.0], True) == (
        configured.kernel.ask(IN_USE),
        configured.kernel.ask("_kept == (etna_token, etna_session)"),
    )


def test_a_reload_keeps_what_a_cell_has_set(configured: NotebookUser):
    """`%config` outranks the file, for the log-in that stands as well, and goes on to after `%reload_ext`."""
    configured.log_in()
    configured.kernel.run("%config EtnaMagics.warn_before = 30\n%config EtnaMagics.timeout = 3.5")
    assert [1800.0, 3.5] == configured.kernel.ask(IN_USE)
    configured.kernel.run("%reload_ext etna_magic")
    assert [30.0, 3.5, "10h", True] == configured.kernel.ask(SETTINGS)
    assert [1800.0, 3.5] == configured.kernel.ask(IN_USE)
    configured.log_in("again")
    assert [1800.0, 3.5] == configured.kernel.ask(IN_USE.replace("etna_", "again_"))


def test_a_renewal_goes_by_what_was_set_after_a_reload(configured: NotebookUser):
    """A log-in that was made before the reload renews itself by the settings of this moment."""
    configured.log_in()
    configured.kernel.run("%reload_ext etna_magic")
    configured.age(left=60)
    configured.kernel.run("%config EtnaMagics.warn_before = 30\n%config EtnaMagics.lifetime = '20h'")
    before = configured.kernel.ask("etna_token.value")
    assert ["200"] == configured.kernel.run(CALL, store_history=False).texts
    assert (2, True) == (
        configured.sandbox.token_requests,
        before != configured.kernel.ask("etna_token.value"),
    )
    assert [1800.0, 72_000.0] == configured.kernel.ask(
        "[etna_token.warn_before.total_seconds(), etna_token.lifetime.total_seconds()]"
    )
