"""The rules of the code that no linter knows: what may not be used, where imports lead, and words."""

import ast
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "etna_magic"
SANDBOX = ROOT / "sandbox" / "etna_magic_sandbox"
CLIENT = sorted(PACKAGE.rglob("*.py"))
# Not re-exported by their folders, since they import what few need; each folder says so.
DIRECT = {
    "etna_magic.support.safe_call",
    "etna_magic.support.http",
    "etna_magic.ask.form",
    "etna_magic.logins.login_command",
    "etna_magic.logins.script_login",
}
# Words of an earlier design that no text has, and names that nothing is called by: those may be words.
OLD_WORDS = """
    inert mend mended mending mends timetext verdict verdicts judge judged weigh weighed weighing fate recipe
    recipes anew purse reaper login_plan self_renewal ruled_session signed_session weighing_session cell_guard
    server_verdict how_to_mend desk outages log-in log-ins
""".split()  # noqa: SIM905 - a list of them would be as long as this file
OLD_NAMES = """
    marks masking signing place_of Way ways way_of way_here pace countdown Logins batch Memory Owner
    Remembering remembering usage told meant elsewhere turn gate people moments wire house House seat Seat
    breaks deadline Recipe Judge judge
""".split()  # noqa: SIM905


def trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """Yield each file's syntax tree."""
    for path in paths:
        yield path, ast.parse(path.read_text())


def module_of(path: Path) -> str:
    """Return the dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def folder_of(module: str) -> str:
    """Return the part of the package that a module belongs to."""
    return ".".join(module.split(".")[:2])


def tricks(tree: ast.Module) -> Iterator[str]:
    """Yield what changes classes or other people's objects behind their back."""
    for node in ast.walk(tree):
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if name == "type" and len(node.args) > 1:
            yield f"type(…) makes a class, line {node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr == "__new__":
            yield f"__new__, line {node.lineno}"
        if ast.unparse(node) == "threading.local" if isinstance(node, ast.Attribute) else False:
            yield f"threading.local, line {node.lineno}"
        targets = node.targets if isinstance(node, ast.Assign) else ()
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == "__class__":
                yield f"__class__ = …, line {node.lineno}"
            if isinstance(target, ast.Subscript) and ast.unparse(target).startswith("vars("):
                yield f"vars(…)[…] = …, line {node.lineno}"


def classes_in_functions(tree: ast.Module) -> set[str]:
    """Return the classes that are made each time a function runs."""
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return {inner.name for node in functions for inner in ast.walk(node) if isinstance(inner, ast.ClassDef)}


def private_of_others(tree: ast.Module) -> Iterator[str]:
    """Yield private attributes of anything but ``self`` and ``cls``; a named tuple's are public."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr):
            owner = getattr(node.value, "id", "")
            if owner not in {"self", "cls"} and node.attr not in {"_replace", "_repr_mimebundle_"}:
                yield f"{owner or '…'}.{node.attr}, line {node.lineno}"


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield every module that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_no_trick() -> None:
    """No class is made or changed while the program runs, and nothing is hung on other people's objects."""
    assert {} == {path.name: found for path, tree in trees(CLIENT) if (found := list(tricks(tree)))}


def test_no_class_in_a_function() -> None:
    """No function makes a class, but the one whose base is whatever connection is in use."""
    found = {module_of(path): classes_in_functions(tree) for path, tree in trees(CLIENT)}
    expected = {"etna_magic.support.http": {"QuietConnection"}}
    assert expected == {module: names for module, names in found.items() if names}


def test_tests_mirror_the_package() -> None:
    """Every folder of the package has one of its name in the tests, with tests in it; so has the sandbox."""
    folders = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")} | {Path("sandbox")}
    tested = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    assert set() == folders - tested


def test_no_private_attribute() -> None:
    """No private attribute of a library is used; a Token reads one of another Token."""
    found = {path.name: list(private_of_others(tree)) for path, tree in trees(CLIENT)}
    found = {name: [one for one in many if "earlier._issued" not in one] for name, many in found.items()}
    assert {} == {name: many for name, many in found.items() if many}


def test_folders_are_imported_as_folders() -> None:
    """What a folder offers is imported from the folder, and not from a file in it."""
    wrong = []
    for path, tree in trees(CLIENT):
        here = folder_of(module_of(path))
        for name in imported(tree):
            is_inside = name.startswith("etna_magic.") and name.count(".") > 1
            if is_inside and folder_of(name) != here and name not in DIRECT:
                wrong.append(f"{module_of(path)} imports {name}")
    # The facade loads the extension, whose folder offers nothing by itself.
    assert ["etna_magic imports etna_magic.notebook"] == sorted({one.rsplit(".", 1)[0] for one in wrong})


@pytest.mark.parametrize("package", [PACKAGE, SANDBOX], ids=["client", "sandbox"])
def test_every_library_is_declared(package: Path) -> None:
    """Each library that a package imports is a dependency of its distribution, or in an extra."""
    project = tomllib.loads((package.parent / "pyproject.toml").read_text())["project"]
    lines = [
        *project["dependencies"],
        *itertools.chain(*project.get("optional-dependencies", {}).values()),
    ]
    declared = {re.split(r"[\[<>=!~ ]", line)[0].lower() for line in lines}
    tops = {name.split(".")[0] for _, tree in trees([*package.rglob("*.py")]) for name in imported(tree)}
    known = {*sys.stdlib_module_names, "_typeshed"}  # the second is there for type checkers alone
    others = {top for top in tops if top not in known and top != package.name}
    names = {"dotenv": "python-dotenv", "etna_magic_sandbox": "etna-magic-sandbox"}
    assert set() == {names.get(top, top).lower() for top in others} - declared


def test_size() -> None:
    """No file of the package has grown past what one topic needs."""
    assert [] == [path.name for path in CLIENT if path.read_text().count("\n") > 400]


FILES = [
    *PACKAGE.rglob("*.py"),
    *SANDBOX.rglob("*.py"),
    *(ROOT / "tests").rglob("*.py"),
    *(ROOT / "notebooks").glob("*.ipynb"),
    *(ROOT / "notebooks").glob("*.py"),
    *ROOT.glob("*.md"),
    ROOT / "sandbox" / "README.md",
    ROOT / "Makefile",
    ROOT / "pyproject.toml",
    ROOT / "sandbox" / "pyproject.toml",
    ROOT / ".ci" / "run",
]


@pytest.mark.parametrize("word", OLD_WORDS)
def test_old_words(word: str) -> None:
    """Nothing is called by a word of the earlier design, in code, tests, documents and messages."""
    pattern = re.compile(rf"(?<![a-z]){word}(?![a-z])", re.IGNORECASE)
    found = [path for path in FILES if path != Path(__file__) and path.exists()]
    assert [] == [str(path.relative_to(ROOT)) for path in found if pattern.search(path.read_text())]


def defined(tree: ast.Module) -> Iterator[str]:
    """Yield the names of classes, functions and parameters that a file defines."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        if isinstance(node, ast.arg):
            yield node.arg


def test_old_names() -> None:
    """No module, class, function or parameter has a name of the earlier design."""
    paths = [*PACKAGE.rglob("*.py"), *SANDBOX.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    found = {path.name: sorted({*defined(tree), path.stem} & set(OLD_NAMES)) for path, tree in trees(paths)}
    assert {} == {name: many for name, many in found.items() if many}
