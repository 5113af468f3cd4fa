"""Changes of items: a history that exists, and changes to it as they come. Deterministic; knows nothing of how a history is kept.

usage: items.py FOLDER N_VERSIONS N_CHANGES      writes base.jsonl (four versions an item) and changes.jsonl

Of the changes a third are out of order (before the last version their item has), a tenth tell nothing new, and some tell early what a
version that exists tells again, so that this one is none any more. Two and a half of them touch the same item on average.
"""

import datetime
import json
import random
import sys
from pathlib import Path

VERSIONS = 4
START = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
DAY_US = 86_400_000_000
CATEGORIES = ["home", "garden", "kitchen", "toys", "books", "sport", "fashion", "electronics"]


def text_of(us):
    return (START + datetime.timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def state_of(chance, item):
    return {"name": f"Item {item} {chance.randrange(1000)}", "category": chance.choice(CATEGORIES),
            "price": chance.randrange(1, 100_000) / 100, "status": chance.choice(["listed", "listed", "listed", "delisted"])}


def base_of(item):
    """The versions of an item, (time, state) each, months apart."""
    chance = random.Random(item)
    return [(version * 30 * DAY_US + chance.randrange(20 * DAY_US), state_of(chance, item)) for version in range(VERSIONS)]


def line(item, us, state):
    return json.dumps({"item_id": f"i-{item:07d}", **state, "event_at": text_of(us)}, separators=(",", ":")) + "\n"


def change(chance, item, history):
    """One more change of an item, put into its history."""
    late = chance.random() < 1 / 3
    first, last = history[0][0], history[-1][0]
    us = chance.randrange(first + 1, last) if late else last + chance.randrange(1, 5 * DAY_US)
    before = max((one for one in history if one[0] <= us), key=lambda one: one[0])
    after = [one for one in history if one[0] > us]
    kind = chance.random()
    if kind < 0.1:
        state = before[1]
    elif kind < 0.15 and after:
        state = after[0][1]
    else:
        state = state_of(chance, item)
    history.append((us, state))
    history.sort(key=lambda one: one[0])
    return us, state


def write(folder, n_versions, n_changes):
    n_items = max(1, n_versions // VERSIONS)
    chance = random.Random(1)
    with open(folder / "base.jsonl", "w", encoding="ascii") as out:
        for version in range(VERSIONS):
            out.writelines(line(item, *base_of(item)[version]) for item in range(n_items))
    touched = chance.sample(range(n_items), max(1, min(n_items, n_changes * 2 // 5)))
    histories, lines = {}, []
    for _ in range(n_changes):
        item = chance.choice(touched)
        history = histories.setdefault(item, base_of(item))
        lines.append(line(item, *change(chance, item, history)))
    (folder / "changes.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
