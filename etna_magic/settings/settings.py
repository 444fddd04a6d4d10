"""What is known of a login's settings and what is missing, each value with its source."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from etna_magic.credentials import DEFAULT_LIFETIME, Credentials, check_header_value
from etna_magic.exceptions import InsecureURLError, InvalidCredentialsError, MissingCredentialsError
from etna_magic.secret import Secret
from etna_magic.settings.embedded_sandbox import sandbox, sandbox_password
from etna_magic.settings.env_file import read_env_file, shown_path
from etna_magic.support import checked_base_url, parse_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
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
_TYPED = "that was typed"


class Setting(NamedTuple):
    """One value and where it was found."""

    value: Secret
    #: What to call it in a message: ``ETNA_PASSWORD from the environment``, ``--username``.
    source: str
    #: Where it was found, to follow "the one": ``from the environment``, ``in .env line 3``.
    place: str = ""
    #: The places of other values that were not used, because this one came first.
    unused: tuple[str, ...] = ()
    #: What in its line of a file is easily meant in another way than it is read; else nothing.
    pitfall: str = ""

    def over(self, others: Iterable[Setting]) -> Setting:
        """Return this setting, noting those that it came before and that say something else."""
        hidden = [other.place for other in others if other.value and other.value != self.value]
        return self._replace(unused=tuple(hidden))


class Settings(NamedTuple):
    """What is known so far of a login's settings."""

    #: Those that have a value, and those that were given with nothing in them.
    known: Mapping[str, Setting]
    empty: Mapping[str, Setting] = MappingProxyType({})
    #: The ``.env`` that was found.
    dotenv: Path | None = None
    #: Variables with ``ETNA`` in front that are not read, such as ``ETNA_USER``, and where each is.
    others: Mapping[str, str] = MappingProxyType({})

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
        flags = {name: f"--{name.replace('_', '-')}" for name in options}
        found = [{VARIABLES[n]: Setting(options[n], flags[n], f"from {flags[n]}") for n in flags}]
        if env_file:
            found.append(_in_file(env_file))
        found.append(_in_environment())
        if (path := dotenv or find_env_file()) is not None:
            try:
                found.append(_in_file(path))
            except MissingCredentialsError as error:
                if any(not any(VARIABLES[n] in one for one in found) for n in REQUIRED if n in names):
                    raise
                # Whatever it says, nothing of it is needed.
                _log.warning("%s It was ignored.", error)
        return cls._of(found, names, path)

    @classmethod
    def _of(
        cls, found: Sequence[Mapping[str, Setting]], names: Collection[str], dotenv: Path | None
    ) -> Settings:
        """Take the first of each; what is set to nothing is asked for like the unknown."""
        known, empty = dict[str, Setting](), dict[str, Setting]()
        for name in names:
            given = [one[VARIABLES[name]] for one in found if VARIABLES[name] in one]
            if given:
                first = given[0].over(given[1:])
                (known if first.value else empty)[name] = first
        for name, setting in known.items():
            _check(name, setting)
        others = {variable: setting.place for one in reversed(found) for variable, setting in one.items()}
        return cls(known, empty, dotenv, {n: others[n] for n in others if n not in VARIABLES.values()})

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings that are needed and not known."""
        return tuple(name for name in REQUIRED if name not in self.known)

    def text(self, name: str) -> str:
        """Return a setting that is no secret, or nothing where it is not known."""
        if name in UNSEEN or name == "pin":
            raise KeyError(name)
        return self.known[name].value.get_secret_value() if name in self.known else ""

    def filled(self, answers: Mapping[str, Secret], *, is_before: bool = False) -> Settings:
        """Return settings that also knows these answers of a person, checked; what was known stays.

        They were typed now, or for a login before this one.
        """
        if not answers:
            return self
        more = {name: typed(name, value, is_before=is_before) for name, value in answers.items()}
        for name, setting in more.items():
            _check(name, setting)
        return self._replace(known={**more, **self.known})

    def is_typed(self, name: str) -> bool:
        """Whether a person typed a value for this login."""
        return name in self.known and self.known[name].place == _TYPED

    def sources(self, *names: str) -> str:
        """Return a clause that says where values came from, and which others were not used."""
        known = [self.known.get(name) or Setting(Secret(""), f"the {_spoken(name)}") for name in names]
        listed = " and ".join(setting.source for setting in known)
        unused = _not_used(place for setting in known for place in setting.unused)
        return f"{listed}; {unused}" if unused else listed

    def pitfall(self, name: str) -> str:
        """Return a clause about how a value may have been misread in its file, or nothing."""
        seen = self.known[name].pitfall if name in self.known else ""
        return f"; the {_spoken(name)}'s line has {seen}, so check how it is quoted" if seen else ""

    def credentials(self, lifetime: timedelta = DEFAULT_LIFETIME) -> Credentials:
        """Return the finished credentials; `MissingCredentialsError` names the variables that are not set."""
        if self.missing:
            names = [VARIABLES[name] for name in self.missing]
            are, them = ("is", "it") if len(names) == 1 else ("are", "them")
            raise MissingCredentialsError(
                f"{_listed(names)} {are} not set: set {them} "
                "in the environment, in a .env, or in a file named by --env-file (env_file=)."
                f"{self._why_missing()}"
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

    def _why_missing(self) -> str:
        """Return a sentence about what was given and is empty, or has another name; or nothing."""
        said = []
        for name in self.missing:
            if (setting := self.empty.get(name)) is not None:
                hides = f" and hides the one {' and '.join(setting.unused)}" if setting.unused else ""
                said.append(f"{setting.source} is empty{hides}")
        if said:
            return f" {', '.join(said)}."
        import difflib  # noqa: PLC0415 - for this one sentence

        missing, spelt = [VARIABLES[name] for name in self.missing], dict[str, tuple[str, str]]()
        for other, place in self.others.items():
            for near in difflib.get_close_matches(other.upper(), missing, 1, 0.7):
                spelt.setdefault(near, (f"{near} instead of {other}", f" {place}"))
        # Of many the names alone, for one sentence is enough.
        pairs = [pair + (place if len(spelt) < 3 else "") for pair, place in spelt.values()]
        return f" Did you mean {_listed(pairs)}?" if pairs else ""

    def lifetime(self, otherwise: timedelta) -> timedelta:
        """Return how long the server keeps a token, or `otherwise` where no setting says so."""
        if "lifetime" not in self.known:
            return otherwise
        try:
            return parse_duration(self.text("lifetime"))
        except ValueError as error:
            sentence = f"{_capital(self.sources('lifetime'))}: {error}."
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
    return settings.filled(options.typed, is_before=True) if same else settings


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
    settings = {
        name: Setting(Secret(value), f"the sandbox's {_spoken(name)}", "from the sandbox")
        for name, value in known.items()
    }
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


def typed(name: str, value: Secret, *, is_before: bool = False) -> Setting:
    """Return a setting that a person typed, now or for a login before this one."""
    if is_before:
        return Setting(value, f"the {_spoken(name)} typed before", f"{_TYPED} before")
    return Setting(value, f"the typed {_spoken(name)}", _TYPED)


def check_typed(name: str, value: Secret) -> None:
    """Refuse what a person typed if it cannot be used; the `EtnaError` says that it was typed."""
    _check(name, typed(name, value))


def _check(name: str, setting: Setting) -> None:
    """Refuse a value that cannot be used, by its source and what it hides."""
    unused = _not_used(setting.unused)
    after = f" {_capital(unused)}." if unused else ""
    check_header_value(_capital(setting.source), setting.value, setting=name, after=after)
    if name != "base_url":
        return
    try:
        checked_base_url(setting.value.get_secret_value())
    except InsecureURLError as error:
        sentence = f"{error} It is {'; '.join(filter(None, (setting.source, unused)))}."
    else:
        return
    raise InsecureURLError(sentence)


def _not_used(places: Iterable[str]) -> str:
    """Return a clause about values that were not used, or nothing."""
    found = list(dict.fromkeys(places))
    one, was = ("the one", "was") if len(found) == 1 else ("those", "were")
    return f"{one} {' and '.join(found)} {was} not used" if found else ""


def _in_environment() -> dict[str, Setting]:
    place = "from the environment"
    names = [name for name in os.environ if name.upper().startswith("ETNA")]
    return {name: Setting(Secret(os.environ[name]), f"{name} {place}", place) for name in names}


def _in_file(path: Path) -> dict[str, Setting]:
    shown = shown_path(path)
    settings = {}
    for name, found in read_env_file(path, frozenset(VARIABLES.values())).items():
        place = f"in {shown} line {found.line}"
        settings[name] = Setting(found.value, f"{name} {place}", place, pitfall=found.pitfall)
    return settings


def _spoken(name: str) -> str:
    """Return a setting's label as it is written inside a sentence."""
    label = LABELS.get(name, name)
    return label if name == "pin" else label[0].lower() + label[1:]


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
