"""Certificates made by openssl for 127.0.0.1: good, expired, for another name, and signed by nobody."""

import shutil
import ssl
import subprocess
from pathlib import Path

from tests.helpers.required import lacks

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = etna_magic test
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[here]
subjectAltName = IP:127.0.0.1, DNS:localhost
authorityKeyIdentifier = keyid
[elsewhere]
subjectAltName = DNS:api.example.com
authorityKeyIdentifier = keyid
[alone]
subjectAltName = IP:127.0.0.1, DNS:localhost
[ca]
default_ca = mine
[mine]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
"""


class Certificates:
    """A certificate authority in a folder, and server contexts with what it signed."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            lacks("openssl not found: apt-get install openssl")
        self._folder = folder
        (folder / "config").write_text(CONFIG)
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01")
        self._self_sign("authority")
        #: What a client has to be told to trust.
        self.authority = folder / "authority.pem"

    def signed(self, name: str, extensions: str, start: str, end: str) -> ssl.SSLContext:
        """Return a server's context with a certificate of this authority, good between two moments."""
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key"]
        self._run("req", "-new", *key, "-out", f"{name}.csr")
        dates = ["-startdate", start, "-enddate", end]
        by = ["-cert", "authority.pem", "-keyfile", "authority.key"]
        files = ["-in", f"{name}.csr", "-out", f"{name}.pem", "-notext", "-batch"]
        self._run("ca", *dates, *by, *files, "-extensions", extensions)
        return self._context(name)

    def self_signed(self) -> ssl.SSLContext:
        """Return a server's context with a certificate that nobody vouches for."""
        self._self_sign("alone")
        return self._context("alone")

    def _self_sign(self, name: str) -> None:
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key"]
        self._run("req", "-x509", *key, "-out", f"{name}.pem", "-days", "30", "-extensions", name)

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        return context

    def _run(self, *words: str) -> None:
        command = ["openssl", words[0], "-config", "config", *words[1:]]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stderr
