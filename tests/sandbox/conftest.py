"""A running sandbox, a clock that tests set, and an HTTP client that is not the package's own."""

from collections.abc import Iterator

import pytest
import requests

from etna_magic_sandbox import Sandbox


class Clock:
    """Returns seconds since 1970, which change only when a test changes them."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass, in seconds."""
        self.now += seconds


class Client:
    """Sends requests to a sandbox, as with `curl`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()

    def log_in(self, name: str, interim: str | None = None, **headers: str) -> requests.Response:
        """Ask for a token; `interim` is the token of the previous step."""
        own = {"Et-App-Key": self.sandbox.app_key, "Username": name}
        own["Password"] = self.sandbox.password_of(name)
        if interim is not None:
            own["Authorization"] = f"Bearer {interim}"
        return self.post_token(own | headers)

    def post_token(self, headers: dict[str, str]) -> requests.Response:
        """Ask for a token with exactly these headers."""
        url = f"{self.sandbox.base_url}/token"
        return self.session.post(url, headers=headers, allow_redirects=False, timeout=10)

    def token(self, name: str = "demo") -> str:
        """Return a token of a user who logs in at once."""
        return self.log_in(name).json()["Token"]

    def call(self, method: str, path: str, token: str, **options) -> requests.Response:
        """Make any other call."""
        headers = {"Et-App-Key": self.sandbox.app_key, "Authorization": f"Bearer {token}"}
        url = f"{self.sandbox.base_url}/{path}"
        return self.session.request(method, url, headers=headers, timeout=10, **options)

    def status_of(self, token: str) -> int:
        """Return the status of a call with that token."""
        return self.call("GET", "v1.0/users/@me/info", token).status_code


@pytest.fixture
def clock() -> Clock:
    """Return a clock that does not move."""
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    """Run a sandbox with that clock."""
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    """Return a client of that sandbox."""
    client = Client(sandbox)
    with client.session:
        yield client
