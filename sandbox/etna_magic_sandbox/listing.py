"""Lists in pages: filters, sorting, and the links to the pages before and after."""

import contextlib
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Response

from etna_magic_sandbox.errors import RefusedError, bad_filter, invalid_request
from etna_magic_sandbox.messages import Request, json_response, parse_date

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 10

Getter = Callable[[Any], Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, part: part in value,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_VALUE = r"'(?:[^']|'')*'|#[^#]*#|true|false|-?\d+(?:\.\d+)?"
_CONDITION = re.compile(
    rf"\s*(?P<field>[A-Za-z]+)\s*(?:"
    rf"(?P<op><=|>=|=|<|>)\s*(?P<value>{_VALUE})"
    rf"|(?P<test>contains|startsWith|endsWith)\s*(?P<text>'(?:[^']|'')*')"
    rf"|in\s*\(\s*(?P<many>(?:{_VALUE})(?:\s*,\s*(?:{_VALUE}))*)\s*\)"
    rf"|between\s*(?P<low>{_VALUE})\s*and\s*(?P<high>{_VALUE})"
    rf")\s*(?P<joined>and\b|$)",
    re.IGNORECASE,
)


class Condition(NamedTuple):
    """One condition of a filter: the field in lower case, the operator, and the values.

    The operator is one of `= < > <= >= contains startswith endswith in between`.
    """

    field: str
    operator: str
    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        """Return whether a value fulfils the condition."""
        if isinstance(value, str):
            value = value.lower()
        try:
            if self.operator == "in":
                return value in self.values
            if self.operator == "between":
                return bool(self.values[0] <= value <= self.values[1])
            if self.operator in _TEXT_TESTS:
                return _TEXT_TESTS[self.operator](value, self.values[0])
            return _COMPARISONS[self.operator](value, self.values[0])
        except TypeError:
            return False  # a number was compared with a text


class Found(NamedTuple):
    """What a list holds: how many there are, and each of them in order, computed on demand."""

    total: int
    items: Iterator[Any]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for, filtered and sorted how."""

    number: int
    size: int
    conditions: tuple[Condition, ...] = ()
    sort_field: str = ""
    descending: bool = False

    @classmethod
    def of(
        cls, request: Request, fields: Mapping[str, Getter], sort: tuple[str, str], *, by_default: bool
    ) -> "Paging":
        """Read it from a request's query.

        Parameters
        ----------
        request : Request
            The request.
        fields : mapping
            The fields in lower case by which the list can be filtered and sorted.
        sort : tuple of str
            The names of the two members of the query that say how to sort.
        by_default : bool
            Whether it is descending where nothing is said.
        """
        query = request.query
        number = _whole(query.get("pagenumber", "0"), 0)
        size = _whole(query.get("pagesize", str(DEFAULT_PAGE_SIZE)), 1, MAX_PAGE_SIZE)
        field = query.get(sort[0].lower(), "").lower()
        if field and field not in fields:
            raise RefusedError(invalid_request())
        descending = truth(query.get(sort[1].lower(), str(by_default)))
        conditions = parse_filter(query.get("filter", ""), fields)
        return cls(number, size, conditions, field, descending)

    def select(self, items: Iterable[Any], fields: Mapping[str, Getter]) -> Found:
        """Return those of the items that the conditions hold for, sorted."""
        chosen = [
            item for item in items if all(one.holds(fields[one.field](item)) for one in self.conditions)
        ]
        if self.sort_field:
            chosen.sort(key=fields[self.sort_field], reverse=self.descending)
        return Found(len(chosen), iter(chosen))


def page_response(  # noqa: PLR0913 - what a page is made of
    request: Request,
    paging: Paging,
    found: Found,
    show: Callable[[Any], object],
    *,
    bare: bool = False,
    null_links: bool = False,
) -> Response:
    """Return one page of a list as ETNA's paging object.

    Parameters
    ----------
    request : Request
        The request; links lead back to its URL.
    paging : Paging
        Which page.
    found : Found
        What the list holds.
    show : callable
        Returns one item as the API shows it.
    bare : bool, optional
        Whether to send the items alone, as one sample does for positions.
    null_links : bool, optional
        Whether links are relative, and null where there is no page, as a broker's pages say.
    """
    start = paging.number * paging.size
    result = [show(item) for item in islice(found.items, start, start + paging.size)]
    if bare:
        return json_response(result)

    def link(number: int) -> str:
        names = {"pagenumber": str(number), "pagesize": str(paging.size)}
        spelled = {"pageNumber": names["pagenumber"], "pageSize": names["pagesize"]}
        rest = {name: value for name, value in request.query.items() if name not in names}
        address = request.path if null_links else request.root + request.path
        return f"{address}?{urlencode(spelled | _spelled(rest))}"

    none = None if null_links else ""
    return json_response(
        {
            "Result": result,
            "NextPageLink": link(paging.number + 1) if found.total > start + paging.size else none,
            "PreviousPageLink": link(paging.number - 1) if paging.number else none,
            "TotalCount": found.total,
        }
    )


def parse_filter(text: str, fields: Mapping[str, Getter]) -> tuple[Condition, ...]:
    """Return the conditions of a filter; one that cannot be read is refused with status 400.

    Examples
    --------
    >>> parse_filter("Status in (0, 1)", {"status": str})
    (Condition(field='status', operator='in', values=(0, 1)),)
    """
    conditions, position, joined = [], 0, bool(text.strip())
    while joined:
        match = _CONDITION.match(text, position)
        if match is None or match["field"].lower() not in fields:
            raise RefusedError(bad_filter(f"The filter cannot be read from position {position} on."))
        conditions.append(_condition(match))
        position, joined = match.end(), bool(match["joined"])
    return tuple(conditions)


def truth(text: str) -> bool:
    """Return `true` or `false` in the query; anything else is refused with status 400."""
    if text.lower() not in {"true", "false"}:
        raise RefusedError(invalid_request())
    return text.lower() == "true"


def _condition(match: "re.Match[str]") -> Condition:
    field = match["field"].lower()
    if match["op"]:
        return Condition(field, match["op"], (_value(match["value"]),))
    if match["test"]:
        return Condition(field, match["test"].lower(), (_value(match["text"]),))
    if match["many"]:
        return Condition(field, "in", tuple(map(_value, re.findall(_VALUE, match["many"], re.IGNORECASE))))
    return Condition(field, "between", (_value(match["low"]), _value(match["high"])))


def _value(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'").lower()
    if text.startswith("#"):
        seconds = parse_date(text[1:-1])
        if seconds is None:
            raise RefusedError(bad_filter("A date cannot be read."))
        return seconds
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    # Python reads no whole number of more than 4,300 digits, and a longer fraction becomes infinite.
    with contextlib.suppress(ValueError):
        number = float(text) if "." in text else int(text)
        if number not in {math.inf, -math.inf}:
            return number
    raise RefusedError(bad_filter("A number is too long."))


def _whole(text: str, least: int, most: int | None = None) -> int:
    # Nine digits always fit into the API's 32 bits.
    if not text.isdecimal() or len(text) > 9 or int(text) < least:
        raise RefusedError(invalid_request())
    return int(text) if most is None else min(int(text), most)


# Names of the query as ETNA spells them, for links.
_SPELLINGS: Sequence[str] = ("sortField", "sortBy", "isDesc", "isReport", "isBlotter", "checkCode")


def _spelled(query: Mapping[str, str]) -> dict[str, str]:
    spellings = {name.lower(): name for name in _SPELLINGS}
    return {spellings.get(name, name): value for name, value in query.items()}
