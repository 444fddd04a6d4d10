"""Candles: format, plausibility and number."""

from itertools import pairwise

import pytest

START, END = 1_542_776_400, 1_550_764_844
PERIODS = ["1m", "2m", "3m", "5m", "10m", "15m", "30m", "1h", "2h", "4h", "1D", "1W", "1M", "3M", "6M", "1Y"]


@pytest.fixture
def history(client):
    """Return a function that asks for candles and returns the response."""
    token = client.token()

    def request(symbol="AAPL", **settings):
        all_settings = {"StartDate": START, "EndDate": END, "CandlesCount": -1, "Interval": -7}
        all_settings |= {"Period": "1D", "IncludeNonMarketData": False} | settings
        body = {"Security": {"Symbol": symbol}, "SecurityHistorySettings": all_settings}
        body["IndicatorsHistorySettings"] = []
        return client.call("PUT", "v1.0/history/symbols", token, json=body)

    return request


@pytest.fixture
def candles(history):
    """Return a function that asks for candles and returns them."""
    return lambda *symbol, **settings: history(*symbol, **settings).json()["SecurityHistory"][0]


def test_format(history):
    """The documented request gets its first candle at a whole multiple of its period."""
    response = history(Period="4h").json()
    assert [] == response["IndicatorsHistory"]
    first = response["SecurityHistory"][0][0]
    assert (1_542_801_600, "2018-11-21T12:00:00Z") == (first["Time"], first["DateTime"])


@pytest.mark.parametrize("period", PERIODS)
def test_plausible(candles, period):
    """In every period prices are between low and high, times increase and volumes are positive."""
    found = candles(Period=period)
    for candle in found:
        assert candle["Low"] <= min(candle["Open"], candle["Close"])
        assert max(candle["Open"], candle["Close"]) <= candle["High"]
        assert candle["Low"] > 0
        assert candle["Volume"] > 0
        assert candle["IsMarket"] is True
        assert START <= candle["Time"] <= END
    assert found
    for before, after in pairwise(found):
        assert before["Time"] < after["Time"]
        assert abs(after["Open"] / before["Close"] - 1) < 0.1


def test_candles_are_reproducible(candles):
    """The same request gets the same response, and another symbol a different one."""
    assert candles() == candles()
    assert candles() == candles("aapl")
    assert candles() != candles("MSFT")


def test_week_days(candles):
    """There are no candles on weekends: the documented range has 66 week days."""
    found = candles()
    assert 66 == len(found)
    assert all((candle["Time"] // 86_400 + 3) % 7 < 5 for candle in found)


def test_weeks_and_months(candles):
    """A week opens like its Monday, closes like its Friday and has the sum of the volumes."""
    days = candles(StartDate=1_546_819_200, EndDate=1_547_164_800)
    week = candles(StartDate=1_546_819_200, EndDate=1_547_164_800, Period="1W")
    assert (5, 1) == (len(days), len(week))
    assert (days[0]["Open"], days[4]["Close"]) == (week[0]["Open"], week[0]["Close"])
    assert sum(day["Volume"] for day in days) == week[0]["Volume"]
    assert "2018-12-01T00:00:00Z" == candles(Period="1M")[0]["DateTime"]


def test_count(candles):
    """A count gives the last candles of the range."""
    assert candles()[-3:] == candles(CandlesCount=3)


def test_at_most_5000(candles):
    """A response has at most 5,000 candles, the last ones."""
    found = candles(Period="1m")
    assert 5_000 == len(found)
    assert found[-7:] == candles(Period="1m", CandlesCount=7)


def test_outside_market_hours(candles):
    """Candles outside market hours are included on request, with `IsMarket` false."""
    market = candles(Period="1h")
    extended = candles(Period="1h", IncludeNonMarketData=True)
    assert {True, False} == {candle["IsMarket"] for candle in extended}
    assert market == [candle for candle in extended if candle["IsMarket"]]


def test_periods_agree(candles):
    """Every period shows the same prices: a day is all of its minutes, and so are hours."""
    day = {"StartDate": 1_546_819_200, "EndDate": 1_546_905_599}  # Monday, 7 January 2019
    (daily,) = candles(Period="1D", **day)
    for period in PERIODS[:10]:
        found = candles(Period=period, **day)
        assert daily["Open"] == found[0]["Open"]
        assert daily["Close"] == found[-1]["Close"]
        assert daily["High"] == max(candle["High"] for candle in found)
        assert daily["Low"] == min(candle["Low"] for candle in found)
        assert daily["Volume"] == sum(candle["Volume"] for candle in found)


@pytest.mark.parametrize("period", PERIODS)
def test_the_last_candle_ends_now(candles, clock, client, period):
    """The candle that is being formed closes at the last price of a quote, in every period."""
    clock.now = 1_750_085_123.4  # Monday, 16 June 2025, 14:45:23 UTC: a session has begun
    token = client.token()
    found = candles(Period=period, EndDate=int(clock.now))[-1]
    order = {"Symbol": "AAPL", "Type": "Market", "Side": "Buy", "Quantity": 1}
    preview = client.call("POST", "v1.0/accounts/83267/preview/orders", token, json=order).json()
    assert preview["Quotes"][0]["Last"] == found["Close"]
    assert found["Low"] <= found["Close"] <= found["High"]


def test_the_future_has_no_candles(history, candles, clock):
    """There are no candles later than the clock, and a future range has no data."""
    found = candles(Period="1m", StartDate=0, EndDate=4_000_000_000, CandlesCount=1)
    assert found[-1]["Time"] <= clock.now
    assert 409 == history(StartDate=int(clock.now) + 86_400, EndDate=4_000_000_000).status_code


@pytest.mark.parametrize(
    "settings",
    [
        {"Period": "2x"},
        {"Period": 1440},
        {"CandlesCount": 0},
        {"CandlesCount": -2},
        {"CandlesCount": 1.5},
        {"StartDate": "yesterday"},
        {"Interval": "TDY"},
        {"Interval": 1},
    ],
)
def test_bad_requests(history, settings):
    """An invalid request is refused, with the member that is wrong."""
    response = history(**settings)
    (name,) = settings
    assert 422 == response.status_code
    assert [f"historyParams.SecurityHistorySettings.{name}"] == list(response.json()["ModelState"])


@pytest.mark.parametrize("name", ["StartDate", "EndDate", "CandlesCount", "Period", "Interval"])
def test_every_member_is_needed(history, name):
    """Without one of the members ETNA's server fails."""
    assert 500 == history(**{name: None}).status_code


def test_unknown_symbol(history):
    """A symbol that cannot be used makes ETNA's server fail."""
    assert 500 == history("TOOLONG").status_code


def test_comparison(client, candles):
    """A comparison has the closes of the candles, and what they differ by from the first."""
    settings = {"StartDate": START, "EndDate": END, "CandlesCount": -1, "Period": "1D", "Interval": -7}
    body = {"Securities": [{"Symbol": "KO"}, {"Symbol": "AAPL"}]}
    body["SecuritiesHistorySettings"] = settings | {"IncludeNonMarketData": False}
    compared = client.call("PUT", "v1.0/history/compare", client.token(), json=body).json()["SecurityHistory"]
    assert [[candle["Close"] for candle in candles(symbol)] for symbol in ("KO", "AAPL")] == [
        [point["Price"] for point in points] for points in compared
    ]
    assert [0, 0] == [points[0]["Difference"] for points in compared]
