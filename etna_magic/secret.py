"""Text that never shows itself."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """A text that is handed over by :meth:`reveal` alone.

    It is no ``str`` on purpose: a ``str`` with a masked ``repr`` still shows in ``%whos``, in
    variable inspectors and in everything that joins or formats it.

    Parameters
    ----------
    text : str
        The text to keep.

    Examples
    --------
    >>> Secret("letmein")
    Secret(***)
    >>> Secret("letmein").reveal()
    'letmein'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. Do not keep it in a local of a frame that may raise.

        Returns
        -------
        str
            The text, byte for byte as it was given.
        """
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # surrogatepass: an environment that is not UTF-8 brings characters that no codec takes.
        ours, theirs = (one.reveal().encode("utf-8", "surrogatepass") for one in (self, other))
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash(self._text)

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a secret cannot be formatted into a text: a masked text must not travel on")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled: what is pickled ends up on a disk")
