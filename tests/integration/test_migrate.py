"""`entrepot migrate` and its trial."""

import pytest
from wh_rules import Warehouse, contract, feed

ENGINES = ["duckdb", "postgres"]

FIELDS = {"id": {"logicalType": "string"}, "name": {"logicalType": "string"}, "at": {"logicalType": "timestamp"}}


def describe(w, fields, history=1):
    w.write("contracts/thing.yaml", contract("dim_thing", "dimension", fields, ["id"], validTime="at", history=history))
    w.write("feeds/thing.yaml", feed("things", "dim_thing", fields))


@pytest.fixture
def w(tmp_path):
    w = Warehouse(tmp_path)
    describe(w, FIELDS)
    return w


def test_a_trial_of_a_new_warehouse_leaves_nothing_behind(w):
    out = w.run("migrate", "--dry-run")
    assert "table_made" in out and "dim_thing" in out
    assert list((w.folder / "data").glob("*.duckdb")) == []
    assert not (w.folder / "data" / "secret.key").exists()


def test_the_first_run_makes_tables_the_second_has_nothing_to_do(w):
    assert "table_made" in w.run("migrate")
    assert w.run("migrate") == "nothing to do\n"
    assert w.run("migrate", "--dry-run") == "nothing to do\n"


def test_a_trial_shows_a_column_and_takes_it_back(w):
    w.load("things", "a.jsonl", [{"id": "1", "name": "one", "at": "2026-01-01T00:00:00Z"}])
    describe(w, {**FIELDS, "colour": {"logicalType": "string"}})
    for _ in range(2):
        assert "columns_added" in w.run("migrate", "--dry-run")
    assert w.rows("select 1 from books.schema_column where column_name = 'colour'") == []
    assert "columns_added" in w.run("migrate")
    assert w.rows("select id, name, colour from dim_thing") == [{"id": "1", "name": "one", "colour": None}]
    assert w.run("migrate") == "nothing to do\n"


def test_a_trial_of_a_history_type_does_not_rebuild(w):
    w.load("things", "a.jsonl", [{"id": "1", "name": n, "at": f"2026-01-0{d}T00:00:00Z"} for d, n in ((1, "one"), (2, "two"))])
    describe(w, FIELDS, history=2)
    assert "history_rebuilt" in w.run("migrate", "--dry-run")
    assert len(w.rows("select * from dim_thing")) == 1
    assert "history_rebuilt" in w.run("migrate")
    assert [r["name"] for r in w.rows("select name from dim_thing order by valid_from")] == ["one", "two"]


def test_a_breaking_change_is_refused_by_the_trial_too(w):
    w.run("migrate")
    describe(w, {**FIELDS, "name": {"logicalType": "integer"}})
    assert "stored as" in w.run("migrate", "--dry-run", status=2)
