"""Lines that make no sense, or that hold a secret, are refused; nothing that was typed is repeated."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from etna_magic.notebook import arguments
from etna_magic.notebook.arguments import StatusOptions
from etna_magic.secret import Secret
from etna_magic.settings import LoginOptions

TYPED = "Hunter2-typed"
PARSERS: dict[str, Callable[[str], object]] = {
    "%etna_login": arguments.parse_login,
    "%etna_status": arguments.parse_status,
    "%etna_logout": arguments.parse_logout,
}


def refused(line: str) -> str:
    """Return the sentences by which a line is refused, as one line."""
    magic, _, rest = line.partition(" ")
    with pytest.raises(UsageError) as caught:
        PARSERS[magic](rest)
    lines = f"UsageError: {caught.value}".splitlines()
    assert [] == [line for line in lines if len(line) > 110]
    message = " ".join(lines).removeprefix("UsageError: ")
    assert TYPED not in message, f"what was typed is repeated: {message}"
    return message


@pytest.mark.parametrize(
    "option",
    [
        f"--password {TYPED}",
        f"--password={TYPED}",
        f"-p {TYPED}",
        f"-p{TYPED}",
        f"-p={TYPED}",
        f"--pass {TYPED}",
        f"--app-key {TYPED}",
        f"--app-key={TYPED}",
        f"--appkey {TYPED}",
        f"--pin {TYPED}",
        f"--PASSWORD {TYPED}",
        f'"--password={TYPED}"',
        f"paper --password {TYPED}",
        f"-u demo -p {TYPED} --no-input",
    ],
)
def test_secrets_on_the_line(option) -> None:
    """The explanation says why there is no such option, and where a secret belongs."""
    message = refused(f"%etna_login {option}")
    assert message.startswith("There is no option for a password")
    assert "ETNA_PASSWORD" in message


@pytest.mark.parametrize(
    ("option", "named"),
    [
        (f"--no-such-option {TYPED}", "does not know --no-such-option"),
        (f"--no-such-option={TYPED}", "does not know --no-such-option"),
        (f"-x{TYPED}", "does not know -x"),
        (f"etna {TYPED}", "takes one name"),
        (f"etna paper {TYPED}", "takes one name"),
        (f"'etna {TYPED}", "never closed"),
        (f'--base-url "{TYPED}', "never closed"),
        (f"-u {TYPED} --base-url", "argument -b/--base-url: expected one argument"),
        (f"--form={TYPED}", "do not fit together"),
    ],
)
def test_lines_that_do_not_fit(option, named) -> None:
    """Unknown options, too many names, open quotes: one line, and nothing of what was typed."""
    assert named in refused(f"%etna_login {option}")


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("%etna_login --user-name x", "--username"),
        ("%etna_login --autorenew", "--auto-renew"),
        ("%etna_login --noinput", "--no-input"),
        ("%etna_login --url=x", "--base-url"),
        ("%etna_login --remeber --fom", "--remember and --form"),
        ("%etna_status --fro 6h", "--for"),
        ("%etna_logout --every --al", ""),
    ],
)
def test_an_option_that_is_misspelt(line: str, near: str) -> None:
    """The one that was probably meant is named."""
    message = refused(line)
    assert near == message.partition(". Did you mean ")[2].removesuffix("?"), message


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (f"2{TYPED}", "begins with a digit"),
        ("1bad", "begins with a digit"),
        ("class", "is a keyword of Python"),
        ("None", "is a keyword of Python"),
        (f"{TYPED}", "has something else than letters, digits and _"),
        ("a.b", "has something else than letters, digits and _"),
        ("a-b", "has something else than letters, digits and _"),
        ("''", "is empty"),
    ],
)
@pytest.mark.parametrize("magic", PARSERS)
def test_names_that_cannot_be_a_part_of_a_variable(magic: str, name: str, fault: str) -> None:
    """A name that is no identifier is refused by every magic, and why; it may be a password."""
    message = refused(f"{magic} {name}")
    assert f"That name {fault}, and would become a part of variable names: take another one." == message


@pytest.mark.parametrize("lifetime", ["soon", "0", "-5", "1y", "1000d", "nan", "1e9", TYPED, "''"])
def test_lifetimes_that_make_no_sense(lifetime) -> None:
    """The line names the option."""
    assert "--lifetime" in refused(f"%etna_login --lifetime {lifetime}")


def test_a_duration_that_makes_no_sense() -> None:
    """The line names the option."""
    assert refused(f"%etna_status --for {TYPED}").startswith("--for needs a duration")


@pytest.mark.parametrize(
    "options",
    [
        "--form --prompt",
        "--form --no-input",
        "--prompt --no-input",
        "--sandbox -b https://example.com",
        "--sandbox -e .env",
        "--sandbox --remember",
    ],
)
def test_options_that_exclude_each_other(options) -> None:
    """Two answers to whom to ask, or two servers, are refused."""
    refused(f"%etna_login {options}")


@pytest.mark.parametrize(
    "line",
    [
        "%etna_login --for 6h",
        "%etna_login --all",
        "%etna_status --all",
        "%etna_status --remember",
        "%etna_logout --for 6h",
        "%etna_logout --sandbox",
        "%etna_logout etna --all",
        "%etna_login --help",
        "%etna_login -h",
    ],
)
def test_options_of_another_magic(line) -> None:
    """An option is of its own magic, and refused by the others; a name and --all exclude each other."""
    refused(line)


def test_an_empty_line() -> None:
    """Everything has its default."""
    assert LoginOptions() == arguments.parse_login("")
    assert (StatusOptions(None, None), "etna") == (
        arguments.parse_status(""),
        arguments.parse_logout(""),
    )


def test_a_full_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option arrives; the file is absolute, and the code is a secret."""
    monkeypatch.chdir(tmp_path)
    line = "paper -e my.env -b https://a.example/ -u 'al ice' --lifetime 90m --code 123456"
    line += " --auto-renew --remember --read-only"
    assert LoginOptions(
        name="paper",
        base_url="https://a.example/",
        username="al ice",
        lifetime="90m",
        env_file=tmp_path / "my.env",
        code=Secret("123456"),
        auto_renew=True,
        remember=True,
        read_only=True,
    ) == arguments.parse_login(line)
    assert "123456" not in repr(arguments.parse_login(line))
    assert arguments.parse_login("--sandbox").sandbox


@pytest.mark.parametrize(
    ("line", "ask"), [("--form", "form"), ("--prompt", "prompt"), ("--no-input", "never"), ("", None)]
)
def test_whom_to_ask(line, ask) -> None:
    """One of three options, or none."""
    assert ask == arguments.parse_login(line).ask


def test_the_other_lines() -> None:
    """Names, a duration, and all."""
    assert StatusOptions("paper", timedelta(hours=6)) == arguments.parse_status("paper --for 6h")
    assert "paper" == arguments.parse_logout("paper")
    assert arguments.parse_logout("--all") is None


@pytest.mark.parametrize(("name", "normal"), [("börse_2", "börse_2"), ("ﬁx", "fix"), ("Ⅳ", "IV")])
def test_a_name_in_another_script(name, normal) -> None:
    """Any identifier of Python can name a login, and is spelt as Python spells it in a cell."""
    found = [parse(name) for parse in PARSERS.values()]
    assert [normal] * 3 == [getattr(one, "name", one) for one in found]
