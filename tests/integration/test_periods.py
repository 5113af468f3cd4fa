"""Closing a month: its commissions stay as they were booked, what is owed differently is dated in an open month."""

import json
import re
import subprocess
from decimal import Decimal

import pytest
from wh_rules import ENTREPOT, Warehouse

ENGINES = ["duckdb"]

HEADER = "seller_id,category,valid_from,valid_to,rate,revision\n"


class Shop(Warehouse):
    def __init__(self, folder):
        subprocess.run([ENTREPOT, "init", str(folder)], check=True, capture_output=True)
        super().__init__(folder)

    def rule(self, name, rate, revision, valid_from="2000-01-01"):
        path = self.write(f"in/{name}.csv", f"{HEADER},,{valid_from},,{rate},{revision}\n")
        self.run("load", "reference.commission_rules", path)

    def order(self, number, day, price=100, status="PLACED", at=None):
        self.load("shopnow.orders", f"{number}-{status}-{at}.jsonl", [{
            "event_id": f"e-{number}-{status}", "order_id": f"o-{number}",
            "customer": {"id": "c-1", "name": "A", "email": "a@example.net", "address": "1", "city": "Paris", "country": "France"},
            "items": [{"product_id": "p-1", "name": "Lamp", "category": "home", "description": "A lamp", "unit_price": price,
                       "quantity": 1, "seller_id": "shopnow", "line_id": "l-1", "offer_sku": "L-1", "condition": "new"}],
            "status": status, "total_amount": price, "currency": "EUR", "timestamp": f"{at or day}T10:00:00Z"}])

    def lines(self):
        rows = self.rows("select order_id, commission_amount as c from fact_order_line order by 1")
        return {r["order_id"]: Decimal(str(r["c"])) for r in rows}

    def adjustments(self):
        rows = self.rows("select order_id, adjusted_on, commission_reporting as c from fact_commission_adjustment order by 1, 2")
        return [(r["order_id"], r["adjusted_on"], Decimal(str(r["c"]))) for r in rows]

    def months(self):
        rows = self.rows("select month, of_lines, adjustments, commission from mart.commission_by_seller_month order by 1")
        return {r["month"][:7]: tuple(Decimal(str(r[k])) for k in ("of_lines", "adjustments", "commission")) for r in rows}

    def verified(self):
        assert "every check holds" in self.run("verify")


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path / "shop")
    shop.rule("first", "0.10", 1)
    shop.order(1, "2026-03-05")
    shop.order(2, "2026-04-05")
    return shop


def test_an_open_month_follows_a_late_rule(shop):
    assert shop.lines() == {"o-1": 10, "o-2": 10}
    shop.rule("late", "0.20", 2)
    assert shop.lines() == {"o-1": 20, "o-2": 20}
    assert shop.adjustments() == []


def test_a_closed_month_is_adjusted_in_an_open_one(shop):
    shop.run("period", "close", "2026-03")
    shop.rule("late", "0.20", 2)
    assert shop.lines() == {"o-1": 10, "o-2": 20}
    assert shop.adjustments() == [("o-1", "2026-04-01", 10)]
    assert shop.months() == {"2026-03": (10, 0, 10), "2026-04": (20, 10, 30)}
    shop.verified()
    shop.rule("back", "0.10", 3)
    assert shop.lines() == {"o-1": 10, "o-2": 10}
    assert shop.adjustments() == []
    shop.verified()


def test_a_line_that_comes_late_leaves_adjustments_of_others_alone(shop):
    shop.run("period", "close", "2026-03")
    shop.rule("late", "0.20", 2)
    shop.order(3, "2026-03-05")  # tells nothing new of the product, so that o-1 is not computed anew
    assert shop.lines() == {"o-1": 10, "o-2": 20, "o-3": 20}
    assert shop.adjustments() == [("o-1", "2026-04-01", 10)]
    shop.verified()


def test_adjustments_of_a_month_closed_meanwhile_stay(shop):
    shop.run("period", "close", "2026-03")
    shop.rule("late", "0.20", 2)
    shop.run("period", "close", "2026-04")
    shop.rule("later", "0.25", 3)
    assert shop.lines() == {"o-1": 10, "o-2": 20}
    assert shop.adjustments() == [("o-1", "2026-04-01", 10), ("o-1", "2026-05-01", 5), ("o-2", "2026-05-01", 5)]
    assert shop.months()["2026-04"] == (20, 10, 30)
    shop.verified()


def test_a_later_event_of_a_line_keeps_what_was_booked(shop):
    shop.run("period", "close", "2026-03")
    shop.rule("late", "0.20", 2)
    shop.order(1, "2026-03-05", status="SHIPPED", at="2026-04-10")
    assert shop.lines()["o-1"] == 10
    assert shop.adjustments() == [("o-1", "2026-04-01", 10)]
    shop.verified()


def test_a_line_that_comes_after_closing_is_booked_as_it_comes(shop):
    shop.run("period", "close", "2026-03")
    shop.order(3, "2026-03-31")
    shop.rule("late", "0.20", 2)
    assert shop.lines()["o-3"] == 10
    assert ("o-3", "2026-04-01", 10) in shop.adjustments()
    shop.verified()


def refuse_single_units(shop, refused=True):
    """A mapping that is mended: lines of one unit, which are all there are, are no longer accepted; or are again."""
    path = shop.folder / "contracts" / "fact_order_line.yaml"
    path.write_text(re.sub(r"minimum: [12], maximum: 1000", f"minimum: {2 if refused else 1}, maximum: 1000", path.read_text()))
    shop.run("reprocess", "--feed", "shopnow.orders")
    assert len(shop.lines()) == (0 if refused else 2)
    shop.verified()


def test_a_line_that_reprocessing_takes_out_stays_in_its_closed_month(shop):
    shop.run("period", "close", "2026-03")
    refuse_single_units(shop)
    assert shop.adjustments() == [("o-1", "2026-04-01", -10)]
    assert shop.months() == {"2026-03": (10, 0, 10), "2026-04": (0, -10, -10)}
    refuse_single_units(shop, False)
    assert shop.adjustments() == []
    assert shop.months() == {"2026-03": (10, 0, 10), "2026-04": (10, 0, 10)}


def test_a_line_that_comes_back_when_the_next_month_is_closed_too(shop):
    shop.run("period", "close", "2026-03")
    refuse_single_units(shop)
    shop.run("period", "close", "2026-04")
    refuse_single_units(shop, False)
    assert shop.adjustments() == [("o-1", "2026-04-01", -10), ("o-1", "2026-05-01", 10)]
    assert shop.months() == {"2026-03": (10, 0, 10), "2026-04": (10, -10, 0), "2026-05": (0, 10, 10)}


def test_a_cancelled_line_that_reprocessing_takes_out_owed_nothing(shop):
    shop.run("period", "close", "2026-03")
    shop.order(1, "2026-03-05", status="CANCELLED", at="2026-03-06")
    assert shop.months()["2026-03"] == (0, 0, 0)
    refuse_single_units(shop)
    assert shop.months().get("2026-03", (0, 0, 0)) == shop.months().get("2026-04", (0, 0, 0)) == (0, 0, 0)
    refuse_single_units(shop, False)
    assert shop.months()["2026-03"] == (0, 0, 0)


def test_a_cancellation_told_apart_long_after_ends_what_is_owed(shop):
    shop.run("period", "close", "2026-03")
    shop.rule("late", "0.20", 2)
    assert shop.months() == {"2026-03": (10, 0, 10), "2026-04": (20, 10, 30)}
    shop.load("marketplace.order_status", "status.jsonl", [{
        "event_id": "s-1", "order_id": "o-1", "seller_id": "shopnow", "line_id": "l-1", "status": "CANCELLED", "timestamp": "2026-06-01T10:00:00Z"}])
    assert shop.months() == {"2026-03": (0, 0, 0), "2026-04": (20, 0, 20)}
    refuse_single_units(shop)
    assert not any(any(month) for month in shop.months().values())


def test_months_are_those_of_paris(shop):
    shop.load("shopnow.orders", "night.jsonl", [json.dumps({
        "event_id": "e-n", "order_id": "o-night",
        "customer": {"id": "c-1", "name": "A", "email": "a@example.net", "address": "1", "city": "Paris", "country": "France"},
        "items": [{"product_id": "p-1", "name": "Lamp", "category": "home", "description": "A lamp", "unit_price": 100,
                   "quantity": 1, "seller_id": "shopnow", "line_id": "l-1", "offer_sku": "L-1", "condition": "new"}],
        "status": "PLACED", "total_amount": 100, "currency": "EUR", "timestamp": "2026-02-28T23:30:00Z"})])
    shop.run("period", "close", "2026-03")
    assert [r["order_id"] for r in shop.rows("select order_id from fact_commission_booked order by 1")] == ["o-1", "o-night"]


def test_closing_twice_does_nothing(shop):
    assert shop.run("period", "close", "2026-03") == "2026-03 is closed\n"
    before = shop.hashes()
    assert shop.run("period", "close", "2026-03") == "2026-03 was closed before\n"
    assert shop.hashes() == before
    assert len(shop.rows("select * from books.closed_period")) == 1
    assert len(shop.rows("select * from books.journal where event = 'period_closed'")) == 1


def test_months_that_cannot_be_closed(shop):
    for month in ("2999-01", "2026-13", "2026-00", "2026-3", "march", "0000-01"):
        shop.run("period", "close", month, status=2)
    assert shop.rows("select * from books.closed_period") == []
