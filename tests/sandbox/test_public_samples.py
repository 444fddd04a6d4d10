"""The requests of ETNA's public samples, sent as the samples send them."""

import pytest

# As E's samples: the version as they write it, `@me` and numbers, and slashes at the end.
READS = [
    "v1.0/users/@me/info",
    "v1.0/users/644/info",
    "v1.0/users/@me/accounts",
    "v1.0/users/644/accounts/",
    "v1.0/accounts/83267/info",
    "v1.0/accounts/83267/info/",
    "v1.0/users/@me/balance-info",
    "v1.0/accounts/83267/positions?pageNumber=0&pageSize=10&sortField=Id&desc=true",
    "v1.0/accounts/83267/positions/?pageNumber=0&pageSize=99&sortField=Symbol&desc=false&filter=Symbol%20%3D%20%27AAPL%27",
    "v1.0/accounts/83267/transactions/?pageNumber=0&pageSize=10&sortBy=Date&isDesc=true",
    "v1.0/accounts/83267/orders?pageNumber=0&pageSize=10&sortField=Id&desc=true",
    "v1.0/accounts/83267/orders/?pageNumber=0&pageSize=10&filter=Status%20in%20(0,1,10)",
    "v1.0/accounts/83267/orders?filter=CreateDate%3E%232019-03-13T18:31:42%23&pageNumber=0&pageSize=99",
    "v1.0/equities/lookup?mask=A&count=10",
    "v1.0/equities/AAPL/",
    "v1.0/options/?pageNumber=0&pageSize=10&sortField=Id&desc=true",
    "v1.0/options/expirations?underlying=AAPL",
    "v1.0/options/optionChain/AAPL",
    "v1.0/users/@me/pricealerts?pageSize=10&pageNumber=0&sortBy=Id&isDesc=true",
    "v1.0/users/@me/watchlists/?includeSecurities=true",
    "v1.0/users/@me/settings/trading",
    "v1.0/users/@me/exchanges",
    "v1.0/streamers",
]


@pytest.mark.parametrize("path", READS)
def test_reads(client, path):
    """Each read of the samples is answered."""
    response = client.call("GET", path, client.token())
    assert 200 == response.status_code, response.text


@pytest.mark.parametrize("end", ["", "/"])
def test_a_day(client, end):
    """A login, accounts, positions, an order with TimeInforce, candles, and the log-out."""
    headers = {
        "Et-App-Key": client.sandbox.app_key,
        "Username": "demo",
        "Password": client.sandbox.password_of("demo"),
        "Accept": "application/json",
        "Content-Length": "0",
    }
    url = client.sandbox.base_url
    answer = client.session.post(f"{url}/token{end}", headers=headers, timeout=10).json()
    assert "Succeeded" == answer["State"]
    token = answer["Token"]
    account = client.call("GET", f"v1.0/users/@me/accounts{end}", token).json()[0]["Id"]
    query = "?pageNumber=0&pageSize=10&sortField=Id&desc=true"
    positions = client.call("GET", f"v1.0/accounts/{account}/positions{end}{query}", token).json()
    assert 3 == len(positions["Result"])
    order = {
        "Symbol": "AAPL",
        "ClientId": "mine-1",
        "Type": "Limit",
        "Side": "Buy",
        "Comment": "A sample",
        "ExpireDate": "2025-06-20T20:00:00Z",
        "Quantity": 10,
        "Price": 18.5,
        "TimeInforce": "GoodTillCancel",
        "Exchange": "Auto",
        "ExecutionInstructions": {"PerTradeCommission": "4.95"},
        "ValidationsToBypass": 0,
        "Legs": [],
    }
    placed = client.call("POST", f"v1.0/accounts/{account}/orders{end}", token, json=order).json()
    assert ("GoodTillCancel", "mine-1", "A sample") == tuple(
        placed[name] for name in ("TimeInForce", "ClientId", "Comment")
    )
    candles = {
        "Security": {"Symbol": "AAPL", "Exchange": "XNAS", "Currency": "USD"},
        "SecurityHistorySettings": {
            "StartDate": 1_542_776_400,
            "EndDate": 1_550_764_844,
            "CandlesCount": -1,
            "Period": "4h",
            "Interval": -7,
            "IncludeNonMarketData": False,
        },
        "IndicatorsHistorySettings": [
            {
                "Signature": "SMA|1h|false|10|0",
                "StartDate": 1_542_776_400,
                "EndDate": 1_550_764_844,
                "CandlesCount": -1,
                "Offset": 0,
                "Period": "4h",
                "Interval": -7,
                "IncludeNonMarketData": False,
            }
        ],
    }
    found = client.call("PUT", f"v1.0/history/symbols{end}", token, json=candles).json()
    assert found["SecurityHistory"][0]
    assert (
        204 == client.call("DELETE", f"v1.0/accounts/{account}/orders/{placed['Id']}{end}", token).status_code
    )
    assert 204 == client.call("POST", f"logout{end}", token).status_code


def test_what_is_not_served(client):
    """Another path, and the base URL without its version, are as unknown as at the real server."""
    token = client.token()
    for path in ("v1.0/news?symbol=AAPL", "users/@me/info", "v1.0/accounts/83267/orders//"):
        response = client.call("GET", path, token)
        uri = f"{client.sandbox.base_url}/{path}"
        message = f"No HTTP resource was found that matches the request URI '{uri}'."
        assert (404, {"Message": message}) == (response.status_code, response.json())
