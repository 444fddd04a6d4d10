"""What is known of a log-in's settings: from options, files, the environment and a person."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etna_magic.credentials import DEFAULT_LIFETIME, Credentials, check
from etna_magic.environment import find_env_file, read_env_file, read_environment
from etna_magic.exceptions import InvalidCredentialsError, MissingCredentialsError
from etna_magic.origin import checked_base_url
from etna_magic.timetext import parse_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import timedelta
    from pathlib import Path

    from etna_magic.secret import Secret

#: The settings, the variables that hold them, and what a person calls them.
VARIABLES = {
    "base_url": "ETNA_BASE_URL",
    "app_key": "ETNA_APP_KEY",
    "username": "ETNA_USERNAME",
    "password": "ETNA_PASSWORD",
    "pin": "ETNA_PIN_CODE",
    "lifetime": "ETNA_TOKEN_LIFETIME",
}
_log = logging.getLogger("etna_magic")
REQUIRED = ("base_url", "app_key", "username", "password")
LABELS = dict(zip(REQUIRED, ("Base URL", "App key", "Username", "Password"), strict=True)) | {"pin": "PIN"}
UNSEEN = ("app_key", "password")


@dataclass(frozen=True)
class Setting:
    """One value and where it was found."""

    value: Secret
    source: str


@dataclass(frozen=True)
class Settings:
    """What is known so far of a log-in's settings.

    Parameters
    ----------
    known : mapping of str to Setting
        The settings by name.
    empty : tuple of str, optional
        Names of settings that were given, with nothing in them.
    dotenv : Path or None, optional
        The ``.env`` that was found.
    """

    known: Mapping[str, Setting]
    empty: tuple[str, ...] = ()
    dotenv: Path | None = None

    @classmethod
    def read(
        cls,
        options: Mapping[str, Secret],
        env_file: Path | None = None,
        dotenv: Path | None = None,
        names: Collection[str] = tuple(VARIABLES),
    ) -> Settings:
        """Collect settings: options, the named file, the process environment, a ``.env``.

        The first that has a setting wins. Nothing is written to ``os.environ``.

        Parameters
        ----------
        options : mapping of str to Secret
            Settings given outright, by name.
        env_file : Path or None, optional
            A file in ``.env`` form that outranks the environment.
        dotenv : Path or None, optional
            The ``.env`` that stands behind all; without one the nearest is looked for.
        names : collection of str, optional
            Which settings to look for; all of them.

        Returns
        -------
        Settings
            What was found, checked.

        Raises
        ------
        InvalidCredentialsError, InsecureURLError, MissingCredentialsError
            If a value cannot be used, or a file cannot be read.
        """
        known = {n: Setting(v, f"--{n.replace('_', '-')}") for n, v in options.items()}
        for variables, place in (
            (read_env_file(env_file) if env_file else {}, f"in {env_file}"),
            (read_environment(VARIABLES.values()), "in the environment"),
        ):
            _fill(known, variables, place, names)
        found = dotenv or find_env_file()
        if found:
            try:
                _fill(known, read_env_file(found), f"in {found}", names)
            except MissingCredentialsError as error:
                if not known.keys() >= set(REQUIRED) & set(names):
                    raise
                # Whatever it says, nothing of it is needed.
                _log.warning("%s It was passed over.", error)
        return cls._checked(known, found)

    @classmethod
    def _checked(cls, known: Mapping[str, Setting], dotenv: Path | None) -> Settings:
        # What is set to nothing wins over what comes after it, and is asked for like the unknown.
        full = {name: setting for name, setting in known.items() if setting.value}
        for name, setting in full.items():
            check(setting.source, setting.value)
            if name == "base_url":
                checked_base_url(setting.value.reveal())
        return cls(full, tuple(name for name in known if name not in full), dotenv)

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings that are needed and not known."""
        return tuple(name for name in REQUIRED if name not in self.known)

    def text(self, name: str) -> str:
        """Return a setting that is no secret, or nothing where it is not known."""
        if name in UNSEEN or name == "pin":
            raise KeyError(name)
        return self.known[name].value.reveal() if name in self.known else ""

    def filled(self, answers: Mapping[str, Secret], source: str = "what was typed") -> Settings:
        """Return settings that also knows these answers, checked; what was known stays."""
        for name, value in answers.items():
            check(LABELS[name], value)
        more = {name: Setting(value, source) for name, value in answers.items()}
        return self._checked({**more, **self.known}, self.dotenv)

    def credentials(self, lifetime: timedelta = DEFAULT_LIFETIME) -> Credentials:
        """Return the finished credentials.

        Parameters
        ----------
        lifetime : timedelta, optional
            What stands behind all settings for how long the server keeps a token.

        Returns
        -------
        Credentials
            Everything that a log-in needs.

        Raises
        ------
        MissingCredentialsError
            If something is not known; it names the variables.
        """
        if self.missing:
            raise MissingCredentialsError(self._missing_sentence())
        pin = self.known.get("pin")
        return Credentials(
            self.text("base_url"),
            self.known["app_key"].value,
            self.text("username"),
            self.known["password"].value,
            pin.value if pin else None,
            self.credentials_lifetime(lifetime),
        )

    def _missing_sentence(self) -> str:
        names = [VARIABLES[n] + (" (it is empty)" if n in self.empty else "") for n in self.missing]
        listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
        return (
            f"{listed} {'are' if len(names) > 1 else 'is'} not set: set {'them' if len(names) > 1 else 'it'} "
            "in the environment, in a .env file or in one named by --env-file."
        )

    def credentials_lifetime(self, otherwise: timedelta) -> timedelta:
        """Return how long the server keeps a token, or what stands behind all settings."""
        if "lifetime" not in self.known:
            return otherwise
        try:
            return parse_duration(self.text("lifetime"))
        except ValueError as error:
            sentence = f"{self.known['lifetime'].source}: {error}."
        raise InvalidCredentialsError(sentence)


def _fill(
    known: dict[str, Setting], variables: Mapping[str, Secret], place: str, names: Collection[str]
) -> None:
    """Add those of the variables whose setting is not known yet."""
    for name in names:
        variable = VARIABLES[name]
        if variable in variables:
            known.setdefault(name, Setting(variables[variable], f"{variable} {place}"))
