"""Log in to the ETNA Trader API from a notebook, keep the token with its expiry, be warned when it is stale.

``%load_ext etna_magic`` adds ``%etna_login``, ``%etna_status`` and ``%etna_logout``. The names
below are imported when they are first asked for, so that loading the extension costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from etna_magic.callbacks import LoginEvent, on
    from etna_magic.credentials import Credentials
    from etna_magic.exceptions import (
        ApplicationKeyError,
        ConnectionFailedError,
        EtnaError,
        InsecureURLError,
        InvalidCredentialsError,
        MissingCredentialsError,
        NotLoggedInError,
        PasswordExpiredError,
        RateLimitedError,
        ReadOnlyError,
        TokenExpiredError,
        UnexpectedResponseError,
        VerificationError,
    )
    from etna_magic.logins.script_login import connect
    from etna_magic.notebook.async_login import login
    from etna_magic.secret import Secret
    from etna_magic.session import EtnaSession, WorkerSession
    from etna_magic.token import Token, TokenState

__version__ = "0.1.0"

__all__ = [
    "ApplicationKeyError",
    "ConnectionFailedError",
    "Credentials",
    "EtnaError",
    "EtnaSession",
    "InsecureURLError",
    "InvalidCredentialsError",
    "LoginEvent",
    "MissingCredentialsError",
    "NotLoggedInError",
    "PasswordExpiredError",
    "RateLimitedError",
    "ReadOnlyError",
    "Secret",
    "Token",
    "TokenExpiredError",
    "TokenState",
    "UnexpectedResponseError",
    "VerificationError",
    "WorkerSession",
    "connect",
    "load_ipython_extension",
    "login",
    "on",
    "unload_ipython_extension",
]

_HOMES = {
    "Credentials": "credentials",
    "EtnaSession": "session",
    "LoginEvent": "callbacks",
    "Secret": "secret",
    "connect": "logins.script_login",
    "Token": "token",
    "login": "notebook.async_login",
    "on": "callbacks",
    "TokenState": "token",
    "WorkerSession": "session",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'exceptions')}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def load_ipython_extension(shell: object) -> None:
    """Add the magics and the hooks; called by ``%load_ext etna_magic``.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython.

    Raises
    ------
    EtnaError
        If it is none, as in Panel, marimo and Solara.

    Examples
    --------
    >>> %reload_ext etna_magic
    """
    from IPython.core.interactiveshell import InteractiveShell as Shell  # noqa: PLC0415 - importing a name from here must not load IPython

    from etna_magic.notebook.magics import EtnaMagics  # noqa: PLC0415 - as above

    if not isinstance(shell, Shell):
        # None in Panel and marimo, and a stand-in in Solara: there are no cells, and so no magics.
        from etna_magic.exceptions import EtnaError  # noqa: PLC0415 - as above

        raise EtnaError(
            "The magics need IPython's own shell, and this program runs none. "
            "Use etna_magic.connect() here: it gives the same session without IPython."
        )
    EtnaMagics(shell).register()


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics and the hooks away; called by ``%unload_ext etna_magic``.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython.

    Examples
    --------
    >>> %unload_ext etna_magic
    >>> %load_ext etna_magic
    """
    magics = shell.magics_manager.registry.get("EtnaMagics")
    if magics is not None:
        magics.unregister()
