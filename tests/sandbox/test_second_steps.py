"""Log-ins of more than one step: codes and PINs, right, wrong and late."""

# What is expected stands first in an assert.

import pytest

CORRUPTED = '{"State":"Failed","Step":"VerificationCode","Reason":"Corrupted ticket"}'
WRONG_CODE = '{"State":"Failed","Step":"VerificationCode","Reason":"Invalid confirmation code"}'
PIN_REFUSED = '{"State":"Failed","Step":"SecutityPin","Reason":"Invalid pin","ConfirmationToken":""}'


def ask(client, name, interim=None, **headers):
    """Make one step and return its status and body."""
    answer = client.log_in(name, interim, **headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("name", ["twofactor", "twofactor-again"])
def test_right_code(client, name):
    """The right code with the interim token succeeds, and the token is good."""
    _, first = ask(client, name)
    assert 401 == client.info(first["Token"])
    status, second = ask(client, name, first["Token"], VerificationCode="246810")
    assert (200, "Succeeded") == (status, second["State"])
    assert 200 == client.info(second["Token"])


def test_wrong_code(client):
    """A wrong code fails, and the interim token stays usable."""
    _, first = ask(client, "twofactor")
    wrong = client.log_in("twofactor", first["Token"], VerificationCode="000000")
    assert (401, WRONG_CODE) == (wrong.status_code, wrong.text)
    assert 200 == ask(client, "twofactor", first["Token"], VerificationCode="246810")[0]


def test_wrong_code_asked_again(client):
    """A wrong code is asked for again with a new interim token; the old one is dead."""
    _, first = ask(client, "twofactor-again")
    status, again = ask(client, "twofactor-again", first["Token"], VerificationCode="000000")
    assert (202, "VerificationCode") == (status, again["Step"])
    assert "Invalid confirmation code" == again["Reason"]
    old = client.log_in("twofactor-again", first["Token"], VerificationCode="246810")
    assert (401, CORRUPTED) == (old.status_code, old.text)
    assert 200 == ask(client, "twofactor-again", again["Token"], VerificationCode="246810")[0]


def test_corrupted_ticket(client, clock):
    """A second step without a good interim token is refused, whatever its code."""
    _, first = ask(client, "twofactor")
    _, other = ask(client, "twofactor-again")
    code = {"VerificationCode": "246810"}
    tries = [
        client.log_in("twofactor", **code),
        client.log_in("twofactor", "bm8=", **code),
        client.log_in("twofactor", "bm8="),
        client.log_in("twofactor", first["Token"]),
        client.log_in("twofactor", other["Token"], **code),
        client.log_in("twofactor", client.token(), **code),
    ]
    clock.move(301)
    tries.append(client.log_in("twofactor", first["Token"], **code))
    assert {(401, CORRUPTED)} == {(answer.status_code, answer.text) for answer in tries}


def test_interim_token_is_spent(client):
    """The interim token that led to a token is of no further use."""
    _, first = ask(client, "twofactor")
    assert 200 == ask(client, "twofactor", first["Token"], VerificationCode="246810")[0]
    assert 401 == ask(client, "twofactor", first["Token"], VerificationCode="246810")[0]


def test_a_lost_ticket(client):
    """The right code meets a server that knows nothing of the first step any more."""
    _, first = ask(client, "ticketless")
    lost = client.log_in("ticketless", first["Token"], VerificationCode="246810")
    assert (401, CORRUPTED) == (lost.status_code, lost.text)


@pytest.mark.parametrize("name", ["pin", "pin-spelt"])
def test_right_pin(client, name):
    """The right PIN with the interim token succeeds."""
    _, first = ask(client, name)
    status, second = ask(client, name, first["Token"], PinCode="1357")
    assert (200, 200) == (status, client.info(second["Token"]))


def test_pin_needs_the_interim_token(client):
    """A PIN on the first step is not looked at."""
    assert 202 == ask(client, "pin", PinCode="1357")[0]


@pytest.mark.parametrize(
    ("name", "refused"), [("pin", PIN_REFUSED), ("pin-spelt", PIN_REFUSED.replace("Secutity", "Security"))]
)
def test_third_wrong_pin(client, name, refused):
    """Two wrong PINs are asked for again, each with a new interim token; the third is refused."""
    _, first = ask(client, name)
    status, second = ask(client, name, first["Token"], PinCode="0000")
    assert (202, "Invalid pin") == (status, second["Reason"])
    status, third = ask(client, name, second["Token"], PinCode="0000")
    assert (202, 3) == (status, len({first["Token"], second["Token"], third["Token"]}))
    answer = client.log_in(name, third["Token"], PinCode="0000")
    assert (401, refused) == (answer.status_code, answer.text)


def test_pin_then_code(client):
    """A user with both gives the PIN first and the code second."""
    _, first = ask(client, "pin-twofactor")
    status, second = ask(client, "pin-twofactor", first["Token"], PinCode="1357")
    assert (202, "VerificationCode") == (status, second["Step"])
    status, third = ask(client, "pin-twofactor", second["Token"], PinCode="1357", VerificationCode="246810")
    assert (200, "Succeeded") == (status, third["State"])


@pytest.mark.parametrize("name", ["expired", "expired-state", "pin-unset", "riddle"])
def test_a_token_that_opens_nothing(client, name):
    """A token in an answer that is no success opens nothing."""
    assert 401 == client.info(client.log_in(name).json()["Token"])
