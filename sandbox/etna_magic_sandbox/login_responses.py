"""The responses of `/token`, member by member as ETNA's sources show them."""

import base64
import struct
import zlib

from flask import Response

from etna_magic_sandbox.messages import json_response

# The names of the steps of a login.
BASE_STEP = "BaseAuthentication"
CODE_STEP = "VerificationCode"
PIN_STEP = "SecutityPin"  # the API's own spelling
CORRECT_PIN_STEP = "SecurityPin"  # in case ETNA corrects it

PHRASE = "the tide keeps its own books"


def login_succeeded(token: str) -> Response:
    """Return the only response of `/token` that is a success."""
    return json_response({"State": "Succeeded", "Token": token})


def login_expecting(step: str, reason: str, token: str) -> Response:
    """Ask for the next step of a login; the token is valid for that step only."""
    body = {"State": "Expecting", "Step": step, "Reason": reason, "Token": token}
    return json_response(body, 202)


def secured_page(reason: str, token: str) -> Response:
    """Ask for a PIN, and show what tells the user that the page is genuine.

    The API description alone has these three members; the picture is a PNG in base64.
    """
    body = {"State": "Expecting", "Step": PIN_STEP, "Reason": reason, "Token": token}
    more = {"ConfirmationToken": token, "PersonalPhrase": PHRASE, "Image": _picture()}
    return json_response(body | more, 202)


def login_failed(step: str, reason: str) -> Response:
    """Refuse a login."""
    return json_response({"State": "Failed", "Step": step, "Reason": reason}, 401)


def pin_refused(step: str) -> Response:
    """Refuse a PIN for good; `step` is spelled as it was when the PIN was asked for."""
    body = {"State": "Failed", "Step": step, "Reason": "Invalid pin", "ConfirmationToken": ""}
    return json_response(body, 401)


def _picture() -> str:
    # A lighthouse's stripes, 16 by 16.
    rows = b"".join(
        b"\x00" + (b"\xc6\x28\x28" if row // 4 % 2 else b"\xff\xff\xff") * 16 for row in range(16)
    )
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n"
    for name, data in parts:
        png += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return base64.b64encode(png).decode("ascii")
