"""Steps after the first: what is asked for, what is answered, how often, and which steps end the login."""

import pickle

import pytest

from etna_magic import (
    ConnectionFailedError,
    InvalidCredentialsError,
    Secret,
    UnexpectedResponseError,
    VerificationError,
)
from etna_magic.login_flow import Challenge, ChallengeKind
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import log_in
from tests.helpers.server import answer
from tests.login_flow.answers import CODE, PIN, SUCCESS, advance, asks_for, conversation_at

STEPS = ["VerificationCode", "SecutityPin", "SecurityPin"]
KINDS = {"VerificationCode": CODE, "SecutityPin": PIN, "SecurityPin": PIN}
HEADERS = {CODE: "VerificationCode", PIN: "PinCode"}
by_step = pytest.mark.parametrize("step", STEPS)


def _ours(request) -> dict[str, list[str]]:
    names = ("Et-App-Key", "Username", "Password", "Accept", "Authorization", "VerificationCode", "PinCode")
    return {name: request.values(name) for name in names if request.values(name)}


def _bearers(server) -> list[str]:
    """Return what each request but the first was authorized with."""
    return [value for request in server.received[1:] for value in request.values("Authorization")]


# What is asked for and answered


@by_step
def test_what_is_asked_for(server, step: str) -> None:
    """A 202 is a challenge that says what is asked for and why, and holds no interim token."""
    challenge = advance(conversation_at(server, asks_for(step)))
    assert Challenge(KINDS[step], step, "Type it", 0, None) == challenge
    held = f"{challenge!r} {challenge} {pickle.dumps(challenge)!r}"
    assert [] == [secret for secret in accounts.SECRETS if secret in held]


@by_step
def test_what_is_answered(server, step: str) -> None:
    """An answer has all of the first request and the interim token, and the one header of its step."""
    server.play(asks_for(step), SUCCESS)
    token = log_in(accounts.credentials(server.base_url), [accounts.CODE])
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
    assert ("POST", "/api/token", b"") == (second.method, second.target, second.body)
    assert accounts.TOKEN == token.get_secret_value()


def test_pin_then_code(server) -> None:
    """A list of answers drives it: each step has the newest interim token and its own header alone."""
    server.play(asks_for("SecutityPin"), asks_for("VerificationCode", accounts.LATER_INTERIM), SUCCESS)
    token = log_in(accounts.credentials(server.base_url), [accounts.PIN, accounts.CODE])
    second, third = map(_ours, server.received[1:])
    assert accounts.TOKEN == token.get_secret_value()
    assert [f"Bearer {accounts.INTERIM}", f"Bearer {accounts.LATER_INTERIM}"] == _bearers(server)
    assert ([accounts.PIN], [accounts.CODE]) == (second["PinCode"], third["VerificationCode"])
    assert (False, False) == ("VerificationCode" in second, "PinCode" in third)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([asks_for("SecutityPin")], False, id="PIN"),
        pytest.param([asks_for("VerificationCode")], True, id="code"),
        pytest.param([asks_for("VerificationCode"), asks_for("SecutityPin")], True, id="code and PIN"),
    ],
)
@pytest.mark.parametrize("is_known", [False, True])
def test_took_code(server, answers: list[bytes], expected: bool, is_known: bool) -> None:  # noqa: FBT001 - columns
    """A token knows whether its login took a one-time code, as the next one will."""
    server.play(*answers, SUCCESS)
    known = {CODE: Secret(accounts.CODE), PIN: Secret(accounts.PIN)} if is_known else {}
    token = log_in(accounts.credentials(server.base_url), ["1", "2"], known=known)
    assert (expected, len(answers) + 1) == (token.took_code, len(server.received))


def test_nothing_is_sent_before_it_begins(server) -> None:
    """A conversation that nobody has begun has sent nothing."""
    conversation_at(server, SUCCESS).close()
    assert [] == server.received


def test_conversation_that_is_left(server) -> None:
    """One that is left at a challenge sends nothing more."""
    steps = conversation_at(server, asks_for("VerificationCode"), SUCCESS)
    advance(steps)
    steps.close()
    assert 1 == len(server.received)


# Wrong answers


@by_step
def test_newest_interim_token(server, step: str) -> None:
    """Each wrong answer may bring a new interim token, and the next answer uses it."""
    tokens = [f"aW50ZXJpbS{n}+/=" for n in range(3)]
    server.play(*(asks_for(step, token) for token in tokens), SUCCESS)
    log_in(accounts.credentials(server.base_url), ["1234"] * 3)
    assert [f"Bearer {token}" for token in tokens] == _bearers(server)


@pytest.mark.parametrize("missing", [None, "", 7, "a\nb"], ids=repr)
def test_interim_token_is_kept(server, missing: object) -> None:
    """Where a wrong answer brings no usable interim token, the one before goes on being used."""
    server.play(asks_for("VerificationCode"), asks_for("VerificationCode", missing), SUCCESS)
    log_in(accounts.credentials(server.base_url), ["1", "2"])
    assert [f"Bearer {accounts.INTERIM}"] * 2 == _bearers(server)


@by_step
def test_three_wrong_answers(server, step: str) -> None:
    """A wrong answer can be given again twice; the third ends it."""
    steps = conversation_at(server, asks_for(step))
    advance(steps)
    assert [1, 2] == [advance(steps, accounts.CODE).wrong for _ in range(2)]
    error = caught(lambda: advance(steps, accounts.CODE))
    assert (VerificationError, 4) == (type(error), len(server.received))
    assert "3 answers were wrong (Type it): log in again." == str(error)
    assert [] == leaks(error, accounts.SECRETS)


def test_wrong_answers_are_counted_per_step(server) -> None:
    """A wrong PIN does not count against the code."""
    pin, code = asks_for("SecutityPin"), asks_for("VerificationCode")
    steps = conversation_at(server, pin, pin, pin, code, code, SUCCESS)
    step, seen = advance(steps), []
    while isinstance(step, Challenge):
        seen.append((step.kind.value, step.wrong))
        step = advance(steps, "1234")
    assert [("PIN", 0), ("PIN", 1), ("PIN", 2), ("code", 0), ("code", 1)] == seen


@pytest.mark.parametrize("kind", [CODE, PIN])
def test_known_answer_is_sent_once(server, kind: ChallengeKind) -> None:
    """An answer that is known is given without asking, and a wrong one is not sent again."""
    step = {CODE: "VerificationCode", PIN: "SecutityPin"}[kind]
    known = {kind: Secret("1234")}
    steps = conversation_at(server, asks_for(step), asks_for(step), SUCCESS, known=known)
    challenge = advance(steps)
    assert ((kind, 1), {}) == ((challenge.kind, challenge.wrong), known)
    assert accounts.TOKEN == advance(steps, "5678").get_secret_value()
    sent = [request.values(HEADERS[kind]) for request in server.received]
    assert [[], ["1234"], ["5678"]] == sent


def test_known_answer_of_another_kind_is_kept(server) -> None:
    """A known code does not answer a question for the PIN."""
    known = {CODE: Secret("1234")}
    challenge = advance(conversation_at(server, asks_for("SecutityPin"), known=known))
    assert (PIN, [CODE], 1) == (challenge.kind, list(known), len(server.received))


SAID = [
    pytest.param(PIN, "Invalid pin", 0, "", id="PIN not given yet"),
    pytest.param(PIN, "Invalid pin", 1, "Invalid pin", id="PIN wrong"),
    pytest.param(PIN, "Locked soon", 0, "Locked soon", id="PIN, another reason"),
    pytest.param(CODE, "Invalid pin", 0, "Invalid pin", id="code"),
    pytest.param(CODE, "", 0, "", id="nothing"),
]


@pytest.mark.parametrize(("kind", "reason", "wrong", "expected"), SAID)
def test_message(kind: ChallengeKind, reason: str, wrong: int, expected: str) -> None:
    """Nobody is shown "Invalid pin" who has not given one yet."""
    assert expected == Challenge(kind, "Step", reason, wrong).message


# An answer that does not reach the server


def _hang_up(connection, _) -> None:
    connection.close()


@by_step
def test_connection_fails_at_a_challenge(server, step: str) -> None:
    """An answer that did not reach the server is asked for again, and the interim token is still used."""
    steps = conversation_at(server, asks_for(step), _hang_up, SUCCESS)
    asked = advance(steps)
    again = advance(steps, accounts.CODE)
    assert (asked, ConnectionFailedError) == (again._replace(failure=None), type(again.failure))
    assert [] == leaks(again.failure, accounts.SECRETS)
    assert accounts.TOKEN == advance(steps, accounts.CODE).get_secret_value()
    assert [f"Bearer {accounts.INTERIM}"] * 2 == _bearers(server)


def test_failures_are_no_wrong_answers(server) -> None:
    """Answers that did not reach the server do not count as wrong, however many there are."""
    code = asks_for("VerificationCode")
    steps = conversation_at(server, code, *[_hang_up] * 4, code, _hang_up, code, SUCCESS)
    step, seen = advance(steps), []
    while isinstance(step, Challenge):
        seen.append((step.wrong, step.failure is not None))
        step = advance(steps, "1234")
    assert [(0, False), *[(0, True)] * 4, (1, False), (1, True), (2, False)] == seen
    assert accounts.TOKEN == step.get_secret_value()


def test_known_answer_does_not_reach_the_server(server) -> None:
    """The same holds for an answer that was known: somebody is asked now."""
    known = {PIN: Secret("1234")}
    steps = conversation_at(server, asks_for("SecutityPin"), _hang_up, SUCCESS, known=known)
    challenge = advance(steps)
    assert (PIN, ConnectionFailedError) == (challenge.kind, type(challenge.failure))
    assert accounts.TOKEN == advance(steps, "1234").get_secret_value()


def test_connection_fails_at_the_first_step(server) -> None:
    """Before there is an interim token a failed connection ends the login."""
    error = caught(lambda: advance(conversation_at(server, _hang_up, SUCCESS)))
    assert (ConnectionFailedError, 1) == (type(error), len(server.received))


def test_what_a_later_answer_repeats(server) -> None:
    """Nothing that was sent in any step is shown, whichever answer repeats it."""
    sent = [accounts.APP_KEY, "Pa55-SECRET", accounts.INTERIM, "1234", accounts.LATER_INTERIM, "5678"]
    said = asks_for("VerificationCode", Reason=" ".join(sent))
    steps = conversation_at(
        server,
        asks_for("SecutityPin"),
        asks_for("VerificationCode", accounts.LATER_INTERIM),
        said,
        password=Secret("Pa55-SECRET"),
    )
    advance(steps)
    advance(steps, "1234")
    assert " ".join(["***"] * 6) == advance(steps, "5678").reason


# Steps that end the login, or that cannot be answered


def _answer_code(server, *answers: bytes) -> Exception:
    """Answer a question for the code at a server that goes on with these answers; return the error."""
    steps = conversation_at(server, asks_for("VerificationCode"), *answers)
    advance(steps)
    return caught(lambda: advance(steps, accounts.CODE))


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
    """A refusal ends the login at once."""
    error = _answer_code(server, answer(status, accounts.body(State="Failed", **members)), SUCCESS)
    assert (expected, 2) == (type(error), len(server.received))
    assert [] == leaks(error, accounts.SECRETS)


@pytest.mark.parametrize("reason", ["Wrong code", None])
@pytest.mark.parametrize("status", [200, 202, 401, 403])
def test_wrong_code_by_failed(server, status: int, reason: str | None) -> None:
    """A wrong code is not documented: a Failed with the code's own Step lets it be given again too."""
    failed = answer(status, accounts.body(State="Failed", Step="VerificationCode", Reason=reason))
    steps = conversation_at(server, asks_for("VerificationCode"), failed, failed, SUCCESS)
    step, wrong = advance(steps), []
    while isinstance(step, Challenge):
        wrong.append(step.wrong)
        step = advance(steps, accounts.CODE)
    assert ([0, 1, 2], accounts.TOKEN) == (wrong, step.get_secret_value())
    assert [f"Bearer {accounts.INTERIM}"] * 3 == _bearers(server)


@pytest.mark.parametrize("status", [200, 202, 401])
@pytest.mark.parametrize("step", [*STEPS, None, "Biometrics"])
def test_pin_never_set(server, status: int, step: str | None) -> None:
    """A PIN that was never set cannot be answered, and the sentence says where it is set."""
    members = {
        "State": "Expecting",
        "Step": step,
        "Reason": "PIN code is not init",
        "Token": accounts.INTERIM,
    }
    error = caught(lambda: advance(conversation_at(server, answer(status, accounts.body(**members)))))
    assert (VerificationError, True) == (type(error), "never set a PIN" in str(error))


@pytest.mark.parametrize(
    "step", ["Biometrics", "", None, "verificationcode", "VerificationCode ", "Token"], ids=repr
)
@pytest.mark.parametrize("before", [[], [asks_for("VerificationCode")]], ids=["at once", "after the code"])
def test_unknown_step(server, step: object, before: list[bytes]) -> None:
    """An unknown step ends the login, and is named with what the server says about it."""
    known = {CODE: Secret(accounts.CODE), PIN: Secret(accounts.PIN)}
    steps = conversation_at(server, *before, asks_for(step), SUCCESS, known=known)
    error = caught(lambda: advance(steps))
    assert (VerificationError, len(before) + 1) == (type(error), len(server.received))
    assert (
        "The server asks for something that etna_magic does not know, "
        f"{(step or 'unnamed').strip()} (Type it): log in once on the broker's own pages."
    ) == str(error)


def test_unknown_step_without_a_reason(server) -> None:
    """Where the server does not say what it wants, that is said."""
    error = caught(lambda: advance(conversation_at(server, asks_for("Biometrics", Reason=None))))
    assert "Biometrics (no reason given): log in once" in str(error)


@pytest.mark.parametrize("text", ["", " 1", "1\n", "1\r\nX: y", "\0", "\u0661", "1\x7f"], ids=ascii)
@pytest.mark.parametrize(("step", "label"), [("VerificationCode", "The code "), ("SecutityPin", "The PIN ")])
def test_answer_that_cannot_be_a_header(server, text: str, step: str, label: str) -> None:
    """An answer that no header can hold is refused here, by its name and not by its value."""
    steps = conversation_at(server, asks_for(step), SUCCESS)
    advance(steps)
    error = caught(lambda: advance(steps, text))
    assert (InvalidCredentialsError, 1) == (type(error), len(server.received))
    assert str(error).startswith(label)


@pytest.mark.parametrize("status", [201, 202, 401])
def test_success_of_a_step_needs_a_200(server, status: int) -> None:
    """A token at the last step counts on a 200 alone."""
    error = _answer_code(server, answer(status, accounts.SUCCESS))
    assert UnexpectedResponseError is type(error)
    assert [] == leaks(error, accounts.SECRETS)
