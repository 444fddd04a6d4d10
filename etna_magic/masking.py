"""Our two headers where somebody may look: masked in what an answer keeps of its request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

    from etna_magic.origin import Origin

OURS = ("Authorization", "Et-App-Key")
MASKED = "***"


class Unsigning:
    """The hook of a call that a token has signed: what comes back shows nothing of it.

    ``requests`` hands on ``Et-App-Key`` to whatever host a redirect names, and every answer keeps
    its request, which is printed and pickled with it. This holds no secret, so that it may be.

    Parameters
    ----------
    origin : Origin
        Where the headers are at home.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def __call__(self, response: Response, **_: Any) -> None:
        """Mask what an answer shows; what a redirect copies keeps our headers at home only."""
        signed = response.request
        response.request = self._shown(signed)
        if response.is_redirect and not self._origin.has_redirect(response):
            for name in OURS:
                signed.headers.pop(name, None)

    def _shown(self, signed: PreparedRequest) -> PreparedRequest:
        shown = signed.copy()
        shown.headers.update(dict.fromkeys(OURS, MASKED))
        theirs = [hook for hook in signed.hooks["response"] if hook is not self]
        shown.hooks = {**signed.hooks, "response": theirs}
        return shown
