"""A token as text: what is kept of it, whom it is given back to, and what is not believed."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from etna_magic import Secret, TokenState
from etna_magic.token_cache import CacheKey
from etna_magic.token_cache.record import decode, decode_facts, encode, encode_facts
from tests.helpers.accounts import ManualClock
from tests.token_cache.helpers import APP_KEY, BASE_URL, HOUR, KEY, new_token

#: A record as version 0.1.0 has written it.
RELEASED: dict[str, Any] = {
    "version": 1,
    "base_url": BASE_URL,
    "username": "alice",
    "token": "TOKEN-SECRET-1",
    "issued_at": 1_750_000_000.25,
    "lifetime": 86_400.0,
    "took_code": True,
}


def text(**changes: object) -> Secret:
    """Return that record with other members."""
    return Secret(json.dumps(RELEASED | changes))


def clock(age: float = 60.0) -> ManualClock:
    """Return clocks that stand that many seconds after the record's issue."""
    stopped = ManualClock()
    stopped.wall_now = RELEASED["issued_at"] + age
    return stopped


def test_digest_is_that_of_the_released_version():
    """A token that version 0.1.0 has kept is found under the same name."""
    assert "259dd2fa0dd59acabcc75118406bfda09b5eee71" == KEY.digest


@pytest.mark.parametrize(
    "other",
    [
        CacheKey(BASE_URL + "/v2", "alice", Secret(APP_KEY)),
        CacheKey(BASE_URL, "bob", Secret(APP_KEY)),
        CacheKey(BASE_URL, "alice", Secret("another")),
        CacheKey(BASE_URL + '", "alice', "", Secret(APP_KEY)),
    ],
    ids=["base URL", "user", "app key", "quoted"],
)
def test_another_key_has_another_digest(other: CacheKey):
    """Base URL, user and app key all count."""
    assert KEY.digest != other.digest
    assert KEY != other


def test_digest_of_characters_that_no_codec_takes():
    """A user name from an environment that is not UTF-8 has a digest too."""
    assert 40 == len(CacheKey(BASE_URL, "al\udce9", Secret(APP_KEY)).digest)


def test_no_secret_in_a_repr():
    """Neither a key nor a record shows a secret."""
    shown = f"{KEY!r} {encode(new_token(), 'etna')!r} {decode(text(), KEY, clock())!r}"
    shown += repr(decode_facts(text(), KEY.digest, clock()))
    assert ("TOKEN-SECRET" in shown, APP_KEY in shown) == (False, False)


def test_members_are_those_of_the_released_version():
    """Version 0.1.0 can read what is written: it has one member more, and neither password nor app key."""
    token = decode(text(), KEY, clock())
    assert token is not None
    assert RELEASED | {"name": "firm"} == json.loads(encode(token, "firm").get_secret_value())
    assert APP_KEY not in encode(token, "firm").get_secret_value()


@pytest.mark.parametrize(("members", "name"), [({}, "etna"), ({"name": "firm"}, "firm")], ids=["old", "new"])
def test_facts(members: dict[str, object], name: str):
    """What may be shown of a record, of an old one too: whose, until when, under which name; no secret."""
    kept = decode_facts(text(**members), KEY.digest, clock(HOUR))
    assert kept is not None
    assert (KEY.digest, name, "alice", BASE_URL) == (kept.digest, kept.name, *kept.token.account)
    assert timedelta(hours=23) == kept.token.remaining
    assert (False, False) == tuple(map(bool, kept.token.secrets()))


def test_facts_without_the_token():
    """An index has the same facts, and no token, so that no login takes it for one."""
    token = decode(text(), KEY, clock())
    assert token is not None
    facts = encode_facts(token, "firm")
    assert RELEASED | {"name": "firm", "token": ""} == json.loads(facts.get_secret_value())
    kept = decode_facts(facts, KEY.digest, clock())
    assert kept is not None
    assert ("firm", token.expires_at) == (kept.name, kept.token.expires_at)
    is_refused(facts)


@pytest.mark.parametrize("age", [24 * HOUR, -HOUR], ids=["stale", "from the future"])
def test_facts_of_what_is_not_good(age):
    """What no login would take up is nothing to show."""
    assert decode_facts(text(), KEY.digest, clock(age)) is None


def test_everything_of_the_token_comes_back():
    """Text, issue, lifetime, whose it is, and whether it took a code."""
    token = decode(text(), KEY, clock(HOUR))
    assert token is not None
    assert ("TOKEN-SECRET-1", "alice", BASE_URL) == (token.get_secret_value(), token.username, token.base_url)
    assert (True, KEY.app_key) == (token.took_code, token.app_key())
    assert (1_750_000_000.25, timedelta(hours=24)) == (token.issued_at.timestamp(), token.lifetime)
    assert (timedelta(hours=23), TokenState.FRESH) == (token.remaining, token.state)


def test_without_took_code():
    """The first records had no such member."""
    members = {name: value for name, value in RELEASED.items() if name != "took_code"}
    token = decode(Secret(json.dumps(members)), KEY, clock())
    assert token is not None
    assert token.took_code is False


def test_both_clocks_go_on():
    """A token ages by the forward clock too, which has started again since."""
    stopped = clock(HOUR)
    stopped.forward_now = 5.0  # the machine has just been started
    token = decode(text(), KEY, stopped)
    assert token is not None
    stopped.forward_now += 2 * HOUR
    assert timedelta(hours=21) == token.remaining


def test_the_systems_clock_is_the_default():
    """Without a clock the token ages by the system's."""
    token = decode(text(issued_at=time.time() - HOUR), KEY)
    assert token is not None
    assert timedelta(hours=22.9) < token.remaining <= timedelta(hours=23)


@pytest.mark.parametrize(
    ("age", "is_given"),
    [(24 * HOUR - 1, True), (24 * HOUR, False), (-60.0, True), (-61.0, False), (-HOUR, False)],
)
def test_age(age, is_given):
    """What is stale or from the future is not given back; clocks may differ by a minute."""
    assert is_given is (decode(text(), KEY, clock(age)) is not None)


@pytest.mark.parametrize("changes", [{"username": "bob"}, {"base_url": "https://other.example.com"}], ids=str)
def test_somebody_elses(changes: dict[str, object]):
    """A record under the right name with somebody else's token in it is not believed."""
    assert decode(text(**changes), KEY, clock()) is None


CONTENTS = {
    "empty": "",
    "no JSON": "token: abc",
    "half-written": '{"version": 1, "token": "QQ-SECRET-QQ", "base_url": "http',
    "a number": "7",
    "a text": '"version"',
    "a list": "[]",
    "null": "null",
    "zeros": "\0" * 4096,
    "deep": "[" * 90_000,
    "a long number": "1" * 50_000,
    "another version": '{"version": 2, "token": "QQ-SECRET-QQ"}',
}
#: Members of the record, each changed to what it must not be.
TYPES: dict[str, object] = {
    "token": 7,
    "base_url": None,
    "username": ["alice"],
    "issued_at": "yesterday",
    "lifetime": True,
    "version": "1",
    "name": 7,
}
VALUES = [("token", ""), ("token", "a\r\nb: c"), ("token", "tök"), ("token", "a b"), ("took_code", 1)]
VALUES += [
    ("lifetime", 0),
    ("lifetime", -1),
    ("lifetime", 1e300),
    ("lifetime", float("inf")),
    ("lifetime", None),
]
VALUES += [("name", ""), ("name", "a b"), ("name", "<b>")]
VALUES += [("issued_at", 0), ("issued_at", 1e300), ("issued_at", float("nan")), ("issued_at", 10**400)]


def is_refused(record: Secret) -> None:
    """Expect an error that shows nothing of the record."""
    with pytest.raises(ValueError, match=r"^it cannot be read$") as caught:
        decode(record, KEY, clock())
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_content_that_is_no_record(content: str):
    """What is no record of this version is refused."""
    is_refused(Secret(content))


@pytest.mark.parametrize(("member", "value"), [*TYPES.items(), *VALUES], ids=str)
def test_member_that_cannot_be_right(member: str, value: object):
    """One member of the wrong type, or out of range, and nothing of the record is believed."""
    is_refused(text(**{member: value}))


@pytest.mark.parametrize("member", sorted(TYPES.keys() - {"name"}))
def test_member_that_is_missing(member: str):
    """A record that lacks something is refused."""
    is_refused(Secret(json.dumps({name: value for name, value in RELEASED.items() if name != member})))
