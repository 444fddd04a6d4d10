"""One call while it is answered: the request, who makes it, and which objects its path names."""

from dataclasses import dataclass, field

from etna_magic_sandbox.auth import Usage
from etna_magic_sandbox.messages import Request
from etna_magic_sandbox.state import State
from etna_magic_sandbox.users import user_id


@dataclass(slots=True)
class Call:
    """A call that may be made: key, token, limits and path have been checked.

    Parameters
    ----------
    request : Request
        The request.
    state : State
        What the sandbox remembers.
    user : str, optional
        Whose token it has.
    account : int, optional
        The account that its path names, which is the user's own.
    ids : dict, optional
        The other numbers in its path, by their names in the path's template.
    texts : dict, optional
        The texts in its path.
    usage : Usage or None, optional
        How far its rate limit is used up, if it has one.
    """

    request: Request
    state: State
    user: str = ""
    account: int = 0
    ids: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    usage: Usage | None = None

    @property
    def user_id(self) -> int:
        """The ID of the user whose token it has."""
        return user_id(self.user)


def bearer_token(request: Request) -> str:
    """Return the token in a request's `Authorization` header, or an empty text."""
    scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
