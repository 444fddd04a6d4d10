"""Logins with more than one step: codes and PINs, right, wrong and late."""

import pytest

CORRUPTED = '{"State":"Failed","Step":"VerificationCode","Reason":"Corrupted ticket"}'
WRONG_CODE = '{"State":"Failed","Step":"VerificationCode","Reason":"Invalid confirmation code"}'
PIN_REFUSED = '{"State":"Failed","Step":"SecutityPin","Reason":"Invalid pin","ConfirmationToken":""}'


def take_step(client, name, interim=None, **headers):
    """Take one step of a login and return the status and body of its response."""
    response = client.log_in(name, interim, **headers)
    return response.status_code, response.json()


@pytest.mark.parametrize("name", ["twofactor", "twofactor-again"])
def test_right_code(client, name):
    """The right code with the interim token succeeds, and the token is valid."""
    _, first = take_step(client, name)
    assert 401 == client.status_of(first["Token"])
    status, second = take_step(client, name, first["Token"], VerificationCode="246810")
    assert (200, "Succeeded") == (status, second["State"])
    assert 200 == client.status_of(second["Token"])


def test_wrong_code(client):
    """A wrong code fails, and the interim token stays valid."""
    _, first = take_step(client, "twofactor")
    wrong = client.log_in("twofactor", first["Token"], VerificationCode="000000")
    assert (401, WRONG_CODE) == (wrong.status_code, wrong.text)
    assert 200 == take_step(client, "twofactor", first["Token"], VerificationCode="246810")[0]


def test_wrong_code_asked_again(client):
    """After a wrong code the server asks again with a new interim token; the old one is invalid."""
    _, first = take_step(client, "twofactor-again")
    status, again = take_step(client, "twofactor-again", first["Token"], VerificationCode="000000")
    assert (202, "VerificationCode") == (status, again["Step"])
    assert "Invalid confirmation code" == again["Reason"]
    old = client.log_in("twofactor-again", first["Token"], VerificationCode="246810")
    assert (401, CORRUPTED) == (old.status_code, old.text)
    assert 200 == take_step(client, "twofactor-again", again["Token"], VerificationCode="246810")[0]


def test_corrupted_ticket(client, clock):
    """A second step without a valid interim token is refused, even with the right code."""
    _, first = take_step(client, "twofactor")
    _, other = take_step(client, "twofactor-again")
    code = {"VerificationCode": "246810"}
    attempts = [
        client.log_in("twofactor", **code),
        client.log_in("twofactor", "bm8=", **code),
        client.log_in("twofactor", "bm8="),
        client.log_in("twofactor", first["Token"]),
        client.log_in("twofactor", other["Token"], **code),
        client.log_in("twofactor", client.token(), **code),
    ]
    clock.advance(301)
    attempts.append(client.log_in("twofactor", first["Token"], **code))
    assert {(401, CORRUPTED)} == {(response.status_code, response.text) for response in attempts}


def test_interim_token_is_used_once(client):
    """After a successful login its interim token is invalid."""
    _, first = take_step(client, "twofactor")
    assert 200 == take_step(client, "twofactor", first["Token"], VerificationCode="246810")[0]
    assert 401 == take_step(client, "twofactor", first["Token"], VerificationCode="246810")[0]


def test_lost_first_step(client):
    """The user ticketless is refused with the right code, because the server has lost the first step."""
    _, first = take_step(client, "ticketless")
    lost = client.log_in("ticketless", first["Token"], VerificationCode="246810")
    assert (401, CORRUPTED) == (lost.status_code, lost.text)


@pytest.mark.parametrize("name", ["pin", "pin-spelt"])
def test_right_pin(client, name):
    """The right PIN with the interim token succeeds."""
    _, first = take_step(client, name)
    status, second = take_step(client, name, first["Token"], PinCode="1357")
    assert (200, 200) == (status, client.status_of(second["Token"]))


def test_pin_needs_the_interim_token(client):
    """A PIN in the first step is ignored."""
    assert 202 == take_step(client, "pin", PinCode="1357")[0]


@pytest.mark.parametrize(
    ("name", "refused"), [("pin", PIN_REFUSED), ("pin-spelt", PIN_REFUSED.replace("Secutity", "Security"))]
)
def test_third_wrong_pin(client, name, refused):
    """After two wrong PINs the server asks again, with a new interim token; the third is refused."""
    _, first = take_step(client, name)
    status, second = take_step(client, name, first["Token"], PinCode="0000")
    assert (202, "Invalid pin") == (status, second["Reason"])
    status, third = take_step(client, name, second["Token"], PinCode="0000")
    assert (202, 3) == (status, len({first["Token"], second["Token"], third["Token"]}))
    response = client.log_in(name, third["Token"], PinCode="0000")
    assert (401, refused) == (response.status_code, response.text)


def test_pin_then_code(client):
    """A user with both a PIN and a code gives the PIN first."""
    _, first = take_step(client, "pin-twofactor")
    status, second = take_step(client, "pin-twofactor", first["Token"], PinCode="1357")
    assert (202, "VerificationCode") == (status, second["Step"])
    status, third = take_step(
        client, "pin-twofactor", second["Token"], PinCode="1357", VerificationCode="246810"
    )
    assert (200, "Succeeded") == (status, third["State"])


@pytest.mark.parametrize("name", ["expired", "expired-state", "pin-unset", "riddle"])
def test_invalid_token(client, name):
    """A token in a response that is not a success is invalid."""
    assert 401 == client.status_of(client.log_in(name).json()["Token"])
