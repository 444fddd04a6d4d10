"""Keeps a text in the operating system's keyring, where a real one is there."""

from __future__ import annotations

import logging
from typing import Any

from etna_magic.file_store import StoreError
from etna_magic.secret import Secret
from etna_magic.transport import Failure, attempt

_SERVICE = "etna_magic"
_log = logging.getLogger("etna_magic")


class KeyringStore:
    """The keyring of the ``keyring`` library.

    Parameters
    ----------
    keyring : module
        The library.
    """

    def __init__(self, keyring: Any) -> None:
        self._keyring = keyring
        self.place = f"the system's keyring ({keyring.get_keyring().name})"

    def read(self, key: str) -> Secret | None:
        """Return what is kept, or nothing; raise `StoreError` if the keyring does not answer."""
        text = self._ask(lambda: self._keyring.get_password(_SERVICE, key))
        return None if text is None else Secret(text)

    def write(self, key: str, text: Secret) -> None:
        """Keep a text; raise `StoreError` if the keyring does not take it."""
        self._ask(lambda: self._keyring.set_password(_SERVICE, key, text.reveal()))

    def delete(self, key: str) -> None:
        """Keep nothing any more; raise `StoreError` if the keyring does not let go."""
        if self.read(key) is not None:
            self._ask(lambda: self._keyring.delete_password(_SERVICE, key))

    def _ask(self, act: Any) -> Any:
        # The text is in the frames of the library when it raises.
        outcome = attempt(act)
        if isinstance(outcome, Failure):
            outcome.raise_foreign()
            raise StoreError(f"{self.place}: {outcome.kind.__name__}")
        return outcome


def usable_keyring() -> Any:
    """Return the keyring library if it is installed and has a real backend here, or else nothing."""
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.backends import fail, null  # noqa: PLC0415

        backend = keyring.get_keyring()
        chosen = getattr(backend, "backends", [backend])  # a chainer has several, or none
        real = [one for one in chosen if not isinstance(one, fail.Keyring | null.Keyring)]
        usable = bool(real) and backend.priority > 0
    except Exception as error:  # noqa: BLE001 - a set-up that is broken raises whatever it likes
        # No keyring, then: the file is used, and the line of the log-in says so.
        _log.info("no keyring is usable here (%s)", type(error).__name__)
        return None
    return keyring if usable else None
