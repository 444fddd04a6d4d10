"""What the server asks for before it hands out a token."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from etna_magic.exceptions import ConnectionFailedError


class ChallengeKind(Enum):
    """What is asked for."""

    CODE = "code"
    PIN = "PIN"
    UNKNOWN = "something unknown"


class Challenge(NamedTuple):
    """One step of a login that somebody has to answer. It holds no secret.

    Parameters
    ----------
    kind : ChallengeKind
        What is asked for.
    step : str
        The server's name for it, sanitized.
    reason : str
        What the server says about it, sanitized.
    wrong : int, optional
        How many answers to this step were wrong so far.
    failure : ConnectionFailedError or None, optional
        Why the last answer did not reach the server; it may be given again.
    phrase, image : str and bytes, optional
        The phrase and the picture (a PNG) that the user once chose: they show that the server is genuine.
    """

    kind: ChallengeKind
    step: str
    reason: str
    wrong: int = 0
    failure: ConnectionFailedError | None = None
    phrase: str = ""
    image: bytes = b""

    @property
    def message(self) -> str:
        """What the server says about it, where that says anything to a person; else nothing."""
        # By ETNA's REST documentation "Invalid pin" is said to those who have not given one yet, too.
        untried = self.kind is ChallengeKind.PIN and not self.wrong
        return "" if untried and self.reason == "Invalid pin" else self.reason
