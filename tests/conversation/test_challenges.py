"""Steps after the first: what is asked, what is answered with, and how often."""

import pytest

from etna_magic import Challenge, ChallengeKind, Secret, VerificationError
from tests.conversation.steps import STEPS, SUCCESS, flow_at, wanted
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks

KINDS = {
    "VerificationCode": ChallengeKind.CODE,
    "SecutityPin": ChallengeKind.PIN,
    "SecurityPin": ChallengeKind.PIN,
}
HEADERS = {ChallengeKind.CODE: "VerificationCode", ChallengeKind.PIN: "PinCode"}
by_step = pytest.mark.parametrize("step", STEPS)


def _ours(request) -> dict[str, list[str]]:
    names = ("Et-App-Key", "Username", "Password", "Accept", "Authorization", "VerificationCode", "PinCode")
    return {name: request.values(name) for name in names if request.values(name)}


@by_step
def test_what_is_asked(server, step: str) -> None:
    """A 202 is a challenge that says what is wanted and why, and shows no interim token."""
    challenge = flow_at(server, wanted(step)).start()
    assert (KINDS[step], step, "Tell me", 0) == (
        challenge.kind, challenge.step, challenge.reason, challenge.wrong,
    )  # fmt: skip
    assert accounts.INTERIM == challenge.interim.get_secret_value()
    assert accounts.INTERIM not in f"{challenge!r} {challenge}"


@by_step
def test_what_is_answered(server, step: str) -> None:
    """An answer has all of the first request and the interim token, and the one header of its step."""
    flow = flow_at(server, wanted(step), SUCCESS)
    token = flow.answer(flow.start(), Secret(accounts.CODE))
    first, second = server.received
    common = {
        "Et-App-Key": [accounts.APP_KEY],
        "Username": [accounts.USERNAME],
        "Password": [accounts.PASSWORD],
        "Accept": ["application/json"],
    }
    assert common == _ours(first)
    more = {"Authorization": [f"Bearer {accounts.INTERIM}"], HEADERS[KINDS[step]]: [accounts.CODE]}
    assert common | more == _ours(second)
    assert ("POST", "/api/token", b"", accounts.TOKEN) == (
        second.method, second.target, second.body, token.value,
    )  # fmt: skip


def test_pin_then_code(server) -> None:
    """Steps follow one another, each with the newest interim token and its own header alone."""
    flow = flow_at(server, wanted("SecutityPin"), wanted("VerificationCode", accounts.LATER_INTERIM), SUCCESS)
    challenge = flow.answer(flow.start(), Secret(accounts.PIN))
    assert (ChallengeKind.CODE, 0) == (challenge.kind, challenge.wrong)
    assert accounts.TOKEN == flow.answer(challenge, Secret(accounts.CODE)).value
    second, third = map(_ours, server.received[1:])
    assert (f"Bearer {accounts.INTERIM}", accounts.PIN) == (second["Authorization"][0], second["PinCode"][0])
    assert (f"Bearer {accounts.LATER_INTERIM}", accounts.CODE) == (
        third["Authorization"][0], third["VerificationCode"][0],
    )  # fmt: skip
    assert (False, False) == ("VerificationCode" in second, "PinCode" in third)


@by_step
def test_newest_interim_token(server, step: str) -> None:
    """Each wrong answer may bring a new interim token, and the next answer uses it."""
    tokens = [f"aW50ZXJpbS{n}+/=" for n in range(3)]
    flow = flow_at(server, *(wanted(step, token) for token in tokens), SUCCESS)
    challenge = flow.start()
    for _ in tokens:
        challenge = flow.answer(challenge, Secret("1234"))
    assert [f"Bearer {token}" for token in tokens] == [
        r.values("Authorization")[0] for r in server.received[1:]
    ]


@pytest.mark.parametrize("missing", [None, "", 7, "a\nb"], ids=repr)
def test_interim_token_is_kept(server, missing: object) -> None:
    """Where a wrong answer brings no usable interim token, the one before goes on being used."""
    flow = flow_at(server, wanted("VerificationCode"), wanted("VerificationCode", missing), SUCCESS)
    challenge = flow.answer(flow.start(), Secret("1"))
    flow.answer(challenge, Secret("2"))
    assert [f"Bearer {accounts.INTERIM}"] == server.received[2].values("Authorization")


@by_step
def test_three_wrong_answers(server, step: str) -> None:
    """A wrong answer can be given again twice; the third ends it."""
    flow = flow_at(server, wanted(step))
    challenge = flow.start()
    wrong = []
    for _ in range(2):
        challenge = flow.answer(challenge, Secret(accounts.CODE))
        wrong.append(challenge.wrong)
    error = caught(lambda: flow.answer(challenge, Secret(accounts.CODE)))
    assert ([1, 2], VerificationError, 4) == (wrong, type(error), len(server.received))
    assert "3 answers were wrong" in str(error)
    assert [] == leaks(error, accounts.SECRETS)


def test_wrong_answers_are_counted_per_step(server) -> None:
    """A wrong PIN does not count against the code."""
    pin, code = wanted("SecutityPin"), wanted("VerificationCode")
    flow = flow_at(server, pin, pin, pin, code, code, SUCCESS)
    challenge, seen = flow.start(), []
    while isinstance(challenge, Challenge):
        seen.append((challenge.kind.value, challenge.wrong))
        challenge = flow.answer(challenge, Secret("1234"))
    assert [("PIN", 0), ("PIN", 1), ("PIN", 2), ("code", 0), ("code", 1)] == seen
