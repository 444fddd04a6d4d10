"""Whether a base URL leads to real money."""

from __future__ import annotations

from etna_magic.origin import Origin

# By ETNA's published base URLs: https://pub-api-<tenant>-demo-prod.etnasoft.us/api
_DEMO = "-demo-prod.etnasoft.us"


def place_of(base_url: str, sandbox_url: str | None = None) -> str:
    """Return ``DEMO`` for a host that is known for a demo, and ``LIVE`` for any other.

    Loopback alone is no proof: a tunnel to a live server stands there too.

    Parameters
    ----------
    base_url : str
        Where a log-in is.
    sandbox_url : str or None, optional
        The base URL of the sandbox that this process runs.

    Returns
    -------
    str
        ``DEMO`` or ``LIVE``.

    Examples
    --------
    >>> place_of("https://pub-api-acme-demo-prod.etnasoft.us/api")
    'DEMO'
    >>> place_of("https://api.example.com")
    'LIVE'
    """
    known = base_url == sandbox_url or Origin.of(base_url).host.endswith(_DEMO)
    return "DEMO" if known else "LIVE"
