"""Everything that can go wrong, each with one sentence, and the hint that such sentences end in.

::

    EtnaError
    ├── MissingCredentialsError    something that is needed to log in is not known
    ├── InvalidCredentialsError    a value that cannot be right, or that the server refused
    ├── ApplicationKeyError        the server does not know the application's key
    ├── VerificationError          a code or PIN is needed, wrong or refused
    ├── PasswordExpiredError       the password must be changed first
    ├── RateLimitedError           too many logins; ``retry_after`` says how long to wait
    ├── NotLoggedInError           there is no token: not yet, or not any more
    ├── TokenExpiredError          the token has expired, or the server refused it
    ├── ReadOnlyError              a read-only login was to send something that is no read
    ├── InsecureURLError           a secret would travel where others can read it
    ├── ConnectionFailedError      no answer came
    └── UnexpectedResponseError    an answer came that ETNA's documentation does not know
"""

from __future__ import annotations

#: Characters in a line of an error: what JupyterLab shows beside its file browser on a small screen.
_WIDTH = 110


class EtnaError(Exception):
    """The root of all errors of this package.

    In a cell it shows as its name and its sentence, without a traceback at any ``%xmode``:
    the sentence says what to do, and the frames could only say where we noticed.

    Examples
    --------
    >>> str(NotLoggedInError("etna is not logged in: run %etna_login"))
    'etna is not logged in: run %etna_login'
    """

    def _render_traceback_(self) -> list[str]:
        # IPython's hook: the lines to show in place of a traceback. A session raises subclasses that are
        # also exceptions of requests; they show under the name that is documented.
        name = next(kind.__name__ for kind in type(self).__mro__ if kind.__module__ == __name__)
        return error_lines(f"{name}: {self}")


class MissingCredentialsError(EtnaError):
    """Something that is needed to log in is not known, and nobody can be asked for it.

    Examples
    --------
    >>> %etna_login batch --base-url https://api.example.com --no-input
    MissingCredentialsError: ETNA_APP_KEY, ETNA_USERNAME and ETNA_PASSWORD are not set: …
    """


class InvalidCredentialsError(EtnaError):
    """A credential cannot be right, or the server refused user name and password.

    Parameters
    ----------
    message : str
        What happened and what to do.
    setting : str, optional
        Which setting cannot be used: ``app_key``, ``username``, ``password`` or ``pin``; empty where the
        server refused them together.

    Examples
    --------
    >>> from etna_magic import Credentials, Secret
    >>> Credentials("https://api.example.com", Secret("a2V5"), "", Secret("letmein"))
    InvalidCredentialsError: Username is empty.
    """

    def __init__(self, message: str, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


class ApplicationKeyError(EtnaError):
    """The server does not know the application's key.

    Examples
    --------
    >>> %etna_login other --sandbox --username keyless
    ApplicationKeyError: …
    """


class VerificationError(EtnaError):
    """A one-time code or a PIN is needed, wrong or refused.

    Examples
    --------
    >>> %etna_login other --sandbox --username twofactor --no-input
    VerificationError: The server asks for a code …
    """


class PasswordExpiredError(EtnaError):
    """The password has expired and must be changed before anybody can log in with it.

    Examples
    --------
    >>> %etna_login other --sandbox --username expired
    PasswordExpiredError: The password has expired: …
    """


class RateLimitedError(EtnaError):
    """The server saw too many logins.

    Parameters
    ----------
    message : str
        What happened and what to do.
    retry_after : float or None, optional
        Seconds to wait before the next try, where the server said so.

    Examples
    --------
    >>> RateLimitedError("Too many logins: wait 5 s.", 5.0).retry_after
    5.0
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotLoggedInError(EtnaError):
    """There is no token: the login is unfinished, or it was ended by a logout.

    Examples
    --------
    >>> %etna_logout another
    NotLoggedInError: There is no login called another …
    """


class TokenExpiredError(EtnaError):
    """The token has expired or was refused by the server: a new login is needed.

    Examples
    --------
    >>> %etna_login short --sandbox --lifetime 0.01s
    Logged in as demo …
    >>> import time; time.sleep(0.1)
    …
    >>> short_session.get("v1.0/users/@me/info")
    …
    TokenExpiredError: The token of short expired at …
    """


class ReadOnlyError(EtnaError):
    """A login with ``--read-only`` was to send something that is no read; it was not sent.

    Examples
    --------
    >>> %etna_login look --sandbox --read-only
    Logged in as demo … (SANDBOX, READ-ONLY) …
    >>> look_session.delete("v1.0/accounts/1/orders/7")
    ReadOnlyError: look is read-only, so the DELETE was not sent. …
    """


class InsecureURLError(EtnaError):
    """A secret would travel unencrypted, or to another server than its own.

    Examples
    --------
    >>> from etna_magic import Credentials, Secret
    >>> Credentials("http://api.example.com", Secret("a2V5"), "alice", Secret("letmein"))
    InsecureURLError: The base URL http://api.example.com:80 is not encrypted: …
    """


class ConnectionFailedError(EtnaError):
    """No answer came: the server cannot be found or reached, or it took too long.

    Examples
    --------
    >>> etna_session.post("http://127.0.0.1:9")
    ConnectionFailedError: …
    """


class UnexpectedResponseError(EtnaError):
    """An answer came that ETNA's documentation does not know.

    Examples
    --------
    >>> %etna_login other --sandbox --username webterminal
    UnexpectedResponseError: …
    """


def login_hint(name: str) -> str:
    """Return the line that logs in again under a name, to be typed as it is.

    Examples
    --------
    >>> login_hint("etna"), login_hint("demo")
    ('%etna_login', '%etna_login demo')
    """
    return "%etna_login" if name == "etna" else f"%etna_login {name}"


def error_lines(text: str) -> list[str]:
    """Return the lines in which an error is shown: JupyterLab would break a long one within a word.

    It is one line if it is short, else one for each sentence if that makes no more lines than needed.

    Examples
    --------
    >>> error_lines("EtnaError: " + 8 * "It is long " + "here. Log in again: %etna_login paper")[1:]
    ['Log in again: %etna_login paper']
    """
    import re  # noqa: PLC0415 - as is textwrap, for an error that is shown
    import textwrap  # noqa: PLC0415

    def wrapped(part: str) -> list[str]:
        return textwrap.wrap(part, _WIDTH, break_long_words=False, break_on_hyphens=False)

    # What is to be copied stays on one line.
    whole = re.sub(r"(%etna_login) (\w+)", "\\1\N{NO-BREAK SPACE}\\2", text)
    filled = wrapped(whole)
    by_sentence = [line for part in re.split(r"(?<=[.?]) (?=[A-Z])", whole) for line in wrapped(part)]
    lines = by_sentence if 1 < len(filled) >= len(by_sentence) else filled
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
