"""Answers travel: they pickle as those of requests do, and hold no secret."""

import pickle

import pytest
import requests

from etna_magic.session import EtnaSession
from tests.calls.shell import LIMIT
from tests.helpers import accounts
from tests.helpers.server import answer

BODY = b'{"Symbol": "AAPL"}'
SENDERS = {
    "session": lambda session, path: session.get(path),
    "for_workers": lambda session, path: session.for_workers().get(path),
    "prepared": lambda session, path: session.send(session.prepare_request(requests.Request("GET", path))),
    "auth=token": lambda session, path: requests.get(
        f"{session.token.base_url}/{path}", auth=session.token, timeout=LIMIT
    ),
}
REPLIES = {
    "plain": [answer(200, BODY)],
    "redirected": [answer(302, b"", ("Location", "/api/v1.0/y")), answer(200, BODY)],
    "with a cookie": [answer(200, BODY, ("Set-Cookie", "a=b"))],
}


@pytest.mark.parametrize("replies", REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)
def test_pickled(server, session: EtnaSession, send, replies: list[bytes]) -> None:
    """The pickle has the same body and history as the answer, and nothing that signed it."""
    server.play(*replies)
    response = send(session, "v1.0/x")
    pickled = pickle.dumps(response)
    assert [] == [secret for secret in accounts.SECRETS if secret.encode() in pickled]
    same = pickle.loads(pickled)  # noqa: S301 - our own
    assert (BODY, 200, len(replies) - 1) == (same.content, same.status_code, len(same.history))
    assert [f"Bearer {accounts.TOKEN}"] * len(replies) == [
        value for received in server.received for value in received.values("Authorization")
    ]
