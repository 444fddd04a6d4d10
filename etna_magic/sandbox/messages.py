"""What comes in and goes out: requests, responses, JSON, and dates as ETNA writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
MAX_BODY = 1_000_000  # bytes
UNSET_DATE = "0001-01-01T00:00:00Z"

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Request:
    """One request, as a WSGI server hands it over.

    Parameters
    ----------
    environ : dict
        The WSGI environment.
    """

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]

    def header(self, name: str) -> str | None:
        """Return a header's value, or None if it was not sent."""
        value: str | None = self.environ.get("HTTP_" + name.upper().replace("-", "_"))
        return value

    @cached_property
    def header_names(self) -> tuple[str, ...]:
        """The names of the headers in title case."""
        return _title_case(
            tuple(
                name
                for name in self.environ
                if name.startswith("HTTP_")
                or (name in {"CONTENT_TYPE", "CONTENT_LENGTH"} and self.environ[name])
            )
        )

    @cached_property
    def query(self) -> dict[str, str]:
        """The members of the query, with their names in lower case: ETNA's server ignores their case."""
        text: str = self.environ.get("QUERY_STRING", "")
        return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}

    @property
    def root(self) -> str:
        """Scheme, host and port, as the client wrote them."""
        host = self.environ.get("HTTP_HOST") or f"{self.environ['SERVER_NAME']}:{self.environ['SERVER_PORT']}"
        return f"{self.environ['wsgi.url_scheme']}://{host}"

    @property
    def url(self) -> str:
        """The whole URL, with its query."""
        query = self.environ.get("QUERY_STRING", "")
        return f"{self.root}{self.path}" + (f"?{query}" if query else "")

    @cached_property
    def body(self) -> bytes:
        """The body; empty if it is larger than a megabyte."""
        length = self.environ.get("CONTENT_LENGTH") or "0"
        stream = self.environ["wsgi.input"]
        if "chunked" in self.environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            data: bytes = stream.read()
        else:
            data = stream.read(int(length)) if length.isdecimal() and int(length) <= MAX_BODY else b""
        return data if len(data) <= MAX_BODY else b""


@dataclass(slots=True)
class Response:
    """One response: status, body and headers, without `Content-Length`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as compact JSON, with its keys in the order given."""
    return json_text(_ENCODER.encode(body), status, headers)


def json_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return text that is JSON already."""
    return Response(status, text.encode(), {"Content-Type": JSON_TYPE, **(headers or {})})


def to_json(value: object) -> str:
    """Return a value as compact JSON."""
    return _ENCODER.encode(value)


def empty_response(status: int = 204) -> Response:
    """Return a response without a body."""
    return Response(status)


def html_response(title: str, status: int = 200) -> Response:
    """Return an HTML page, as gateways and the web terminal send."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
    text += f"<body><h1>{title}</h1></body></html>\n"
    return Response(status, text.encode(), {"Content-Type": HTML_TYPE})


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
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=4096)
def _whole_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=512)
def _title_case(names: tuple[str, ...]) -> tuple[str, ...]:
    # Shared between requests: a client sends the same names again and again.
    return tuple(name.removeprefix("HTTP_").replace("_", "-").title() for name in names)
