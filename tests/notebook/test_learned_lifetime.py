"""How long a server keeps its tokens is learned from one that it ended before its time."""

import pytest

from tests.helpers.remembering_user import RememberingUser, remembering_user

user = remembering_user

CALL = "etna_session.get('v1.0/users/@me/info').status_code"
ACCOUNT = "account = next(etna_session.pages('v1.0/users/@me/accounts'))['Id']"
ORDER = "etna_session.post(f'v1.0/accounts/{account}/orders', json={}).status_code"
TWO_HOURS = 2 * 3600
DAY = 24 * 3600
SAID = "The server ended an earlier token within 2 h, so this one is counted the same way"


def end_early(user: RememberingUser, age: float = TWO_HOURS) -> None:
    """Let the server end the token at this age, and let a call notice it."""
    user.age(left=DAY - age)
    user.sandbox.revoke_all()
    assert "error" == user.kernel.run(CALL).status


def lifetime(user: RememberingUser) -> float:
    """Return the seconds for which the token in the namespace counts."""
    return round(user.kernel.ask("etna_token.lifetime.total_seconds()"), -1)


def test_the_next_token_counts_by_what_was_seen(user: RememberingUser):
    """The next login is counted by it and says so, and how to overrule it; the second is silent."""
    user.log_in()
    end_early(user)
    (line,) = user.log_in().texts
    assert SAID in line
    assert "ETNA_TOKEN_LIFETIME" in line
    assert TWO_HOURS == lifetime(user)
    (line,) = user.log_in().texts
    assert "ETNA_TOKEN_LIFETIME" not in line
    assert TWO_HOURS == lifetime(user)


def test_status_marks_it(user: RememberingUser):
    """%etna_status marks such an end, and no other."""
    user.log_in()
    (before,) = user.kernel.run("%etna_status").texts
    end_early(user)
    user.log_in()
    (after,) = user.kernel.run("%etna_status").texts
    assert ("(learned)" in before, "(learned)" in after) == (False, True)


def test_only_of_that_server(user: RememberingUser):
    """What is known of one server says nothing of another."""
    user.log_in()
    end_early(user)
    user.know(ETNA_BASE_URL=user.sandbox.base_url.replace("127.0.0.1", "localhost"))
    (line,) = user.kernel.run("%etna_login").texts
    assert "ETNA_TOKEN_LIFETIME" not in line
    assert DAY == lifetime(user)


@pytest.mark.parametrize("how", ["option", "environment"])
def test_what_is_said_counts(user: RememberingUser, how):
    """A lifetime that the user states is not overruled."""
    user.log_in()
    end_early(user)
    user.know(**({"ETNA_TOKEN_LIFETIME": "5h"} if how == "environment" else {}))
    (line,) = user.kernel.run(f"%etna_login {'--lifetime 5h' if how == 'option' else ''}").texts
    assert "ended an earlier token" not in line
    assert 5 * 3600 == lifetime(user)


def test_the_shortest_counts(user: RememberingUser):
    """Of two ends that were seen the earlier counts; what is seen at once counts as 15 minutes."""
    user.log_in()
    end_early(user)
    user.log_in()
    user.sandbox.revoke_all()
    assert "error" == user.kernel.run(CALL).status
    user.log_in()
    assert 900 == lifetime(user)


def test_a_token_that_lives_on_shows_that_it_was_wrong(user: RememberingUser):
    """If the server accepts a token past the end that was learned, it is counted as before again."""
    user.log_in()
    end_early(user)
    user.log_in()
    user.kernel.do(f"etna_token._issued = tuple(time - {TWO_HOURS + 9} for time in etna_token._issued)")
    assert "stale" == user.kernel.ask("etna_token.state.value")
    assert "200" == user.kernel.run(CALL).texts[-1]
    assert (DAY, "fresh") == (lifetime(user), user.kernel.ask("etna_token.state.value"))
    (line,) = user.log_in().texts
    assert "ETNA_TOKEN_LIFETIME" not in line
    assert DAY == lifetime(user)


def test_it_is_remembered(user: RememberingUser):
    """With --remember it outlives the kernel: for that token, and for the logins after it."""
    user.remember()
    end_early(user)
    assert SAID in user.remember()
    user.restart()
    line = user.remember()
    assert "no request was made" in line
    assert "(learned)" in user.kernel.run("%etna_status").texts[0]
    assert TWO_HOURS == lifetime(user)
    user.log_in()
    assert TWO_HOURS == lifetime(user)


def test_what_is_said_counts_for_a_remembered_token(user: RememberingUser):
    """A lifetime that the user states counts for a token that was remembered with a learned end, too."""
    user.remember()
    end_early(user)
    user.remember()
    user.restart()
    user.remember("--lifetime 5h")
    assert 5 * 3600 == lifetime(user)
    assert "(learned)" not in user.kernel.run("%etna_status").texts[0]


def test_no_order_meets_an_end_that_could_have_been_known(user: RememberingUser):
    """With --auto-renew an order after the first early end is sent with a token that is still good."""
    user.log_in("--auto-renew")
    user.kernel.do(ACCOUNT)
    user.age(left=DAY - TWO_HOURS)
    user.sandbox.revoke_all()
    assert "200" == user.kernel.run(CALL).texts[-1]
    requests = user.sandbox.token_requests
    # As the server does it: what is two hours old is ended.
    user.kernel.do(f"etna_token._issued = tuple(time - {TWO_HOURS - 60} for time in etna_token._issued)")
    user.sandbox.revoke_all()
    status = user.kernel.run(ORDER).texts[-1]
    assert int(status) < 500
    assert status not in ("401", "403")
    assert requests + 1 == user.sandbox.token_requests


def test_a_renewal_says_it_in_the_next_cell(user: RememberingUser):
    """What a renewal has learned is said once, where the next cell begins."""
    user.log_in("--auto-renew")
    user.age(left=DAY - TWO_HOURS)
    user.sandbox.revoke_all()
    assert ["200"] == user.kernel.run(CALL).texts
    first, second = (user.kernel.run("6 * 7").texts for _ in range(2))
    assert any(SAID in text for text in first)
    assert ["42"] == second


def test_logout_names_replaced_tokens(user: RememberingUser):
    """A token that was replaced lives on at the server, and the logout says until when."""
    user.log_in()
    until = user.kernel.ask("etna_token.expires_at.astimezone().strftime('%Y-%m-%d %H:%M:%S %Z')")
    user.log_in()
    (line,) = user.kernel.run("%etna_logout").texts
    assert (
        f"An earlier token of demo at {user.sandbox.base_url} lives on at the server until {until}." in line
    )


def test_logout_counts_replaced_tokens(user: RememberingUser):
    """Several are counted, for each account that had the name, and the last end is named."""
    for name in ("demo", "demo", "demo", "call-404"):
        user.log_in(user=name)
    (line,) = user.kernel.run("%etna_logout").texts
    where = user.sandbox.base_url
    assert f"3 earlier tokens of demo at {where} live on at the server, the last until " in line


def test_logout_names_no_token_that_is_gone(user: RememberingUser):
    """A token that the server has ended, and one whose time was over, are not named."""
    user.log_in()
    end_early(user)
    user.log_in()
    user.age(left=-3)
    user.log_in()
    (line,) = user.kernel.run("%etna_logout").texts
    assert "earlier token" not in line


def test_logout_believes_no_guess(user: RememberingUser):
    """A token that was replaced lives on by what the settings say, and not by what was learned."""
    user.log_in()
    end_early(user)
    user.log_in()
    end = "(etna_token.issued_at + timedelta(hours=24)).astimezone().strftime('%Y-%m-%d %H:%M:%S %Z')"
    user.kernel.do("from datetime import timedelta")
    until = user.kernel.ask(end)
    user.log_in()
    (line,) = user.kernel.run("%etna_logout").texts
    assert f"lives on at the server until {until}." in line
