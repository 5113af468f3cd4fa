"""Every figure of the marts, to the last digit, against a model that reads the same files and nothing of the program (lib/figures.py).

The year turns and the marketplace opens in the middle of the data; everything comes in pieces, in an order the printed seed decides,
some of it twice, rules and rates among it. So late rules, late rates and late changes are the normal case. Some orders have a line
that cannot be: the sub-order of its seller is set aside, the other sellers' and the platform's part come in.
"""

import datetime
import json
import os
import random
import re
from decimal import Decimal
from types import SimpleNamespace

import catalogue
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


def more(came):
    """What the generator leaves out: a seller and offers that go and come back, new names, products known by one code or another only, and
    returns of lines nobody ordered."""
    sellers = sorted({one["vendor_id"] for _, one in came["vendors"]} - {"shopnow"})
    days = [f"2026-01-{day:02}T09:30:00.250Z" for day in range(1, 15)]
    last = len(days)
    days.append("2026-01-20T09:30:00.250Z")  # after all that the generator tells
    told = {stream: [] for stream in came}

    def tell(stream, nth, **values):
        told[stream].append({"event_id": f"11111111-0000-4000-8000-{sum(map(len, told.values())):012}", "timestamp": days[nth], **values})

    tell("vendors", 2, vendor_id=sellers[0], vendor_name="A new name")
    tell("vendors", 7, vendor_id=sellers[0], vendor_tier="gold")
    tell("vendors", last, vendor_id=sellers[0], vendor_name="Another", vendor_country="IS")
    tell("vendors", 5, vendor_id=sellers[1], vendor_name="Here for a while", vendor_status="suspended", commission_rate=0.2)
    tell("vendors", last, vendor_id=sellers[1], deleted=True)
    tell("vendors", 3, vendor_id=sellers[2], deleted=True)
    tell("vendors", 8, vendor_id=sellers[2], deleted=False, vendor_status="suspended")
    described = sorted({(one["seller_id"], one["sku"], one.get("condition")) for _, one in came["offers"] if "product_id" in one}, key=str)
    codes = [one["value"] for _, one in came["product_identifiers"] if one["scheme"] == "gtin"]
    for nth, (seller, sku, condition) in enumerate(described[::4]):
        offer = {"seller_id": seller, "sku": sku, **({"condition": condition} if condition else {})}
        steps = [{last: {"deleted": True}}, {4: {"deleted": True}, 7: {"deleted": False, "price": 1.5, "currency": "EUR"}},
                 {4: {"product_id": None, "gtin": codes[nth % len(codes)]}}, {4: {"product_id": None}},
                 {4: {"gtin": codes[nth % len(codes)], "available": False}}]
        for at, step in steps[nth % len(steps)].items():
            tell("offers", at, **offer, **step)
        if nth % 2:
            tell("product_identifiers", nth % 3, scheme="sku", seller_id=seller, value=sku, product_id=f"p-{nth + 1:04}", sequence=2)
    order = came["orders"][0][1]
    tell("returns", 12, return_id="r-x1", order_id=order["order_id"], seller_id=sellers[0], line_id="l-99", product_id="p-0001", quantity=1,
         refund_amount=3.5, currency="EUR")
    tell("returns", 12, return_id="r-x2", order_id="nobody-ordered-it", seller_id=sellers[0], line_id="l-1", product_id="p-0002", quantity=2,
         refund_amount=4.5, currency="GBP", reason="damaged")
    return {stream: [(line, read(line)) for line in map(json.dumps, ones)] for stream, ones in told.items()}


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
    # Of some offers nobody ever hears but by their sales.
    unheard = sorted({item["offer_sku"] for _, one in came["orders"] for item in one["items"] if item.get("offer_sku")})[:2]
    came["offers"] = [one for one in came["offers"] if one[1]["sku"] not in unheard]
    undescribed = max(one["vendor_id"] for _, one in came["vendors"] if one["vendor_id"] != "shopnow")
    came["vendors"] = [one for one in came["vendors"] if one[1]["vendor_id"] != undescribed]
    came = {stream: ones + added for (stream, ones), added in zip(came.items(), more(came).values())}
    for stream, nth, ones in cut(came, dice):
        done = load(w, top / "data", stream, nth, ones)
        refused = sum(bool(model.refused_sellers(record)) for _, record in ones) if stream == "orders" else 0
        assert (done["quarantined"], done["waiting"], done["ignored"]) == (refused, 0, 0), (stream, nth, done)
    figures = model.Figures({stream: [record for _, record in ones] for stream, ones in came.items()})
    return SimpleNamespace(w=w, figures=figures, catalogue=catalogue.Catalogue(figures))


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
             "seller_category_as_is": lambda one: one["seller_now"] or "unknown",
             "product_category_as_was": lambda one: one["product_then"] or "unknown",
             "product_category_as_is": lambda one: one["product_now"] or "unknown"}
    for dimension, member in whose.items():
        for period in ("day", "month") if dimension in ("platform", "seller") else ("month",):
            for (name, start), sums in figures.sums(lambda one, m=member, p=period: (m(one), one[p])).items():
                model_of[period, start, dimension, name] = {**{s: sums[s] for s in SUMS}, **figures.ratios(sums)}
    same(model_of, rows(market.w, "sales_kpi", ["period", "starts_on", "dimension", "member"], [*SUMS, *RATIOS]))


def test_sales_in_the_orders_own_currency(market):
    sums = {}
    for one in market.figures.sales:
        found = sums.setdefault((one["seller"], one["currency"], one["month"]), {"lines": 0, "gmv": Decimal(0), "turnover": Decimal(0), "commission": None})
        found["lines"] += 1
        found["gmv"] += one["amount"]
        found["turnover"] += 0 if one["cancelled"] else one["amount"]
        owed = 0 if one["cancelled"] else one["commission_amount"]
        if owed is not None:
            found["commission"] = (found["commission"] or 0) + owed
    same(sums, rows(market.w, "sales_by_currency_month", ["seller_id", "currency", "month"], ["lines", "gmv", "turnover", "commission"]))


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
    columns = ("orders_placed", "orders_shipped", "orders_delivered", "orders_cancelled", "days_to_ship", "days_to_deliver",
               "average_days_to_ship", "average_days_to_deliver")
    same(named(market.figures.travel(), columns), rows(market.w, "fulfilment_by_seller_month", ["seller_id", "month"], columns))


def test_days_declared_as_not_to_be_bought(market):
    same(named({key: [n] for key, n in market.figures.unavailable().items()}, ["unavailable_days"]),
         rows(market.w, "availability_by_seller_month", ["seller_id", "month"], ["unavailable_days"]))


def test_offers(market):
    mine = market.catalogue.listed_offers()
    assert {one["product_found_by"] for one in mine.values()} == {"product_id", "gtin", "sku", "unresolved"}
    assert len(mine) < len(market.catalogue.offers) and any(one["is_inferred"] for one in mine.values())
    columns = list(next(iter(mine.values())))
    same(mine, rows(market.w, "offers", ["seller_id", "sku", "condition"], columns))


def test_offer_price_history(market):
    mine = market.catalogue.offer_versions()
    assert len(mine) > 1.3 * len({key[:3] for key in mine}) and any(one["is_deleted"] for one in mine.values())
    columns = list(next(iter(mine.values())))
    same(mine, rows(market.w, "offer_price_history", ["seller_id", "sku", "condition", "valid_from"], columns))


def test_seller_history(market):
    mine = market.catalogue.seller_versions()
    assert any(one["is_deleted"] for one in mine.values())
    assert any(one["is_deleted"] and not one["is_current"] for one in mine.values())
    columns = list(next(iter(mine.values())))
    same(mine, rows(market.w, "seller_history", ["seller_id", "valid_from"], columns))


def test_sellers(market):
    mine = market.catalogue.listed_sellers()
    assert len(mine) < len(market.catalogue.sellers) and any(one["previous_name"] for one in mine.values())
    assert any(one["is_inferred"] for one in mine.values())
    assert any(one["country"] != one["first_country"] for one in mine.values())
    columns = list(next(iter(mine.values())))
    same(mine, rows(market.w, "sellers", ["seller_id"], columns))


def test_what_was_sold_as_it_was_and_as_it_is(market):
    mine = market.catalogue.sold()
    for name in ("seller_status", "seller_category", "seller_tier", "product_category"):
        assert any(one[f"{name}_then"] != one[f"{name}_now"] for one in mine.values()), name
    assert any(one["offer_price_then"] is not None for one in mine.values())
    columns = list(next(iter(mine.values())))
    same(mine, rows(market.w, "sales_line", ["seller_id", "order_id", "line_id"], columns))


def test_returned_lines(market):
    mine = market.catalogue.came_back()
    assert {one["is_line_known"] for one in mine.values()} == {True, False}
    columns = list(next(iter(mine.values())))
    same(mine, rows(market.w, "returns", ["seller_id", "return_id", "order_id", "line_id"], columns))


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
