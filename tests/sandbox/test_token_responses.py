"""Every documented response of `/token`, byte for byte."""

import base64
import re
import struct

import pytest
import requests

from etna_magic_sandbox import Sandbox

TOKEN = "<token>"
EXPIRED = '"Reason":"Your Password has expired and must be changed"'
ASKS_FOR_CODE = (
    '{"State":"Expecting","Step":"VerificationCode","Reason":"Expecting confirmation code","Token":"<token>"}'
)
ASKS_FOR_PIN = '{"State":"Expecting","Step":"SecutityPin","Reason":"Invalid pin","Token":"<token>"}'
INVALID = '{"State":"Failed","Step":"BaseAuthentication","Reason":"Invalid credentials"}'
UNKNOWN_KEY = '{"error":"Application key is not defined or does not exist"}'

FIRST_RESPONSES = [
    ("demo", 200, '{"State":"Succeeded","Token":"<token>"}'),
    ("lockout", 200, '{"State":"Succeeded","Token":"<token>"}'),
    ("twofactor", 202, ASKS_FOR_CODE),
    ("twofactor-again", 202, ASKS_FOR_CODE),
    ("ticketless", 202, ASKS_FOR_CODE),
    ("pin", 202, ASKS_FOR_PIN),
    ("pin-spelt", 202, ASKS_FOR_PIN.replace("Secutity", "Security")),
    ("pin-twofactor", 202, ASKS_FOR_PIN),
    (
        "expired",
        401,
        '{"State":"Failed","Step":"BaseAuthentication",' + EXPIRED + ',"Token":"<token>"}',
    ),
    (
        "expired-state",
        200,
        '{"State":"BaseAuthentication","Step":"BaseAuthentication",' + EXPIRED + ',"Token":"<token>"}',
    ),
    (
        "pin-unset",
        202,
        '{"State":"Expecting","Step":"SecutityPin","Reason":"PIN code is not init","Token":"<token>"}',
    ),
    ("refused", 401, '{"State":"Failed","Reason":"Invalid credentials"}'),
    ("refused-200", 200, INVALID),
    ("keyless", 401, UNKNOWN_KEY),
    ("keyless-403", 403, UNKNOWN_KEY),
    ("throttled", 429, '{"error":"Too many requests"}'),
    ("throttled-date", 429, '{"error":"Too many requests"}'),
    ("throttled-silent", 429, '{"error":"Too many requests"}'),
    (
        "throttled-401",
        401,
        '{"State":"Failed","Step":"BaseAuthentication","Reason":"Too many login requests. Try again later."}',
    ),
    (
        "broken",
        500,
        '{"message":"An error occurred while processing your request","error":"Unexpected server error"}',
    ),
    (
        "riddle",
        202,
        '{"State":"Expecting","Step":"SecurityQuestion",'
        '"Reason":"Name of your first pet?","Token":"<token>"}',
    ),
]


def body_of(response: requests.Response) -> str:
    """Return the body with its random token, if there is one, replaced by a fixed text."""
    return re.sub(r'"Token":"[A-Za-z0-9+/]+=+"', f'"Token":"{TOKEN}"', response.content.decode())


@pytest.mark.parametrize(("name", "status", "body"), FIRST_RESPONSES)
def test_first_response(client, name, status, body):
    """Each user's first response is the documented one."""
    response = client.log_in(name)
    assert (status, body) == (response.status_code, body_of(response))
    assert "application/json; charset=utf-8" == response.headers["Content-Type"]


def test_phrase_and_picture(client):
    """The user pin-phrase is shown a phrase and a picture, which is a PNG, and the PIN succeeds."""
    response = client.log_in("pin-phrase")
    body = response.json()
    members = ["State", "Step", "Reason", "Token", "ConfirmationToken", "PersonalPhrase", "Image"]
    assert (202, members) == (response.status_code, list(body))
    assert ("Expecting", "SecutityPin", body["Token"]) == (
        body["State"],
        body["Step"],
        body["ConfirmationToken"],
    )
    picture = base64.b64decode(body["Image"], validate=True)
    assert (b"\x89PNG\r\n\x1a\n", (16, 16)) == (picture[:8], struct.unpack(">II", picture[16:24]))
    assert 200 == client.log_in("pin-phrase", body["Token"], PinCode="1357").status_code


def test_gateway(client):
    """The user gateway gets an HTML page."""
    response = client.log_in("gateway")
    assert (502, True) == (response.status_code, response.text.startswith("<!DOCTYPE html>"))
    assert "text/html; charset=utf-8" == response.headers["Content-Type"]


def test_web_terminal(client):
    """The user webterminal is redirected to a page that exists."""
    response = client.log_in("webterminal")
    assert (302, "/terminal") == (response.status_code, response.headers["Location"])
    url = client.sandbox.base_url.removesuffix("/api") + "/terminal"
    page = requests.get(url, timeout=10)
    assert (200, "text/html; charset=utf-8") == (page.status_code, page.headers["Content-Type"])


@pytest.mark.parametrize("key", [None, "bm90IHRoZSBrZXk="])
def test_application_key(client, key):
    """A missing and an unknown application key get the same response, before any other check."""
    headers = {"Username": "demo", "Password": "wrong"} | ({"Et-App-Key": key} if key else {})
    response = client.post_token(headers)
    assert (403, UNKNOWN_KEY) == (response.status_code, response.text)
    with Sandbox(variants=("app-key-401",)) as client.sandbox:
        assert 401 == client.post_token(headers).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Username": "demo"},
        {"Password": "demo-Sesame-17"},
        {"Username": "demo", "Password": "wrong"},
        {"Username": "Demo", "Password": "demo-Sesame-17"},
        {"Username": "nobody", "Password": "demo-Sesame-17"},
        {"Username": "twofactor", "Password": "wrong", "VerificationCode": "246810"},
    ],
)
def test_invalid_credentials(client, headers):
    """A wrong or missing user name or password fails."""
    response = client.post_token({"Et-App-Key": client.sandbox.app_key} | headers)
    assert (401, INVALID) == (response.status_code, response.text)


def test_latin_1(client):
    """A password with a letter beyond ASCII is sent as latin-1."""
    assert "\xe9" in client.sandbox.password_of("riddle")
    assert 202 == client.log_in("riddle").status_code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_only_post(client, method):
    """Other methods get a 405 that allows POST."""
    url = f"{client.sandbox.base_url}/token"
    response = client.session.request(method, url, timeout=10)
    assert (405, "POST") == (response.status_code, response.headers["Allow"])


def test_other_methods_say_so(client):
    """A wrong method is told in the words of the API's versions."""
    response = client.session.get(f"{client.sandbox.base_url}/token", timeout=10)
    assert "UnsupportedApiVersion" == response.json()["Error"]["Code"]


def test_double_slash(client):
    """A double slash is not corrected."""
    url = f"{client.sandbox.base_url}//token"
    assert 404 == client.session.post(url, timeout=10, allow_redirects=False).status_code


def test_token_format(client):
    """Tokens are standard base64 with `+` or `/` and `=`, and unique."""
    tokens = [client.token() for _ in range(5)]
    assert 5 == len(set(tokens))
    for token in tokens:
        assert 112 <= len(token) <= 600
        assert base64.b64decode(token, validate=True)
        assert token.endswith("=")
        assert set(token) & set("+/")


def test_retry_after(client, clock):
    """The throttled users get `Retry-After` in seconds, as a date, or not at all."""
    assert "5" == client.log_in("throttled").headers["Retry-After"]
    clock.now = 1_750_000_000.0
    date = client.log_in("throttled-date").headers["Retry-After"]
    assert "Sun, 15 Jun 2025 15:06:45 GMT" == date
    assert "Retry-After" not in client.log_in("throttled-silent").headers
