"""Things in a user's environment that could lead a secret astray."""

import os
from pathlib import Path

import pytest

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY")


def clear_environment(patch: pytest.MonkeyPatch) -> None:
    """Take away every variable that could change where a request goes or what it carries."""
    names = {*PROXY_VARIABLES, "NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
    for name in os.environ:
        if name.upper() in names or name.startswith("ETNA_"):
            patch.delenv(name)


def set_proxy(patch: pytest.MonkeyPatch, url: str) -> None:
    """Name a proxy in every way that `requests` reads."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        patch.setenv(name, url)
        patch.setenv(name.lower(), url)


def write_netrc(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Make a HOME whose `.netrc` has a password for every name of this machine."""
    entries = [f"machine {host} login netrc password netrc-password" for host in ("127.0.0.1", "localhost")]
    path = home / ".netrc"
    path.write_text("\n".join(entries) + "\n")
    path.chmod(0o600)
    patch.setenv("HOME", str(home))
