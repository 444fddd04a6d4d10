"""``%etna_login``, ``%etna_status``, ``%etna_logout``: parse, call, report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments
from traitlets import Bool, Enum, Float, TraitError, Unicode, observe, validate

from etna_magic.namespace import Login, Logins
from etna_magic.watcher import WARN_MODES, Watcher

if TYPE_CHECKING:
    from types import ModuleType

    from IPython.core.interactiveshell import InteractiveShell

# The log-ins outlive %reload_ext, and end with their shell.
_LOGINS: WeakKeyDictionary[InteractiveShell, Logins] = WeakKeyDictionary()


@magics_class
class EtnaMagics(Magics):
    """The magics and their settings.

    Examples
    --------
    >>> %config EtnaMagics.warn = 'used'  # doctest: +SKIP
    """

    warn = Enum(
        WARN_MODES,
        "always",
        help="Which cells warn of a stale token: 'always' every cell, 'used' those that use the log-in, "
        "'once' the first for each token, 'never' none.",
    ).tag(config=True)
    warn_before = Float(15.0, min=0.0, help="Minutes before its end at which a token is near it.").tag(
        config=True
    )
    lifetime = Unicode("24h", help="How long the server keeps a token, where nothing else says so.").tag(
        config=True
    )
    timeout = Float(30.0, min=0.1, help="Seconds to wait for an answer.").tag(config=True)

    auto_renew = Bool(
        False,  # noqa: FBT003 - traitlets takes the default by place
        help="Get a fresh token by itself before the old one ends, at every log-in.",
    ).tag(config=True)

    def __init__(self, shell: InteractiveShell, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        # Configurable has a .shell too, which may be None.
        self.home = shell
        self.logins = _LOGINS.setdefault(shell, Logins(shell.user_ns))
        self.watcher = Watcher(self.logins, lambda: str(self.warn), shell.transform_cell)

    @observe("warn_before")
    def _warn_before_changed(self, _: Any) -> None:
        for login in getattr(self, "logins", ()):  # a configured value comes before there are any
            self.prepare(login)

    @observe("timeout")
    def _timeout_changed(self, _: Any) -> None:
        for login in getattr(self, "logins", ()):
            login.session.timeout = self.timeout

    def prepare(self, login: Login) -> None:
        """Give a log-in's token the warning window that is set."""
        if login.token is not None:
            login.token.warn_before = timedelta(minutes=self.warn_before)
        self.logins.touch()

    @validate("lifetime")
    def _checked_lifetime(self, proposal: Any) -> str:
        from etna_magic.timetext import parse_duration  # noqa: PLC0415 - needed by those who set it

        text: str = proposal["value"]
        try:
            parse_duration(text)
        except ValueError as error:
            raise TraitError(f"EtnaMagics.lifetime: {error}") from None
        return text

    @magic_arguments()
    @argument("name", nargs="?", default="etna", help="names the log-in; the default is etna")
    @argument("-e", "--env-file", metavar="PATH", help="read ETNA_* from this file")
    @argument("-b", "--base-url", metavar="URL", help="the API's base URL")
    @argument("-u", "--username", metavar="USER", help="the user")
    @argument(
        "--lifetime", metavar="DURATION", help="how long the server keeps a token: 24h, 90m, 3600 (seconds)"
    )
    @argument("--code", metavar="CODE", help="the one-time code of two-factor authentication")
    @argument("--form", action="store_true", help="ask by form")
    @argument("--prompt", action="store_true", help="ask by prompt")
    @argument("--no-input", action="store_true", help="never ask")
    @argument("--auto-renew", action="store_true", help="get a fresh token before the old one ends")
    @argument("--remember", action="store_true", help="keep the token across kernel restarts")
    @argument(
        "--sandbox", action="store_true", help="log in to the embedded sandbox, and start it if need be"
    )
    @line_magic
    def etna_login(self, line: str) -> None:
        """Log in to the ETNA Trader API; NAME_token and NAME_session then stand in the namespace.

        What is not given comes from the file of --env-file, the environment or a .env
        (ETNA_BASE_URL, ETNA_APP_KEY, ETNA_USERNAME, ETNA_PASSWORD, ETNA_PIN_CODE,
        ETNA_TOKEN_LIFETIME), and what is missing then is asked for. A line that says neither who
        nor where repeats the last log-in of that name. A password or an app key is never given
        here: a cell is saved.
        """
        _commands().log_in(self, line)

    @magic_arguments()
    @argument("name", nargs="?", help="only this log-in")
    @argument(
        "--for", dest="duration", metavar="DURATION", help="say which tokens will not last that long: 6h, 90m"
    )
    @line_magic
    def etna_status(self, line: str) -> None:
        """List the log-ins: who, where, in what state, until when, and how long that is."""
        _commands().show_status(self, line)

    @magic_arguments()
    @argument("name", nargs="?", help="the log-in; the default is etna")
    @argument("--all", action="store_true", help="every log-in")
    @line_magic
    def etna_logout(self, line: str) -> None:
        """End a token on the server where the server can, and take its variables away."""
        _commands().log_out(self, line)

    def register(self) -> None:
        """Put the magics and the hooks into the shell."""
        self.home.register_magics(self)
        self.home.events.register("pre_run_cell", self.watcher.pre_run_cell)
        self.home.events.register("post_run_cell", self.watcher.post_run_cell)

    def unregister(self) -> None:
        """Take away everything that :meth:`register` and the making of this object put there."""
        self.home.events.unregister("pre_run_cell", self.watcher.pre_run_cell)
        self.home.events.unregister("post_run_cell", self.watcher.post_run_cell)
        for login in self.logins:
            if login.form is not None:
                login.form.call_off("The extension was unloaded before this log-in was finished.")
                self.logins.restore(login.name)
        manager = self.home.magics_manager
        for name, function in self.magics["line"].items():
            if manager.magics["line"].get(name) == function:
                del manager.magics["line"][name]
        manager.registry.pop(type(self).__name__, None)
        cast("list[Any]", self.home.configurables).remove(self)


def _commands() -> ModuleType:
    # They import requests and more, which %load_ext must not.
    from etna_magic import commands  # noqa: PLC0415

    return commands
