"""The session of a login, ``NAME_session``, and the one that is sent to workers: each for one account."""

from __future__ import annotations

import copy
import pickle
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from etna_magic.exceptions import EtnaError, login_hint
from etna_magic.secret import Secret
from etna_magic.session.answers import pages
from etna_magic.session.authorized_session import TIMEOUT, AuthorizedSession
from etna_magic.session.token_holder import TokenHolder, WorkerTokenHolder
from etna_magic.token import COPY_ADVICE, COPY_REASON, Account, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from etna_magic.session.dask_plugin import TokenSharing

# What a user may have set on a session, and finds set on the worker's.
_SETTINGS = ("headers", "params", "proxies", "verify", "cert", "trust_env", "max_redirects", "trust")


class EtnaSession(AuthorizedSession):
    """A ``requests.Session`` that is bound to a base URL and to one account.

    Paths are relative to the base URL, and everything that ``requests`` takes is taken. The
    token and the app key are sent to the token's own origin and to no other.

    Parameters
    ----------
    name : str
        The login's name, as in ``%etna_login NAME``.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself, by default 30.
    holder : TokenHolder, optional
        What it signs with; a new one that has no token yet.

    Examples
    --------
    >>> etna_session.get("v1.0/users/@me/info").json()["Login"]
    'demo'
    """

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """Yield the items of a paged list, page by page.

        Parameters
        ----------
        path : str
            The list's path, relative to the base URL.
        **params
            Its query, as ETNA's REST documentation has it: ``pageSize``, say.

        Yields
        ------
        object
            What each page's ``Result`` holds, or a bare array, which some servers answer.

        Raises
        ------
        UnexpectedResponseError
            If a page is no list, or its ``NextPageLink`` leads to another server.
        requests.HTTPError
            If a page is answered with an error.

        Examples
        --------
        >>> page = {"pageNumber": 0, "pageSize": 50, "sortBy": "Id", "isDesc": "true"}
        >>> [alert["Id"] for alert in etna_session.pages("v1.0/users/@me/pricealerts", **page)]
        […]
        """
        return pages(self, path, params)

    def httpx_client(self, **kwargs: Any) -> httpx.Client:
        """Return an ``httpx.Client`` of this account (extra ``etna-magic[httpx]``).

        It signs, renews, checks a 401 and repeats reads as the session does, but not a body that broke off.
        Close it, or use it as a context manager.

        Parameters
        ----------
        **kwargs
            As for ``httpx.Client``; the base URL is the account's.

        Returns
        -------
        httpx.Client
            Its errors are those of the session, and exceptions of httpx as well.

        Raises
        ------
        NotLoggedInError
            If the login is unfinished or was ended.

        Examples
        --------
        >>> with etna_session.httpx_client(http2=True) as client:
        ...     print(client.get("v1.0/users/@me/info"))
        <Response [200 OK]>
        """
        from etna_magic.session.httpx_client import client_of  # noqa: PLC0415 - an extra

        return client_of(self, self._rules, kwargs)

    def httpx_async_client(self, **kwargs: Any) -> httpx.AsyncClient:
        """Return an ``httpx.AsyncClient``, as :meth:`httpx_client`; a renewal does not block its loop.

        Examples
        --------
        >>> async with etna_session.httpx_async_client() as client:
        ...     print(await client.get("v1.0/users/@me/info"))
        <Response [200 OK]>
        """
        from etna_magic.session.httpx_client import async_client_of  # noqa: PLC0415 - as above

        return async_client_of(self, self._rules, kwargs)

    def for_workers(self) -> WorkerSession:
        """Return a session for Dask, Ray or joblib; its pickle is a secret: no ``%store``, no cache on disk.

        Returns
        -------
        WorkerSession
            It holds the token, its expiry and the app key, never the password, and cannot log in. It takes
            up a newer token from :meth:`WorkerSession.refresh_from` and :meth:`dask_plugin`, and where the
            login has ``--remember``, from what the worker's machine remembers.

        Raises
        ------
        NotLoggedInError
            If there is no token to give.
        EtnaError
            If the token had to be renewed first, and could not be.

        Examples
        --------
        >>> session = etna_session.for_workers()
        >>> from distributed import Client, LocalCluster
        >>> with LocalCluster(n_workers=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        ...     print(client.submit(lambda: session.get("v1.0/users/@me/info").json()["Login"]).result())
        demo
        """
        session = WorkerSession(self.name, self.timeout)
        session.holder.read_only = self.read_only
        session.holder.sources = self.holder.sources
        session.holder.put(self.holder.token_for_call())
        return session.with_settings(_settings(self))

    def dask_plugin(self, client: Any) -> TokenSharing:
        """Hand each new token of this login to all workers of a Dask cluster (extra ``etna-magic[dask]``).

        A ``WorkerPlugin`` is registered at once, and again with each new token, so that sessions of
        :meth:`for_workers` outlive their tokens there, on workers that join later too. The scheduler keeps
        the token for them. Log in with ``--auto-renew``, so that there are new ones.

        Parameters
        ----------
        client : distributed.Client
            The cluster's client.

        Returns
        -------
        TokenSharing
            ``.close()`` ends it; a logout does so as well.

        Raises
        ------
        NotLoggedInError
            If there is no token to hand on.

        Examples
        --------
        >>> from distributed import Client, LocalCluster
        >>> with LocalCluster(n_workers=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        ...     sharing = etna_session.dask_plugin(client)
        ...     session = etna_session.for_workers()
        ...     print(client.submit(lambda: session.get("v1.0/users/@me/info").status_code).result())
        ...     sharing.close()
        200
        """
        from etna_magic.session.dask_plugin import TokenSharing  # noqa: PLC0415 - an extra

        return TokenSharing(client, self.holder, self.for_workers)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.holder.describe()}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle ends up on a disk: it never fails, and says whose session it was without the token. It is
        # the same for all tokens of an account, so that caches are keyed by the account.
        return _copy, (self.name, self.account)


class WorkerSession(EtnaSession):
    """A session that pickles: its token with its expiry and the app key, and never a password.

    It cannot log in, and takes up a newer token where one is to be had. Keep its pickle as you would keep the
    token itself.

    Parameters
    ----------
    name : str
        The login's name.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself.

    Examples
    --------
    >>> session = etna_session.for_workers()
    >>> import pickle
    >>> pickle.loads(pickle.dumps(session)).get("v1.0/users/@me/info")
    <Response [200]>
    """

    holder: WorkerTokenHolder

    def __init__(self, name: str, timeout: float = TIMEOUT) -> None:
        super().__init__(name, timeout, holder=WorkerTokenHolder(name))

    def refresh_from(self, source: Callable[[], WorkerSession | bytes]) -> WorkerSession:
        """Ask a function for a newer session once this one's token nears its end, or is refused.

        It is asked by the call that finds this out, once for all threads, once a second at most; what it
        raises is an error of the call only when the token has ended. It goes along in the pickle, so it has
        to be one that can be pickled: a function of a module, or with cloudpickle any.

        Parameters
        ----------
        source : callable
            Returns a new ``etna_session.for_workers()`` of the same account, or its pickle.

        Returns
        -------
        WorkerSession
            This session.

        Raises
        ------
        TypeError
            If it is no function.

        Examples
        --------
        >>> session = etna_session.for_workers()
        >>> session.refresh_from(lambda: ray.get(tokens.latest.remote()))
        <WorkerSession etna: …>
        """
        if not callable(source):
            raise TypeError(
                f"refresh_from was given {type(source).__name__}, which cannot be called: give a function "
                "that returns a new session for workers."
            )
        others = [one for one in self.holder.sources if not isinstance(one, SessionSource)]
        self.holder.sources = (*others, SessionSource(source))
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        token = self.holder.current()
        if token is None or not all(token.secrets()):
            return super().__reduce__()  # logged out meanwhile: there is nothing to give, and no pickle fails
        secrets = (token.get_secret_value(), token.app_key().get_secret_value())
        facts = (token.username, token.base_url, token.lifetime.total_seconds(), token.issued_at.timestamp())
        state = (bool(token.ended), self.read_only, self.holder.sources)
        return _rebuilt, (self.name, self.timeout, secrets, facts, _settings(self), state)

    def with_settings(self, settings: Mapping[str, Any]) -> WorkerSession:
        """Set what a user had set on the session that this one was made of, and return it."""
        for name, value in settings.items():
            setattr(self, name, value)
        return self


class SessionSource:
    """A user's function that returns a newer session for workers, or its pickle, as a source of tokens."""

    def __init__(self, function: Callable[[], WorkerSession | bytes]) -> None:
        self._function = function

    def __call__(self, token: Token) -> Token | None:
        """Return its token; raise if it is of another account, or no such session."""
        found: Any = self._function()
        if isinstance(found, bytes):
            found = pickle.loads(found)  # noqa: S301 - of the user's own function
        if not isinstance(found, WorkerSession):
            raise EtnaError(f"refresh_from was given a {type(found).__name__}, and no session for workers.")
        if found.account != token.account:
            raise EtnaError(
                f"refresh_from was given a session of {found.account}, and not of {token.account}."
            )
        return found.holder.current()


def _settings(session: EtnaSession) -> dict[str, Any]:
    # Deep: a shallow copy of the headers of requests shares what it holds.
    return {name: copy.deepcopy(getattr(session, name)) for name in _SETTINGS}


def _rebuilt(  # noqa: PLR0913, PLR0917 - a pickle has no names
    name: str,
    timeout: float,
    secrets: tuple[str, str],
    facts: tuple[str, str, float, float],
    settings: dict[str, Any],
    state: tuple[bool, bool, tuple[Any, ...]],
) -> WorkerSession:
    username, base_url, lifetime, issued = facts
    # The forward clock of another process has another zero: only the wall's time is sent.
    forward = time.monotonic() - (time.time() - issued)
    token = Token(
        Secret(secrets[0]),
        app_key=Secret(secrets[1]),
        username=username,
        base_url=base_url,
        lifetime=timedelta(seconds=lifetime),
        issued=(issued, forward),
    )
    is_refused, read_only, sources = state
    if is_refused:
        token.refuse()
    session = WorkerSession(name, timeout)
    session.holder.read_only = read_only
    session.holder.sources = sources
    session.holder.put(token)
    return session.with_settings(settings)


def _copy(name: str, account: Account | None) -> EtnaSession:
    """Return what an unpickled session is: it says whose it was, and cannot be used."""
    advice = COPY_ADVICE.replace("etna_session", f"{name}_session").replace("%etna_login", login_hint(name))
    whose = f"({account}) " if account else ""
    absence = f"{whose}{COPY_REASON}. {advice.removesuffix('.')}"
    session = EtnaSession(name, holder=TokenHolder(name, account, absence))
    session.is_copy = True
    return session
