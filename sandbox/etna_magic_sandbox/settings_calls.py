"""The calls on a user's trading settings."""

from flask import Response

from etna_magic_sandbox.body import Body
from etna_magic_sandbox.call import Call
from etna_magic_sandbox.messages import json_response
from etna_magic_sandbox.order import SIMPLE_TYPES, TIMES_IN_FORCE
from etna_magic_sandbox.settings import NUMBERS, POPUP, SHOWN

WHEN_SHOWN = ("Show", "DoNotShow", "ShowIfAnError")


def get_settings(call: Call) -> Response:
    """Return the user's trading settings."""
    return json_response(call.state.settings.get(call.user))


def change_settings(call: Call) -> Response:
    """Change the user's trading settings; members that are missing stay as they are."""
    body = Body.of(call.request, "tradingSettings")
    settings = call.state.settings.get(call.user)
    for name in SHOWN:
        settings[name] = body.choice(name, WHEN_SHOWN, settings[name])
    for name in NUMBERS:
        settings[name] = body.integer(name, settings[name], least=0)
    settings[POPUP] = body.is_true(POPUP) if body.has(POPUP) else settings[POPUP]
    instruments = body.nested("Instruments")
    for kind, before in settings["Instruments"].items():
        given = instruments.nested(kind) if instruments else None
        if given:
            before["OrderType"] = given.choice("OrderType", SIMPLE_TYPES, before["OrderType"])
            before["Quantity"] = given.integer("Quantity", before["Quantity"], least=0)
            before["DurationType"] = given.choice("DurationType", TIMES_IN_FORCE, before["DurationType"])
            before["ExchangeType"] = given.text("ExchangeType", before["ExchangeType"])
            before["AON"] = given.is_true("AON") if given.has("AON") else before["AON"]
            before["ExtendedHoursType"] = given.text("ExtendedHoursType", before["ExtendedHoursType"])
            if "Spreads" in before:
                before["Spreads"] = given.integer("Spreads", before["Spreads"], least=0)
    body.check()
    call.state.settings.put(call.user, settings)
    return json_response(settings)
