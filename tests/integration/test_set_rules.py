"""Rules over a whole table: what they count, when they fail, and the incident they leave."""

import json

import pytest
from wh_rules import Warehouse, contract, feed

ENGINES = ["duckdb", "postgres"]

FIELDS = {
    "id": {"logicalType": "string"},
    "name": {"logicalType": "string"},
    "size": {"logicalType": "number"},
    "code": {"logicalType": "string", "unique": True},
    "at": {"logicalType": "timestamp"},
}


def describe(w, *rules, fields=None, kind="dimension", **options):
    """rules: (field or "", rule)."""
    fields = {name: dict(body) for name, body in (fields or FIELDS).items()}
    quality = []
    for field, rule in rules:
        if field:
            fields[field].setdefault("quality", []).append(rule)
        else:
            quality.append(rule)
    w.write("contracts/thing.yaml", contract("thing", kind, fields, ["id"], quality=quality, validTime="at", **options))
    w.write("feeds/thing.yaml", feed("things", "thing", [f for f in fields if not f.startswith("_")]))


def record(n, **values):
    return {"id": str(n), "name": f"n{n}", "size": n, "code": f"c{n}", "at": "2026-01-01T00:00:00Z", **values}


def verdicts(w, status):
    out = w.run("--json", "check", status=status)
    return {v["rule"]: v for v in map(json.loads, out.splitlines())}


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path)


# name, field, rule, passes; over 8 things: 2 without name, 1 named "n/a", sizes 1 .. 8, codes all different
CASES = [
    ("rows at least", "", {"metric": "rowCount", "mustBeGreaterOrEqualTo": 8}, True),
    ("rows more than", "", {"metric": "rowCount", "mustBeGreaterThan": 8}, False),
    ("rows between", "", {"metric": "rowCount", "mustBeBetween": [8, 9]}, True),
    ("rows not between", "", {"metric": "rowCount", "mustNotBeBetween": [8, 9]}, False),
    ("rows not", "", {"metric": "rowCount", "mustNotBe": 7}, True),
    ("nulls below", "name", {"metric": "nullValues", "mustBeLessThan": 2}, False),
    ("nulls at most", "name", {"metric": "nullValues", "mustBeLessOrEqualTo": 2}, True),
    ("null share exactly", "name", {"metric": "nullValues", "mustBe": 25, "unit": "percent"}, True),
    ("null share below", "name", {"metric": "nullValues", "mustBeLessThan": 25, "unit": "percent"}, False),
    ("null share a hair above", "name", {"metric": "nullValues", "mustBeLessThan": 25.000000001, "unit": "percent"}, True),
    ("missing", "name", {"metric": "missingValues", "mustBe": 3, "arguments": {"missingValues": ["n/a", ""]}}, True),
    ("missing numbers", "size", {"metric": "missingValues", "mustBe": 1, "arguments": {"missingValues": ["8.0"]}}, True),
    ("invalid by list", "size", {"metric": "invalidValues", "mustBeLessThan": 6, "arguments": {"validValues": [1, 2.00]}}, False),
    ("invalid by pattern", "name", {"metric": "invalidValues", "mustBeLessOrEqualTo": 1, "arguments": {"pattern": "n[0-9]"}}, True),
    ("the pattern is anchored", "name", {"metric": "invalidValues", "mustBe": 6, "arguments": {"pattern": "n"}}, True),
    ("duplicates of a field", "name", {"metric": "duplicateValues", "mustBe": 0}, True),
    ("duplicates of a pair", "", {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["name", "code"]}}, True),
    ("a query", "", {"type": "sql", "query": "select sum(size) from ${table}", "mustBe": 36}, True),
    ("a query of a field", "size", {"type": "sql", "query": "select max(${column}) from ${table};", "mustBe": 7.99}, False),
]


def test_every_metric_and_operator(w):
    describe(w, *((field, {"name": name, **rule}) for name, field, rule, _ in CASES))
    things = [record(n) for n in range(1, 9)]
    things[0]["name"] = things[1]["name"] = None
    things[2]["name"] = "n/a"
    w.load("things", "a.jsonl", things)
    found = verdicts(w, 1)
    assert {name: found[name]["state"] == "passes" for name, *_ in CASES} == {name: passes for name, *_, passes in CASES}
    assert found["null share below"]["value"] == "2 of 8 rows"
    assert found["unique code"]["state"] == "passes"


def test_a_share_of_an_empty_table_is_zero(w):
    describe(w, ("name", {"name": "share", "metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"}))
    assert verdicts(w, 0)["share"]["value"] == "0 of 0 rows"


def test_loading_opens_an_incident_and_closes_it_again(w):
    describe(w, ("", {"name": "enough", "metric": "rowCount", "mustBeGreaterThan": 1, "severity": "warning"}))
    assert "1 rule fails" in w.load("things", "a.jsonl", [record(1)])
    incidents = "select rule, table_name, severity, detail, closed_at is null as open from books.incident order by opened_at"
    first = {"rule": "enough", "table_name": "thing", "severity": "warning",
             "detail": "counted 1, mustBeGreaterThan 1", "open": True}
    assert w.rows(incidents) == [first]
    assert "FAILS" in w.run("check", status=1)
    assert w.rows(incidents) == [first]
    assert "rule" not in w.load("things", "b.jsonl", [record(2)])
    assert w.rows(incidents) == [{**first, "open": False}]
    journal = "select severity, event, message from books.journal where category = 'quality' order by happened_at"
    assert w.rows(journal) == [
        {"severity": "alert", "event": "rule_failed", "message": "thing: enough: counted 1, mustBeGreaterThan 1"},
        {"severity": "info", "event": "rule_passes", "message": "thing: enough"}]


def test_a_rule_never_sets_a_record_aside(w):
    describe(w, ("", {"name": "none", "metric": "rowCount", "mustBe": 0}))
    w.load("things", "a.jsonl", [record(1), record(2)])
    assert w.rows("select received, applied, quarantined from books.load") == [{"received": 2, "applied": 2, "quarantined": 0}]
    assert w.rows("select severity from books.journal where event = 'rule_failed'") == [{"severity": "error"}]


def test_unique_counts_members_as_they_are_now(w):
    describe(w, history=2)
    w.load("things", "a.jsonl", [record(1), record(1, code="c9", at="2026-02-01T00:00:00Z"), record(2, code="c1")])
    w.run("check")
    w.load("things", "b.jsonl", [record(3, code="c9")])
    failed = verdicts(w, 1)["unique code"]
    assert (failed["state"], failed["value"], failed["severity"]) == ("FAILS", "1", "error")
    assert "c9" not in json.dumps(w.rows("select * from books.incident")) + json.dumps(w.rows("select message from books.journal"))


@pytest.mark.parametrize("query, why", [
    ("select nonsense from ${table}", ""),
    ("select 1, 2", "2 columns"),
    ("select id from ${table}", ""),
    ("select size from ${table}", "several rows"),
    ("select size from ${table} where false", "no row"),
    ("select max(size) from ${table} where false", "NULL"),
    ("select count(*) from ${nothing}", "unknown variable"),
])
def test_a_query_that_cannot_run_is_an_incident(w, query, why):
    describe(w, ("", {"name": "broken", "type": "sql", "query": query, "mustBe": 0}),
             ("", {"name": "sound", "metric": "rowCount", "mustBe": 2}))
    w.load("things", "a.jsonl", [record(1, id="secret"), record(2)])
    found = verdicts(w, 1)
    assert found["broken"]["state"] == "CANNOT RUN" and why in found["broken"]["why"]
    assert found["sound"]["state"] == "passes"
    detail = w.rows("select detail from books.incident where closed_at is null")[0]["detail"]
    assert detail.startswith("the rule itself fails: ") and "secret" not in detail
    assert w.rows("select count(*) as n from thing") == [{"n": 2}]


def test_a_rule_that_left_the_contract_closes_its_incident(w):
    describe(w, ("", {"name": "none", "metric": "rowCount", "mustBe": 0}))
    w.load("things", "a.jsonl", [record(1)])
    describe(w)
    w.run("check")
    assert w.rows("select rule from books.incident where closed_at is null") == []
    assert w.rows("select event from books.journal where category = 'quality'")[-1] == {"event": "rule_gone"}


def test_only_the_tables_asked_for_are_looked_at(w):
    describe(w, ("", {"name": "none", "metric": "rowCount", "mustBe": 0}))
    w.write("contracts/other.yaml", contract("other", "reference", {"id": {"logicalType": "string"}, "at": {"logicalType": "timestamp"}},
                                             ["id"], validTime="at"))
    w.load("things", "a.jsonl", [record(1)])
    assert w.run("check", "other") == "every rule passes\n"
    assert "1 rule fails" in w.run("check", "thing", status=1)
    assert "no contract describes" in w.run("check", "nothing", status=2)


def test_inferred_and_deleted_members_do_not_count(w):
    fields = {**FIELDS, "gone": {"logicalType": "boolean"}}
    describe(w, ("", {"name": "rows", "metric": "rowCount", "mustBe": 1}), fields=fields, deleted="gone", kind="reference")
    w.load("things", "a.jsonl", [record(1), record(2), record(2, gone=True, at="2026-02-01T00:00:00Z")])
    assert verdicts(w, 0)["rows"]["state"] == "passes"
