"""A market in small: shops, orders with lines of several shops, visits; contracts and feeds for integration tests."""

from wh import dataset, emit, feed, field

SHOP = dataset("dim_shop", "dimension", [
    field("shop", required=True), field("at", "timestamp", required=True), field("city", history=2), field("name", history=1),
], key=["shop"], owner="shop", valid_time="at")

LINE = dataset("fact_line", "accumulating", [
    field("shop", required=True, refers="dim_shop.shop"), field("order_id", required=True), field("line", required=True),
    field("at", "timestamp", required=True), field("units", "integer", options={"minimum": 1}),
    field("price", "number", physical="decimal(18,4)", required=True), field("state", enum=["NEW", "SENT"]),
], key=["shop", "order_id", "line"], owner="shop", valid_time="at")

VISIT = dataset("fact_visit", "transaction", [
    field("shop", required=True, refers="dim_shop.shop"), field("visit", required=True), field("at", "timestamp", required=True),
    field("page"),
], owner="shop", valid_time="at", dedupe=["visit"])

SHOPS = feed("shops", emit("dim_shop", ["shop", "at", "city", "name"]))
ORDERS = feed("orders", emit("fact_line", {"shop": "shop", "order_id": "^.order_id", "line": "line", "at": "^.at", "units": "units",
                                           "price": "price", "state": "^.state"}, each="lines[*]"))
VISITS = feed("visits", emit("fact_visit", ["shop", "visit", "at", "page"]),
              ignore=[{"name": "heartbeat", "when": {"path": "visit", "is": "ping"}}])

DATASETS = [SHOP, LINE, VISIT]
FEEDS = [SHOPS, ORDERS, VISITS]


def shop(shop_id, at="2025-01-01T00:00:00Z", **values):
    return {"shop": shop_id, "at": at, **values}


def line(of, number=1, price="1.10", units=1):
    return {"shop": of, "line": str(number), "units": units, "price": price}


def order(number, *lines, at="2025-06-01T12:00:00Z", **values):
    return {"order_id": f"o{number}", "at": at, "lines": list(lines), **values}


def visit(number, of="a", at="2025-06-01T12:00:00Z", page="/"):
    return {"shop": of, "visit": f"v{number}", "at": at, "page": page}
