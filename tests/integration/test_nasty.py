"""Payloads written by hand to be as bad as senders really are, through the shipped feeds: tests/data/nasty says class, reasons and why."""

import json
import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("ENTREPOT", str(ROOT / "build" / "asan" / "entrepot"))


def expand(text, names):
    text = re.sub(r"\$([A-Z]+)", lambda m: names[m[1]], text).encode()
    text = re.sub(rb"<<(\d+)\*(.*?)>>", lambda m: int(m[1]) * m[2], text)
    return re.sub(rb"<<([0-9a-f]+)>>", lambda m: bytes.fromhex(m[1].decode()), text)


def read_cases():
    for path in sorted((ROOT / "tests" / "data" / "nasty").glob("*.txt")):
        names = {}
        lines = path.read_text().split("\n")
        for number, line in enumerate(lines):
            if line.startswith("let "):
                name, text = line[4:].split(" = ", 1)
                names[name] = text
            elif line.startswith("? "):
                feed, kind, codes = lines[number + 1].split(" ")
                yield feed, kind, set(codes.split(",")) - {"-"}, expand(lines[number + 2], names), f"{path.name}:{number + 1} {line[2:]}"


CASES = list(read_cases())


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What `feed test` says of each case: one file a feed."""
    folder = tmp_path_factory.mktemp("nasty")
    subprocess.run([PROGRAM, "--quiet", "init", folder / "shop"], check=True)
    by_feed, found = defaultdict(list), {}
    for feed, _, _, raw, why in CASES:
        by_feed[feed].append((why, raw))
    for feed, ones in by_feed.items():
        (folder / feed).write_bytes(b"".join(raw + b"\n" for _, raw in ones))
        done = subprocess.run([PROGRAM, "-C", folder / "shop", "--json", "feed", "test", feed, folder / feed], capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr.decode(errors="replace")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(records) == len(ones), feed
        found.update((why, record) for (why, _), record in zip(ones, records))
    return found


def codes_of(record):
    for part in [record, *record["groups"], *[row for group in record["groups"] for row in group["rows"]]]:
        yield from (reason["code"] for reason in part["reasons"])


def test_there_are_a_hundred():
    assert len(CASES) >= 100
    assert len({raw for _, _, _, raw, _ in CASES}) == len(CASES)


@pytest.mark.parametrize("feed, kind, codes, raw, why", CASES, ids=[case[-1] for case in CASES])
def test_payload(answers, feed, kind, codes, raw, why):
    record = answers[why]
    rejected = {group["rejected"] for group in record["groups"]}
    found = {frozenset({True}): "rejected", frozenset({False}): "accepted"}.get(frozenset(rejected), "partly")
    assert (found, set(codes_of(record))) == (kind, codes)
