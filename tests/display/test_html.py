"""A line as text and as HTML, and how it is shown."""

import subprocess
import sys

import pytest

from etna_magic.display import Bundle, badge, line, show

MARKUP = "<img src=x onerror=alert(1)>"


def test_a_line_is_escaped() -> None:
    """Markup is shown as text; the plain form is the text itself."""
    bundle = line(MARKUP)
    assert MARKUP == bundle["text/plain"]
    assert (0, 1) == (bundle["text/html"].count("<img"), bundle["text/html"].count("&lt;img src=x"))


@pytest.mark.parametrize("css", ["etna-line", "etna-note", "etna-warning", "etna-error"])
def test_a_line_has_its_style(css: str) -> None:
    """The class is there for style sheets and tests, and each has its colour."""
    assert line("text", css)["text/html"].startswith(f'<div class="{css}" style="border-left: 4px solid var(')


@pytest.mark.parametrize("hint", ["%etna_login", "%etna_login firm"])
def test_a_hint_at_the_end_is_code(hint: str) -> None:
    """What is to be typed is set as code; without a hint nothing is."""
    page = line(f"To log in again: {hint}")["text/html"]
    assert f'<code style="white-space: nowrap">{hint}</code></div>' in page
    assert "<code" not in line(f"{hint} logs in.")["text/html"]


@pytest.mark.parametrize("environment", ["LIVE", "DEMO", "SANDBOX"])
def test_badges(environment: str) -> None:
    """The text comes first; only LIVE is filled, and each has a border that no forced colour takes away."""
    page = badge(environment)
    assert page.startswith(f'<span class="etna-badge etna-{environment.lower()}" style="')
    assert page.endswith(f">{environment}</span>")
    assert (environment == "LIVE", True) == ("background" in page, "border: " in page)
    styles = {badge(name).partition("border: ")[2].partition(";")[0] for name in ("LIVE", "DEMO", "SANDBOX")}
    assert 3 == len(styles)


def test_a_badge_of_reads_only() -> None:
    """It stands beside the first."""
    assert badge("LIVE") in badge("LIVE", is_read_only=True)
    assert badge("LIVE", is_read_only=True).endswith(">READ-ONLY</span>")


def test_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """All forms go to the front end at once."""
    shown: list[tuple[Bundle, dict[str, object]]] = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **how: shown.append((bundle, how)))
    show(line("text"))
    assert [(line("text"), {"raw": True})] == shown


def test_sentences_need_no_ipython() -> None:
    """A program without a notebook can have the sentences without IPython."""
    code = "import etna_magic.display, sys; print({'IPython', 'ipywidgets', 'requests'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()" == done.stdout.strip()
