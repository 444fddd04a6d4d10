"""What the sandbox serves: one table, read by the server, by `--help`, by the docs and by the tests."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Response

from etna_magic_sandbox import (
    account_calls,
    alert_calls,
    history_calls,
    login,
    order_calls,
    security_calls,
    settings_calls,
    watchlist_calls,
)
from etna_magic_sandbox.call import Call


class Route(NamedTuple):
    """One call.

    Parameters
    ----------
    method : str
        The HTTP method.
    path : str
        The path after the base URL, with names in braces: `{u}` a user's ID or `@me`, `{a}` the ID of an
        account, `{symbol}` a text, anything else a number.
    group : str
        The rate limit that it counts for, one of `LIMITS`, or an empty text.
    handler : callable
        Answers it.
    required : tuple of str
        The members of the query without which ETNA's server does not find the call.
    summary : str
        What it does, in a few words.
    source : str
        Who documents it: E, S, P, G and the section of the facts.
    missing : str, optional
        Which of the two bodies a 404 for a missing member of the query has: `uri` or `version`.
    """

    method: str
    path: str
    group: str
    handler: Callable[[Call], Response]
    required: tuple[str, ...]
    summary: str
    source: str
    missing: str = "uri"


# Calls per minute, for each token; those that change orders are counted for each account.
LIMITS: dict[str, int] = {
    "logins": 10,
    "order changes": 50,
    "order queries": 120,
    "positions": 120,
    "history": 60,
    "watchlists": 60,
    "price alerts": 60,
    "securities": 200,
}

PAGE = ("pageNumber", "pageSize")
SORTED = (*PAGE, "sortField", "desc")
SORTED_BY = (*PAGE, "sortBy", "isDesc")
ORDERS, PREVIEWS = "/v1.0/accounts/{a}/orders", "/v1.0/accounts/{a}/preview/orders"
ALERTS, WATCHLISTS = "/v1.0/users/{u}/pricealerts", "/v1.0/users/{u}/watchlists"
# Calls of ETNA's that are not served; without this one would be taken for the position in a symbol.
UNSERVED = ("/v1.0/accounts/{a}/positions/groups", "/v1.0/accounts/{a}/positions/top")
WATCHED = WATCHLISTS + "/{watchlist}/securities"

ROUTES: tuple[Route, ...] = (
    Route("POST", "/token", "", login.token, (), "log in, step by step", "E,S,P,G 3"),
    Route("POST", "/logout", "", login.logout, (), "end the token", "S,P 3"),
    Route("GET", "/v1.0/users/{u}/info", "", account_calls.info, (), "the user", "E,S,P,G 4"),
    Route("GET", "/v1.0/users/{u}/accounts", "", account_calls.accounts, (), "the accounts", "E,S,G 4"),
    Route(
        "GET",
        "/v1.0/users/{u}/balance-info",
        "",
        account_calls.balance_info,
        (),
        "balances, all accounts",
        "E,S 4",
    ),
    Route(
        "GET",
        "/v1.0/users/{u}/settings/trading",
        "",
        settings_calls.get_settings,
        (),
        "trading settings",
        "E,S,G 4",
    ),
    Route(
        "PUT",
        "/v1.0/users/{u}/settings/trading",
        "",
        settings_calls.change_settings,
        (),
        "change them",
        "E,S 4",
    ),
    Route(
        "GET", "/v1.0/users/{u}/exchanges", "", security_calls.exchanges, (), "names of exchanges", "E,G 4"
    ),
    Route("GET", "/v1.0/accounts/{a}/info", "", account_calls.account_info, (), "balances", "E,S,G 5"),
    Route(
        "GET",
        "/v1.0/accounts/{a}/positions",
        "positions",
        account_calls.positions,
        SORTED,
        "positions",
        "E,S,G 5",
    ),
    Route(
        "GET",
        "/v1.0/accounts/{a}/positions/{symbol}",
        "positions",
        account_calls.positions_of_symbol,
        (),
        "the position in one symbol",
        "E,S 5",
    ),
    Route(
        "GET",
        "/v1.0/accounts/{a}/transactions",
        "",
        account_calls.transactions,
        SORTED_BY,
        "transactions",
        "E,S 5",
        "version",
    ),
    Route("GET", ORDERS, "order queries", order_calls.list_orders, PAGE, "orders", "E,S,G 6"),
    Route("POST", ORDERS, "order changes", order_calls.place_order, (), "place an order", "E,S,P,G 6"),
    Route("GET", ORDERS + "/{order}", "order queries", order_calls.get_order, (), "one order", "E,S,G 6"),
    Route("PUT", ORDERS + "/{order}", "order changes", order_calls.replace_order, (), "replace it", "E,S 6"),
    Route(
        "DELETE", ORDERS + "/{order}", "order changes", order_calls.cancel_order, (), "cancel it", "E,S,P,G 6"
    ),
    Route(
        "POST", PREVIEWS, "", order_calls.preview_order, (), "what an order would cost, with quotes", "E,S 6"
    ),
    Route(
        "PUT",
        PREVIEWS + "/{order}",
        "",
        order_calls.preview_replacement,
        (),
        "what a replacement would cost",
        "E,S 6",
    ),
    Route("GET", "/v1.0/equities", "securities", security_calls.equities, SORTED, "equities", "E,S 7"),
    Route(
        "GET",
        "/v1.0/equities/lookup",
        "securities",
        security_calls.lookup,
        ("mask", "count"),
        "equities that match a mask",
        "E,S 7",
    ),
    Route(
        "GET",
        "/v1.0/equities/{symbol}",
        "securities",
        security_calls.equity,
        (),
        "an equity, by symbol or ID",
        "E,S,G 7",
    ),
    Route("GET", "/v1.0/options", "securities", security_calls.options, SORTED, "options", "E,S 7"),
    Route(
        "GET",
        "/v1.0/options/expirations",
        "securities",
        security_calls.expirations,
        ("underlying",),
        "when options expire",
        "E,S 7",
    ),
    Route(
        "GET",
        "/v1.0/options/optionChain/{symbol}",
        "securities",
        security_calls.option_chain,
        (),
        "options by expiration",
        "E,S 7",
    ),
    Route(
        "GET",
        "/v1.0/options/{symbol}",
        "securities",
        security_calls.option,
        (),
        "an option, by symbol or ID",
        "E,S 7",
    ),
    Route("PUT", "/v1.0/history/symbols", "history", history_calls.history, (), "candles", "E,S,P 8"),
    Route(
        "PUT", "/v1.0/history/compare", "history", history_calls.compare, (), "compare securities", "E,S 8"
    ),
    Route(
        "GET", ALERTS, "price alerts", alert_calls.list_alerts, SORTED_BY, "price alerts", "E,S 9", "version"
    ),
    Route("POST", ALERTS, "price alerts", alert_calls.add_alert, (), "add one", "E,S 9"),
    Route("GET", ALERTS + "/{alert}", "price alerts", alert_calls.get_alert, (), "one price alert", "E,S 9"),
    Route("PUT", ALERTS + "/{alert}", "price alerts", alert_calls.change_alert, (), "change it", "E,S 9"),
    Route("DELETE", ALERTS + "/{alert}", "price alerts", alert_calls.remove_alert, (), "remove it", "E,S 9"),
    Route(
        "GET",
        WATCHLISTS,
        "watchlists",
        watchlist_calls.list_watchlists,
        ("includeSecurities",),
        "watchlists",
        "E,S 9",
    ),
    Route(
        "POST",
        WATCHLISTS,
        "watchlists",
        watchlist_calls.add_watchlist,
        ("resultIncludeSecurities",),
        "add one",
        "E,S 9",
    ),
    Route(
        "GET",
        WATCHLISTS + "/{watchlist}",
        "watchlists",
        watchlist_calls.get_watchlist,
        ("includeSecurities",),
        "one watchlist",
        "E,S 9",
    ),
    Route(
        "DELETE",
        WATCHLISTS + "/{watchlist}",
        "watchlists",
        watchlist_calls.remove_watchlist,
        (),
        "remove it",
        "E,S 9",
    ),
    Route(
        "PUT",
        WATCHLISTS + "/{watchlist}/name",
        "watchlists",
        watchlist_calls.rename_watchlist,
        ("name",),
        "rename it",
        "E,S 9",
    ),
    Route("PUT", WATCHED, "watchlists", watchlist_calls.watch_symbol, (), "add a symbol to it", "E,S 9"),
    Route("DELETE", WATCHED, "watchlists", watchlist_calls.watch_symbol, (), "take a symbol out", "E,S 9"),
    Route("PUT", WATCHED + "/{security}", "watchlists", watchlist_calls.watch_id, (), "add by ID", "E,S 9"),
    Route(
        "DELETE",
        WATCHED + "/{security}",
        "watchlists",
        watchlist_calls.watch_id,
        (),
        "take out by ID",
        "E,S 9",
    ),
    Route("GET", "/v1.0/streamers", "", security_calls.streamers, (), "addresses of streamers", "E,S,P,G 10"),
    Route(
        "PUT",
        "/v1.0/streamers/session/recover",
        "",
        security_calls.recover_session,
        ("sessionType",),
        "the ID of a streamer session",
        "E,S,G 10",
    ),
)
