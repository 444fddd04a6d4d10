"""``%etna_login``, ``%etna_status``, ``%etna_logout``, and their settings.

Kept short and with few imports, since ``%load_ext etna_magic`` runs this file.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from IPython.core.completer import context_matcher
from IPython.core.magic import Magics, line_magic, magics_class
from traitlets import Bool, Enum, Float, TraitError, Unicode, observe, validate

from etna_magic.logins import LoginRegistry
from etna_magic.notebook.watcher import WARN_MODES, Watcher

if TYPE_CHECKING:
    from types import TracebackType

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Bunch

    from etna_magic.ask import Kernel
    from etna_magic.exceptions import EtnaError

# The logins outlive %reload_ext, and end with their shell.
_REGISTRIES: WeakKeyDictionary[InteractiveShell, LoginRegistry] = WeakKeyDictionary()

# Each is an attribute of NotebookSettings, too.
_SETTINGS = ("warn", "warn_before", "lifetime", "timeout", "auto_renew", "read_only", "trust")


def _is_installed(module: str) -> bool:
    """Say whether a module can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except ValueError:  # it was put aside
        return False


def _show_error(
    shell: InteractiveShell,
    _: type[EtnaError],
    error: EtnaError,
    traceback: TracebackType,
    tb_offset: int | None = None,  # noqa: ARG001 - IPython passes it by this name
) -> None:
    """Show an error by whatever display is installed, without the frames that it came through.

    IPython asks an exception for the lines to show, but ``rich.traceback.install()`` puts its own display in
    place of IPython's, and that one draws a frame of some 70 lines around each call below.
    """
    if shell.call_pdb:
        # A debugger needs the frames.
        shell.showtraceback(running_compiled_code=True)
        return
    try:
        raise error.with_traceback(None)
    except type(error):
        # Of this one frame the display leaves out the first, as it does with IPython's own.
        shell.showtraceback(running_compiled_code=True)
    finally:
        # For %debug, and for whoever looks at the exception.
        error.__traceback__ = traceback
        sys.last_traceback = traceback


@magics_class
class EtnaMagics(Magics):
    """The magics and their settings.

    Parameters
    ----------
    shell : InteractiveShell
        The running IPython.

    Examples
    --------
    >>> %config EtnaMagics.warn = 'used'
    """

    warn = Enum(
        WARN_MODES,
        "always",
        help="Which cells warn of a stale token: 'always' every cell, 'used' those that use the login, "
        "'once' the first for each token, 'never' none.",
    ).tag(config=True)
    warn_before = Float(
        15.0,
        min=0.0,
        help="How many minutes before a token's end a line says so; at most a tenth of its lifetime.",
    ).tag(config=True)
    lifetime = Unicode(
        "24h", help="How long the server keeps a token, as 24h or 90m, where nothing else says so."
    ).tag(config=True)
    timeout = Float(30.0, min=0.1, help="How many seconds to wait for the server.").tag(config=True)
    auto_renew = Bool(
        False,  # noqa: FBT003 - traitlets takes the default as the first argument
        help="At every login, get a fresh token before the old one ends, as --auto-renew does.",
    ).tag(config=True)
    read_only = Bool(
        False,  # noqa: FBT003 - as above
        help="From the next login on, send nothing but reads, as --read-only does.",
    ).tag(config=True)

    trust = Enum(
        ("certifi", "system"),
        "certifi",
        help="Whose TLS certificates are trusted: 'certifi', as in requests, or 'system', as in browsers "
        "(extra etna-magic[system-trust]).",
    ).tag(config=True)

    def __init__(self, shell: InteractiveShell, **kwargs: Any) -> None:
        # Before what it derives from: a configured value is observed in there.
        self.registry = _REGISTRIES.setdefault(shell, LoginRegistry(shell.user_ns))
        self._shell = shell
        super().__init__(shell, **kwargs)
        self.watcher = Watcher(self.registry, shell.transform_cell)
        self._write_settings()

    @observe(*_SETTINGS)
    def _setting_changed(self, _: Bunch) -> None:
        self._write_settings()

    def _write_settings(self) -> None:
        settings = self.registry.settings
        for name in _SETTINGS:
            setattr(settings, name, getattr(self, name))
        for login in self.registry:
            login.session.timeout = settings.timeout
            login.session.trust = settings.trust
            self.registry.prepare(login)

    @validate("trust")
    def _check_trust(self, proposal: Bunch) -> str:
        trust: str = proposal["value"]
        if trust == "system" and not _is_installed("truststore"):
            raise TraitError(
                "EtnaMagics.trust: 'system' needs its extra: run %pip install 'etna-magic[system-trust]', "
                "then restart the kernel."
            )
        return trust

    @validate("lifetime")
    def _check_lifetime(self, proposal: Bunch) -> str:
        from etna_magic.support import parse_duration  # noqa: PLC0415 - needed by those who set it

        text: str = proposal["value"]
        try:
            parse_duration(text)
        except ValueError as error:
            raise TraitError(f"EtnaMagics.lifetime: {error}") from None
        return text

    @line_magic
    def etna_login(self, line: str) -> None:
        """Log in to the ETNA Trader API, and put NAME_token and NAME_session into the namespace.

        ::

            %etna_login [NAME] [options]

            NAME                  names the login; the default is etna
            -e, --env-file PATH   read ETNA_* from this file
            -b, --base-url URL    the API's base URL
            -u, --username USER   the user
            --lifetime DURATION   how long the server keeps a token: 24h, 90m, 3600
            --code CODE           the one-time code of two-factor authentication
            --form                ask by form
            --prompt              ask by prompt
            --no-input            never ask
            --auto-renew          get a fresh token before the old one ends, also while nothing is called
            --remember            keep the token across kernel restarts
            --read-only           send nothing but reads
            --quiet               report neither user nor host nor folder
            --sandbox             log in to the embedded sandbox

        For example::

            %etna_login
            %etna_login paper -e paper.env --auto-renew

        What is not given comes from the file of --env-file, the environment or a .env:
        ETNA_BASE_URL, ETNA_APP_KEY, ETNA_USERNAME, ETNA_PASSWORD, ETNA_PIN_CODE and
        ETNA_TOKEN_LIFETIME. What is still missing is asked for.

        A line that says neither who nor where repeats the last login of that name.
        There is no option for a password or an app key, since cells are saved.
        """
        self.show_errors_by_line()
        from etna_magic.logins import login_command  # noqa: PLC0415 - %load_ext must not pay for it

        options = None
        if line.strip():
            from etna_magic.notebook.arguments import parse_login  # noqa: PLC0415 - nor a bare line for a parser

            options = parse_login(line)
        login_command.log_in(self.registry, options, self.kernel)

    @line_magic
    def etna_status(self, line: str) -> None:
        """List the logins, and the tokens that are only remembered: who, where, in what state, until when.

        ::

            %etna_status [NAME] [options]

            NAME                  only what has this name
            --for DURATION        say which tokens will not last that long: 6h, 90m
            --check               ask each server whether it accepts its token
            --json                print it for programs

        ``--json`` prints an object. Its ``logins`` is a list of objects with these keys, null where there is
        nothing to say: name, username, base_url, environment (LIVE, DEMO, SANDBOX), state (fresh, expiring,
        stale), ended (why, if not by the clock), issued_at, expires_at, seconds_left, learned, waiting (for
        a form), variables, read_only, renews, renewal_error, renewal_tried_at, renewal_next_at,
        remembered_in, only_remembered, server (with --check: accepted, refused, unclear, no answer),
        server_reason, lasts (with --for). Moments are ISO 8601 in UTC. Its ``problems`` is a list of
        sentences about what could not be listed.
        """
        self.show_errors_by_line()
        from etna_magic.notebook import arguments, commands  # noqa: PLC0415 - as above

        commands.show_status(self.registry, arguments.parse_status(line))

    @line_magic
    def etna_logout(self, line: str) -> None:
        """End a token on the server where the server can, and remove its variables.

        ::

            %etna_logout [NAME] [options]

            NAME                  the login; the default is etna
            --all                 every login of this kernel

        A NAME that no login of this kernel has is that of a token that is only remembered: it is ended
        on the server, if its app key is known here, and deleted.
        """
        self.show_errors_by_line()
        from etna_magic.notebook import arguments, commands  # noqa: PLC0415 - as above

        commands.log_out(self.registry, arguments.parse_logout(line))

    @context_matcher()
    def complete(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return the options and names of logins that the line of a magic may go on with."""
        if "etna_" not in context.line_with_cursor:
            return {"completions": []}
        from etna_magic.notebook.arguments import completions  # noqa: PLC0415 - as above

        names = [login.name for login in self.registry]
        return completions(context.text_until_cursor, context.token, names)

    def register(self) -> None:
        """Put the magics, the hooks and the completion into the shell."""
        self._shell.register_magics(self)
        self._shell.events.register("pre_run_cell", self.watcher.pre_run_cell)
        self._shell.events.register("post_run_cell", self.watcher.post_run_cell)
        self._matchers.append(self.complete)
        self.registry.use_timers(is_used=True)

    def unregister(self) -> None:
        """Remove everything that :meth:`register` and the making of this object put there."""
        for login in self.registry:
            if login.form is not None:
                login.form.call_off("The extension was unloaded before this login was finished.")
                self.registry.form_ended(login.name)
        self.registry.use_timers(is_used=False)
        from etna_magic import callbacks  # noqa: PLC0415 - as above
        from etna_magic.exceptions import EtnaError  # noqa: PLC0415 - as above

        callbacks.clear()
        if self._shell.custom_exceptions == (EtnaError,):
            self._shell.set_custom_exc((), None)
        if self.complete in self._matchers:
            self._matchers.remove(self.complete)
        self._shell.events.unregister("post_run_cell", self.watcher.post_run_cell)
        self._shell.events.unregister("pre_run_cell", self.watcher.pre_run_cell)
        manager = self._shell.magics_manager
        for name, function in self.magics["line"].items():
            # Another extension may have registered its own under this name since.
            if manager.magics["line"].get(name) == function:
                del manager.magics["line"][name]
        manager.registry.pop(type(self).__name__, None)
        cast("list[Any]", self._shell.configurables).remove(self)

    def show_errors_by_line(self) -> None:
        """Have errors of ours shown as one line whatever displays errors; done by the first magic."""
        # There is room for one handler, which may be a user's own.
        if not self._shell.custom_exceptions:
            from etna_magic.exceptions import EtnaError  # noqa: PLC0415 - as above

            self._shell.set_custom_exc((EtnaError,), _show_error)

    @property
    def _matchers(self) -> list[Any]:
        """What IPython asks at a Tab; a shell of another kind may have nothing of it."""
        completer = getattr(self._shell, "Completer", None)
        return cast("list[Any]", getattr(completer, "custom_matchers", []))

    @property
    def kernel(self) -> Kernel | None:
        """The kernel; a terminal's IPython has none."""
        return cast("Kernel | None", getattr(self._shell, "kernel", None))
