"""``etna_magic.connect()``: the same login from plain Python, without IPython around it.

The file is not called ``connect.py``: importing it would put the module in the place of the function.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from etna_magic import callbacks
from etna_magic.ask import drive, driver_of
from etna_magic.exceptions import EtnaError
from etna_magic.logins.login_command import LoginCommand
from etna_magic.logins.registry import LoginRegistry
from etna_magic.secret import Secret
from etna_magic.session import TIMEOUT, EtnaSession, TokenHolder
from etna_magic.settings import as_parameter, checked_seconds, checked_trust, given_options

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable

    from etna_magic.settings import LoginOptions

_log = logging.getLogger("etna_magic")
_AGAIN = "call etna_magic.connect() again"


class ScriptSession(EtnaSession):
    """The session that ``connect()`` returns: no variable holds its login, so closing it ends that."""

    def __init__(self, name: str, holder: TokenHolder, logins: LoginRegistry) -> None:
        self._logins = logins
        super().__init__(name, logins.settings.timeout, holder=holder)

    def close(self) -> None:
        """Close the connections, renew no more, and keep no token; the server is not asked for anything."""
        login = self._logins.get(self.name)
        token = self._logins.drop(login, f"was closed; {_AGAIN}") if login is not None else None
        super().close()
        if token is not None:
            self.holder.report("logged_out")


class ScriptLogins(LoginRegistry):
    """The one login of a session, whose variables nobody sees."""

    def new_session(self, name: str, holder: TokenHolder) -> EtnaSession:
        """Return the session of a new login."""
        holder.hint = f"To log in again, {_AGAIN}."
        # There is no cell that would say so.
        holder.logs_failures = True
        return ScriptSession(name, holder, self)


def connect(  # noqa: PLR0913 - the options of %etna_login
    *,
    username: str | None = None,
    base_url: str | None = None,
    env_file: str | os.PathLike[str] | None = None,
    lifetime: str | float | None = None,
    code: str | Secret | Callable[[], str | Secret | Awaitable[str | Secret]] | None = None,
    prompt: bool = False,
    no_input: bool = False,
    auto_renew: bool = False,
    remember: bool = False,
    read_only: bool = False,
    sandbox: bool = False,
    timeout: float = TIMEOUT,
    trust: str = "certifi",
    name: str = "etna",
) -> EtnaSession:
    """Log in as ``%etna_login`` does, from a script, and return the session.

    What is not given comes from ``env_file``, the environment or a ``.env``. What is still missing is asked
    for on a terminal; where there is none, as under cron, it fails at once and names the variables.

    Parameters
    ----------
    username, base_url : str, optional
        Who, and the API's base URL.
    env_file : str or path-like, optional
        A file in ``.env`` form, read before the environment.
    lifetime : str or float, optional
        How long the server keeps a token: ``"24h"``, ``"90m"``, or seconds.
    code : str, Secret or callable, optional
        The one-time code of two-factor authentication, or a function without arguments that returns it: it is
        called at each login that needs a code, renewals too, on a thread of its own. An ``async`` one is
        awaited on a loop of its own, so it must use nothing that belongs to another. After 120 seconds it is
        abandoned; what it raises is reported by its kind alone.
    prompt, no_input : bool, optional
        Ask on the terminal for what is missing, as it does by itself; or never ask.
    auto_renew : bool, optional
        Get a fresh token by itself before the old one ends.
    remember : bool, optional
        Keep the token, never the password, for the next run.
    read_only : bool, optional
        Send nothing but reads.
    sandbox : bool, optional
        Log in to the embedded sandbox, and start it if need be.
    timeout : float, optional
        Seconds to wait for an answer, of the login and of each call; by default 30.
    trust : str, optional
        Whose TLS certificates are trusted: ``"certifi"``, as in ``requests``, or ``"system"``, as in browsers
        (extra ``etna-magic[system-trust]``).
    name : str, optional
        What messages call the login.

    Returns
    -------
    EtnaSession
        The session; ``session.token`` is its token. Closing it, or leaving its ``with``, closes its
        connections, ends its renewals and forgets its token here. On the server the token lives to its end,
        as a remembered one has to; ``session.post("logout")`` before that ends it where the server can, with
        `read_only` too.

    Raises
    ------
    EtnaError
        As the login has it.
    TypeError, ValueError
        If an option does not fit.

    Examples
    --------
    >>> with etna_magic.connect(sandbox=True) as session:
    ...     print(session.get("v1.0/users/@me/info").json()["Login"])
    demo
    """
    # No frame of ours holds a code as text.
    code = Secret(code) if isinstance(code, str) and code else code
    options = given_options(
        as_parameter,
        name=name,
        env_file=env_file,
        base_url=base_url,
        username=username,
        lifetime=lifetime,
        code=code,
        prompt=prompt,
        no_input=no_input,
        auto_renew=auto_renew,
        remember=remember,
        read_only=read_only,
        sandbox=sandbox,
    )
    logins = ScriptLogins({})
    logins.settings.timeout = checked_seconds(as_parameter("timeout"), timeout)
    logins.settings.trust = checked_trust(as_parameter("trust"), trust)
    try:
        return _session(LoginCommand(logins, options, None), options)
    except EtnaError as error:
        # The sentence says it all; below this frame there is nothing that a script's author can change.
        failed = error.with_traceback(None)
    raise failed


def _session(command: LoginCommand, options: LoginOptions) -> EtnaSession:
    attempt = command.attempt()
    # Nobody is asked inside: other processes wait for this lock.
    with callbacks.held(), command.lock(attempt):
        known = command.cached(attempt)
        if command.dropped:
            _log.warning("%s", command.dropped)
        outcome = known or command.first_step(attempt)
    if not isinstance(outcome, dict):
        driver = driver_of(options.ask, None)
        command.store(attempt, drive(attempt, driver, outcome))
    if command.problem:
        _log.warning("%s: %s (remember=).", options.name, command.problem)
    return command.logged_in().session
