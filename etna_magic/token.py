"""The token together with its expiry; it tells its age and does no I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, NoReturn, TypeVar

from etna_magic.clock import Clock
from etna_magic.exceptions import InsecureURLError
from etna_magic.inert import inert
from etna_magic.masking import Unsigning
from etna_magic.origin import Origin
from etna_magic.timetext import format_moment

if TYPE_CHECKING:
    from requests import PreparedRequest

    from etna_magic.secret import Secret

_Request = TypeVar("_Request", bound="PreparedRequest")

WARN_BEFORE = timedelta(minutes=15)


class TokenState(Enum):
    """How far a token is on its way.

    Examples
    --------
    >>> etna_token.state is TokenState.FRESH  # doctest: +SKIP
    """

    FRESH = "fresh"
    EXPIRING = "expiring"
    STALE = "stale"


class Token:
    """A token of the ETNA Trader API, with its expiry and whose it is.

    ``.value`` is its text and ``.headers`` both headers of a call; ``.expires_at``, ``.remaining`` and
    ``.state`` say how long it is good; ``auth=etna_token`` signs a call of ``requests``.

    Parameters
    ----------
    value, app_key : Secret
        The server's text, and the application's key, which travels with it on every call.
    username, base_url : str
        Whose token it is, and where it is good.
    lifetime : timedelta
        How long the server keeps it: ETNA's documentation says 24 hours, its answer nothing.
    issued : tuple of float
        Wall and forward seconds of `clock` when the request was sent.
    clock : Clock, optional
        The clocks by which it ages.

    Examples
    --------
    >>> requests.get(url, auth=etna_token)  # doctest: +SKIP
    """

    __slots__ = (
        "_app_key", "_clock", "_issued", "_value", "base_url", "ended", "lifetime", "took_code", "username",
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
    ) -> None:
        self._value = value
        self._app_key = app_key
        self.username = username
        self.base_url = base_url
        self.lifetime = lifetime
        self._issued = issued
        self._clock = clock or Clock()
        self.warn_before = WARN_BEFORE
        #: Why it is over whatever the clocks say ("logged out", say); empty while it is not.
        self.ended = ""
        #: Whether its log-in took a one-time code of a person, as the next one will.
        self.took_code = False

    @property
    def value(self) -> str:
        """The token's text, byte for byte as the server sent it."""
        return self._value.reveal()

    @property
    def app_key(self) -> Secret:
        """The application's key that it was made with."""
        return self._app_key

    @property
    def headers(self) -> dict[str, str]:
        """A new dict of the two headers that every call carries."""
        return {"Authorization": f"Bearer {self.value}", "Et-App-Key": self._app_key.reveal()}

    @property
    def issued_at(self) -> datetime:
        """When the request for it was sent, in UTC."""
        return datetime.fromtimestamp(self._issued[0], UTC)

    @property
    def expires_at(self) -> datetime:
        """When the server stops taking it, in UTC."""
        return self.issued_at + self.lifetime

    @property
    def remaining(self) -> timedelta:
        """How long it is still good; negative once it has expired."""
        wall, forward = self._issued
        # Whichever says "older" counts: one may have been set back, the other have slept.
        age = max(self._clock.wall() - wall, self._clock.forward() - forward)
        return self.lifetime - timedelta(seconds=age)

    @property
    def warning_window(self) -> timedelta:
        """How long before its end it counts as expiring."""
        return min(self.warn_before, self.lifetime / 10)

    @property
    def state(self) -> TokenState:
        """Whether it is fresh, near its end, or over."""
        remaining = self.remaining
        if self.ended or remaining <= timedelta(0):
            return TokenState.STALE
        return TokenState.EXPIRING if remaining <= self.warning_window else TokenState.FRESH

    def __call__(self, request: _Request) -> _Request:
        """Sign a request of ``requests``, as its ``auth=`` asks for, and return it.

        Raises
        ------
        InsecureURLError
            If the request goes to another origin than the token's own.
        """
        own, target = Origin.of(self.base_url), Origin.of(request.url or "")
        if target != own:
            raise InsecureURLError(
                f"This token belongs to {inert(str(own))} and was not sent to {inert(str(target))}: "
                "use it for its own server only."
            )
        request.headers.update(self.headers)
        request.register_hook("response", Unsigning(own))
        return request

    def describe(self) -> str:
        """Say whose token it is, in what state, and until when."""
        state = self.ended or self.state.value
        return f"{self.username} at {self.base_url}: {state}, until {format_moment(self.expires_at)}"

    def __repr__(self) -> str:
        return f"<Token of {self.describe()}>"

    def __copy__(self) -> Token:
        return self

    def __deepcopy__(self, memo: object) -> Token:
        return self

    def __add__(self, other: object) -> NoReturn:
        _refuse_text()

    __radd__ = __add__

    def __format__(self, spec: str) -> NoReturn:
        _refuse_text()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            "A Token is not pickled, since a pickle is a secret on a disk: send etna_session.for_workers() "
            "to the process that needs it."
        )


def _refuse_text() -> NoReturn:
    raise TypeError(
        "A Token is no text, so that a masked one never travels as a header: "
        "use .value, .headers, or auth=etna_token."
    )
