"""Records at the edges of what can be stored: each is loaded or set aside, never the end of the file they came in."""

import json

from wh import ASAN, Warehouse, dataset, emit, feed, field

EDGE = dataset("fact_edge", "transaction", [
    field("id", required=True), field("at", "timestamp", required=True), field("day", "date", day_of="at"),
    field("shop", refers="dim_shop.shop"),
], valid_time="at", dedupe=["id"])
SHOP = dataset("dim_shop", "dimension", [
    field("shop", required=True), field("at", "timestamp", required=True), field("city", history=2),
], key=["shop"], valid_time="at")


def test_edges_of_time(tmp_path):
    """Evenings of 9999-12-31 lie in the year 10000 in Paris; the last instant says "still", no version is valid then."""
    w = Warehouse(tmp_path / "w", [EDGE, SHOP], [feed("edges", emit("fact_edge", ["id", "at", "shop"]))], binary=ASAN)
    moments = ["0001-01-01T00:00:00Z", "9999-12-31T22:59:59Z", "9999-12-31T23:59:59.999998Z", "9999-12-31T23:59:59.999999Z",
               "9999-12-31T23:59:59-12:00", "2025-01-01T00:00:00Z"]
    lines = "".join(json.dumps({"id": str(i), "at": at, "shop": "a"}) + "\n" for i, at in enumerate(moments))
    w.run("load", "edges", w.file("edges.jsonl", lines))
    rows = [json.loads(line) for line in w.run("--json", "sql", "select id, day from fact_edge order by id").out.splitlines()]
    assert [(row["id"], row["day"]) for row in rows] == [
        ("0", "0001-01-01"), ("1", "9999-12-31"), ("2", "9999-12-31"), ("5", "2025-01-01")]
    assert "every check holds" in w.run("verify").out
