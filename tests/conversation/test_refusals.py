"""Steps that end a log-in, or that cannot be answered."""

import pytest

from etna_magic import (
    Challenge,
    ChallengeKind,
    InvalidCredentialsError,
    Secret,
    UnexpectedResponseError,
    VerificationError,
)
from tests.conversation.steps import STEPS, SUCCESS, flow_at, wanted
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught, leaks


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({"Step": "SecutityPin", "Reason": "Invalid pin"}, VerificationError, id="PIN refused"),
        pytest.param(
            {"Step": "VerificationCode", "Reason": "Corrupted ticket"}, VerificationError, id="ticket"
        ),
        pytest.param({"Reason": "Corrupted ticket"}, VerificationError, id="ticket without Step"),
        pytest.param({"Reason": "Wrong"}, VerificationError, id="without Step"),
        pytest.param({}, VerificationError, id="nothing said"),
        pytest.param({"Step": "Biometrics"}, VerificationError, id="unknown step"),
        pytest.param(
            {"Step": "BaseAuthentication", "Reason": "Invalid credentials"},
            InvalidCredentialsError,
            id="password",
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 202, 401, 403])
def test_refusal(server, members: dict, expected: type, status: int) -> None:
    """A refusal ends the log-in at once."""
    refusal = answer(status, accounts.body(State="Failed", **members))
    flow = flow_at(server, wanted("VerificationCode"), refusal, SUCCESS)
    challenge = flow.start()
    error = caught(lambda: flow.answer(challenge, Secret(accounts.CODE)))
    assert (expected, 2) == (type(error), len(server.received))
    assert [] == leaks(error, accounts.SECRETS)


@pytest.mark.parametrize("reason", ["Wrong code", None])
@pytest.mark.parametrize("status", [200, 202, 401, 403])
def test_wrong_code_told_as_failed(server, status: int, reason: str | None) -> None:
    """A wrong code is not documented: told as Failed by its own step, it can be given again too."""
    failed = answer(status, accounts.body(State="Failed", Step="VerificationCode", Reason=reason))
    flow = flow_at(server, wanted("VerificationCode"), failed, failed, SUCCESS)
    challenge, wrong = flow.start(), []
    while isinstance(challenge, Challenge):
        wrong.append(challenge.wrong)
        challenge = flow.answer(challenge, Secret(accounts.CODE))
    assert ([0, 1, 2], accounts.TOKEN) == (wrong, challenge.value)
    sent = [request.values("Authorization") for request in server.received[1:]]
    assert [[f"Bearer {accounts.INTERIM}"]] * 3 == sent


@pytest.mark.parametrize("status", [200, 202, 401])
@pytest.mark.parametrize("step", [*STEPS, None, "Biometrics"])
def test_pin_never_set(server, status: int, step: str | None) -> None:
    """A PIN that was never set cannot be answered, and the sentence says where it is set."""
    members = {"State": "Expecting", "Step": step, "Reason": "PIN code is not init", "Token": accounts.INTERIM}
    error = caught(flow_at(server, answer(status, accounts.body(**members))).start)
    assert (VerificationError, True) == (type(error), "never set a PIN" in str(error))


@pytest.mark.parametrize(
    "step", ["Biometrics", "", None, "verificationcode", "VerificationCode ", "Token"], ids=repr
)
def test_unknown_step_is_never_followed(server, step: object) -> None:
    """An unknown step is shown, and an answer to it raises before anything is sent."""
    flow = flow_at(server, wanted(step), SUCCESS)
    challenge = flow.start()
    error = caught(lambda: flow.answer(challenge, Secret(accounts.CODE)))
    assert (ChallengeKind.UNKNOWN, VerificationError, 1) == (
        challenge.kind, type(error), len(server.received),
    )  # fmt: skip
    assert ((step or "unnamed").strip() in str(error), "Tell me" in str(error)) == (True, True)


@pytest.mark.parametrize("text", ["", " 1", "1\n", "1\r\nX: y", "\0", "\u0661", "1\x7f"], ids=ascii)
def test_answer_that_cannot_be_a_header(server, text: str) -> None:
    """A code that no header can carry is refused here, by its name and not by its value."""
    flow = flow_at(server, wanted("VerificationCode"), SUCCESS)
    challenge = flow.start()
    error = caught(lambda: flow.answer(challenge, Secret(text)))
    assert (InvalidCredentialsError, 1) == (type(error), len(server.received))
    assert str(error).startswith("The code ")


@pytest.mark.parametrize("status", [201, 202, 401])
def test_success_of_a_step_needs_a_200(server, status: int) -> None:
    """A token at the last step counts on a 200 alone."""
    flow = flow_at(server, wanted("VerificationCode"), answer(status, accounts.SUCCESS))
    challenge = flow.start()
    error = caught(lambda: flow.answer(challenge, Secret(accounts.CODE)))
    assert UnexpectedResponseError is type(error)
    assert [] == leaks(error, accounts.SECRETS)
