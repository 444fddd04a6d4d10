"""Logs in under one name: now, by ``%etna_login``, ``login()`` and ``connect()``, and again at each renewal.

Options are resolved to settings, an attempt is made of them, and the token is put into the registry.
Whoever asks for a login drives this; nothing here imports IPython.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

from etna_magic import callbacks, display
from etna_magic.ask import InputMode, drive, driver_of, input_mode
from etna_magic.exceptions import EtnaError, NotLoggedInError
from etna_magic.login_flow import Challenge, LoginAttempt, log_out_on_server
from etna_magic.session import REFUSALS, EtnaSession, TokenRefresher, ask_servers
from etna_magic.settings import CodeSource, LoginOptions, environment_of, resolve
from etna_magic.support import checked_base_url, format_duration, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from etna_magic.ask import Kernel
    from etna_magic.ask.form import LoginForm
    from etna_magic.logins.registry import Login, LoginRegistry
    from etna_magic.token import Token
    from etna_magic.token_cache import CacheKey, LoginCache

# A remembered token that is younger is not asked about: it was good a moment ago.
_JUST_ISSUED = timedelta(minutes=1)


def log_in(registry: LoginRegistry, options: LoginOptions | None, kernel: Kernel | None) -> None:
    """Log in as ``%etna_login`` asks for, at once or by asking a person.

    After an `EtnaError` the logins are as they were before. Options that do not fit this front end are
    IPython's ``UsageError``.
    """
    options = options or LoginOptions()
    command = LoginCommand(registry, options, kernel)
    attempt = command.attempt()
    if attempt.missing or options.ask:
        # Before the first step, which may have the server send somebody a code.
        input_mode(options.ask, kernel)
    # Nobody is asked inside: other kernels wait for this lock.
    with saying_what_was_dropped(command), callbacks.held():
        with command.lock(attempt):
            outcome = command.cached(attempt) or command.first_step(attempt)
        if isinstance(outcome, dict):
            # Before anybody is called back, who may log out again.
            display.show(outcome)
    if isinstance(outcome, dict):
        return
    if input_mode(options.ask, kernel) is InputMode.FORM:
        command.form(attempt).show(outcome)
        return
    with callbacks.held():
        display.show(command.store(attempt, drive(attempt, driver_of(options.ask, kernel), outcome)))


@contextmanager
def saying_what_was_dropped(command: LoginCommand) -> Iterator[None]:
    """Show that a remembered token was refused, unless the line of success has said so."""
    try:
        yield
    finally:
        if command.dropped:
            display.show(display.line(command.dropped, "etna-note"))
            command.dropped = ""


class LoginCommand:
    """A login under one name, with the settings of the magics.

    Where the options say neither who nor where, those of the last login are repeated. A variable of the
    user's own that is in the way is an `EtnaError`.
    """

    def __init__(self, registry: LoginRegistry, options: LoginOptions, kernel: Kernel | None) -> None:
        registry.refuse_foreign(options.name)
        before = registry.get(options.name)
        self.name = options.name
        self.registry = registry
        self.kernel = kernel
        self._options = options.repeating(before.options if before else None)
        self._cache = _cache(registry, self.name) if self._options.remember else None
        #: What to say of a remembered token that the server has refused; empty once that was said.
        self.dropped = ""

    @property
    def timeout(self) -> float:
        """Seconds to wait for an answer."""
        return self.registry.settings.timeout

    @property
    def problem(self) -> str:
        """What was wrong with remembering the token, if something was."""
        return self._cache.problem if self._cache else ""

    def logged_in(self) -> Login:
        """Return the login, once it was made; raise `NotLoggedInError` if it was ended meanwhile."""
        login = self.registry.get(self.name)
        if login is None or login.token is None:
            raise NotLoggedInError(f"The login {self.name} was ended meanwhile. Log in again to go on.")
        return login

    def attempt(self) -> LoginAttempt:
        """Return a new attempt with all that is known at this moment."""
        lifetime = self._lifetime()
        settings = resolve(self._options, lifetime)
        # A code is good once, and is not among the options of a renewal; a function for codes is.
        return LoginAttempt(
            settings,
            lifetime=lifetime,
            code=self._options.code,
            timeout=self.timeout,
            trust=self.registry.settings.trust,
        )

    def _lifetime(self) -> timedelta:
        return parse_duration(self.registry.settings.lifetime)

    def lock(self, attempt: LoginAttempt) -> AbstractContextManager[object]:
        """Return what lets one kernel at a time look for a remembered token, log in and keep it."""
        return self._cache.lock(None if attempt.missing else _key(attempt)) if self._cache else nullcontext()

    def cached_token(self, attempt: LoginAttempt) -> Token | None:
        """Return a token that was remembered and is worth using."""
        if self._cache is None:
            return None
        login = self.registry.get(self.name)
        known = "lifetime" in attempt.settings.known
        lifetime = attempt.settings.lifetime(self._lifetime()) if known else None
        return self._cache.get(_key(attempt), login.token if login else None, lifetime)

    def cached(self, attempt: LoginAttempt) -> display.Bundle | None:
        """Use a token that was remembered, unless the server refuses it; return the line that reports it."""
        token = self.cached_token(attempt)
        if token is None or self._cache is None:
            return None
        checked = self._checked(token, self._cache)
        if not checked:
            return None
        login, changed = self._put(attempt, token)
        login.remembered = self._cache.location
        return self._report(token, changed, f"It was remembered in {self._cache.location}{checked}.")

    def _checked(self, token: Token, cache: LoginCache) -> str:
        """Ask the server about a remembered token; return what it said, or nothing if it refuses it."""
        if token.age < _JUST_ISSUED:
            return "; no request was made"
        login = self.registry.get(self.name)
        session = login.session if login and login.session.account == token.account else None
        if session is None:
            session = EtnaSession(self.name)
            session.trust = self.registry.settings.trust
            session.holder.use_timer(is_used=False)  # it is nobody's
            session.holder.put(token)
        (answer,) = ask_servers([(session, token)], self.timeout)
        if answer.said == "refused":
            cache.discard(token)
            self.dropped = f"{self.name}: the server refuses the token that was remembered; it was deleted."
            return ""
        if answer.said == "accepted":
            return ", and the server accepts it"
        return f"; whether the server still accepts it could not be found out: {answer.reason}"

    def first_step(self, attempt: LoginAttempt) -> display.Bundle | Challenge | None:
        """Return the line of a login that needs nobody, or a challenge, or None if something is missing."""
        if attempt.missing:
            return None
        step = attempt.start({})
        return step if isinstance(step, Challenge) else self.store(attempt, step)

    def store(self, attempt: LoginAttempt, token: Token) -> display.Bundle:
        """Put a login into the namespace, and return the line that reports it; raises as the start does."""
        login, changed = self._put(attempt, token)
        return self._report(token, changed, self._keep(login, token))

    def _keep(self, login: Login, token: Token) -> str:
        """Remember a token, if that was asked for; return a sentence that says where, if it is kept."""
        said = self._cache.put(token) if self._cache else ""
        login.remembered = self._cache.location if self._cache and said else ""
        return said

    def replace(self, attempt: LoginAttempt, login: Login, old: Token, token: Token) -> bool:
        """Put a fresh token in the place of an old one; return whether that was still its place."""
        learned = self._learn(attempt, token)
        if not self.registry.replace(login, old, token):
            return False
        if learned:
            login.notice = lambda: display.show(display.line(f"{login.name}: {learned}"))
        self._watch(login, token)
        self._keep(login, token)
        return True

    def form(
        self,
        attempt: LoginAttempt,
        on_success: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
        *,
        is_awaited: bool = False,
    ) -> LoginForm:
        """Return a form for what is missing; a good token stays in use until the login has succeeded."""
        from etna_magic.ask.form import LoginForm  # noqa: PLC0415 - ipywidgets takes long to import
        from etna_magic.token_cache import state_folder  # noqa: PLC0415 - most logins need no form

        def store(token: Token) -> display.Bundle:
            self._choose(token, is_remembered=form.remembers)
            line = self.store(attempt, token)
            on_success()
            return line

        def ended() -> None:
            self.registry.form_ended(self.name, form)
            on_end()

        def discard(token: Token) -> None:
            if not self.registry.is_in_use(token):
                log_out_on_server(token, self.timeout, self.registry.settings.trust)

        form = LoginForm(self.name, attempt, store, ended, discard, is_awaited=is_awaited)
        form.remembers = self._options.remember if state_folder() is not None else None
        form.is_read_only = self._options.read_only or self.registry.settings.read_only
        self.registry.wait_for_form(self.name, form)
        return form

    def _choose(self, token: Token, *, is_remembered: bool | None) -> None:
        """Remember a token, or forget what was kept for its account, as a person chose in the form."""
        if is_remembered in (None, self._options.remember):
            return
        if self._cache is not None and (problem := self._cache.forget(token)):
            raise EtnaError(f"What was remembered could not be deleted: {problem}. Tick the box to go on.")
        self._options = self._options._replace(remember=bool(is_remembered))
        self._cache = _cache(self.registry, self.name) if is_remembered else None

    def ask(self, attempt: LoginAttempt, challenge: Challenge, on_end: Callable[[], None]) -> bool:
        """Ask a person for what a renewal needs, in the cell that is running; return whether that can be."""
        if input_mode(None, self.kernel) is not InputMode.FORM:
            return False
        # Not awaited: the old token is good to its end, and calls go on with it meanwhile.
        self.form(attempt, on_end=on_end).show(challenge)
        return True

    def _put(self, attempt: LoginAttempt, token: Token) -> tuple[Login, str]:
        """Put a login into the registry; say, too, that it is another account's, and what was learned."""
        self.registry.refuse_foreign(self.name)
        learned = self._learn(attempt, token)
        before = self.registry.get(self.name)
        account = before.session.holder.account if before else None
        renews = self._options.auto_renew or self.registry.settings.auto_renew
        # Kept with the options, so that a renewal that asks for a code does not lift it.
        read_only = self._options.read_only or self.registry.settings.read_only
        lifted = before is not None and before.session.holder.read_only and not read_only
        self._options = self._options.after(token, attempt.typed, attempt.settings.dotenv, renews=renews)
        self._options = self._options._replace(read_only=read_only)
        login = self.registry.put(self.name, token, self._options)
        self._watch(login, token)
        login.session.holder.refresher = None
        if renews:
            # For those who ask for it.
            from etna_magic.logins.renewal import Renewal  # noqa: PLC0415
            from etna_magic.token_cache import SharedRefusals  # noqa: PLC0415

            REFUSALS.shared = SharedRefusals.of_this_user()
            REFUSALS.forget(token.account)
            renewal = Renewal(self, login)
            refresher = TokenRefresher(
                renewal.log_in,
                lambda: login.session.token,
                fingerprint=renewal.fingerprint,
                report=login.session.holder.report_renewal,
            )
            refresher.needs_person = token.took_code and not isinstance(self._options.code, CodeSource)
            login.session.holder.refresher = refresher
        login.session.holder.environment = environment_of(token.base_url)
        login.session.holder.report("logged_in")
        is_quiet, changed = self._options.quiet, ""
        if account is not None and account != token.account:
            changed = display.account_changed(self.name, account, token.account, is_quiet=is_quiet)
        lifted_line = f"{self.name} is not read-only any more." if lifted else ""
        return login, " ".join(filter(None, (changed, lifted_line, "" if is_quiet else learned)))

    def _learn(self, attempt: LoginAttempt, token: Token) -> str:
        """Count a token by what was seen of an earlier one of its server; return what to say of it, once."""
        if token.is_learned:  # it was remembered with that
            self.registry.learned.setdefault(token.base_url, token.lifetime)
        lifetime = self.registry.learned.get(token.base_url)
        if lifetime is None or "lifetime" in attempt.settings.known:
            return ""
        token.learn(lifetime)
        if not token.is_learned or token.base_url in self.registry.taught:
            return ""
        self.registry.taught.add(token.base_url)
        return (
            f"The server ended an earlier token within {format_duration(lifetime)}, so this one is counted "
            "the same way; set ETNA_TOKEN_LIFETIME if that is wrong."
        )

    def _watch(self, login: Login, token: Token) -> None:
        """Drop what is remembered when the server refuses the token, or the login ends."""
        login.session.holder.sources = ()
        if (cache := self._cache) is not None:
            from etna_magic.token_cache import remembered_token  # noqa: PLC0415 - as the cache itself

            login.session.holder.sources = (remembered_token,)
            login.session.holder.on_change = cache.drop_when_ended(token)
            login.forget[str(token.account)] = lambda: cache.forget(token)

    def _report(self, token: Token, changed: str, remembered: str) -> display.Bundle:
        """Return the line of success; a quiet one names neither user nor host nor folder."""
        is_quiet, read_only = self._options.quiet, self._options.read_only
        environment = environment_of(token.base_url)
        said = display.logged_in(self.name, token, environment, read_only=read_only, is_quiet=is_quiet)
        dropped, self.dropped = self.dropped, ""
        problem = self.problem
        if problem and is_quiet:
            problem = "" if remembered else "Nothing is remembered; without --quiet the reason is shown."
        elif problem:
            problem = f"{'But' if remembered else 'Nothing is remembered'}: {problem}."
        more = (changed, problem) if is_quiet else (changed, dropped, remembered, problem)
        return display.line(" ".join(filter(None, (said, *more))))


def _cache(registry: LoginRegistry, name: str) -> LoginCache:
    from etna_magic.token_cache import LoginCache  # noqa: PLC0415 - for those who ask for --remember

    return LoginCache(registry.token_changed, name)


def _key(attempt: LoginAttempt) -> CacheKey | None:
    from etna_magic.token_cache import CacheKey  # noqa: PLC0415 - as above

    known = attempt.settings.known
    if not {"base_url", "username", "app_key"} <= known.keys():
        return None
    base_url = checked_base_url(attempt.settings.text("base_url"))
    return CacheKey(base_url, attempt.settings.text("username"), known["app_key"].value)
