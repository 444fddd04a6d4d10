"""Text that never shows itself."""

from __future__ import annotations

import hmac
from typing import Any, NoReturn


class Secret:
    """A text that is given by a call of :meth:`get_secret_value` alone.

    It is no ``str`` on purpose: a ``str`` with a masked ``repr`` still shows in ``%whos``, in
    variable inspectors and in everything that joins or formats it. No attribute holds it either:
    debuggers, inspectors and serializers read every attribute, and call nothing.

    Parameters
    ----------
    text : str
        The text to keep.

    Examples
    --------
    >>> Secret("letmein")
    Secret(***)
    >>> Secret("letmein").get_secret_value()
    'letmein'
    """

    __slots__ = ("_get",)

    def __init__(self, text: str) -> None:
        self._get = lambda: text

    def get_secret_value(self) -> str:
        """Return the text. Do not keep it in a local of a frame that may raise.

        Returns
        -------
        str
            The text, byte for byte as it was given.
        """
        return self._get()

    def __repr__(self) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self._get())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # surrogatepass: an environment that is not UTF-8 brings characters that no codec takes.
        ours, theirs = (one.get_secret_value().encode("utf-8", "surrogatepass") for one in (self, other))
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash(self._get())

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError(
            "A Secret is not formatted into a text: a masked text must not be sent. Call get_secret_value()."
        )

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle ends up on a disk: it never fails, and never holds the text.
        return Secret, ("",)
