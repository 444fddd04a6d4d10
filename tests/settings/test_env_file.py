"""A `.env`: each value with its line, what cannot be parsed, and what is easily misread."""

import logging
from pathlib import Path

import pytest

from etna_magic import MissingCredentialsError, Secret
from etna_magic.settings import Settings
from etna_magic.settings.env_file import read_env_file, shown_path
from tests.helpers.leaks import caught, chain, leaks

NAMES = frozenset({"ETNA_USERNAME", "ETNA_PASSWORD"})
KNOWN = {name: Secret("x") for name in ("app_key", "username", "password")}


def read(folder: Path, text: str) -> dict:
    """Read a file with this text."""
    (folder / ".env").write_bytes(text.encode())
    return read_env_file(folder / ".env", NAMES)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_the_line_of_a_value(folder: Path, end: str) -> None:
    """Blank lines, comments and values over several lines are counted, whatever ends a line."""
    lines = ["", "# mine", "", "A=1", 'export B="2', '3"', "", "", "C = 4 # four", "D", "A='5'"]
    found = read(folder, end.join(lines))
    assert {"A": ("5", 11), "B": ("2\n3", 5), "C": ("4", 9)} == {
        name: (one.value.get_secret_value(), one.line) for name, one in found.items()
    }


@pytest.mark.parametrize(
    ("written", "value", "pitfall"),
    [
        ("ab #cd", "ab", "“ #”"),
        ("ab#cd", "ab#cd", ""),
        ("'ab #cd'", "ab #cd", ""),
        ('"ab #cd"', "ab #cd", ""),
        ('"a\\tb"', "a\tb", "a backslash"),
        ("a\\tb", "a\\tb", "a backslash"),
        ("'a\\\\b'", "a\\b", "a backslash"),
        ("it's", "it's", "an odd quote"),
        ('a"b', 'a"b', "an odd quote"),
        ('"it\'s"', "it's", ""),
        ("'a\"b'", 'a"b', ""),
        ("plain", "plain", ""),
        ("", "", ""),
        ("a=b=", "a=b=", ""),
    ],
)
def test_what_is_easily_misread(folder: Path, written: str, value: str, pitfall: str) -> None:
    """A comment's sign, a backslash and an odd quote are noted; what they did to the value is dotenv's."""
    (found,) = read(folder, f"ETNA_PASSWORD={written}\n").values()
    assert (value, pitfall) == (found.value.get_secret_value(), found.pitfall)


@pytest.mark.parametrize(
    "text",
    [
        "\n\nETNA_PASSWORD='it's FILE-SECRET'\n",
        'A=1\nB=2\nETNA_PASSWORD="FILE-SECRET\n',
        "A=1\nB=2\nexport ETNA_PASSWORD = 'FILE-SECRET\nC='3'\n",
        '# FILE-SECRET\nA=1\nB="FILE-SECRET\nETNA_PASSWORD="FILE-SECRET"\n',
    ],
)
def test_a_line_that_cannot_be_read(
    folder: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    """The error names file, line and variable, nothing of the text; python-dotenv's own line is not seen."""
    error = caught(lambda: read(folder, text))
    expected = ".env line 3 cannot be read (ETNA_PASSWORD): put the value into single quotes."
    assert (MissingCredentialsError, expected) == (type(error), str(error))
    assert (1, [], [], "") == (
        len(chain(error)), leaks(error, ["FILE-SECRET"]), caplog.records, capfd.readouterr().err,
    )  # fmt: skip


def test_a_line_of_another_program(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is none of our business, whether it can be read or not."""
    found = read(folder, "OTHER='it's'\nETNA_USERNAME=alice\nETNA_PASSWORDS='it's'\n")
    assert (["ETNA_USERNAME"], []) == (list(found), caplog.records)


def test_a_line_that_nothing_needs(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It stops no login whose every value comes from before the file, and is logged by its place."""
    (folder / ".env").write_text("ETNA_PASSWORD='it's'\n")
    with caplog.at_level(logging.WARNING):
        settings = Settings.read(KNOWN | {"base_url": Secret("https://api.example.com")})
    (record,) = caplog.records
    assert ((), "etna_magic") == (settings.missing, record.name)
    assert record.getMessage().startswith(".env line 1 cannot be read (ETNA_PASSWORD)")


def test_how_a_file_is_named(folder: Path) -> None:
    """By its name in the working directory, else by its whole path."""
    above = folder.parent / ".env"
    assert (".env", str(above)) == (shown_path(folder / ".env"), shown_path(above))
