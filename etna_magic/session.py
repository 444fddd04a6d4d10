"""The session of a log-in: ``NAME_session``."""

from __future__ import annotations

import copy
from typing import NoReturn

from etna_magic.weighing_session import WeighingSession
from etna_magic.worker import SETTINGS, WorkerSession


class EtnaSession(WeighingSession):
    """A ``requests.Session`` that is bound to a base URL and to one log-in.

    Paths are relative to the base URL, and everything that ``requests`` takes is taken. The
    token and the app key travel to the token's own origin and to no other.

    Parameters
    ----------
    name : str
        The log-in's name, as in ``%etna_login NAME``.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself, by default 30.

    Examples
    --------
    >>> etna_session.get("v1.0/users/@me/info").json()["Login"]  # doctest: +SKIP
    'alice'
    """

    def for_workers(self) -> WorkerSession:
        """Return a session that pickles, for Dask, Ray or joblib.

        Returns
        -------
        WorkerSession
            It holds the token, its expiry and the app key, never the password, and cannot renew.

        Raises
        ------
        NotLoggedInError
            If there is no token to give.
        EtnaError
            If the token had to be renewed first, and could not be.

        Examples
        --------
        >>> session = etna_session.for_workers()  # doctest: +SKIP
        >>> client.gather(client.map(lambda symbol: quote(session, symbol), symbols))  # doctest: +SKIP
        """
        session = WorkerSession(self.name, self.token_for_call(), self.timeout)
        vars(session).update({name: copy.copy(getattr(self, name)) for name in SETTINGS})
        return session

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            "An EtnaSession is not pickled, since it may renew its token by itself: send "
            f"{self.name}_session.for_workers() to the process that needs one."
        )
