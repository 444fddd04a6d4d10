"""The token together with its expiry; it knows its age and does no I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar
from weakref import ref

from etna_magic.exceptions import EtnaError, InsecureURLError, NotLoggedInError, login_hint
from etna_magic.secret import Secret
from etna_magic.support import Clock, Origin, format_moment, sanitize

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

_Request = TypeVar("_Request", bound="PreparedRequest")
#: How long before its end a token counts as expiring.
WARN_BEFORE = timedelta(minutes=15)
#: The two headers of every call, and what is shown in their place.
HEADERS = AUTHORIZATION, APP_KEY = "Authorization", "Et-App-Key"
MASK = "***"
#: What a request begins with until it is signed: no HTTP header can carry it, so it never leaves the machine.
PLACEHOLDER = "•••"
#: Why a saved copy cannot be used, to follow whose it is, and what to do about it.
COPY_REASON = "is a saved copy without its secret"
COPY_ADVICE = "Log in again with %etna_login; to a worker process send etna_session.for_workers()."


class TokenState(Enum):
    """How far a token is in its life.

    Examples
    --------
    >>> etna_token.state is TokenState.FRESH
    True
    """

    FRESH = "fresh"
    EXPIRING = "expiring"
    STALE = "stale"


class Account(NamedTuple):
    """Whose token it is: a user of one server.

    Examples
    --------
    >>> print(Account("alice", "https://api.example.com"))
    alice at https://api.example.com
    """

    username: str
    base_url: str

    def __str__(self) -> str:
        return f"{sanitize(self.username)} at {sanitize(self.base_url)}"


def placeholder(account: Account) -> str:
    """Return what is shown of a request of an account in place of its headers: whose it is, and no secret."""
    return f"{PLACEHOLDER} {account.username} at {account.base_url}"


class TokenHeaders(dict[str, str]):
    """The headers of a call as a plain ``dict`` whose ``repr`` masks them, and whose pickle is empty."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, MASK))

    __str__ = __repr__

    def __copy__(self) -> dict[str, str]:
        return dict(self)

    def __deepcopy__(self, memo: object) -> dict[str, str]:
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # A kernel that is dumped has what its cells have shown in Out.
        return TokenHeaders, ()


class Token:
    """A token of the ETNA Trader API, with its expiry and whose it is.

    ``.expires_at``, ``.remaining`` and ``.state`` say how long it is good; ``auth=etna_token`` signs a call
    of ``requests``. The secret is given by calls only: ``.get_secret_value()`` and ``.headers()``.

    Parameters
    ----------
    value, app_key : Secret
        The server's text, and the application's key, which is sent with it on every call.
    username, base_url : str
        Whose token it is, and where it is good.
    lifetime : timedelta
        How long the server keeps it: ETNA's documentation says 24 hours, its answer nothing.
    issued : tuple of float
        Wall and forward seconds of `clock` when the request was sent.
    clock : Clock, optional
        The clocks by which it ages.
    took_code : bool, optional
        Whether its login took a one-time code of a person, as the next one will.

    Examples
    --------
    >>> requests.get(f"{etna_token.base_url}/v1.0/users/@me/info", auth=etna_token)
    <Response [200]>
    """

    __slots__ = (
        "__weakref__", "_app_key", "_clock", "_ended", "_given", "_is_refused", "_issued", "_value",
        "base_url", "is_copy", "is_learned", "lifetime", "stated_lifetime", "took_code", "username",
        "warn_before",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - a token is what these say, and all but one are named
        self,
        value: Secret,
        *,
        app_key: Secret,
        username: str,
        base_url: str,
        lifetime: timedelta,
        issued: tuple[float, float],
        clock: Clock | None = None,
        took_code: bool = False,
    ) -> None:
        self._value = value
        self._app_key = app_key
        self.username = username
        self.base_url = base_url
        self.lifetime = lifetime
        self._issued = issued
        self._clock = clock or Clock()
        self.took_code = took_code
        self.warn_before = WARN_BEFORE
        self.is_copy = False  #: Whether it was unpickled: it says whose it was, and has no secret.
        self.is_learned = False  #: Whether its lifetime is what was seen of an earlier token.
        self.stated_lifetime = lifetime  #: The lifetime by the settings.
        self._ended, self._is_refused = "", False
        self._given: list[ref[TokenHeaders]] = []  # given out, and to be emptied when it ends

    def get_secret_value(self) -> str:
        """Return the token's text, byte for byte as the server sent it.

        Returns
        -------
        str
            The text. Do not print it, and keep it in no notebook.

        Raises
        ------
        NotLoggedInError
            If it has none any more: it was logged out, or is a saved copy.

        Examples
        --------
        >>> headers = {"Authorization": f"Bearer {etna_token.get_secret_value()}"}
        """
        if not self._value:
            raise NotLoggedInError(f"The token of {self.account} {self.ended}. {self.advice}")
        return self._value.get_secret_value()

    def app_key(self) -> Secret:
        """Return the application's key that it was made with."""
        return self._app_key

    def headers(self) -> dict[str, str]:
        """Return a new dict of the two headers that every call carries, for other HTTP clients.

        Returns
        -------
        dict of str to str
            ``Authorization`` and ``Et-App-Key``; its ``repr`` masks both.

        Examples
        --------
        >>> etna_token.headers()
        {'Authorization': '***', 'Et-App-Key': '***'}
        """
        made = TokenHeaders(self.plain_headers())
        self._given = [*(known for known in self._given if known() is not None), ref(made)]
        return made

    def plain_headers(self) -> dict[str, str]:
        """Return the same for one request that is sent at once, of which nobody gets hold."""
        # In one expression, the token first, which may be gone: no local of a frame that raises has a secret.
        key = self._app_key
        return {AUTHORIZATION: f"Bearer {self.get_secret_value()}", APP_KEY: key.get_secret_value()}

    def secrets(self) -> tuple[Secret, Secret]:
        """Return what no message may show: the token and the app key."""
        return self._value, self._app_key

    @property
    def account(self) -> Account:
        """Whose token it is."""
        return Account(self.username, self.base_url)

    @property
    def issued_at(self) -> datetime:
        """When the request for it was sent, in UTC, by the wall clock as it is set now."""
        wall, forward = self._issued
        set_back = (self._clock.forward() - forward) - (self._clock.wall() - wall)
        # Clocks drift by less than a second; more is a wall clock that was corrected since.
        return datetime.fromtimestamp(wall - set_back if set_back > 1 else wall, UTC)

    @property
    def expires_at(self) -> datetime:
        """When the server stops accepting it, in UTC; it agrees with what remains."""
        return self.issued_at + self.lifetime

    @property
    def age(self) -> timedelta:
        """How long ago the request for it was sent."""
        wall, forward = self._issued
        # Whichever says "older" counts: one may have been set back, the other have slept.
        return timedelta(seconds=max(self._clock.wall() - wall, self._clock.forward() - forward))

    @property
    def remaining(self) -> timedelta:
        """How long it is still good; negative once it has expired."""
        return self.lifetime - self.age

    @property
    def warning_window(self) -> timedelta:
        """How long before its end it counts as expiring."""
        return min(self.warn_before, self.lifetime / 10)

    @property
    def ended(self) -> str:
        """Why it has ended whatever the clocks say ("was logged out", say); empty while it has not."""
        return self._ended or ("was refused by the server" if self._is_refused else "")

    @property
    def state(self) -> TokenState:
        """Whether it is fresh, near its end, or stale."""
        remaining = self.remaining
        if self._ended or self._is_refused or remaining <= timedelta(0):
            return TokenState.STALE
        return TokenState.EXPIRING if remaining <= self.warning_window else TokenState.FRESH

    @property
    def advice(self) -> str:
        """What to do about a token that has no secret, as a sentence."""
        return COPY_ADVICE if self.is_copy else f"Log in again: {login_hint('etna')}"

    def end(self, reason: str) -> None:
        """End it for good and drop its secret, so that nothing that still refers to it holds a live token.

        Parameters
        ----------
        reason : str
            Why, to follow "the token": "was logged out".
        """
        self._ended = reason
        self._value = Secret("")
        for known in self._given:
            if (headers := known()) is not None:
                headers.clear()

    def refuse(self) -> None:
        """Note that the server refuses it; it may accept it again."""
        self._is_refused = True

    def accept(self) -> None:
        """Note that the server accepts it after all."""
        self._is_refused = False

    @property
    def ended_early(self) -> bool:
        """Whether the server refuses it before the time that the clocks say."""
        return self._is_refused and self.remaining > timedelta(0)

    def learn(self, lifetime: timedelta) -> None:
        """Count it by what was seen of an earlier token, if that is shorter."""
        if lifetime < self.lifetime:
            self.stated_lifetime, self.lifetime, self.is_learned = self.lifetime, lifetime, True

    def unlearn(self) -> None:
        """Count it by what the settings say again."""
        self.lifetime, self.is_learned = self.stated_lifetime, False

    def keep_issue_time(self, earlier: Token | None) -> Token:
        """Return this token with the issue time of an earlier one, if the server gave the same text again."""
        if earlier is not None and self._value and self._value == earlier.secrets()[0]:
            self._issued = min(self._issued, earlier._issued)  # noqa: SLF001 - it is a Token too
        return self

    def __call__(self, request: _Request) -> _Request:
        """Sign a request of ``requests``, as its ``auth=`` asks for, and return it.

        Raises
        ------
        InsecureURLError
            If the request goes to another origin than the token's own.
        """
        if not hasattr(request, "register_hook"):  # nothing would redact it
            raise TypeError("auth=etna_token is for requests: with httpx use etna_session.httpx_client().")
        own, target = Origin.of(self.base_url), Origin.of(request.url or "")
        if target != own:
            raise InsecureURLError(
                f"This token belongs to {sanitize(str(own))} and was not sent to {sanitize(str(target))}: "
                "use it for its own server only."
            )
        request.headers.update(self.plain_headers())
        request.register_hook("response", RedactionHook(self.account))
        return request

    def describe(self) -> str:
        """Say whose token it is, in what state, and until when."""
        return f"{self.account}: {self.ended or self.state.value}, until {format_moment(self.expires_at)}"

    def __repr__(self) -> str:
        return f"<Token of {self.describe()}>"

    def __add__(self, _: object) -> NoReturn:
        raise TypeError(
            "A Token is no text, so that a masked one is never sent as a header: use etna_token.headers(), "
            "etna_token.get_secret_value(), or auth=etna_token."
        )

    __radd__ = __format__ = __add__

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle ends up on a disk: it never fails, and says whose token it was without the secret.
        return _copy, (*self.account, self.lifetime.total_seconds(), self.issued_at.timestamp())


def _copy(username: str, base_url: str, lifetime: float, issued: float) -> Token:
    """Return what an unpickled token is: a description of it that cannot be used."""
    token = Token(
        Secret(""),
        app_key=Secret(""),
        username=username,
        base_url=base_url,
        lifetime=timedelta(seconds=lifetime),
        issued=(issued, Clock().forward()),
    )
    token.end(COPY_REASON)
    token.is_copy = True
    return token


class RedactionHook:
    """The response hook of a call that a token has signed: what comes back shows nothing of it.

    ``requests`` sends ``Et-App-Key`` on to whatever host a redirect names, and every response keeps
    its request, which is printed and pickled with it. This holds no secret, so that it may be.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._origin = Origin.of(account.base_url)

    def __call__(self, response: Response, **_: Any) -> None:
        """Redact what a response shows; a redirect copies the headers for the own origin only.

        It raises if the response comes from a cache, and was the answer to another account.
        """
        signed, mine = response.request, placeholder(self._account)
        # A response from a cache brings a record of its request in place of one.
        if not hasattr(signed, "hooks"):
            _refuse_anothers(signed.headers.get(APP_KEY, ""), mine)
            return
        shown = signed.copy()
        shown.headers.update({name: mine for name in HEADERS if name in shown.headers})
        theirs = [hook for hook in signed.hooks["response"] if hook is not self]
        shown.hooks = {**signed.hooks, "response": theirs}
        response.request = shown
        if response.is_redirect and not self._is_home(response):
            for name in HEADERS:
                signed.headers.pop(name, None)

    def _is_home(self, response: Response) -> bool:
        from urllib.parse import urljoin  # noqa: PLC0415 - for redirects only

        try:
            return Origin.of(urljoin(response.url, response.headers["Location"])) == self._origin
        except (InsecureURLError, ValueError):
            return False


def _refuse_anothers(theirs: str, mine: str) -> None:
    """Raise if a cache has kept an answer for another account: by default it looks at no header."""
    if theirs.startswith(PLACEHOLDER) and theirs != mine:
        raise EtnaError(
            f"The cached answer is of {sanitize(theirs[len(PLACEHOLDER) :].strip())}, and the token of "
            f"{sanitize(mine[len(PLACEHOLDER) :].strip())}: have requests-cache tell accounts apart by "
            "match_headers=['Authorization'] together with ignored_parameters=[]."
        )
