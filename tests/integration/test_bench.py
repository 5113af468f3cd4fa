"""The benchmark works and is fair: turns, exit codes, memory, the same rows on both sides, a table with every row. Not the speed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "bench" / "lib"))
import data
import history_model
import items
import measure
import page
import rows_load
import rows_merge
from bench import Bench, result, value

# Needs a PostgreSQL server of its own; only the form of its row is tested here.
NOT_HERE = {"rls"}


def tools_bench(*args):
    return subprocess.run([sys.executable, ROOT / "tools" / "bench", *map(str, args)], capture_output=True, text=True, check=False)


@pytest.fixture
def small(tmp_path):
    made = Bench(rows=500, runs=1, folder=tmp_path / "data", faults=0)
    yield made
    made.done()


def check_ratios(rows):
    """Which way round each target is: a swapped ratio would make a slow program meet it."""
    for name, upper, lower in (("flat_jsonl", 1, 0), ("flat_csv", 1, 0), ("orders_one", 1, 0), ("orders_many", 1, 0),
                               ("growth", 1, 0), ("merge", 0, 1), ("cores", 0, 1), ("postgres_copy", 1, 0)):
        medians = [one["seconds"][0] for one in rows[name]["figures"]]
        first = rows[name]["values"][0]
        assert first["value"] == pytest.approx(medians[upper] / medians[lower], rel=0.01, abs=0.002), (name, first, medians)
    medians = [one["seconds"][0] for one in rows["growth"]["figures"]]
    assert rows["growth"]["values"][1]["value"] == pytest.approx(medians[2] / medians[0], rel=0.01)


def test_every_row_runs_and_both_sides_hold_the_same(tmp_path):
    names = tools_bench("--list").stdout.split()
    assert {"flat_jsonl", "flat_csv", "orders_one", "orders_many", "merge", "growth", "cores", "generator"} <= set(names)
    wanted = [name for name in names if name not in NOT_HERE]
    done = tools_bench("--rows", 1000, "--runs", 1, "--faults", 0, "--folder", tmp_path / "data", "--json", tmp_path / "rows.json",
                       *(word for name in wanted for word in ("--only", name)))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [row["row"] for row in rows] == wanted
    for row in rows:
        assert f"\n{row['row']}: " in done.stdout
        assert any("met" in one for one in row["values"]), row
        for one in row["figures"]:
            assert 0 < one["seconds"][1] <= one["seconds"][0] <= one["seconds"][2] and one["cpu"][1] > 0 and one["peak_mb"] > 3, one
    check_ratios({row["row"]: row for row in rows})
    text = page.page(rows)
    for row in rows:
        assert f"\n## {row['row']}\n" in text and f"(#{row['row']})" in text
    assert not (tmp_path / "data" / "work").exists()


def test_a_baseline_that_loses_a_row_is_no_baseline(small, tmp_path):
    broken = tmp_path / "sql"
    broken.mkdir()
    for script in small.sql.glob("*.sql"):
        (broken / script.name).write_text(script.read_text())
    script = broken / "flat_jsonl.sql"
    script.write_text(script.read_text().replace("\n});", "\n}) limit 499;"))
    rows_load.flat_jsonl(small)
    small.sql = broken
    with pytest.raises(measure.Failed, match="differ"):
        rows_load.flat_jsonl(small)


def test_sides_take_turns(tmp_path):
    order = []
    sides = [measure.Contender(name, ["/bin/true"], lambda name=name: order.append(name)) for name in "ab"]
    measure.take_turns(sides, 3, tmp_path / "log")
    assert order == list("ababab")
    assert [len(one.seconds) for one in sides] == [3, 3]


def test_a_failing_side_is_an_error(tmp_path):
    with pytest.raises(measure.Failed, match="exit 3"):
        measure.run_once(["/bin/sh", "-c", "echo why; exit 3"], tmp_path / "log")


def test_time_work_and_memory_are_told_apart(tmp_path):
    seconds, cpu, _, _ = measure.run_once(["/bin/sleep", "0.3"], tmp_path / "log")
    assert seconds >= 0.3 and cpu < 0.2
    script = "x = bytearray(150 << 20); x[::4096] = b'1' * len(x[::4096])\nimport time\nwhile time.process_time() < 0.3: pass"
    _, cpu, peak, _ = measure.run_once([sys.executable, "-c", script], tmp_path / "log")
    assert cpu >= 0.3 and 150 < peak < 300


def test_ratios_are_of_medians():
    ours, theirs = measure.Contender("a", []), measure.Contender("b", [])
    ours.seconds, theirs.seconds = [1.0, 9.0, 2.0], [8.0, 4.0, 1.0]
    assert measure.times_as_fast(ours, theirs) == 2.0 and measure.times_as_long(ours, theirs) == 0.5
    ours.cpu, ours.peak = [1.0], [10.0]
    assert ours.figures()["seconds"] == [2.0, 1.0, 9.0]


def test_a_target_is_met_or_not():
    assert value("x", 1.3, least=1.3, aim=1.7) == {"what": "x", "value": 1.3, "unit": "", "target": "at least 1.3, aim 1.7", "met": True}
    assert not value("x", 1.2999, least=1.3)["met"]
    assert not value("x", 501, most=500)["met"] and value("x", 500, most=500)["met"]
    assert "met" not in value("x", 1)
    row = result("r", "title", [], [value("x", 1, least=2)])
    assert "not met" in page.show(row) and "**not met**" in page.targets([row])


def test_a_row_of_a_program_is_shown_like_the_others():
    sys.path.insert(0, str(ROOT / "bench"))
    import rls

    row = json.loads(json.dumps(rls.row(1000, [("quick", 0.5, 1.4), ("slow", 20.0, 1.2), ("fine", 30.0, 1.05)])))
    assert [one.get("met") for one in row["values"]] == [None, False, True]
    assert "1.20" in page.show(row) and page.targets([row]).count("rls") == 4


def test_shuffled_within_windows(tmp_path):
    source, target, again = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    source.write_text("".join(f"{n}\n" for n in range(1000)))
    data.shuffle(source, target, 100)
    data.shuffle(source, again, 100)
    lines = [int(line) for line in target.read_text().split()]
    assert target.read_bytes() == again.read_bytes()
    assert lines != sorted(lines) and sorted(lines) == list(range(1000))
    assert all(at // 100 == n // 100 for at, n in enumerate(lines))


def test_changes_are_what_the_row_says(tmp_path):
    items.write(tmp_path, 4000, 2000)
    base, changes = history_model.changes_of(tmp_path / "base.jsonl"), history_model.changes_of(tmp_path / "changes.jsonl")
    assert sum(map(len, base.values())) == sum(len(history_model.project(one)) for one in base.values()) == 4000
    assert sum(map(len, changes.values())) == 2000 and 2 < 2000 / len(changes) < 6
    late = sum(at < max(base[item]) for item, of_item in changes.items() for at in of_item)
    all_changes = history_model.changes_of(tmp_path / "base.jsonl", tmp_path / "changes.jsonl")
    kept = {item: [version[0] for version in history_model.project(one)] for item, one in all_changes.items()}
    silent = sum(at not in kept[item] for item, of_item in changes.items() for at in of_item)
    overtaken = sum(at not in kept[item] for item, of_item in base.items() for at in of_item)
    assert 0.28 < late / 2000 < 0.38 and 0.07 < silent / 2000 < 0.15 and overtaken > 10


def test_the_model_by_hand():
    a, b, c = "2025-01-01 00:00:00.000000", "2025-02-01 00:00:00.000000", "2025-03-01 00:00:00.000000"
    assert history_model.project({b: "y", a: "x", c: "y"}) == [(a, b, "x"), (b, None, "y")]
    assert history_model.project({c: "x", a: "x", b: "y"}) == [(a, b, "x"), (b, c, "y"), (c, None, "x")]
    assert history_model.moment("2025-01-01T00:00:00.5Z") == "2025-01-01 00:00:00.500000"
    assert history_model.moment("9999-12-31 23:59:59.999999") is None
    changes = {"i": {a: "x", b: "y"}, "j": {a: "x"}}
    right = {"i": [("0001-01-01 00:00:00.000000", b, "x"), (b, None, "y")], "j": [(a, None, "x")]}
    assert history_model.compare(changes, right)["wrong"] == 0
    for wrong, states in (({"i": [(a, c, "x"), (c, None, "y")]}, 0), ({"i": [(a, None, "x")]}, 1), ({"k": right["j"]}, 1), ({"j": []}, 1)):
        found = history_model.compare(changes, right | wrong)
        assert (found["wrong"], found["wrong_states"]) == (1, states), wrong


def test_a_merge_that_forgets_to_delete_is_found(small, tmp_path):
    """The two-branch merge: a late change makes a version that exists tell nothing new, and it stays."""
    broken = tmp_path / "sql"
    broken.mkdir()
    for script in small.sql.glob("*.sql"):
        (broken / script.name).write_text(script.read_text())
    script = broken / "merge_bare.sql"
    text = script.read_text()
    start = text.index("delete from dim_item")
    script.write_text(text[:start] + text[text.index(";", start) + 1:])
    small.rows, small.sql = 10_000, broken
    with pytest.raises(measure.Failed, match="bare SQL: .* items wrong"):
        rows_merge.merge(small)


@pytest.mark.parametrize("args, status, text", [
    (["--only", "nothing"], 2, "no row is called nothing"), (["--rows", "0"], 2, "1 or more")])
def test_bad_options(args, status, text):
    done = tools_bench(*args)
    assert done.returncode == status and text in done.stderr


@pytest.mark.parametrize("args, sql, status, text", [
    ([], "select broken", 1, "broken"), ([], "insert into x values (1)", 1, "statement 1"), (["--threads", "many"], "select 1", 2, "threads=many"),
    (["--var", "x"], "select 1", 2, "not NAME=TEXT"), (["--frobnicate"], "select 1", 2, "frobnicate"), ([], None, 3, "cannot be read")])
def test_the_driver_tells_what_is_wrong(small, tmp_path, args, sql, status, text):
    script = tmp_path / "x.sql"
    if sql is not None:
        script.write_text(sql)
    done = subprocess.run([small.driver, *args, tmp_path / "x.duckdb", script], capture_output=True, text=True, check=False)
    assert done.returncode == status and text in done.stderr, done


def test_the_driver_runs_statements_with_variables(small, tmp_path):
    script = tmp_path / "x.sql"
    script.write_text("create table t as select getvariable('it') as x, current_setting('threads') as n;\n"
                      "insert into t select * from t; update t set x = x || '!';\n"
                      "copy (select x, n, current_setting('preserve_insertion_order') as kept, "
                      "(select tags['storage_version'] like 'v1.5%' from duckdb_databases() where not internal) as newest from t limit 1) to '/dev/stdout' (format json);")
    done = subprocess.run([small.driver, "--threads", "2", "--time", "--var", "it=it's", tmp_path / "x.duckdb", script],
                          capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert '{"x":"it\'s!","n":2,"kept":false,"newest":true}' in lines and lines.count("2") == 1
    assert done.stderr.count("statement") == 4
