"""What comes in and goes out: requests, responses, JSON, and dates as ETNA writes them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from urllib.parse import parse_qsl

import flask
from flask import Response
from werkzeug.exceptions import RequestEntityTooLarge

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
MAX_BODY = 1_000_000  # bytes
UNSET_DATE = "0001-01-01T00:00:00Z"
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC, and written without a zone
FIRST, END = -62_135_596_800, 253_402_300_800  # the years 1 to 9999, in seconds since 1970

_UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Request(flask.Request):
    """A request, with what is particular to ETNA's server."""

    max_content_length = MAX_BODY

    @cached_property
    def header_names(self) -> tuple[str, ...]:
        """The names of the headers in title case."""
        # As WSGI has them: going through `headers` takes ten times as long.
        return _title_case(
            tuple(name for name in self.environ if name.startswith("HTTP_") or name in _UNPREFIXED)
        )

    @property
    def has_body(self) -> bool:
        """Whether it says that a body follows."""
        return bool(self.environ.get("CONTENT_LENGTH") or self.environ.get("HTTP_TRANSFER_ENCODING"))

    @cached_property
    def query(self) -> dict[str, str]:
        """The members of the query, with their names in lower case: ETNA's server ignores their case."""
        text = self.query_string.decode(errors="replace")
        return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}

    @property
    def root(self) -> str:
        """Scheme, host and port, as the client wrote them."""
        return self.host_url.rstrip("/")

    @cached_property
    def body(self) -> bytes:
        """The body; empty if it is larger than a megabyte."""
        try:
            return self.get_data()
        except RequestEntityTooLarge:
            return b""


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as compact JSON, with its keys in the order given."""
    return json_text(_ENCODER.encode(body), status, headers)


def json_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return text that is JSON already."""
    return Response(text, status, headers, content_type=JSON_TYPE)


def to_json(value: object) -> str:
    """Return a value as compact JSON."""
    return _ENCODER.encode(value)


def empty_response(status: int = 204) -> Response:
    """Return a response without a body."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def html_response(title: str, status: int = 200) -> Response:
    """Return an HTML page, as gateways and the web terminal send."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
    text += f"<body><h1>{title}</h1></body></html>\n"
    return Response(text, status, content_type=HTML_TYPE)


@lru_cache(maxsize=4096)
def format_date(seconds: float | None) -> str:
    """Return a time in seconds since 1970 as ETNA writes dates: up to seven decimals, no zeros at the end.

    Examples
    --------
    >>> format_date(1547468857.5), format_date(1542801600), format_date(None)
    ('2019-01-14T12:27:37.5Z', '2018-11-21T12:00:00Z', '0001-01-01T00:00:00Z')
    """
    if seconds is None:
        return UNSET_DATE
    whole, fraction = divmod(round(seconds * 1_000_000), 1_000_000)
    text = _whole_second(whole)
    # The seventh decimal is one that a float of today does not hold; it is made from the sixth.
    decimals = f"{fraction:06d}{fraction % 10}".rstrip("0") if fraction else ""
    return f"{text}.{decimals}Z" if decimals else f"{text}Z"


def parse_date(text: str) -> float | None:
    """Return the seconds since 1970 of a date that a client sent, or None if it is none.

    Nor is one that lies, in UTC, outside of the years that `format_date` can write.

    Examples
    --------
    >>> parse_date("2019-03-13T18:31:42"), parse_date("2019-03-13"), parse_date("soon")
    (1552501902.0, 1552435200.0, None)
    """
    head, dot, rest = text.partition(".")
    if dot:  # Python reads six decimals, ETNA writes seven
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{digits[:6]}{rest[len(digits) :]}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return seconds if FIRST <= seconds < END else None


@lru_cache(maxsize=4096)
def _whole_second(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).isoformat()


@lru_cache(maxsize=512)
def _title_case(names: tuple[str, ...]) -> tuple[str, ...]:
    # Shared between requests: a client sends the same names again and again.
    return tuple(name.removeprefix("HTTP_").replace("_", "-").title() for name in names)
