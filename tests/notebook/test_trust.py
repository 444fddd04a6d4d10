"""`%config EtnaMagics.trust = 'system'`, from the login to the logout."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import ConnectionFailedError
from etna_magic.notebook.magics import EtnaMagics
from tests.helpers import accounts
from tests.helpers.certificates import Certificates
from tests.helpers.server import ScriptedServer, answer

VARIABLES = {
    "ETNA_APP_KEY": accounts.APP_KEY,
    "ETNA_USERNAME": accounts.USERNAME,
    "ETNA_PASSWORD": accounts.PASSWORD,
}


def test_from_login_to_logout(
    magics: EtnaMagics,
    bare: InteractiveShell,
    shown: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Where the system's certificates are trusted, the server that they name is; else it is not."""
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    tls = certificates.signed("good", "here", "20200101000000Z", "20491231000000Z")
    for name, value in {**VARIABLES, "SSL_CERT_FILE": str(certificates.authority)}.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer(answer(200, accounts.SUCCESS), tls=tls) as server:
        line = f"-b {server.base_url} --no-input"
        with pytest.raises(ConnectionFailedError, match="of an unknown issuer"):
            bare.run_line_magic("etna_login", line)
        magics.trust = "system"
        bare.run_line_magic("etna_login", line)
        assert 200 == bare.user_ns["etna_session"].get("v1.0/x").status_code
        bare.run_line_magic("etna_status", "--check")
        bare.run_line_magic("etna_logout", "")
        targets = [received.target.removeprefix("/api/") for received in server.received]
    assert ["token", "v1.0/x", "v1.0/users/@me/info", "logout"] == targets
    assert shown[-1].endswith("is gone here and on the server.")
