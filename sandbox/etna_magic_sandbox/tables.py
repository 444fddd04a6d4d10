"""What the sandbox serves as tables: for `--help` in columns, for the docs in Markdown."""

from collections.abc import Iterable

from etna_magic_sandbox.routes import LIMITS, ROUTES
from etna_magic_sandbox.users import USERS, User
from etna_magic_sandbox.variants import VARIANTS

Rows = list[tuple[str, ...]]

NOT_SERVED = "What is not here is answered as an unknown path is: 404."
PATHS = """The paths stand after the base URL. In them `{u}` is a user's ID or `@me`, `{a}` the ID of an
account, `{symbol}` a text, and each other name in braces the ID of what it names.
"""
SHOWN = """Each shows one response of `/token`, or one error of every other call but `users/@me/info`, which
is answered so that they can log in."""
SOURCES = """This page is made by `python -m etna_magic.sandbox --markdown`. The letters name the source:
E ETNA's own documentation, S a broker's API description, P a broker's pages, G a client that has run against
a live server; Inf. an inference. The numbers are the sections of the facts the tables were written from, and
D1, D2 and so on the disagreements between sources.
"""


def calls_table() -> Rows:
    """Return the calls as rows of text, with a heading."""
    rows: Rows = [("method", "path", "limit per minute", "query", "what", "source")]
    for route in ROUTES:
        limit = LIMITS["logins"] if route.path == "/token" else LIMITS.get(route.group, "-")
        rows.append(
            (
                route.method,
                route.path,
                str(limit),
                " ".join(route.required) or "-",
                route.summary,
                route.source,
            )
        )
    return rows


def users_table(users: Iterable[User] = USERS) -> Rows:
    """Return the users as rows of text, with a heading."""
    rows: Rows = [("user", "password", "PIN", "code", "what it shows")]
    rows += [(user.name, user.password, user.pin or "-", user.code or "-", user.shows) for user in users]
    return rows


def variants_table() -> Rows:
    """Return the variants as rows of text, with a heading."""
    return [("variant", "what is different", "source"), *VARIANTS]


def as_markdown(rows: Rows) -> str:
    """Return a table in Markdown, for the docs."""
    heading, *others = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([heading, "|---" * len(rows[0]) + "|", *others]) + "\n"


def documentation() -> str:
    """Return the page of the docs that lists calls, users and variants."""
    parts = (
        ("Calls", PATHS + NOT_SERVED, calls_table()),
        ("Users", SHOWN, users_table()),
        (
            "Variants",
            "`--variant NAME`, or `Sandbox(variants=(...,))`, picks another reading.",
            variants_table(),
        ),
    )
    page = "# What the sandbox serves\n\n" + SOURCES
    for title, text, rows in parts:
        page += f"\n## {title}\n\n{text}\n\n{as_markdown(rows)}"
    return page


def as_text(rows: Rows) -> str:
    """Return a table in columns, for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
