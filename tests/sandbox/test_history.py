"""Candles: their shape, their sense, and how many there are."""

# What is expected stands first in an assert.

from itertools import pairwise

import pytest

START, END = 1_542_776_400, 1_550_764_844
PERIODS = ["1m", "3m", "5m", "10m", "15m", "30m", "1h", "4h", "1D", "1W", "1M"]


@pytest.fixture
def history(client):
    """Return a function that asks for candles and returns the answer."""
    token = client.token()

    def ask(symbol="AAPL", **settings):
        asked = {"StartDate": START, "EndDate": END, "CandlesCount": -1, "Interval": -7}
        asked |= {"Period": "1D", "IncludeNonMarketData": False} | settings
        body = {"Security": {"Symbol": symbol}, "SecurityHistorySettings": asked}
        body["IndicatorsHistorySettings"] = []
        return client.call("PUT", "v1.0/history/symbols", token, json=body)

    return ask


@pytest.fixture
def candles(history):
    """Return a function that asks for candles and returns them."""
    return lambda *symbol, **settings: history(*symbol, **settings).json()["SecurityHistory"][0]


def test_shape(history):
    """The documented question gets an answer of the documented shape."""
    answer = history(Period="4h").json()
    assert ["SecurityHistory", "IndicatorsHistory"] == list(answer)
    assert [] == answer["IndicatorsHistory"]
    first = answer["SecurityHistory"][0][0]
    names = ["Time", "DateTime", "Open", "High", "Low", "Close", "Volume", "IsMarket"]
    assert names == list(first)
    assert (1_542_801_600, "2018-11-21T12:00:00Z") == (first["Time"], first["DateTime"])


@pytest.mark.parametrize("period", PERIODS)
def test_sense(candles, period):
    """In every period prices lie within their range, time goes forward, and shares change hands."""
    made = candles(Period=period)
    for candle in made:
        assert candle["Low"] <= min(candle["Open"], candle["Close"])
        assert max(candle["Open"], candle["Close"]) <= candle["High"]
        assert candle["Low"] > 0
        assert candle["Volume"] > 0
        assert candle["IsMarket"] is True
        assert START <= candle["Time"] <= END
    for before, after in pairwise(made):
        assert before["Time"] < after["Time"]
        assert abs(after["Open"] / before["Close"] - 1) < 0.1


def test_same_again(candles):
    """The same question gets the same answer, and another symbol another one."""
    assert candles() == candles()
    assert candles() == candles("aapl")
    assert candles() != candles("MSFT")


def test_week_days(candles):
    """Daily candles leave out weekends: 66 week days lie in the documented range."""
    made = candles()
    assert 66 == len(made)
    assert all((candle["Time"] // 86_400 + 3) % 7 < 5 for candle in made)


def test_weeks_and_months_hold_their_days(candles):
    """A week opens with its Monday, closes with its Friday, and adds up the shares between."""
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
    """Nobody gets more than 5,000 candles: the last ones."""
    made = candles(Period="1m")
    assert 5_000 == len(made)
    assert made[-7:] == candles(Period="1m", CandlesCount=7)


def test_outside_market_hours(candles):
    """Early and late trading is given on request, and marked."""
    market = candles(Period="1h")
    every = candles(Period="1h", IncludeNonMarketData=True)
    assert {True, False} == {candle["IsMarket"] for candle in every}
    assert market == [candle for candle in every if candle["IsMarket"]]


def test_the_future_has_no_candles(candles, clock):
    """Candles end with the clock, and a range that lies ahead is empty."""
    made = candles(Period="1m", StartDate=0, EndDate=4_000_000_000, CandlesCount=1)
    assert made[-1]["Time"] <= clock.now
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
def test_bad_questions(history, settings):
    """A question that makes no sense is refused with a sentence."""
    answer = history(**settings)
    assert (400, ["Message"]) == (answer.status_code, list(answer.json()))


def test_unknown_symbol(history):
    """What is no symbol is not found."""
    assert 404 == history("TOOLONG").status_code
