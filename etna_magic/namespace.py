"""The log-ins of a kernel: put into its namespace, found there, and taken away."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from etna_magic.exceptions import EtnaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from etna_magic.session import EtnaSession
    from etna_magic.token import Token

_F = TypeVar("_F", bound="Callable[..., Any]")


def _locked(method: _F) -> _F:
    """Let one thread at a time change the log-ins."""

    @functools.wraps(method)
    def locked(self: Logins, *args: Any) -> Any:
        with self._lock:
            return method(self, *args)

    return cast("_F", locked)


class Login:
    """One log-in by its name.

    Parameters
    ----------
    name : str
        What it is called in ``%etna_login NAME``.
    session : EtnaSession
        The session that stands in the namespace; the same for all its tokens.
    """

    __slots__ = ("forgets", "form", "name", "notice", "recipe", "session", "token", "told")

    def __init__(self, name: str, session: EtnaSession) -> None:
        self.name = name
        self.session = session
        self.token: Token | None = None
        #: How it was logged in, for a line that repeats it.
        self.recipe: Any = None
        #: By owner: drops what was remembered of it, and returns why that failed.
        self.forgets: dict[str, Callable[[], str]] = {}
        #: The form that waits for a person, if one does.
        self.form: Any = None
        #: What the next cell has to show or ask, because a renewal could not go on without a person.
        self.notice: Callable[[], None] | None = None
        #: What the watcher has said of this token.
        self.told: set[str] = set()


class Logins:
    """Every log-in whose variables stand in one namespace.

    Parameters
    ----------
    namespace : mutable mapping of str to object
        Where ``NAME_token`` and ``NAME_session`` go: the kernel's ``user_ns``.

    Examples
    --------
    >>> logins = Logins(namespace := {})
    >>> logins.get("etna") is None
    True
    """

    def __init__(self, namespace: MutableMapping[str, Any]) -> None:
        self.namespace = namespace
        self._logins: dict[str, Login] = {}
        # A renewal ends on its own thread, and may find that somebody was faster.
        self._lock = threading.RLock()
        #: Grows with every change, so that whoever looks ahead knows when to look again.
        self.version = 0

    def touch(self) -> None:
        """Say that something about the log-ins has changed."""
        self.version += 1

    def get(self, name: str) -> Login | None:
        """Return the log-in of that name, if there is one."""
        return self._logins.get(name)

    def __iter__(self) -> Iterator[Login]:
        return iter(list(self._logins.values()))

    def live(self) -> list[tuple[Login, Token]]:
        """Return the log-ins whose token stands in the namespace at this moment."""
        found: list[tuple[Login, Token]] = []
        for login in self:
            # Annotated, since `is` with something of any type would take its type away.
            token: Token | None = login.token
            if self.namespace.get(f"{login.name}_token") is token and token is not None:
                found.append((login, token))
        return found

    def refuse_foreign(self, name: str) -> None:
        """Raise if a log-in of that name would overwrite a variable that is not ours.

        Raises
        ------
        EtnaError
            Names the variable.
        """
        login = self._logins.get(name)
        ours = (login.token, login.session) if login else ()
        for variable in (f"{name}_token", f"{name}_session"):
            if variable not in self.namespace:
                continue
            value = self.namespace[variable]
            if not any(value is own for own in ours):
                raise EtnaError(
                    f"{variable} is a variable of your own ({type(value).__name__}) and is not overwritten: "
                    f"rename or delete it, or log in under another name (%etna_login OTHER)."
                )

    @_locked
    def await_login(self, name: str, absence: str, timeout: float) -> Login:
        """Put the session of a log-in that is not finished into the namespace.

        Any use of it raises `NotLoggedInError`, with `absence` in its sentence.
        """
        login = self._logins.get(name) or Login(name, _new_session(name, timeout))
        login.session.unbind(absence)
        self._logins[name] = login
        self.namespace[f"{name}_session"] = login.session
        self.touch()
        return login

    @_locked
    def restore(self, name: str) -> None:
        """Take back what :meth:`await_login` did, because the log-in was called off."""
        login = self._logins.get(name)
        if login is None or login.form is None:
            return
        login.form = None
        if login.token is None:
            self.drop(login, "was not logged in: its form was called off")
        else:
            login.session.bind(login.token)
            self.touch()

    @_locked
    def store(self, name: str, token: Token, recipe: object, timeout: float) -> Login:
        """Put a finished log-in into the namespace, its session the same as before."""
        login = self._logins.get(name) or Login(name, _new_session(name, timeout))
        login.token, login.recipe, login.told, login.form = token, recipe, set(), None
        login.notice = None
        login.session.on_change = self.touch
        login.session.timeout = timeout
        login.session.bind(token)
        self._logins[name] = login
        self.namespace[f"{name}_token"] = token
        self.namespace[f"{name}_session"] = login.session
        self.touch()
        return login

    @_locked
    def renew(self, login: Login, old: Token, token: Token) -> bool:
        """Put a fresh token in the place of a log-in's old one; return whether that is still its place.

        It is not if the log-in was ended or made anew meanwhile, or if a form waits for that.
        """
        if self._logins.get(login.name) is not login or not login.session.holds(old):
            return False
        variable = f"{login.name}_token"
        if self.namespace.get(variable) is old:
            self.namespace[variable] = token
        login.token, login.told, login.notice = token, set(), None
        login.session.bind(token)
        self.touch()
        return True

    @_locked
    def drop(self, login: Login, absence: str) -> None:
        """Take a log-in away: its variables, and the token from whoever still holds the session."""
        for variable, own in ((f"{login.name}_token", login.token), (f"{login.name}_session", login.session)):
            if self.namespace.get(variable) is own:
                self.namespace.pop(variable, None)
        if login.token is not None:
            login.token.ended = absence
        login.session.renewal = None
        login.session.unbind(absence)
        self._logins.pop(login.name, None)
        self.touch()


def _new_session(name: str, timeout: float) -> EtnaSession:
    # requests is imported by the first log-in and not by %load_ext, which must cost nothing.
    from etna_magic.session import EtnaSession  # noqa: PLC0415

    return EtnaSession(name, timeout)
