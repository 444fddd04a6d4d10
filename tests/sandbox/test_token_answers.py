"""Every documented answer of `/token`, byte for byte."""

# What is expected stands first in an assert.

import base64
import re

import pytest
import requests

TOKEN = "<token>"
EXPIRED = '"Reason":"Your Password has expired and must be changed"'
CODE_WANTED = (
    '{"State":"Expecting","Step":"VerificationCode","Reason":"Expecting confirmation code","Token":"<token>"}'
)
PIN_WANTED = '{"State":"Expecting","Step":"SecutityPin","Reason":"Invalid pin","Token":"<token>"}'
INVALID = '{"State":"Failed","Step":"BaseAuthentication","Reason":"Invalid credentials"}'
UNKNOWN_KEY = '{"error":"Application key is not defined or does not exist"}'

FIRST_ANSWERS = [
    ("demo", 200, '{"State":"Succeeded","Token":"<token>"}'),
    ("lockout", 200, '{"State":"Succeeded","Token":"<token>"}'),
    ("twofactor", 202, CODE_WANTED),
    ("twofactor-again", 202, CODE_WANTED),
    ("ticketless", 202, CODE_WANTED),
    ("pin", 202, PIN_WANTED),
    ("pin-spelt", 202, PIN_WANTED.replace("Secutity", "Security")),
    ("pin-twofactor", 202, PIN_WANTED),
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


def shape(answer: requests.Response) -> str:
    """Return the body with its random token, if there is one, replaced by a fixed text."""
    return re.sub(r'"Token":"[A-Za-z0-9+/]+=+"', f'"Token":"{TOKEN}"', answer.content.decode())


@pytest.mark.parametrize(("name", "status", "body"), FIRST_ANSWERS)
def test_first_answer(client, name, status, body):
    """Each user's first answer is the documented one."""
    answer = client.log_in(name)
    assert (status, body) == (answer.status_code, shape(answer))
    assert "application/json; charset=utf-8" == answer.headers["Content-Type"]


def test_gateway(client):
    """A gateway answers with a page."""
    answer = client.log_in("gateway")
    assert (502, True) == (answer.status_code, answer.text.startswith("<!DOCTYPE html>"))
    assert "text/html; charset=utf-8" == answer.headers["Content-Type"]


def test_web_terminal(client):
    """The wrong host sends a browser to its page, which is there."""
    answer = client.log_in("webterminal")
    assert (302, "/terminal") == (answer.status_code, answer.headers["Location"])
    url = client.sandbox.base_url.removesuffix("/api") + "/terminal"
    page = requests.get(url, timeout=10)
    assert (200, "text/html; charset=utf-8") == (page.status_code, page.headers["Content-Type"])


@pytest.mark.parametrize("key", [None, "bm90IHRoZSBrZXk="])
def test_application_key(client, key):
    """A missing and an unknown application key get the same answer, before any other check."""
    headers = {"Username": "demo", "Password": "wrong"} | ({"Et-App-Key": key} if key else {})
    answer = client.post_token(headers)
    assert (401, UNKNOWN_KEY) == (answer.status_code, answer.text)


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
    answer = client.post_token({"Et-App-Key": client.sandbox.app_key} | headers)
    assert (401, INVALID) == (answer.status_code, answer.text)


def test_latin_1(client):
    """A password beyond ASCII travels as latin-1."""
    assert "\xe9" in client.sandbox.password_of("riddle")
    assert 202 == client.log_in("riddle").status_code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_only_post(client, method):
    """Anything but POST is a 405 that names POST."""
    url = f"{client.sandbox.base_url}/token"
    answer = client.http.request(method, url, timeout=10)
    assert (405, "POST") == (answer.status_code, answer.headers["Allow"])


def test_doubled_slash(client):
    """A doubled slash is not put right."""
    url = f"{client.sandbox.base_url}//token"
    assert 404 == client.http.post(url, timeout=10, allow_redirects=False).status_code


def test_the_text_of_tokens(client):
    """A token is standard base64 with `+` or `/` and `=`, and never the same twice."""
    tokens = [client.token() for _ in range(5)]
    assert 5 == len(set(tokens))
    for token in tokens:
        assert 112 <= len(token) <= 600
        assert base64.b64decode(token, validate=True)
        assert token.endswith("=")
        assert set(token) & set("+/")


def test_retry_after(client, clock):
    """The throttled users tell the wait in seconds, as a date, or not at all."""
    assert "5" == client.log_in("throttled").headers["Retry-After"]
    clock.now = 1_750_000_000.0
    date = client.log_in("throttled-date").headers["Retry-After"]
    assert "Sun, 15 Jun 2025 15:06:45 GMT" == date
    assert "Retry-After" not in client.log_in("throttled-silent").headers
