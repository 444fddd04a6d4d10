"""The docs list what is served: the page is the one that the tables give."""

from pathlib import Path

from etna_magic_sandbox.routes import LIMITS, ROUTES
from etna_magic_sandbox.tables import documentation
from etna_magic_sandbox.variants import VARIANTS

ROOT = Path(__file__).parents[2]


def test_the_page_is_current():
    """To make it again: python -m etna_magic.sandbox --markdown > docs/reference/sandbox.md."""
    assert documentation() == (ROOT / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")


def test_every_call_and_variant_has_a_source():
    """Each row says who documents it, and each call counts for a limit that exists."""
    assert [] == [route.path for route in ROUTES if not set(route.source) & set("ESPG")]
    assert [] == [variant.name for variant in VARIANTS if not variant.source]
    assert {route.group for route in ROUTES} - {""} <= set(LIMITS)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_what_is_written_in_short_is_explained():
    """The page says what the numbers and letters of a source, and the names in a path, are."""
    page = " ".join(documentation().split())
    assert "The numbers are the sections of the facts" in page
    assert "D1, D2 and so on the disagreements between sources" in page
    assert "`{u}` is a user's ID or `@me`, `{a}` the ID of an account" in page
    assert "| limit per minute |" in page
    assert "every other call but `users/@me/info`" in page


def test_files_are_of_one_topic():
    """No file of the sandbox has more than 400 lines."""
    files = (ROOT / "sandbox" / "etna_magic_sandbox").glob("*.py")
    assert [] == [path.name for path in files if len(path.read_text().splitlines()) > 400]
