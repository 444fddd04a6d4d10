"""Whatever JSON a server answers with whatever status, the flow ends in one of three ways."""

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from etna_magic import Challenge, ChallengeKind, EtnaError, Token
from tests.conversation.rows import EXPIRED, LIMIT, text
from tests.helpers import accounts

KINDS_OF_STEP = ["BaseAuthentication", "VerificationCode", "SecutityPin", "SecurityPin"]
REASONS = ["Invalid pin", "Corrupted ticket", "PIN code is not init", EXPIRED, LIMIT]
TOKENS = [accounts.TOKEN, accounts.INTERIM]
WORDS = st.sampled_from(["Succeeded", "Expecting", "Failed", *KINDS_OF_STEP, *REASONS, *TOKENS])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["State", "Step", "Reason", "Token", "ConfirmationToken", "error", "Message", "message"]
# Most of what is tried looks like an answer of ETNA; the rest is any JSON at all.
ANSWERS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, WORDS | JSON))
LIKELY = st.fixed_dictionaries(
    {"State": st.sampled_from(["Succeeded", "Expecting", "Failed"]), "Token": WORDS | st.text()},
    optional={"Step": WORDS | st.text(), "Reason": st.text()},
)
STATUSES = st.sampled_from([200, 200, 200, 202, 401, 403, 429, 500, 302]) | st.integers(101, 999)
CLEAN = {chr(c) for c in range(33, 127)}


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(status=STATUSES, members=LIKELY | ANSWERS | JSON)
def test_any_json_and_any_status(outcome, status: int, members: object) -> None:
    """A flow ends in a Token, a Challenge or an EtnaError; a Token on a clean success alone."""
    found = outcome(status, text(members))
    event(type(found).__name__)
    if isinstance(found, Token):
        assert (200, "Succeeded", members["Token"]) == (status, members["State"], found.value)
        assert (True, True) == (bool(found.value), set(found.value) <= CLEAN)
    elif isinstance(found, Challenge):
        assert ("Expecting", True) == (members["State"], isinstance(found.kind, ChallengeKind))
    else:
        assert isinstance(found, EtnaError)
        assert (1, True) == (len(str(found).splitlines()), len(str(found)) <= 400)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(token=st.text(st.sampled_from(sorted(CLEAN)), min_size=1, max_size=700))
def test_any_clean_token(outcome, token: str) -> None:
    """Every clean token on a success comes out byte for byte."""
    assert token == outcome(200, text({"State": "Succeeded", "Token": token})).value


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(status=STATUSES, body=st.binary(max_size=300))
def test_any_bytes(outcome, status: int, body: bytes) -> None:
    """A body of any bytes ends in an error of ours."""
    assert isinstance(outcome(status, body), EtnaError)
