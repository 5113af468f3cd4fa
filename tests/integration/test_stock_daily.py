"""Daily stock when movements go again: by reprocessing, or because another content of the same movement wins.

What is right comes from the model that reads the records alone (lib/figures.py).
"""

import datetime

import figures
import pytest
from wh import Warehouse

ENGINES = ["duckdb", "postgres"]


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path / "shop", shipped=True)


def told(number, sku, day, seller="shopnow", **values):
    """A movement at noon of a day of March 2026; `level` or `delta`."""
    return {"event_id": f"e-{number}", "movement_id": f"m-{number}", "seller_id": seller, "sku": sku, "timestamp": f"2026-03-{day:02d}T12:00:00Z", **values}


def daily(w):
    found = {}
    for *series, day, level, state, n in w.tuples(
            "select seller_id, sku, condition, location, day, closing_level, state, n_events from fact_stock_daily"):
        found.setdefault(tuple(series), {})[datetime.date.fromisoformat(day)] = (level, state, n)
    return found


def model(records):
    return figures.Figures({"stock": records}).daily


def remap(w, sku):
    """From now on the feed refuses the movements of an article."""
    path = w.folder / "feeds/stock.yaml"
    text = path.read_text()
    assert "      sku: sku\n" in text
    path.write_text(text.replace("      sku: sku\n", f"      sku: {{path: sku, null_if: [{sku}]}}\n"))


KEPT = [told(1, "A", 2, level=5), told(2, "A", 4, delta=-1), told(3, "A", 9, seller="acme", level=3)]
GONE = [told(4, "B", 3, level=7), told(5, "B", 6, delta=2), told(6, "B", 8, seller="acme", level=1), told(7, "B", 5, seller="solo", level=1)]


def test_reprocessing_that_refuses_movements_takes_their_days_back(w):
    """A series, the last days of a seller, and a seller of whom nothing is left."""
    w.load_records("marketplace.stock", KEPT + GONE)
    assert daily(w) == model(KEPT + GONE)
    remap(w, "B")
    w.run("reprocess", "--feed", "marketplace.stock")
    assert daily(w) == model(KEPT)
    w.run("verify")


def test_the_days_come_back_with_the_movements(w):
    w.load_records("marketplace.stock", KEPT + GONE)
    before = w.hash()
    text = (w.folder / "feeds/stock.yaml").read_text()
    remap(w, "B")
    w.run("reprocess", "--feed", "marketplace.stock")
    (w.folder / "feeds/stock.yaml").write_text(text)
    w.run("reprocess", "--feed", "marketplace.stock")
    assert daily(w) == model(KEPT + GONE)
    assert w.hash() == before


@pytest.mark.parametrize("last", ["B", "C"])
def test_a_movement_that_loses_to_another_content_leaves_no_days(w, last):
    """One movement told of two articles: the same one wins in either order, and the other has no stock of it, nor a day."""
    first = [told(1, "A", 2, level=5), told(2, "B", 1, level=9), told(3, "C", 1, level=2)]
    rivals = [told(4, "B", 6, delta=-2), told(4, "C", 6, delta=-2)]
    if last == "B":
        rivals.reverse()
    w.load_records("marketplace.stock", first)
    w.load_records("marketplace.stock", rivals[:1])
    w.load_records("marketplace.stock", rivals[1:])
    (winner,) = w.tuples("select sku from fact_stock_event where movement_id = 'm-4'")
    assert w.quarantine()[0]["codes"] == "identity_conflict"
    assert daily(w) == model(first + [told(4, winner[0], 6, delta=-2)])


@pytest.mark.parametrize("last", ["B", "C"])
def test_a_series_of_one_movement_goes_with_it(w, last):
    for sku in "BC".replace(last, "") + last:
        w.load_records("marketplace.stock", [told(1, sku, 6, level=4)])
    (winner,) = w.tuples("select sku from fact_stock_event")
    assert daily(w) == model([told(1, winner[0], 6, level=4)])
