"""A real IPython in a pseudo-terminal, and what its screen has shown."""

import io
import sys
import warnings
from pathlib import Path
from typing import Self

import pexpect

from tests.helpers.clean_home import environment

LIMIT = 40  # seconds after which something that should have come has not
# IPython's own ("In [1]: ") counts on; this one is the same each time, and no output holds it.
READY = "ready-for-you> "
_PROMPTS = (
    "class Prompt(__import__('IPython').terminal.prompts.Prompts):\n"
    "    def in_prompt_tokens(self): return [('', 'ready-for' + '-you> ')]\n"
    "    def out_prompt_tokens(self): return []\n"
    "get_ipython().prompts = Prompt(get_ipython())\n"
)


_AS_NEW = (
    "%etna_logout --all",
    "%reset -f",
    "import os; [os.environ.pop(n) for n in list(os.environ) if n.startswith('ETNA_')]; None",
)


class Terminal:
    """IPython with the extension loaded, at which a test types.

    Parameters
    ----------
    home
        The directory that becomes HOME and the working directory.
    variables
        More of its environment.
    """

    def __init__(self, home: Path, **variables: str) -> None:
        self._screen = io.StringIO()
        startup = home / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "prompts.py").write_text(_PROMPTS)
        command = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"]
        command += ["--no-confirm-exit"]
        with warnings.catch_warnings():
            # From Python 3.12 on, a fork beside the sandbox's thread is warned of; the child only execs.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = pexpect.spawn(
                sys.executable,
                command,
                cwd=str(home),
                env=environment(home, TERM="dumb", **variables),
                encoding="utf-8",
                timeout=LIMIT,
                dimensions=(50, 400),
            )
        self._child.delaybeforesend = None
        self._child.logfile_read = self._screen
        self._child.expect_exact(READY)
        self.run("%load_ext etna_magic")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.sendline("exit")
        self._child.expect(pexpect.EOF)
        self._child.close()

    def as_new(self) -> Self:
        """Log everybody out, and delete every variable of the user's and of ours."""
        for line in _AS_NEW:
            self.run(line)
        return self

    @property
    def screen(self) -> str:
        """All that the terminal has shown so far."""
        return self._screen.getvalue()

    def run(self, line: str) -> list[str]:
        """Type a line; return what is shown until IPython asks for the next."""
        self.type(line)
        return self.rest()[1:]

    def type(self, line: str) -> None:
        """Type a line, and wait for nothing."""
        self._child.sendline(line)

    def type_half(self, text: str) -> None:
        """Type without pressing Enter."""
        self._child.send(text)

    def wait_for(self, question: str) -> str:
        """Wait until something is asked; return what was shown before it."""
        self._child.expect_exact(question)
        return self._child.before

    def press(self, key: str) -> None:
        """Press Ctrl and a key."""
        self._child.sendcontrol(key)

    def rest(self) -> list[str]:
        """Return the lines that are shown until IPython asks for the next line, empty ones apart."""
        lines = [line.rstrip() for line in self.raw_rest().splitlines()]
        return [line for line in lines if line]

    def raw_rest(self) -> str:
        """Return what is shown until IPython asks for the next line, as it is."""
        self._child.expect_exact(READY)
        return self._child.before

    def ask(self, expression: str) -> str:
        """Return the repr of an expression."""
        return self.run(expression)[-1]
