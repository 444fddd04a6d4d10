"""What is known of a login's settings and what is missing, each value with its source."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from etna_magic.credentials import DEFAULT_LIFETIME, Credentials, check_header_value
from etna_magic.exceptions import InvalidCredentialsError, MissingCredentialsError
from etna_magic.secret import Secret
from etna_magic.settings.embedded_sandbox import sandbox, sandbox_password
from etna_magic.support import checked_base_url, parse_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import timedelta

    from etna_magic.settings.login_options import LoginOptions

#: The settings and the variables that hold them.
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


class Setting(NamedTuple):
    """One value and where it was found."""

    value: Secret
    source: str


class Settings(NamedTuple):
    """What is known so far of a login's settings."""

    known: Mapping[str, Setting]
    #: Names of settings that were given, with nothing in them.
    empty: tuple[str, ...] = ()
    #: The ``.env`` that was found.
    dotenv: Path | None = None

    @classmethod
    def read(
        cls,
        options: Mapping[str, Secret],
        env_file: Path | None = None,
        dotenv: Path | None = None,
        names: Collection[str] = tuple(VARIABLES),
    ) -> Settings:
        """Collect settings: options, the named file, the process environment, a ``.env``; the first wins.

        A value that cannot be used, or a file that cannot be read, is an `EtnaError`.
        """
        known = {name: Setting(value, f"--{name.replace('_', '-')}") for name, value in options.items()}

        def add(variables: Mapping[str, Secret], where: str) -> None:
            for name in names:
                if (variable := VARIABLES[name]) in variables:
                    known.setdefault(name, Setting(variables[variable], f"{variable} {where}"))

        if env_file:
            add(read_env_file(env_file), f"in {env_file}")
        environment = {name: Secret(os.environ[name]) for name in VARIABLES.values() if name in os.environ}
        add(environment, "in the environment")
        found = dotenv or find_env_file()
        if found:
            try:
                add(read_env_file(found), f"in {found}")
            except MissingCredentialsError as error:
                if not known.keys() >= set(REQUIRED) & set(names):
                    raise
                # Whatever it says, nothing of it is needed.
                _log.warning("%s It was ignored.", error)
        return cls._checked(known, found)

    @classmethod
    def _checked(cls, known: Mapping[str, Setting], dotenv: Path | None) -> Settings:
        # What is set to nothing wins over what comes after it, and is asked for like the unknown.
        full = {name: setting for name, setting in known.items() if setting.value}
        for name, setting in full.items():
            check_header_value(setting.source, setting.value)
            if name == "base_url":
                checked_base_url(setting.value.get_secret_value())
        return cls(full, tuple(name for name in known if name not in full), dotenv)

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings that are needed and not known."""
        return tuple(name for name in REQUIRED if name not in self.known)

    def text(self, name: str) -> str:
        """Return a setting that is no secret, or nothing where it is not known."""
        if name in UNSEEN or name == "pin":
            raise KeyError(name)
        return self.known[name].value.get_secret_value() if name in self.known else ""

    def filled(self, answers: Mapping[str, Secret], source: str = "what was typed") -> Settings:
        """Return settings that also knows these answers, checked; what was known stays."""
        if not answers:
            return self
        for name, value in answers.items():
            check_header_value(LABELS[name], value)
        more = {name: Setting(value, source) for name, value in answers.items()}
        return self._checked({**more, **self.known}, self.dotenv)

    def credentials(self, lifetime: timedelta = DEFAULT_LIFETIME) -> Credentials:
        """Return the finished credentials; `MissingCredentialsError` names the variables that are not set."""
        if self.missing:
            names = [VARIABLES[n] + (" (it is empty)" if n in self.empty else "") for n in self.missing]
            listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
            are, them = ("is", "it") if len(names) == 1 else ("are", "them")
            raise MissingCredentialsError(
                f"{listed} {are} not set: set {them} "
                "in the environment, in a .env file or in one named by --env-file."
            )
        pin = self.known.get("pin")
        return Credentials(
            self.text("base_url"),
            self.known["app_key"].value,
            self.text("username"),
            self.known["password"].value,
            pin.value if pin else None,
            self.lifetime(lifetime),
        )

    def lifetime(self, otherwise: timedelta) -> timedelta:
        """Return how long the server keeps a token, or `otherwise` where no setting says so."""
        if "lifetime" not in self.known:
            return otherwise
        try:
            return parse_duration(self.text("lifetime"))
        except ValueError as error:
            sentence = f"{self.known['lifetime'].source}: {error}."
        raise InvalidCredentialsError(sentence)


def resolve(options: LoginOptions, lifetime: timedelta) -> Settings:
    """Return all that is known for a login by its options; as :meth:`Settings.read`."""
    if options.sandbox:
        settings = _resolve_sandbox(options, lifetime)
    else:
        given = {name: getattr(options, name) for name in ("base_url", "username", "lifetime")}
        secrets = {name: Secret(text) for name, text in given.items() if text is not None}
        settings = Settings.read(secrets, options.env_file, options.dotenv)
    if not options.typed:
        return settings
    typed_url = options.typed.get("base_url", Secret("")).get_secret_value()
    base_url = settings.text("base_url") or typed_url
    # What was typed for one server, an app key above all, is not sent to another.
    same = bool(base_url) and checked_base_url(base_url) == options.typed_for
    return settings.filled(options.typed) if same else settings


def _resolve_sandbox(options: LoginOptions, lifetime: timedelta) -> Settings:
    # Who and where is the sandbox's own; the rest comes in the order of any login.
    given = {"lifetime": Secret(options.lifetime)} if options.lifetime is not None else {}
    rest = Settings.read(given, names=("pin", "lifetime"))
    server = sandbox(rest.lifetime(lifetime))
    is_asked = options.ask in ("form", "prompt")  # where nothing would be missing
    username = options.username or options.typed.get("username", Secret("demo")).get_secret_value()
    known = {"base_url": server.base_url, "app_key": server.app_key}
    if options.username is not None or not is_asked:
        known["username"] = username
    if not is_asked:
        known["password"] = sandbox_password(server, username)
    settings = {name: Setting(Secret(value), "the sandbox") for name, value in known.items()}
    return Settings({**settings, **rest.known})


def find_env_file() -> Path | None:
    """Return the ``.env`` that is nearest, from the working directory upwards, if there is one."""
    try:
        folder = Path.cwd()
    except OSError:  # the working directory was deleted
        return None
    # As find_dotenv() does it, which takes longer to import than to write.
    found = (parent / ".env" for parent in (folder, *folder.parents))
    return next((path for path in found if os.path.exists(path) and not os.path.isdir(path)), None)  # noqa: PTH110, PTH112 - these never raise


def read_env_file(path: Path) -> dict[str, Secret]:
    """Read a file in ``.env`` form; `MissingCredentialsError` says why not, and holds nothing of its text."""
    try:
        text = Secret(path.expanduser().read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        reason = "is not in UTF-8: save it as UTF-8"
    except OSError as error:
        reason = f"cannot be read ({error.strerror or type(error).__name__})"
    except (ValueError, RuntimeError):  # a NUL in the path; the home of a user who does not exist
        reason = "is no path of a file"
    else:
        from dotenv import dotenv_values  # noqa: PLC0415 - most logins have no file to read

        # As it is written: a password may well hold ${…}.
        values = dotenv_values(stream=io.StringIO(text.get_secret_value()), interpolate=False)
        return {name: Secret(value) for name, value in values.items() if value is not None}
    # Outside of the except: a decoding error holds the file's bytes.
    raise MissingCredentialsError(f"{path} {reason}.")
