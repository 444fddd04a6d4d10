"""What the server wants to know before it hands out a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etna_magic.secret import Secret


class ChallengeKind(Enum):
    """What is wanted.

    Examples
    --------
    >>> ChallengeKind("code") is ChallengeKind.CODE
    True
    """

    CODE = "code"
    PIN = "PIN"
    UNKNOWN = "something unknown"


@dataclass(frozen=True)
class Challenge:
    """One step of a log-in that somebody has to answer.

    Parameters
    ----------
    kind : ChallengeKind
        What is wanted.
    step : str
        The server's name for it, made inert.
    reason : str
        What the server says about it, made inert.
    interim : Secret
        The interim token, which travels with the answer and is good for nothing else.
    wrong : int, optional
        How many answers to this step were wrong so far.

    Examples
    --------
    >>> from etna_magic.secret import Secret
    >>> Challenge(ChallengeKind.PIN, "SecutityPin", "Invalid pin", Secret("dG9rZW4=")).kind.value
    'PIN'
    """

    kind: ChallengeKind
    step: str
    reason: str
    interim: Secret = field(repr=False)
    wrong: int = 0

    @property
    def news(self) -> str:
        """What the server says about it, where that tells a person anything; else nothing."""
        # By ETNA's REST documentation "Invalid pin" is said to whoever has not given one yet, too.
        untried = self.kind is ChallengeKind.PIN and not self.wrong
        return "" if untried and self.reason == "Invalid pin" else self.reason
