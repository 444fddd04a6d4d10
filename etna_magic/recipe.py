"""How a log-in was asked for, so that a bare ``%etna_login`` can ask for it again."""

from __future__ import annotations

import contextlib
import os.path
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from etna_magic import embedded
from etna_magic.origin import checked_base_url
from etna_magic.secret import Secret
from etna_magic.settings import Setting, Settings
from etna_magic.timetext import parse_duration

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from datetime import timedelta


@dataclass(frozen=True)
class Recipe:
    """The options of a log-in, and what a person typed for it.

    Parameters
    ----------
    options : mapping of str to str
        ``base_url``, ``username`` and ``lifetime``, where they were given on the line.
    env_file : Path or None
        The file named by ``--env-file``.
    sandbox : bool
        Whether to log in to the embedded sandbox.
    asks : bool
        Whether a person wants to be asked there, where nothing would be missing.
    auto_renew : bool
        Whether the line asked for its token to be replaced before it ends.
    remember : bool
        Whether its token is kept across kernel restarts.
    dotenv : Path or None
        The ``.env`` that a renewal reads again, wherever the kernel works by then.
    typed : mapping of str to Secret
        What a person typed for it last time; the password only where it is needed for renewals.
    typed_for : str
        The base URL that it was typed for.
    """

    options: Mapping[str, str]
    env_file: Path | None = None
    sandbox: bool = False
    asks: bool = False
    auto_renew: bool = False
    remember: bool = False
    dotenv: Path | None = None
    typed: Mapping[str, Secret] = field(default_factory=dict)
    typed_for: str = ""

    @classmethod
    def of(cls, options: Namespace, before: Recipe | None) -> Recipe:
        """Return the recipe of a line; one that says neither who nor where repeats `before`.

        The warning's mending line is such a line. It must not lead to another user or server
        because the environment names one.
        """
        given = {name: getattr(options, name) for name in ("base_url", "username", "lifetime")}
        given = {name: value for name, value in given.items() if value is not None}
        if options.sandbox and (options.base_url or options.env_file):
            raise UsageError("--sandbox says where to log in: leave out --base-url and --env-file.")
        if options.sandbox and options.remember:
            raise UsageError(
                "The embedded sandbox ends with this kernel, so there is nothing to --remember: start one "
                "with python -m etna_magic.sandbox, and name it with --base-url."
            )
        asks = bool(options.form or options.prompt)
        if before and not (options.base_url or options.username or options.env_file or options.sandbox):
            given = {**before.options, **given}
            return replace(
                before,
                dotenv=None,
                options=given,
                asks=asks,
                auto_renew=options.auto_renew or before.auto_renew,
                remember=options.remember or before.remember,
            )
        env_file = _path(options.env_file) if options.env_file else None
        return cls(given, env_file, options.sandbox, asks, options.auto_renew, options.remember)

    def settings(self, lifetime: timedelta) -> Settings:
        """Return all that is known by this recipe.

        Parameters
        ----------
        lifetime : timedelta
            How long the embedded sandbox keeps a token, where the recipe does not say.

        Returns
        -------
        Settings
            Checked; what is missing has to be asked for.

        Raises
        ------
        IPython.core.error.UsageError
            If the sandbox cannot be had, or does not know the user.
        EtnaError
            If a value cannot be used or a file cannot be read.
        """
        if self.sandbox:
            settings = self._of_sandbox(lifetime)
        else:
            settings = Settings.read(_secrets(self.options), self.env_file, self.dotenv)
        if not self.typed:
            return settings
        base_url = settings.text("base_url") or self.typed.get("base_url", Secret("")).reveal()
        # What was typed for one server, an app key above all, is not sent to another.
        same = bool(base_url) and checked_base_url(base_url) == self.typed_for
        return settings.filled(self.typed) if same else settings

    def _of_sandbox(self, lifetime: timedelta) -> Settings:
        # Who and where is the sandbox's own; the rest comes in the order of any log-in.
        asked = {name: Secret(text) for name, text in self.options.items() if name == "lifetime"}
        rest = Settings.read(asked, names=("pin", "lifetime"))
        given = rest.text("lifetime")
        server = embedded.sandbox(parse_duration(given) if given else lifetime)
        typed = self.typed.get("username", Secret("demo")).reveal()
        username = self.options.get("username", typed)
        known = {"base_url": server.base_url, "app_key": server.app_key}
        if "username" in self.options or not self.asks:
            known["username"] = username
        if not self.asks:
            try:
                known["password"] = server.password_of(username)
            except ValueError as error:
                raise UsageError(str(error)) from None
        settings = {name: Setting(Secret(value), "the sandbox") for name, value in known.items()}
        return Settings({**settings, **rest.known})


def _secrets(texts: Mapping[str, str]) -> dict[str, Secret]:
    return {name: Secret(text) for name, text in texts.items()}


def _path(text: str) -> Path:
    # os.path's expanduser leaves alone what Path's raises for.
    path = Path(os.path.expanduser(text))  # noqa: PTH111
    with contextlib.suppress(OSError):  # the working directory was deleted
        # Absolute, so that a renewal finds it from another working directory too.
        return path.absolute()
    return path
