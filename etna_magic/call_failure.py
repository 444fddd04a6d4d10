"""A call that got no answer, as an exception that holds nothing of the call."""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NoReturn

import requests
import urllib3.exceptions

from etna_magic.exceptions import ConnectionFailedError, EtnaError
from etna_magic.origin import Origin
from etna_magic.retries import READS

if TYPE_CHECKING:
    from etna_magic.transport import Failure


_OF_THE_NETWORK = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError)


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
    KeyboardInterrupt
        If the call was interrupted.
    """
    if failure.told is not None:
        raise failure.told
    if failure.is_interrupt:
        raise failure.kind
    once = (
        "" if request.method in READS else " It was sent once and not again: look whether it was carried out."
    )
    what = f"{request.method} to {Origin.of(request.url or '')}"
    if not issubclass(failure.kind, _OF_THE_NETWORK):
        raise ConnectionFailedError(f"{what} raised {failure.reason}: look at its data and settings.{once}")
    raise both(failure.kind)(f"{what} got no answer: {failure.reason}.{once}")


def both(kind: type[BaseException]) -> type[EtnaError]:
    """Return a class that is a `ConnectionFailedError` and one of ``requests``.

    Whoever catches ``requests.Timeout`` around a call goes on catching it.
    """
    if not issubclass(kind, requests.RequestException) or issubclass(kind, EtnaError):
        return ConnectionFailedError

    def reduce(error: Any) -> tuple[Any, ...]:
        # A class that was made here cannot be found by its name, as pickle would.
        return _rebuilt, (kind, str(error))

    members = {"__module__": __name__, "__reduce__": reduce}
    return type("ConnectionFailedError", (ConnectionFailedError, kind), members)


def _rebuilt(kind: type[BaseException], message: str) -> EtnaError:
    return both(kind)(message)
