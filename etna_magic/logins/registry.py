"""The logins of a kernel: put into its namespace, found there, and removed.

``%load_ext`` imports this file, so it imports nothing else of the package.
"""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from datetime import datetime

    from etna_magic.session import EtnaSession, TokenHolder
    from etna_magic.settings import LoginOptions
    from etna_magic.token import Account, Token


# What ends sooner was ended by somebody: a logout elsewhere, a restart. Were that counted as a lifetime,
# renewals would follow each other as fast. So they are this far apart, unless the settings state less.
_SHORTEST_LEARNED = timedelta(minutes=15)


class NotebookSettings:
    """The settings of the magics; the magics write them here, and everything else reads them here."""

    def __init__(self) -> None:
        #: Which cells warn of a stale token.
        self.warn = "always"
        #: Minutes before its end at which a token is near it.
        self.warn_before = 15.0
        #: How long the server keeps a token, where nothing else says so.
        self.lifetime = "24h"
        #: Seconds to wait for an answer.
        self.timeout = 30.0
        #: Whose certificates are trusted: ``certifi`` or ``system``.
        self.trust = "certifi"
        #: Whether every login renews its token by itself.
        self.auto_renew = False
        #: Whether every login sends nothing but reads.
        self.read_only = False


class WaitingForm(Protocol):
    """A form that waits for a person."""

    def call_off(self, sentence: str) -> None:
        """End it without a login, and say why in its place."""


class Login:
    """One login by its name; its session is the one in the namespace, for all tokens of one account."""

    __slots__ = (
        "forget", "form", "name", "notice", "options", "remembered", "replaced", "session", "tokens",
        "warned",
    )  # fmt: skip

    def __init__(self, name: str, session: EtnaSession) -> None:
        self.name = name
        self.session = session
        #: How it was logged in, for a line that repeats it.
        self.options: LoginOptions | None = None
        #: By account: drops what was remembered of it, and returns why that failed.
        self.forget: dict[str, Callable[[], str]] = {}
        #: Where its token is remembered, for a person; empty where it is not.
        self.remembered = ""
        #: The form that waits for a person, if one does.
        self.form: WaitingForm | None = None
        #: What the next cell has to show or ask, because a renewal could not go on without a person.
        self.notice: Callable[[], None] | None = None
        #: What the watcher has said of this token.
        self.warned: set[str] = set()
        #: Whose tokens were replaced, and when the server ends them; only those that it still accepts.
        self.replaced: list[tuple[Account, datetime]] = []
        #: Every token that it has had and that somebody still refers to.
        self.tokens: WeakSet[Token] = WeakSet()

    @property
    def token(self) -> Token | None:
        """The token that its session signs with, if it has one."""
        return self.session.holder.current()

    def end_tokens(self, reason: str) -> None:
        """Empty every token that it has had, wherever one is still referred to: in ``Out`` or ``_``, say."""
        for token in list(self.tokens):
            token.end(reason)


class LoginRegistry:
    """Every login whose variables, ``NAME_token`` and ``NAME_session``, are in one namespace: ``user_ns``."""

    def __init__(self, namespace: MutableMapping[str, object]) -> None:
        self.namespace = namespace
        self.settings = NotebookSettings()
        #: By base URL: how long the server kept a token that it ended before its time.
        self.learned: dict[str, timedelta] = {}
        #: The base URLs for which that was said.
        self.taught: set[str] = set()
        self._logins: dict[str, Login] = {}
        # A renewal ends on its own thread, and may find that somebody was faster.
        self._lock = threading.RLock()
        #: Grows with every change, so that whoever looks ahead knows when to look again.
        self.version = 0

    def touch(self) -> None:
        """Say that something about the logins has changed."""
        self.version += 1

    def get(self, name: str) -> Login | None:
        """Return the login of that name, if there is one."""
        return self._logins.get(name)

    def __iter__(self) -> Iterator[Login]:
        return iter(list(self._logins.values()))

    def live(self) -> list[tuple[Login, Token]]:
        """Return the logins whose token is in the namespace at this moment."""
        tokens = ((login, login.token) for login in self)
        return [
            (login, token)
            for login, token in tokens
            if token is not None and self.namespace.get(f"{login.name}_token") is token
        ]

    def prepare(self, login: Login) -> None:
        """Give a login's token the warning window that is set."""
        token = login.token
        if token is not None:
            token.warn_before = timedelta(minutes=self.settings.warn_before)
        self.touch()

    def refuse_foreign(self, name: str) -> None:
        """Raise an `EtnaError` if a login of that name would overwrite a variable that is not ours."""
        from etna_magic.exceptions import EtnaError  # noqa: PLC0415 - %load_ext must cost nothing

        with self._lock:
            login = self._logins.get(name)
            ours = (login.token, login.session) if login else ()
            for variable in (f"{name}_token", f"{name}_session"):
                value = self.namespace.get(variable)
                # A saved copy of an earlier login makes way for the new one.
                is_ours = any(value is own for own in ours) or getattr(value, "is_copy", False) is True
                if variable in self.namespace and not is_ours:
                    raise EtnaError(
                        f"{variable} is a variable of your own ({type(value).__name__}) and is not "
                        f"overwritten: rename or delete it, or log in under another name (%etna_login OTHER)."
                    )

    def wait_for_form(self, name: str, form: WaitingForm) -> Login:
        """Note that a form waits; where there is no token yet, each use of the session says so."""
        with self._lock:
            login = self._logins.get(name)
            if login is None:
                from etna_magic.exceptions import login_hint  # noqa: PLC0415 - %load_ext must cost nothing

                reason = f"is waiting for its login: finish the form, or run {login_hint(name)} again"
                login = self._opened(name, reason)
                self._logins[name] = login
                self.namespace[f"{name}_session"] = login.session
            before, login.form = login.form, form
            self.touch()
        if before is not None:
            before.call_off("This form was replaced by a later one.")
        return login

    def form_ended(self, name: str, form: WaitingForm | None = None) -> None:
        """Note that a form has ended without a login; everything is as it was before it was shown."""
        with self._lock:
            login = self._logins.get(name)
            if login is None or login.form is None or (form is not None and login.form is not form):
                return
            login.form = None
            if login.token is None:
                self.drop(login, "was not logged in: its form was closed")
            self.touch()

    def put(self, name: str, token: Token, options: LoginOptions | None) -> Login:
        """Put a finished login into the namespace."""
        before: Login | None = None
        with self._lock:
            login = self._logins.get(name)
            if login is not None and login.session.holder.account not in (None, token.account):
                login, before = None, login
            if login is None:
                login = self._opened(name)
            if before is not None:
                login.form, login.forget, login.tokens = before.form, before.forget, before.tokens
                login.replaced = before.replaced
                self._note_replaced(login, before.token, token)
                accounts = f"{token.account} now, and this session was of {before.session.holder.account}"
                before.session.holder.release(f"is {accounts}")
            login.session.timeout = self.settings.timeout
            login.session.holder.read_only = options is not None and options.read_only
            login.options = options
            self._logins[name] = login
            self.namespace[f"{name}_session"] = login.session
            self._set(login, token)
            form, login.form = login.form, None
        # Other people's code is called when the lock is free, and what it does cannot undo the login.
        if form is not None:
            # The form that brought the token is the one that does not mind.
            form.call_off("This form was closed, because the login was made in another way.")
        if before is not None:
            before.session.holder.report("logged_out")
            with contextlib.suppress(Exception):  # an adapter need not be able to close
                before.session.close()
        return login

    def _opened(self, name: str, absence: str = "is not logged in") -> Login:
        # requests is imported by the first login and not by %load_ext, which must cost nothing.
        from etna_magic.session import TokenHolder  # noqa: PLC0415
        from etna_magic.support import renew_after_fork  # noqa: PLC0415

        renew_after_fork(self)
        holder = TokenHolder(name, None, absence)
        session = self.new_session(name, holder)
        session.trust = self.settings.trust
        return Login(name, session)

    def new_session(self, name: str, holder: TokenHolder) -> EtnaSession:
        """Return the session of a new login."""
        from etna_magic.session import EtnaSession  # noqa: PLC0415 - as above

        return EtnaSession(name, self.settings.timeout, holder=holder)

    def use_timers(self, *, is_used: bool) -> None:
        """Renew tokens while nothing is called, or not: without the extension only who calls renews."""
        for login in self:
            login.session.holder.use_timer(is_used=is_used)

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        self._lock = threading.RLock()

    def is_in_use(self, token: Token, *, besides: Login | None = None) -> bool:
        """Say whether a login uses this token's text: some servers hand out the same one again."""
        others = (login.token for login in self if login is not besides)
        return any(other is not None and other.secrets()[0] == token.secrets()[0] for other in others)

    def replace(self, login: Login, old: Token, token: Token) -> bool:
        """Put a fresh token in the place of a login's old one; return whether that is still its place.

        It is not if the login was ended or made again meanwhile.
        """
        with self._lock:
            if self._logins.get(login.name) is not login or login.token is not old:
                return False
            # A user may have put something else there, which a renewal does not overwrite.
            self._set(login, token, is_visible=self.namespace.get(f"{login.name}_token") is old)
            return True

    def _note_replaced(self, login: Login, old: Token | None, new: Token) -> None:
        now = new.issued_at  # by the clock that tokens age by
        if old is not None and not old.ended and old.secrets()[0] != new.secrets()[0]:
            # By what the settings say: the end that was learned may be a guess.
            login.replaced.append((old.account, old.issued_at + old.stated_lifetime))
        login.replaced = [(account, end) for account, end in login.replaced if end > now]

    def token_changed(self, token: Token) -> None:
        """Note that the server has changed a token's state, and learn from an end that came early."""
        url = token.base_url
        if token.ended_early:
            seen = max(token.age, _SHORTEST_LEARNED)
            self.learned[url] = min(self.learned.get(url, seen), seen)
        elif not token.ended and not token.is_learned:
            self.learned.pop(url, None)
            self.taught.discard(url)
        self.touch()
        for login in self:
            if login.token is token:
                login.session.holder.note_stale(token)
                login.session.holder.wake_timer()  # one that was refused is renewed

    def _set(self, login: Login, token: Token, *, is_visible: bool = True) -> None:
        for known in [one for other in (login, *self._logins.values()) for one in other.tokens]:
            token.keep_issue_time(known)
        self._note_replaced(login, login.token, token)
        login.session.holder.put(token)
        login.session.holder.on_change = self.token_changed
        login.tokens.add(token)
        login.warned, login.notice = set(), None
        if is_visible:
            self.namespace[f"{login.name}_token"] = token
        self.prepare(login)

    def drop(self, login: Login, absence: str) -> Token | None:
        """Remove a login: its variables, and the token from whoever still holds the session."""
        with self._lock:
            token = login.token
            for variable, own in ((f"{login.name}_token", token), (f"{login.name}_session", login.session)):
                if own is not None and self.namespace.get(variable) is own:
                    self.namespace.pop(variable, None)
            login.session.holder.release(absence)
            if self._logins.get(login.name) is login:
                self._logins.pop(login.name)
            self.touch()
            return token
