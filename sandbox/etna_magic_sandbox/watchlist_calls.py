"""The calls on watchlists."""

from flask import Response

from etna_magic_sandbox.body import Body
from etna_magic_sandbox.call import Call
from etna_magic_sandbox.errors import RefusedError, conflict
from etna_magic_sandbox.listing import truth
from etna_magic_sandbox.messages import empty_response, json_response
from etna_magic_sandbox.securities import Security, find_security, find_security_by_id
from etna_magic_sandbox.watchlists import Watchlist


def list_watchlists(call: Call) -> Response:
    """Return all of the user's lists; there are no pages."""
    wanted = truth(call.request.query["includesecurities"])
    with call.state.watchlists.lock:
        lists = call.state.watchlists.of_user(call.user).values()
        return json_response([found.as_json(with_securities=wanted) for found in lists])


def add_watchlist(call: Call) -> Response:
    """Add a list."""
    wanted = truth(call.request.query["resultincludesecurities"])
    body = Body.of(call.request, "watchlist", conflict)
    name, ids = body.raw("Name"), body.raw("Securities") or []
    if not isinstance(name, str) or not name or not isinstance(ids, list):
        raise RefusedError(conflict())
    securities = [find_security_by_id(number) if type(number) is int else None for number in ids]
    known = [security for security in securities if security is not None]
    made = call.state.watchlists.add(call.user, name, known) if len(known) == len(ids) else None
    return json_response(made.as_json(with_securities=wanted)) if made else conflict()


def get_watchlist(call: Call) -> Response:
    """Return one list."""
    wanted = truth(call.request.query["includesecurities"])
    with call.state.watchlists.lock:
        return json_response(_watchlist(call).as_json(with_securities=wanted))


def remove_watchlist(call: Call) -> Response:
    """Remove a list."""
    with call.state.watchlists.lock:
        del call.state.watchlists.of_user(call.user)[_watchlist(call).id]
    return empty_response()


def rename_watchlist(call: Call) -> Response:
    """Give a list another name."""
    name = call.request.query["name"]
    with call.state.watchlists.lock:
        watchlist = _watchlist(call)
        others = call.state.watchlists.of_user(call.user).values()
        if not name or any(other.name == name for other in others if other is not watchlist):
            return conflict()
        watchlist.name, watchlist.modified = name, call.state.clock()
        # The names of a pair's members in the language that ETNA's server is written in.
        return json_response({"m_Item1": watchlist.id, "m_Item2": name})


def watch_symbol(call: Call) -> Response:
    """Add a security to a list, or remove it, by its symbol."""
    return _change(call, find_security(Body.of(call.request, "security").text("Symbol")))


def watch_id(call: Call) -> Response:
    """Add a security to a list, or remove it, by its ID."""
    return _change(call, find_security_by_id(call.ids["security"]))


def _change(call: Call, security: Security | None) -> Response:
    with call.state.watchlists.lock:
        watchlist = _watchlist(call)
        is_there = security is not None and security.id in watchlist.securities
        if security is None or is_there is (call.request.method == "PUT"):
            return conflict()
        if is_there:
            del watchlist.securities[security.id]
        else:
            watchlist.securities[security.id] = security
        watchlist.modified = call.state.clock()
        return json_response(watchlist.as_json(with_securities=True))


def _watchlist(call: Call) -> Watchlist:
    found = call.state.watchlists.of_user(call.user).get(call.ids["watchlist"])
    if found is None:
        raise RefusedError(conflict())
    return found
