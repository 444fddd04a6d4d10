"""Tokens that are only remembered: `%etna_status` lists them, `--check` asks of them, a logout ends them."""

import json
import re

import pytest
import requests

from tests.helpers.kernel import LIMIT
from tests.helpers.remembering_user import RememberingUser, remembering_user

user = remembering_user
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T"


@pytest.fixture
def headers(user: RememberingUser) -> dict[str, str]:
    """Remember a token as firm's, and restart the kernel; return its headers."""
    user.remember("firm")
    made = user.kernel.ask("dict(firm_token.headers())")
    user.restart()
    return made


def is_alive(user: RememberingUser, headers: dict[str, str]) -> bool:
    """Say whether the server accepts a token."""
    url = f"{user.sandbox.base_url}/v1.0/users/@me/info"
    return requests.get(url, headers=headers, timeout=LIMIT).status_code == 200


def facts(user: RememberingUser, line: str = "") -> list[dict]:
    """Return what `%etna_status --json` prints of each."""
    (text,) = user.kernel.run(f"%etna_status --json {line}").texts
    return json.loads(text)["logins"]


def test_listed(user: RememberingUser, headers):
    """Its name, what it is, until when, whose, and where it is remembered; and nothing is sent."""
    asked = len(user.sandbox.seen)
    (text,) = user.kernel.run("%etna_status").texts
    first, *lines = text.splitlines()
    assert re.fullmatch(rf"firm: fresh, only remembered, 23 h 59 min left, until {WHEN}", first)
    where = [f"demo at {user.sandbox.base_url} (LIVE)", f"remembered in {user.tokens}"]
    assert where == [line.strip() for line in lines]
    (said,) = facts(user)
    assert ("firm", True, str(user.tokens), []) == (
        said["name"],
        said["only_remembered"],
        said["remembered_in"],
        said["variables"],
    )
    assert asked == len(user.sandbox.seen)
    assert [] == [value for value in headers.values() if value.removeprefix("Bearer ") in str((text, said))]


def test_of_one(user: RememberingUser, headers):
    """A name selects it; another is an error that lists it."""
    assert user.kernel.run("%etna_status firm").texts[0].startswith("firm: fresh, only remembered")
    assert "(there is: firm)" in user.kernel.run("%etna_status etna").error


def test_once_a_login_uses_it(user: RememberingUser, headers):
    """It is that login's, under whatever name, and says where it is remembered."""
    user.remember("paper")
    (said,) = facts(user)
    assert ("paper", False, str(user.tokens)) == (
        said["name"],
        said["only_remembered"],
        said["remembered_in"],
    )
    assert f"\n  remembered in {user.tokens}" in user.kernel.run("%etna_status").texts[0]


def test_beside_a_login_that_does_not_use_it(user: RememberingUser, headers):
    """A login of that account with a token of its own leaves it what it is."""
    user.log_in("-u demo")
    assert [("etna", False, None), ("firm", True, str(user.tokens))] == [
        (one["name"], one["only_remembered"], one["remembered_in"]) for one in facts(user)
    ]


def test_whether_it_lasts(user: RememberingUser, headers):
    """`--for` has a line for it."""
    (said,) = user.kernel.run("%etna_status --for 48h").texts[1:]
    assert said.startswith("firm: the token ends in 23 h 59 min")


def test_one_that_is_open_to_others(user: RememberingUser, headers):
    """It is not read, and a line says why it is not listed."""
    user.kept.chmod(0o644)
    texts = user.kernel.run("%etna_status").texts
    fix = "chmod go-rwx it, or delete it"
    said = f"Not all that is remembered can be listed: {user.kept} is open to other users: {fix}."
    assert ["Nobody is logged in. To log in: %etna_login", said] == texts


@pytest.mark.parametrize("library", ["filelock", "platformdirs"])
def test_without_the_extra(user: RememberingUser, library):
    """Where nothing can be remembered the rest works."""
    user.kernel.do(f"import sys as _s; _was = _s.modules.get({library!r}); _s.modules[{library!r}] = None")
    try:
        user.log_in()
        texts = [
            user.kernel.run(line).texts for line in ("%etna_status", "%etna_logout", "%etna_logout --all")
        ]
    finally:
        user.kernel.do(f"_s.modules.pop({library!r}); _was and _s.modules.update({{{library!r}: _was}})")
    assert [1, 1, 1] == [len(one) for one in texts]


# Asking its server


def test_one_that_the_server_accepts(user: RememberingUser, headers):
    """It is asked by the app key of the environment, and nothing is changed."""
    (said,) = facts(user, "--check")
    assert ("accepted", "fresh", True) == (said["server"], said["state"], user.kept.exists())


def test_one_that_the_server_refuses(user: RememberingUser, headers):
    """It is deleted: no login should find it."""
    user.sandbox.revoke_all()
    (text,) = user.kernel.run("%etna_status --check").texts
    assert text.startswith("firm: stale, only remembered, was refused by the server")
    assert ([], []) == (list(user.tokens.iterdir()), facts(user))


def test_one_whose_app_key_is_not_known(user: RememberingUser, headers):
    """The app key is not remembered, so that without it nothing can be asked; it stays."""
    user.kernel.set_environment(ETNA_APP_KEY="another")
    (said,) = facts(user, "--check")
    reason = "it was not asked, since its app key is not known here"
    assert ("no answer", reason, True) == (said["server"], said["server_reason"], user.kept.exists())


def test_with_a_login_beside_it(user: RememberingUser, headers):
    """Both are asked; each has its answer."""
    user.log_in("-u lockout", "lockout")
    assert [("etna", "accepted"), ("firm", "accepted")] == [
        (one["name"], one["server"]) for one in facts(user, "--check")
    ]


# Ending it


def test_a_logout_by_its_name(user: RememberingUser, headers):
    """It is ended on the server and deleted; nothing is left."""
    (said,) = user.kernel.run("%etna_logout firm").texts
    whose = f"firm: the remembered token of demo at {user.sandbox.base_url}"
    assert f"{whose} is ended on the server and deleted here." == said
    assert (False, []) == (is_alive(user, headers), user.files)
    assert "no login called firm" in user.kernel.run("%etna_logout firm").error


def test_a_logout_without_its_app_key(user: RememberingUser, headers):
    """It is deleted, and the line says plainly that it may live on, and until when."""
    user.kernel.set_environment(ETNA_APP_KEY="another")
    run = user.kernel.run("%etna_logout firm")
    whose = re.escape(f"firm: the remembered token of demo at {user.sandbox.base_url}")
    on = rf"may live on at the server until {WHEN}, because its app key is not known here\."
    assert re.fullmatch(f"{whose} is deleted here, but {on}", run.texts[0])
    assert (1, True, []) == (len(run.warnings), is_alive(user, headers), user.files)


def test_a_logout_by_the_app_key_of_a_login(user: RememberingUser, headers):
    """The app key of a login of this kernel is as good as the environment's."""
    user.log_in("-u lockout", "lockout")
    user.kernel.set_environment(ETNA_APP_KEY="another")
    assert user.kernel.run("%etna_logout firm").texts[0].endswith(" is ended on the server and deleted here.")
    assert (False, True) == (is_alive(user, headers), user.works())


def test_a_bare_logout(user: RememberingUser):
    """It ends what was remembered as etna."""
    user.remember()
    user.restart()
    assert user.kernel.run("%etna_logout").texts[0].startswith("etna: the remembered token of demo at ")
    assert [] == user.files


def test_two_of_one_name(user: RememberingUser):
    """A name may have been of several accounts: all of them are ended."""
    for who in ("demo", "lockout"):
        user.remember("firm", who)
        user.restart()
    texts = user.kernel.run("%etna_logout firm").texts
    assert (2, []) == (len(texts), user.files)
    assert [True, True] == [text.endswith(" is ended on the server and deleted here.") for text in texts]


def test_a_login_comes_first(user: RememberingUser, headers):
    """A name is that of a login of this kernel; what is remembered under it is named, and stays."""
    user.log_in("firm -u lockout", "lockout")
    texts = user.kernel.run("%etna_logout firm").texts
    assert texts[0].startswith("firm: lockout is logged out, and firm_token is gone here and on the server")
    assert "firm is still remembered; to end that: %etna_logout firm" == texts[1]
    assert is_alive(user, headers)
    user.kernel.run("%etna_logout firm")
    assert (False, []) == (is_alive(user, headers), user.files)


def test_a_logout_of_all(user: RememberingUser, headers):
    """It ends this kernel's logins; what is only remembered may be another kernel's, and is named."""
    user.remember("paper", "lockout")
    user.restart()
    user.log_in()
    texts = user.kernel.run("%etna_logout --all").texts
    hint = "to end that: %etna_logout firm or %etna_logout paper"
    assert f"firm, paper are still remembered; {hint}" == texts[-1]
    assert (2, True) == (len(texts), is_alive(user, headers))
    assert ["Nobody is logged in.", texts[-1]] == user.kernel.run("%etna_logout --all").texts


def test_a_logout_that_cannot_delete_it(user: RememberingUser, headers, tmp_path):
    """What stays is said, by its path."""
    (user.tokens / f".new-{user.kept.stem}-abc").mkdir()
    (said,) = user.kernel.run("%etna_logout firm").warnings
    assert f" is ended on the server, but could not be deleted here: {user.tokens}: " in said
    assert not is_alive(user, headers)
