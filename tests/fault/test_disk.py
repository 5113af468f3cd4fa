"""A disk that is full from any write of a load on: while it archives, commits, checkpoints or spills. The error says so and what to do, or
nothing was lost and nothing is said; what was committed is whole; with room again the same command gives what a load in peace gives.

The calls that need room fail by a shim in front of the C library (tests/tools/full_disk.c): test_full_disk.py has a real disk of 24 MB.
"""

import os
import random
import subprocess

import market
import pytest
from memory_sweep import FEED, Sweep, fill
from wh import ROOT, Warehouse

ENGINES = ["duckdb", "postgres"]
SEED = int(os.environ["ENTREPOT_SEED"]) if "ENTREPOT_SEED" in os.environ else random.randrange(10**9)
# What a write is for, by the file it goes to. A database on a server has its disk elsewhere (test_postgres.py).
STAGES = {"duckdb": {"archive", "commit", "checkpoint"}, "postgres": {"archive"}, "citus": {"archive"}}
# More than fits into the least memory the engine may be given.
SPILLING_ROWS, SPILLING_MB = 8000, 64


def stage_of(path):
    name = path.rpartition("/")[2]
    if "/data/tmp/" in path:
        return "spill"
    if "/data/archive/" in path:
        return "archive"
    return {"warehouse.duckdb.wal": "commit", "warehouse.duckdb": "checkpoint"}.get(name, name)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "full_disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, ROOT / "tests/tools/full_disk.c", "-ldl"], check=True)
    return library


def load(w, shim, after, feed, files):
    """A load whose disk is full from the n-th write on, and the paths that the shim wrote down."""
    log = w.folder.parent / f"{w.folder.name}.log"
    log.unlink(missing_ok=True)
    done = w.run("load", feed, *files, check=False,
                 env={"LD_PRELOAD": str(shim), "FULL_DISK_FOLDER": f"{w.folder}/", "FULL_DISK_AFTER": str(after), "FULL_DISK_LOG": str(log)})
    return done, log.read_text().splitlines() if log.exists() else []


def check_refused(done):
    assert done.returncode == 3, (done.returncode, done.out, done.err)
    assert done.err.startswith("entrepot: the disk is full: make room and run the same command again: ") and done.err.count("\n") == 1, done.err


def test_the_disk_is_full_at_every_stage(tmp_path, shim, engine):
    print(f"ENTREPOT_SEED={SEED}")
    draw, sweep = random.Random(SEED), Sweep(tmp_path)
    w = sweep.new()
    done, calls = load(w, shim, 0, FEED, fill(w))
    assert done.returncode == 0, done.err
    stages = [stage_of(path) for path in calls]
    assert set(stages) == STAGES[engine]
    # All writes, but of a checkpoint the first, the last and some in between: there are many, and nothing hangs on them.
    checkpoint = [n for n, one in enumerate(stages, 1) if one == "checkpoint"]
    chosen = {n for n, one in enumerate(stages, 1) if one != "checkpoint"} | {*checkpoint[:1], *checkpoint[-1:]}
    chosen |= set(draw.sample(checkpoint, min(3, len(checkpoint))))
    failed = set()
    for after in sorted(chosen):
        w = sweep.new()
        done, calls = load(w, shim, after, FEED, fill(w))
        assert [stage_of(path) for path in calls] == [stages[after - 1]], after
        if done.returncode:
            check_refused(done)
            failed.add(stages[after - 1])
        sweep.check_whole(w, done.returncode == 0)
        w.remove()
    # A checkpoint comes after the commits: when it fails the log still has all.
    assert failed == STAGES[engine] - {"checkpoint"}


def test_the_disk_is_full_while_a_merge_spills(tmp_path, shim, engine):
    if engine != "duckdb":
        return  # a server spills on its own disk
    shops = [market.shop(f"s{n}", city=f"{n:01500}") for n in range(SPILLING_ROWS)]

    def known(name):
        w = Warehouse(tmp_path / name, market.DATASETS, market.FEEDS, settings={"memory_limit_mb": SPILLING_MB})
        w.load_records("shops", shops[:2])
        return w, w.file("many.jsonl", shops)

    calm, path = known("calm")
    done, calls = load(calm, shim, 0, "shops", [path])
    assert done.returncode == 0, done.err
    first = [stage_of(one) for one in calls].index("spill") + 1
    w, path = known("w")
    before = w.hash()
    done, calls = load(w, shim, first, "shops", [path])
    check_refused(done)
    assert [stage_of(one) for one in calls] == ["spill"] and "create temp table" in done.err
    assert w.hash() == before and not list((w.folder / "data" / "tmp").glob("*"))
    w.check_books()
    w.load("shops", path)
    assert w.hash() == calm.hash()
    w.check_books()
