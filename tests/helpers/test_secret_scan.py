"""The scanner finds what it is there to find."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
from contextlib import closing
from urllib.parse import quote

import pytest

from tests.helpers.secret_scan import secrets_on_disk

SECRET = 'pa"ss & wörd/+='

FILES = {
    "plain": SECRET.encode(),
    "utf-16": SECRET.encode("utf-16"),
    "json": json.dumps({"value": SECRET}).encode(),
    "json in json": json.dumps({"value": json.dumps({"value": SECRET})}).encode(),
    "url": f"http://host/?p={quote(SECRET)}&q=1".encode(),
    "base64": base64.b64encode(SECRET.encode()),
    "base64 amid": base64.b64encode(f"demo:{SECRET}:end".encode()),
    "base64 amid, further": base64.b64encode(f"demo1:{SECRET}:end".encode()),
    "hex": SECRET.encode().hex().encode(),
    "gzip": gzip.compress(SECRET.encode()),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
def test_a_secret_is_found_in_any_form(tmp_path, content):
    """A file deep down that holds the secret in some form is named, with the secret."""
    (tmp_path / "a" / ".b").mkdir(parents=True)
    (tmp_path / "a" / ".b" / "file").write_bytes(b"before " + content)
    if content.startswith(b"\x1f\x8b"):
        (tmp_path / "a" / ".b" / "file").write_bytes(content)
    assert secrets_on_disk(tmp_path, SECRET) == [("a/.b/file", SECRET)]


def test_a_secret_is_found_in_sqlite(tmp_path):
    """A row of a database, as IPython's history is one, is no hiding place."""
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as connection, connection:
        connection.execute("create table history (line text)")
        connection.execute("insert into history values (?)", (SECRET,))
    assert secrets_on_disk(tmp_path, SECRET) == [("history.sqlite", SECRET)]


def test_other_texts_are_not_taken_for_the_secret(tmp_path):
    """Nothing is found where nothing is."""
    (tmp_path / "file").write_text("password demo etna", encoding="utf-8")
    assert secrets_on_disk(tmp_path, SECRET) == []
