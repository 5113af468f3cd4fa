"""What the generator says must become of each record is what the program does with it."""

import json
import os
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
PROGRAM = Path(os.environ.get("ENTREPOT", ROOT / "build" / "asan" / "entrepot"))
FEEDS = {s: f"shopnow.{s}" for s in ["products", "orders", "clickstream"]} | {
    s: f"marketplace.{s}" for s in ["vendors", "offers", "stock", "availability", "order_status", "shipments", "returns"]}


def entrepot(*args, codes=(0,)):
    result = subprocess.run([PROGRAM, "--quiet", *map(str, args)], capture_output=True, text=True, check=False)
    assert result.returncode in codes, result.stderr
    return result.stdout


def truth_of(path):
    out = defaultdict(dict)
    for line in path.open():
        t = json.loads(line)
        out[t["file"]][t["record"]] = t
    return out


@pytest.fixture(scope="module", params=["market", "legacy"])
def run(request, tmp_path_factory):
    """A warehouse, a folder of streams around the cut-over, and the truth."""
    top = tmp_path_factory.mktemp(request.param)
    entrepot("init", top / "warehouse")
    options = ["--legacy", "--days", 2] if request.param == "legacy" else ["--days", 7]
    entrepot("generate", "--out", top / "data", "--from", "2025-12-30", "--orders-per-day", 120, "--clicks-per-order", 6,
             "--faults", "25%", "--truth", top / "truth", "--truth-all", *options)
    return top, truth_of(top / "truth")


def reasons_of(record):
    for part in [record, *record["groups"], *[row for group in record["groups"] for row in group["rows"]]]:
        yield from (reason["code"] for reason in part["reasons"])


def test_each_record_is_accepted_or_set_aside_with_its_reasons(run):
    top, truth = run
    wrong, n = [], 0
    for file, records in sorted(truth.items()):
        lines = entrepot("-C", top / "warehouse", "--json", "feed", "test", "--limit", 10 ** 7, FEEDS[file.split("/")[0]],
                         top / "data" / file, codes=(0, 1)).splitlines()
        assert len(lines) == len(records)
        for record in map(json.loads, lines):
            t = records[record["record"]]
            # Of two copies that contradict each other each is fine by itself.
            alone = t.get("fault") == "conflicting_duplicate"
            must = set() if alone else set(t["reasons"])
            got, rejected = set(reasons_of(record)), any(group["rejected"] for group in record["groups"])
            if rejected != (t["class"] == "quarantined" and not alone) or not must <= got <= must | set(t.get("also", [])):
                wrong.append((t, rejected, got))
            n += 1
    assert not wrong, wrong[:5]
    assert n > 1500


def test_the_warehouse_counts_what_the_truth_counts(run):
    top, truth = run
    expected = defaultdict(Counter)
    for file, records in truth.items():
        for t in records.values():
            kept = {"late": "applied", "finding": "applied", "inferred_parent": "applied"}.get(t["class"], t["class"])
            expected[FEEDS[file.split("/")[0]]][kept] += 1
    for stream, feed in FEEDS.items():
        files = sorted((top / "data" / stream).glob("*.jsonl"))
        if files:
            entrepot("-C", top / "warehouse", "load", feed, *files)
    seen = {}
    for line in entrepot("-C", top / "warehouse", "--json", "status").splitlines():
        o = json.loads(line)
        if "feed" in o:
            seen[o["feed"]] = Counter({k: o[k] for k in ["applied", "duplicate", "quarantined", "waiting", "ignored"] if o[k]})
            assert o["received"] == sum(seen[o["feed"]].values()) + o["unchanged"]
    assert seen == dict(expected)
