"""A call that got no answer, as an exception that holds nothing of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import requests

from etna_magic.exceptions import ConnectionFailedError, EtnaError
from etna_magic.marks import fate
from etna_magic.origin import Origin
from etna_magic.transport import OF_THE_NETWORK

if TYPE_CHECKING:
    from etna_magic.transport import Failure


def raise_for(failure: Failure, request: requests.PreparedRequest) -> NoReturn:
    """Raise for a request that failed.

    Parameters
    ----------
    failure : Failure
        Why.
    request : requests.PreparedRequest
        What was sent; its method and origin are told, and nothing else.

    Raises
    ------
    ConnectionFailedError
        It is an exception of ``requests`` too, of the class that ``requests`` raises.
    BaseException
        What interrupted the call, or was raised by the user's own code under it, as it was.
    """
    if failure.told is not None:
        raise failure.told
    failure.raise_foreign()
    what = f"{request.method} to {Origin.of(request.url or '')}"
    if not issubclass(failure.kind, OF_THE_NETWORK):
        raise ConnectionFailedError(f"{what} raised {failure.reason}: look at its data.{fate(request)}")
    raise both(failure.kind)(f"{what} got no answer: {failure.reason}.{fate(request)}")


def both(kind: type[BaseException]) -> type[EtnaError]:
    """Return a class that is a `ConnectionFailedError` and one of ``requests``.

    Whoever catches ``requests.Timeout`` around a call goes on catching it.
    """
    if issubclass(kind, EtnaError) or not issubclass(kind, OSError):
        return ConnectionFailedError
    if not issubclass(kind, requests.RequestException):
        kind = requests.RequestException  # which is an OSError, as this was

    def init(error: Any, message: str) -> None:
        # Somebody's own class may want more than a message, and no exception of ours has more.
        Exception.__init__(error, message)
        error.response = error.request = None

    def reduce(error: Any) -> tuple[Any, ...]:
        # A class that was made here cannot be found by its name, as pickle would.
        return _rebuilt, (kind, str(error))

    members = {
        "__module__": __name__,
        "__init__": init,
        "__str__": lambda error: str(error.args[0]),
        "__reduce__": reduce,
    }
    return type("ConnectionFailedError", (ConnectionFailedError, kind), members)


def _rebuilt(kind: type[BaseException], message: str) -> EtnaError:
    return both(kind)(message)
