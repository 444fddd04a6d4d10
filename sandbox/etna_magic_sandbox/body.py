"""Reads the JSON object of a request, member by member, and collects what is wrong with it."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from flask import Response

from etna_magic_sandbox.errors import RefusedError, invalid_entity, server_error
from etna_magic_sandbox.messages import Request, parse_date, to_json

MOST = 1e12  # no number of the API is that large
PROBLEM = "An error has occurred."  # ETNA's text, whatever is wrong


class Body:
    """A JSON object whose members are read by name, upper and lower case alike.

    A member of the wrong type is noted; `check` refuses the request if there was one. Missing members
    are given back as their default.

    Parameters
    ----------
    members : mapping
        The JSON object.
    parameter : str
        The name of ETNA's parameter, which begins the keys of `ModelState`.
    problems : dict, optional
        Where to note problems; those of an outer object for one inside it.
    """

    def __init__(
        self, members: Mapping[str, Any], parameter: str, problems: dict[str, list[str]] | None = None
    ) -> None:
        self._members = {name.lower(): value for name, value in members.items()}
        self._parameter = parameter
        self._problems = {} if problems is None else problems

    @classmethod
    def of(cls, request: Request, parameter: str, refusal: Callable[[], Response] = server_error) -> Self:
        """Return the JSON object of a request; anything else is a server error, as at ETNA's.

        So is JSON that could not be sent back: half of a surrogate pair, or too many brackets in brackets.
        """
        try:
            members = json.loads(request.body)
            to_json(members).encode()
        except (ValueError, RecursionError):
            members = None
        if not isinstance(members, dict):
            raise RefusedError(refusal())
        return cls(members, parameter)

    def has(self, name: str) -> bool:
        """Return whether a member is there and not null."""
        return self._members.get(name.lower()) is not None

    def raw(self, name: str) -> Any:
        """Return a member as it is, or None."""
        return self._members.get(name.lower())

    def problem(self, name: str, text: str = PROBLEM) -> None:
        """Note that a member is wrong."""
        self._problems.setdefault(f"{self._parameter}.{name}", []).append(text)

    def check(self) -> None:
        """Refuse the request with status 422 if anything was wrong."""
        if self._problems:
            raise RefusedError(invalid_entity(self._problems))

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """Return a text; numbers are not converted."""
        value = self._read(name, required=required)
        if value is not None and not isinstance(value, str):
            self.problem(name)
        return value if isinstance(value, str) else default

    def choice(self, name: str, allowed: Sequence[str], default: str = "", *, required: bool = False) -> str:
        """Return a text that must be one of those allowed."""
        value = self._read(name, required=required)
        if value is not None and (not isinstance(value, str) or value not in allowed):
            self.problem(name)
        return value if isinstance(value, str) else default

    def number(
        self, name: str, default: float = 0, *, required: bool = False, least: float = -math.inf
    ) -> float:
        """Return a number as it is; true and false are none."""
        value = self._read(name, required=required)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
            self.problem(name)
            return default
        if value < least:
            self.problem(name)
        return value

    def integer(
        self, name: str, default: int = 0, *, required: bool = False, least: int | None = None
    ) -> int:
        """Return a whole number."""
        lower = -math.inf if least is None else least
        value = self.number(name, default, required=required, least=lower)
        if value != int(value):
            self.problem(name)
        return int(value)

    def date(self, name: str) -> float | None:
        """Return a date in seconds since 1970, or None."""
        value = self._read(name, required=False)
        found = parse_date(value) if isinstance(value, str) else None
        if value is not None and found is None:
            self.problem(name)
        return found

    def is_true(self, name: str, *, required: bool = False) -> bool:
        """Return whether a member is `true`."""
        value = self._read(name, required=required)
        if value is not None and not isinstance(value, bool):
            self.problem(name)
        return value is True

    def nested(self, name: str) -> "Body | None":
        """Return the JSON object in a member, or None if there is none."""
        value = self._members.get(name.lower())
        if value is not None and not isinstance(value, dict):
            self.problem(name)
        path = f"{self._parameter}.{name}"
        return Body(value, path, self._problems) if isinstance(value, dict) else None

    def list_of(self, name: str) -> list["Body"]:
        """Return the JSON objects in a list."""
        value = self._members.get(name.lower())
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.problem(name)
            return []
        path = f"{self._parameter}.{name}"
        return [Body(item, f"{path}[{number}]", self._problems) for number, item in enumerate(value)]

    def _read(self, name: str, *, required: bool) -> Any:
        value = self._members.get(name.lower())
        if value is None and required:
            self.problem(name)
        return value
