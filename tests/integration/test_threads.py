"""Whole loads by the program as ThreadSanitizer builds it: reader, decoders, the store's thread and the engine's threads that read our batches.

DuckDB is not built for it, so what only DuckDB touches is not looked at; a wrong order of ours is. The sanitizer ends the program with 86.
"""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import kills
import pytest
from wh import ROOT, Warehouse, dataset, emit, feed, field

TSAN = ROOT / "build" / "tsan" / "entrepot"
PING = dataset("fact_ping", "transaction", [field("shop", required=True), field("ping", required=True), field("at", "timestamp", required=True)],
               owner="shop", valid_time="at", dedupe=["ping"])
SETTINGS = {"threads": 3, "commit_records": 20_000}
N = 60_000


@pytest.fixture
def pings(tmp_path):
    """Events with some that come again and some that are refused: (file, events, duplicates, refused)."""
    rng = random.Random(7)
    lines = [json.dumps({"shop": f"s{i % 5}", "ping": f"p{i}", "at": f"2026-01-{1 + i // 3000:02}T00:00:{i % 60:02}Z"}) for i in range(N)]
    again = rng.sample(lines, 300)
    refused = ['{"shop": "s1", "ping": "x", "at": "never"}'] * 50
    for one in again + refused:
        lines.insert(rng.randrange(len(lines)), one)
    path = tmp_path / "pings.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path, N, len(again), len(refused)


def warehouse(tmp_path):
    return Warehouse(tmp_path / "w", [PING], [feed("pings", emit("fact_ping", ["shop", "ping", "at"]))], binary=str(TSAN), settings=SETTINGS,
                     store="")


def test_events_are_loaded_by_all_threads(tmp_path, pings):
    path, n, n_again, n_refused = pings
    books = warehouse(tmp_path).load("pings", path)
    assert (books["applied"], books["duplicate"], books["quarantined"]) == (n, n_again, n_refused)


def test_a_load_stops_in_the_middle_and_goes_on(tmp_path, pings):
    w = warehouse(tmp_path)
    process = subprocess.Popen([str(TSAN), "-C", str(w.folder), "load", "pings", str(pings[0])], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    time.sleep(1.2)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode in (0, 130, 143) or b"stopped on request" in said, (process.returncode, said)
    assert b"ThreadSanitizer" not in said
    w.load("pings", pings[0])
    assert w.value("select count(*) from fact_ping") == N


def test_a_marketplace_is_loaded(tmp_path):
    files = kills.generate(tmp_path / "market", 11, days=3)
    w = Warehouse(tmp_path / "w", shipped=True, binary=str(TSAN), store="")
    with open(Path(w.folder) / "entrepot.yaml", "a") as out:
        out.write("threads: 3\ncommit_records: 100\n")
    for name, paths in files.items():
        assert w.load(name, *paths)["received"] > 0
    w.check_books()
    assert w.value("select count(*) from fact_order_line") > 100


def test_the_sanitizer_would_be_heard():
    """The program is built with it, and its exit code is the one that run() takes for a failure."""
    symbols = subprocess.run(["nm", "--undefined-only", str(TSAN)], capture_output=True, text=True, check=True).stdout
    assert "__tsan_init" in symbols
    assert "exitcode=86" in os.environ["TSAN_OPTIONS"]
