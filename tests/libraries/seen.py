"""What a library has shown or written, searched for every secret of the tests' user."""

from pathlib import Path

from tests.helpers.accounts import SECRETS


def secrets_in(text: str) -> list[str]:
    """Return the secrets that a text has."""
    return [secret for secret in SECRETS if secret in text]


def secrets_below(folder: Path) -> list[str]:
    """Return the secrets that any file below a folder has; there has to be a file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return secrets_in("".join(path.read_bytes().decode("latin-1") for path in files))
