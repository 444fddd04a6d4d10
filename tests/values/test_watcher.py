"""The watcher says that something is wrong with the log-ins, and lets every cell run."""

import logging
from types import SimpleNamespace

import pytest

from etna_magic.namespace import Logins
from etna_magic.watcher import Watcher


class Misbehaving(Logins):
    """Log-ins that cannot be looked at."""

    def live(self):
        """Raise, with a secret in the text."""
        raise ValueError("Hunter2-typed")


def test_it_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Before and after a cell it returns, and leaves one line that names the kind of error alone."""
    caplog.set_level(logging.WARNING, "etna_magic")
    watcher = Watcher(Misbehaving({}), lambda: "always", str)
    info = SimpleNamespace(raw_cell="6 * 7", cell_id="a", store_history=True)
    line = "etna_magic could not look at the tokens (ValueError)."
    watcher.pre_run_cell(info)
    assert [line] == [record.getMessage() for record in caplog.records]
    watcher.post_run_cell(SimpleNamespace(info=info))
    assert [(logging.WARNING, line)] * 2 == [(r.levelno, r.getMessage()) for r in caplog.records]
