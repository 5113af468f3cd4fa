"""Every figure of the marts, to the last digit, against a model that reads the same files and nothing of the program (lib/figures.py).

The year turns and the marketplace opens in the middle of the data; everything comes in pieces, in an order the printed seed decides,
some of it twice, rules and rates among it. So late rules, late rates and late changes are the normal case. Some orders have a line
that cannot be: the sub-order of its seller is set aside, the other sellers' and the platform's part come in.
"""

import datetime
import os
import random
import re
from decimal import Decimal
from types import SimpleNamespace

import figures as model
import pytest
from stream_files import FEEDS, cut, load, read, records_of
from wh import Warehouse

SEED = int(os.environ.get("EP_SEED", "20260101"))
FAULTS = "late=4%,out_of_order=4%,duplicate=4%,sum_mismatch=2%,early_seller=2%,negative_level=3%"
SUMS = ("orders_placed", "orders", "lines", "lines_cancelled", "units", "units_returned", "gmv", "turnover", "refund", "commission",
        "lines_without_rate", "lines_without_commission")
RATIOS = ("average_basket", "take_rate", "return_rate", "cancellation_rate")


def spoil(line):
    """An order with a quantity that cannot be, in one of its lines; the same order always in the same way. Most stay as they are."""
    order = read(line)
    dice = random.Random(f"{SEED} {order['event_id']}")
    if not order["items"] or dice.random() > 0.15:
        return line
    nth = dice.randrange(len(order["items"]))
    told = list(re.finditer(r'"quantity": ?\d+', line))
    assert len(told) == len(order["items"]), line
    quantity = dice.choice(["0", "-3", "1001", '"two"', "2.5", "null"])
    return f'{line[:told[nth].start()]}"quantity":{quantity}{line[told[nth].end():]}'


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """The model's figures, and a warehouse that was told the same in pieces."""
    print(f"seed {SEED} (EP_SEED)")
    dice = random.Random(SEED)
    top = tmp_path_factory.mktemp("marts")
    w = Warehouse(top / "w", shipped=True)
    w.run("generate", "--out", top / "data", "--from", "2025-12-24", "--days", "24", "--orders-per-day", "45", "--clicks-per-order", "5",
          "--sellers", "9", "--products", "50", "--customers", "90", "--faults", FAULTS, "--seed", SEED, inside=False)
    came = {stream: list(records_of(top / "data", stream)) for stream in FEEDS}
    assert all(came.values())
    # Some days have no rate, and one currency has none for longer than a rate holds.
    came["fx_rates"] = [one for one in came["fx_rates"] if dice.random() > 0.1 and not (one[1]["currency"] == "USD" and one[1]["date"] < "2025-12-28")]
    # Some levels never come, of some offers none at all.
    silent = {sku for sku in sorted({one["sku"] for _, one in came["stock"]}) if dice.random() < 0.1}
    came["stock"] = [one for one in came["stock"] if "level" not in one[1] or (one[1]["sku"] not in silent and dice.random() > 0.2)]
    came["orders"] = [(line, read(line)) for line in (spoil(line) for line, _ in came["orders"])]
    for stream, nth, ones in cut(came, dice):
        done = load(w, top / "data", stream, nth, ones)
        refused = sum(bool(model.refused_sellers(record)) for _, record in ones) if stream == "orders" else 0
        assert (done["quarantined"], done["waiting"], done["ignored"]) == (refused, 0, 0), (stream, nth, done)
    return SimpleNamespace(w=w, figures=model.Figures({stream: [record for _, record in ones] for stream, ones in came.items()}))


def rows(w, mart, keys, columns):
    """{key or tuple of keys: {column: value}}; days are dates, numbers exact."""
    def read(value):
        return datetime.date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 and value[4] == "-" else value

    found = {}
    for row in w.sql(f"select {', '.join([*keys, *columns])} from mart.{mart}"):
        values = [read(value) for value in row.values()]
        key = tuple(values[:len(keys)])
        assert key not in found, f"{mart}: {key} twice"
        found[key if len(keys) > 1 else key[0]] = dict(zip(columns, values[len(keys):]))
    assert found, mart
    return found


def same(mine, its):
    """Equal key by key, value by value; numbers by value, so 1 and 1.0000 are the same."""
    assert mine.keys() == its.keys(), (sorted(map(str, mine.keys() ^ its.keys()))[:5])
    wrong = {key: {name: (mine[key][name], its[key][name]) for name in mine[key] if mine[key][name] != its[key][name]}
             for key in mine if mine[key] != its[key]}
    assert not wrong, f"{len(wrong)} of {len(mine)} rows, (model, mart): {dict(list(wrong.items())[:3])}"


def named(figures, names):
    return {key: dict(zip(names, values)) for key, values in figures.items()}


def test_the_data_has_what_it_takes_to_be_wrong(market):
    sales = market.figures.sales
    assert len(sales) > 800 and len({one["seller"] for one in sales}) > 5 and len({one["currency"] for one in sales}) > 1
    assert any(one["gmv"] is None for one in sales) and any(one["cancelled"] for one in sales)
    assert any(one["seller_then"] != one["seller_now"] for one in sales) and any(one["product_then"] != one["product_now"] for one in sales)
    assert sum(one["units"] for one in market.figures.came_back.values()) > 20
    parted = [one for one in market.figures.streams["orders"] if 0 < len(model.refused_sellers(one)) < len(set(map(model.seller_of, one["items"])))]
    assert len(parted) > 10, "orders of which one seller's part was set aside and another's was not"


def test_what_is_set_aside_is_the_part_of_the_seller_with_the_bad_line(market):
    mine = {seller for one in market.figures.streams["orders"] for seller in model.refused_sellers(one)}
    its = market.w.tuples("select distinct owner, codes from books.quarantine where feed = 'shopnow.orders' and status = 'open'")
    assert {owner for owner, _ in its} == mine
    assert {codes for _, codes in its} == {"minimum", "maximum", "type", "required"}


@pytest.mark.parametrize("mart, keys, by", [
    ("sales_by_seller_day", ["seller_id", "day"], lambda one: (one["seller"], one["day"])),
    ("sales_by_seller_month", ["seller_id", "month"], lambda one: (one["seller"], one["month"])),
    ("sales_by_day", ["day"], lambda one: one["day"]),
    ("sales_by_month", ["month"], lambda one: one["month"]),
    ("sales_by_seller_category_as_was", ["seller_category", "month"], lambda one: (one["seller_then"] or "unknown", one["month"])),
    ("sales_by_seller_category_as_is", ["seller_category", "month"], lambda one: (one["seller_now"] or "unknown", one["month"])),
    ("sales_by_product_category_as_was", ["seller_id", "product_category", "month"],
     lambda one: (one["seller"], one["product_then"] or "unknown", one["month"])),
    ("sales_by_product_category_as_is", ["seller_id", "product_category", "month"],
     lambda one: (one["seller"], one["product_now"] or "unknown", one["month"])),
])
def test_sales(market, mart, keys, by):
    same(market.figures.sums(by), rows(market.w, mart, keys, SUMS))


def test_baskets_are_orders_of_all_sellers_together(market):
    for mart, period in (("sales_by_day", "day"), ("sales_by_month", "month")):
        baskets = {}
        for one in market.figures.sales:
            baskets.setdefault(one[period], set()).add(one["order"])
        same({key: {"baskets": len(orders)} for key, orders in baskets.items()}, rows(market.w, mart, [period], ["baskets"]))


def test_ratios(market):
    model_of, figures = {}, market.figures
    whose = {"platform": lambda one: "platform", "seller": lambda one: one["seller"],
             "seller_category_as_was": lambda one: one["seller_then"] or "unknown",
             "seller_category_as_is": lambda one: one["seller_now"] or "unknown"}
    for dimension, member in whose.items():
        for period in ("day", "month") if dimension in ("platform", "seller") else ("month",):
            for (name, start), sums in figures.sums(lambda one, m=member, p=period: (m(one), one[p])).items():
                model_of[period, start, dimension, name] = {**{s: sums[s] for s in SUMS}, **figures.ratios(sums)}
    its = rows(market.w, "sales_kpi", ["period", "starts_on", "dimension", "member"], [*SUMS, *RATIOS])
    same(model_of, {key: row for key, row in its.items() if not key[2].startswith("product_")})


def test_sales_in_the_orders_own_currency(market):
    sums = {}
    for one in market.figures.sales:
        found = sums.setdefault((one["seller"], one["currency"], one["month"]), {"lines": 0, "gmv": Decimal(0), "turnover": Decimal(0)})
        found["lines"] += 1
        found["gmv"] += one["amount"]
        found["turnover"] += 0 if one["cancelled"] else one["amount"]
    same(sums, rows(market.w, "sales_by_currency_month", ["seller_id", "currency", "month"], ["lines", "gmv", "turnover"]))


def test_each_line_has_its_commission(market):
    same({(one["seller"], one["order"], one["line"]): {"commission_amount": one["commission_amount"], "gmv": one["gmv"]}
          for one in market.figures.sales},
         rows(market.w, "sales_measure", ["seller_id", "order_id", "line_id"], ["commission_amount", "gmv"]))


def test_returns(market):
    sums = {}
    for one in market.figures.came_back.values():
        found = sums.setdefault((one["seller"], model.month(one["day"]), one["reason"]), {"returns": 0, "units_returned": 0, "refund": None})
        found["returns"] += 1
        found["units_returned"] += one["units"]
        if one["refund"] is not None:
            found["refund"] = (found["refund"] or 0) + one["refund"]
    same(sums, rows(market.w, "returns_by_seller_month", ["seller_id", "month", "reason"], ["returns", "units_returned", "refund"]))


def test_daily_stock(market):
    mine = {(*series, on): {"closing_level": level, "state": state, "n_events": n}
            for series, days in market.figures.daily.items() for on, (level, state, n) in days.items()}
    states = {one["state"] for one in mine.values()}
    assert states == {"reported", "carried", "missing"}, states
    its = {}
    for row in market.w.tuples("select seller_id, sku, condition, location, day, closing_level, state, n_events from fact_stock_daily"):
        its[(*row[:4], datetime.date.fromisoformat(row[4]))] = dict(zip(("closing_level", "state", "n_events"), row[5:]))
    same(mine, its)


@pytest.mark.parametrize("mart, name, period", [("stock_by_seller_day", "day", lambda on: on), ("stock_by_seller_month", "month", model.month)])
def test_stock_out_days(market, mart, name, period):
    columns = ("offer_days", "stock_out_days", "missing_days", "carried_days")
    mine = named(market.figures.stock_by(period), columns)
    for one in mine.values():
        known = one["offer_days"] - one["missing_days"]
        one["stock_out_rate"] = market.figures.part(one["stock_out_days"], known, 6)
    assert sum(one["stock_out_days"] for one in mine.values()) > 0
    same(mine, rows(market.w, mart, ["seller_id", name], [*columns, "stock_out_rate"]))


def test_days_of_cover(market):
    columns = ("level", "units_28_days", "days_of_cover")
    mine = named(market.figures.cover(), columns)
    assert any(one["days_of_cover"] is not None for one in mine.values()) and any(one["level"] is None for one in mine.values())
    same(mine, rows(market.w, "stock_cover", ["seller_id", "sku", "condition"], columns))


def test_sessions_and_conversion(market):
    shop, sellers = market.figures.sessions()
    columns = ("sessions", "sessions_anonymous", "sessions_with_cart", "sessions_with_checkout", "sessions_with_order")
    mine = named(shop, columns)
    assert sum(one["sessions_with_order"] for one in mine.values()) > 50
    for one in mine.values():
        one["checkout_rate"] = market.figures.part(one["sessions_with_checkout"], one["sessions"], 6)
        one["conversion_rate"] = market.figures.part(one["sessions_with_order"], one["sessions"], 6)
    same(mine, rows(market.w, "sessions_by_day", ["day"], [*columns, "checkout_rate", "conversion_rate"]))

    columns = ("sessions", "clicks", "sessions_with_cart", "sessions_with_order")
    mine = named(sellers, columns)
    for one in mine.values():
        one["conversion_rate"] = market.figures.part(one["sessions_with_order"], one["sessions"], 6)
    same(mine, rows(market.w, "sessions_by_seller_day", ["seller_id", "day"], [*columns, "conversion_rate"]))


def test_how_fast_sub_orders_travel(market):
    columns = ("orders_placed", "orders_shipped", "orders_delivered", "orders_cancelled", "days_to_ship", "days_to_deliver")
    same(named(market.figures.travel(), columns), rows(market.w, "fulfilment_by_seller_month", ["seller_id", "month"], columns))


def test_days_declared_as_not_to_be_bought(market):
    same(named({key: [n] for key, n in market.figures.unavailable().items()}, ["unavailable_days"]),
         rows(market.w, "availability_by_seller_month", ["seller_id", "month"], ["unavailable_days"]))


def test_a_tie_is_rounded_away_from_zero(tmp_path):
    """100.0927 over two orders is 50.04635: a quotient that went through a double would be 50.0463."""
    w = Warehouse(tmp_path / "w", shipped=True)
    w.load_records("shopnow.orders", [{
        "event_id": f"00000000-0000-4000-8000-00000000000{n}", "order_id": f"00000000-0000-4000-9000-00000000000{n}", "customer": {"id": "c-1"},
        "items": [{"product_id": "p-1", "unit_price": price, "quantity": 1, "seller_id": "shopnow"}],
        "currency": "EUR", "status": "PLACED", "timestamp": "2026-03-01T12:00:00Z"} for n, price in enumerate(("50.0000", "50.0927"))])
    (row,) = w.tuples("select turnover, orders, average_basket from mart.sales_kpi where period = 'day' and dimension = 'platform'")
    assert row == (Decimal("100.0927"), 2, Decimal("50.0464"))


def test_an_amount_of_many_digits_is_worth_something_in_euros(tmp_path):
    """A price of ten million at a rate of 8 decimals has more than 18 digits."""
    w = Warehouse(tmp_path / "w", shipped=True)
    w.load("reference.fx_rates", w.file("fx.csv", "date,currency,quote,rate,revision\n2026-02-27,USD,EUR,999.87654321,1\n"))
    done = w.load_records("shopnow.orders", [{
        "event_id": "00000000-0000-4000-8000-000000000001", "order_id": "00000000-0000-4000-9000-000000000001", "customer": {"id": "c-1"},
        "items": [{"product_id": "p-1", "unit_price": "9999999.9999", "quantity": 1000, "seller_id": "shopnow"}],
        "currency": "USD", "status": "PLACED", "timestamp": "2026-03-01T12:00:00Z"}])
    assert done["applied"] == 1
    amount = Decimal("9999999.9999") * 1000
    assert w.tuples("select amount, gmv from mart.sales_measure") == [(amount, model.money(amount * Decimal("999.87654321")))]


def test_the_program_finds_nothing_wrong_either(market):
    assert market.w.run("verify", check=False).returncode == 0
