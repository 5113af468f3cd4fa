"""The row of history: changes into a dimension, beside bare SQL on staged data and what others' statements need for the same input."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import measure
from bench import ROOT, remove, result, value
from data import count_lines
from measure import Contender

LIB = Path(__file__).resolve().parent
HELD = "select item_id, name, category, cast(price as varchar) as price, status, valid_from, valid_to from dim_item"
# Name, the statements that are measured, those that make their form of the dimension before, and those that read it.
OTHERS = (("bare SQL, staged", "merge_bare.sql", None, "merge_held.sql"),
          ("dbt snapshot's statements, staged", "merge_dbt_snapshot.sql", "merge_setup_dbt.sql", "merge_held_dbt.sql"),
          ("dlt scd2's statements, staged", "merge_dlt_scd2.sql", "merge_setup_dlt.sql", "merge_held_dlt.sql"))


def files_of(bench):
    n_versions, n_changes = max(400, bench.rows // 2), max(40, bench.rows // 20)
    folder = bench.data.make(f"items-{n_versions}-{n_changes}", lambda to: subprocess.run(
        [sys.executable, LIB / "items.py", to, str(n_versions), str(n_changes)], check=True))
    return folder / "base.jsonl", folder / "changes.jsonl"


def engine_side(bench, name, script, setup, base, changes):
    """A contender that merges in a copy of a file where the dimension and the changes lie already."""
    ready, database = bench.work / f"{script}.ready", bench.work / f"{script}.duckdb"
    bench.run_engine("merge_setup.sql", ready, base=base, changes=changes)
    if setup:
        bench.run_engine(setup, ready)
    return Contender(name, bench.engine(script, database), lambda: (remove(database), shutil.copy(ready, database))), database


def wrong_items(bench, base, changes, held):
    """How many items of each file tell another history than the model."""
    done = subprocess.run([sys.executable, LIB / "history_model.py", base, changes, *held], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise measure.Failed(f"the model: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdict(name, found):
    what = "right" if found["wrong"] == 0 else f"{found['wrong']:,} items wrong, {found['wrong_states']:,} of them even in the sequence of states"
    return f"{name}: of {found['touched']:,} items with changes, {what}; {found['versions']:,} versions where {found['right_versions']:,} are right."


def merge(bench):
    base, changes = files_of(bench)
    full = bench.copy_of(ROOT / "bench" / "dim", "dim-full")
    bench.entrepot(full, "load", "bench.items", base)
    folder = bench.work / "dim"
    ours = Contender("entrepot load", [bench.program, "-C", folder, "--json", "load", "bench.items", changes],
                     lambda: bench.copy_of(full, "dim"), n_rows=count_lines(changes))
    decode = Contender("decode to check alone", [bench.decoder, full, "bench.items", changes])
    others = [engine_side(bench, name, script, setup, base, changes) for name, script, setup, _ in OTHERS]
    bare = others[0][0]
    measure.warm(changes)
    bench.take_turns(ours, *(one for one, _ in others), decode)

    held = [bench.work / "ours.csv"]
    held[0].write_text(bench.entrepot(folder, "sql", "--format", "csv", HELD))
    for (_, database), (_, _, _, script) in zip(others, OTHERS):
        held.append(database.with_suffix(".csv"))
        held[-1].write_text("".join(line for line in bench.run_engine(script, database).splitlines(True) if "," in line))
    found = wrong_items(bench, base, changes, held)
    for one, name in zip(found, ("entrepot", "bare SQL")):
        if one["wrong"] > 0:
            raise measure.Failed(verdict(name, one))
    contenders = [ours, *(one for one, _ in others), decode]
    return result("merge", f"{ours.n_rows:,} changes into a dimension of {count_lines(base):,} versions", contenders, [
        value("time, bare SQL = 1", measure.times_as_long(ours, bare), most=2.5),
        value("the same in processor time", measure.times_as_long(ours, bare, "cpu")),
        value("time without decode to check, bare SQL = 1",
              (measure.spread(ours.seconds)[0] - measure.spread(decode.seconds)[0]) / measure.spread(bare.seconds)[0]),
        value("peak memory", max(ours.peak), most=500, unit="MB"),
        value("items wrong, entrepot", found[0]["wrong"], most=0), value("items wrong, bare SQL", found[1]["wrong"]),
        value("items wrong, dbt snapshot", found[2]["wrong"]), value("items wrong, dlt scd2", found[3]["wrong"])],
        [verdict(name, one) for name, one in zip(("entrepot", "bare SQL", "dbt snapshot", "dlt scd2"), found)])


ROWS = {"merge": merge}
