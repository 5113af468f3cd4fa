"""What the history must be, computed from the set of all changes, and how many items of a file tell it otherwise.

usage: history_model.py BASE.jsonl CHANGES.jsonl HELD.csv..      a JSON object a file

HELD.csv: item_id, name, category, price, status, valid_from, valid_to as text with a header; an open version ends empty or in year 9999. Where the first
version begins is not compared: some let it reach back for ever. A program of its own: it takes memory that must not count as that of what is measured.
"""

import csv
import json
import sys
from decimal import Decimal


def state(row):
    return f"{row['name']}|{row['category']}|{Decimal(row['price']).quantize(Decimal('0.0001'))}|{row['status']}"


def moment(text):
    """2025-01-01 00:00:00.5, with T, Z or fewer digits, as text that sorts; None for an open end."""
    text = text.replace("T", " ").removesuffix("Z").removesuffix("+00")
    if not text or text.startswith(("9999", "infinity")):
        return None
    seconds, _, part = text.partition(".")
    return f"{seconds}.{part:0<6}"


def changes_of(*paths):
    """item -> {time: state}"""
    changes = {}
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for line in f:
                row = json.loads(line, parse_float=str, parse_int=str)
                changes.setdefault(row["item_id"], {})[moment(row["event_at"])] = sys.intern(state(row))
    return changes


def project(changes):
    """Versions [(from, to, state)] of {time: state}: what repeats the state before it is no version."""
    starts = []
    for at in sorted(changes):
        if not starts or starts[-1][1] != changes[at]:
            starts.append((at, changes[at]))
    ends = [at for at, _ in starts[1:]] + [None]
    return [(at, end, what) for (at, what), end in zip(starts, ends)]


def held_of(path):
    held = {}
    with open(path, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            held.setdefault(row["item_id"], []).append((moment(row["valid_from"]), moment(row["valid_to"]), sys.intern(state(row))))
    for versions in held.values():
        versions.sort(key=lambda one: (one[0], one[1] or "9999"))
    return held


def comparable(versions):
    return [(None if n == 0 else one[0], *one[1:]) for n, one in enumerate(versions)]


def compare(changes, held):
    """Items whose versions differ, and those of them where even the sequence of states does."""
    wrong = wrong_states = 0
    for item, of_item in changes.items():
        right, seen = project(of_item), held.get(item, [])
        if comparable(right) != comparable(seen):
            wrong += 1
            wrong_states += [one[2] for one in right] != [one[2] for one in seen]
    strangers = len(held.keys() - changes.keys())
    return {"wrong": wrong + strangers, "wrong_states": wrong_states + strangers, "versions": sum(map(len, held.values()))}


def main(base, news, *files):
    touched = changes_of(news)
    changes = changes_of(base, news)
    for path in files:
        print(json.dumps(compare(changes, held_of(path)) | {"items": len(changes), "touched": len(touched),
                                                             "right_versions": sum(len(project(one)) for one in changes.values())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
