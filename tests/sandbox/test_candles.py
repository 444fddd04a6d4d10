"""Candles: format, plausibility and number."""

from itertools import pairwise

import pytest

START, END = 1_542_776_400, 1_550_764_844
PERIODS = ["1m", "3m", "5m", "10m", "15m", "30m", "1h", "4h", "1D", "1W", "1M"]


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
    """The documented request gets a response in the documented format."""
    response = history(Period="4h").json()
    assert ["SecurityHistory", "IndicatorsHistory"] == list(response)
    assert [] == response["IndicatorsHistory"]
    first = response["SecurityHistory"][0][0]
    names = ["Time", "DateTime", "Open", "High", "Low", "Close", "Volume", "IsMarket"]
    assert names == list(first)
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


def test_the_future_has_no_candles(candles, clock):
    """There are no candles later than the clock, and none in a future range."""
    found = candles(Period="1m", StartDate=0, EndDate=4_000_000_000, CandlesCount=1)
    assert found[-1]["Time"] <= clock.now
    assert [] == candles(StartDate=int(clock.now) + 86_400, EndDate=4_000_000_000)


@pytest.mark.parametrize(
    "settings",
    [
        {"Period": "2x"},
        {"Period": None},
        {"CandlesCount": 0},
        {"CandlesCount": -2},
        {"CandlesCount": 1.5},
        {"StartDate": "yesterday"},
        {"StartDate": END, "EndDate": START},
    ],
)
def test_bad_requests(history, settings):
    """An invalid request is refused with a message."""
    response = history(**settings)
    assert (400, ["Message"]) == (response.status_code, list(response.json()))


def test_unknown_symbol(history):
    """An invalid symbol is not found."""
    assert 404 == history("TOOLONG").status_code
