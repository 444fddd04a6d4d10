"""Which front end runs this cell, what can be asked there, and the drivers that ask, but for the form.

What a front end says of itself with each cell tells which kind it is; ``docs/reference/front-ends.md`` has
what was seen in each. It is asked only when a user has to be, and never raises: a kernel of another make may
say less than ipykernel, or nothing at all.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, NoReturn, Protocol

from etna_magic import display
from etna_magic.exceptions import MissingCredentialsError, NotLoggedInError, VerificationError
from etna_magic.login_flow import Challenge, ChallengeKind
from etna_magic.secret import Secret
from etna_magic.settings import LABELS, UNSEEN, VARIABLES, check_typed, environment_of
from etna_magic.support import checked_base_url, sanitize

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.login_flow import LoginAttempt
    from etna_magic.settings import Ask, Settings
    from etna_magic.token import Token

# What Voila puts into the environment of its kernels.
_VOILA = ("VOILA_KERNEL_ID", "SERVER_SOFTWARE")
_WAYS_TO_ANSWER = {
    ChallengeKind.CODE: "give a fresh one with --code CODE (in Python code=)",
    ChallengeKind.PIN: "set ETNA_PIN_CODE",
}


class Kernel(Protocol):
    """What is used of a kernel: the message that it works on; not every kernel takes the argument."""

    def get_parent(self, channel: str, /) -> Mapping[str, object]:
        """Return the message that a channel works on."""
        ...


class FrontEnd(Enum):
    """A kind of front end, told apart by what can be asked there and how."""

    #: Cells have ids: JupyterLab, Notebook 7, VS Code; and Colab. It shows widgets and takes input.
    NOTEBOOK = "notebook"
    #: It takes input, and is none of the others: an older or a lesser-known notebook.
    UNKNOWN = "unknown"
    #: It takes input, as jupyter-client's own programs do: jupyter console, Qt consoles, Spyder, euporie.
    CONSOLE = "console"
    #: No kernel, and somebody at a terminal.
    TERMINAL = "terminal"
    #: Somebody looks at widgets, and there is no input line: Voila, Mercury.
    PAGE = "page"
    #: JupyterLab's library without a cell: a program uses it, and takes input only as that is the default.
    PROGRAM = "program"
    #: Nobody can be asked: nbclient, papermill, engines of ipyparallel, a pipe.
    NOBODY = "nobody"


def current_front_end(kernel: Kernel | None) -> FrontEnd:
    """Return what kind of front end runs this cell, by the shell's kernel; a terminal's IPython has none.

    It is never an error: what says nothing is one where nobody can be asked.
    """
    if kernel is None:
        return FrontEnd.TERMINAL if has_terminal() else FrontEnd.NOBODY
    request = _request(kernel)
    # xeus-python knows no more than the header, and takes input or not as it is asked to.
    header, metadata, content = (_part(request, name) for name in ("header", "metadata", "content"))
    says_content, takes_input = content is not None, bool(content and content.get("allow_stdin"))
    if not takes_input and _is_page(metadata):
        return FrontEnd.PAGE
    if not header or (says_content and not takes_input):
        return FrontEnd.NOBODY
    if (metadata and metadata.get("cellId")) or type(kernel).__module__.startswith("google.colab"):
        return FrontEnd.NOTEBOOK
    # jupyter-client numbers what a session sends; everybody else makes each id by chance.
    if header.get("session") and str(header.get("msg_id")).startswith(f"{header['session']}_"):
        return FrontEnd.CONSOLE
    # JupyterLab's library names no user, and its cells have ids.
    is_program = metadata is not None and not header.get("username")
    return FrontEnd.PROGRAM if is_program else FrontEnd.UNKNOWN


def has_terminal() -> bool:
    """Return whether somebody can read a question and type an answer: both streams are a terminal's."""
    try:
        return sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):  # a service has none, or has closed them; some are replaced
        return False


def _request(kernel: Kernel) -> Mapping[str, object]:
    """Return the message that a kernel works on, as far as it gives it."""
    get_parent = getattr(kernel, "get_parent", None)
    for arguments in (("shell",), ()):
        try:
            request = get_parent(*arguments) if get_parent else None
        except Exception:  # noqa: BLE001, S112 - somebody else's kernel, which must not end a login
            continue
        return request if isinstance(request, Mapping) else {}
    return {}


def _part(request: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    part = request.get(name)
    return part if isinstance(part, Mapping) else None


def _is_page(metadata: Mapping[str, object] | None) -> bool:
    # These two send what nbclient sends, and can be known by their names alone.
    kernel_id, server = (os.environ.get(name, "") for name in _VOILA)
    return bool(kernel_id) or server.startswith("voila/") or "mercury" in (metadata or {})


class InputMode(Enum):
    """How a user can be asked."""

    FORM = "form"
    PROMPT = "prompt"
    NON_INTERACTIVE = "non-interactive"


# Whom to ask where the options say nothing. A form that nobody sees would count as a login.
_MODES = {
    FrontEnd.NOTEBOOK: InputMode.FORM,
    FrontEnd.UNKNOWN: InputMode.FORM,
    FrontEnd.CONSOLE: InputMode.PROMPT,
    FrontEnd.TERMINAL: InputMode.PROMPT,
}
_SHOWS_FORMS = {FrontEnd.NOTEBOOK, FrontEnd.UNKNOWN, FrontEnd.PAGE, FrontEnd.PROGRAM}
_TAKES_INPUT = {*FrontEnd} - {FrontEnd.PAGE, FrontEnd.NOBODY}


def input_mode(ask: Ask, kernel: Kernel | None) -> InputMode:
    """Choose by what the options ask for, or else by what this front end can do.

    Where a form or a prompt that is asked for would be seen by nobody, nobody is asked, and
    :func:`advice` says why. In a terminal ``--form`` is IPython's ``UsageError``.
    """
    here = current_front_end(kernel)
    if ask == "form":
        if kernel is None:
            from IPython.core.error import UsageError  # noqa: PLC0415 - plain Python asks without IPython

            raise UsageError("--form needs a notebook: a terminal shows no widgets. Use --prompt.")
        return InputMode.FORM if here in _SHOWS_FORMS else InputMode.NON_INTERACTIVE
    if ask == "prompt":
        return InputMode.PROMPT if here in _TAKES_INPUT else InputMode.NON_INTERACTIVE
    return InputMode.NON_INTERACTIVE if ask == "never" else _MODES.get(here, InputMode.NON_INTERACTIVE)


def advice(ask: Ask, kernel: Kernel | None) -> str:
    """Return a sentence about what can be asked here, to follow the one about what is missing; or nothing."""
    here = current_front_end(kernel)
    if here is FrontEnd.PAGE and ask != "never":
        return "To be asked on this page, run %etna_login --form."
    if here is FrontEnd.PROGRAM and ask is None:
        return "If you can answer here, add --form or --prompt."
    if here is FrontEnd.CONSOLE and ask == "form":
        return "A console shows no form: use --prompt."
    if here is FrontEnd.NOBODY and ask == "form":
        return "Nobody would see a form here, so --form shows none."
    return ""


class Driver(Protocol):
    """Whom :func:`drive` asks."""

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Return the settings that are missing, by name; raise `EtnaError` if nobody answers."""
        ...

    def challenge(self, challenge: Challenge) -> Secret:
        """Return the answer to what the server asks for.

        It raises `EtnaError` if nobody answers, or the answer before was not sent (``challenge.failure``).
        """
        ...


class NonInteractive:
    """The driver where nobody can be asked: it fails at once, and names what would have helped.

    The `advice` of this front end follows the sentence about what is missing.
    """

    def __init__(self, advice: str = "", *, is_page: bool = False) -> None:
        self._advice = advice
        self._is_page = is_page

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Raise `MissingCredentialsError` with the names of the variables, if anything is missing."""
        try:
            settings.credentials()
        except MissingCredentialsError as error:
            if not self._advice:
                raise
            sentence = f"{error} {self._advice}"
        else:
            return {}
        if self._is_page:  # Voila and Mercury leave out what a cell raises
            display.show(display.line(sentence, "etna-warning"))
        raise MissingCredentialsError(sentence)

    def challenge(self, challenge: Challenge) -> NoReturn:
        """Raise `VerificationError` with what would have answered, or why an answer was not sent."""
        if challenge.failure is not None:
            raise challenge.failure
        kind = challenge.kind.value
        reason = f" (“{challenge.message}”)" if challenge.message else ""
        request = f"did not accept the {kind}" if challenge.wrong else f"asks for a {kind}"
        raise VerificationError(
            f"The server {request}{reason}, and nobody can be asked here: "
            f"{_WAYS_TO_ANSWER[challenge.kind]}, then log in again."
        )


def _heading(settings: Settings) -> str:
    """Return who logs in where, before a password is typed; nothing if it is not known where."""
    username, base_url = settings.text("username"), settings.text("base_url")
    if not base_url:
        return ""
    who, where = f" as {sanitize(username)}" if username else "", checked_base_url(base_url)
    return f"Log in to ETNA{who} at {sanitize(where)} ({environment_of(where)})."


class Prompt:
    """The driver that asks one question after the other; what is secret is not echoed.

    A console of jupyter-client's kind may be a Qt console, which shows what is typed to ``getpass``; what it
    sends is what ``jupyter console`` sends, which does not.
    """

    def __init__(self, *, is_console: bool = False) -> None:
        self._is_console = is_console

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Ask for each setting that is missing.

        It raises `NotLoggedInError` if the user gave up with Ctrl-C or Ctrl-D, `MissingCredentialsError` if
        this front end takes no input after all, and another `EtnaError` if an answer cannot be used.
        """
        if who_and_where := _heading(settings):
            print(who_and_where)  # noqa: T201 - this is the conversation
        if self._is_console:
            # Some programs of this kind cannot ask after all (jupyter run), and say nothing of use then.
            print(f"Asking for what is not set: {', '.join(VARIABLES[name] for name in settings.missing)}")  # noqa: T201 - this is the conversation
        with contextlib.suppress(_NoInputError):
            return {name: self._ask(name) for name in settings.missing}
        return NonInteractive().missing(settings)

    def challenge(self, challenge: Challenge) -> Secret:
        """Ask for what the server asks for, with what it says about it; it raises as :meth:`missing`."""
        if challenge.failure is not None:
            raise challenge.failure
        if challenge.phrase or challenge.image:
            print(f"Your phrase: {challenge.phrase or 'none'} (go on only if it is yours)")  # noqa: T201 - this is the conversation
            _show_image(challenge.image)
        if challenge.message:
            print(f"The server says: {challenge.message}")  # noqa: T201 - this is the conversation
        if challenge.kind is ChallengeKind.PIN:
            question, is_unseen = "PIN", True
        else:
            question, is_unseen = "Code (sent by e-mail or SMS)", False
        with contextlib.suppress(_NoInputError):
            return self._read(question, is_unseen=is_unseen)
        return NonInteractive().challenge(challenge)

    def _ask(self, name: str) -> Secret:
        label = LABELS[name]
        answer = self._read(label, is_unseen=name in UNSEEN)
        # At once, before anything else is typed in vain.
        check_typed(name, answer)
        return answer

    def _read(self, label: str, *, is_unseen: bool) -> Secret:
        hint = " (a Qt console shows it)" if is_unseen and self._is_console else ""
        reader: Callable[[str], str] = getpass.getpass if is_unseen else input
        # The except is left before anything is raised, so that no context holds what was typed.
        try:
            return Secret(reader(f"{label}{hint}: "))
        except (KeyboardInterrupt, EOFError):
            error: Exception = NotLoggedInError(
                "The login was given up; nothing has changed. Log in again to go on."
            )
        except RuntimeError:  # IPython's StdinNotImplementedError is one, and xeus-python's is no other
            error = _NoInputError()
        if has_terminal():
            print()  # noqa: T201 - the next line would follow the prompt
        raise error


class _NoInputError(Exception):
    """A front end that takes no input was asked for some."""


def _show_image(image: bytes) -> None:
    """Show the picture by which a genuine server is known, where that can be done."""
    ipython = sys.modules.get("IPython")  # plain Python asks without it
    shell = ipython.get_ipython() if ipython is not None else None
    if image and hasattr(shell, "kernel"):
        from IPython.display import Image, display  # noqa: PLC0415 - as above

        display(Image(image, format="png", width=120))
    elif image:
        print("The server also sent your picture, which a terminal cannot show.")  # noqa: T201


def driver_of(ask: Ask, kernel: Kernel | None) -> Driver:
    """Return whom to ask where there is no form."""
    here = current_front_end(kernel)
    if input_mode(ask, kernel) is InputMode.PROMPT:
        return Prompt(is_console=here is FrontEnd.CONSOLE)
    return NonInteractive(advice(ask, kernel), is_page=here is FrontEnd.PAGE)


def drive(attempt: LoginAttempt, driver: Driver, challenge: Challenge | None = None) -> Token:
    """Log in, asking a driver for what is missing and for what the server asks for."""
    step: Token | Challenge | None = challenge
    if step is None:
        step = attempt.start(driver.missing(attempt.settings) if attempt.missing else {})
    while isinstance(step, Challenge):
        step = attempt.answer(driver.challenge(step))
    return step
