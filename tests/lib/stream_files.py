"""The generator's files as (line as it came, record) pairs, cut into pieces that come in any order."""

import csv
import json
from decimal import Decimal

FEEDS = {s: f"shopnow.{s}" for s in ("products", "orders", "clickstream")} | {
    s: f"marketplace.{s}" for s in ("vendors", "offers", "stock", "availability", "order_status", "shipments", "returns")} | {
    s: f"reference.{s}" for s in ("commission_rules", "fx_rates", "categories", "product_identifiers")}


def read(line):
    return json.loads(line, parse_float=Decimal)


def files_of(folder, stream):
    """The reference data lie together in one folder, the other streams each in its own."""
    reference = FEEDS[stream].startswith("reference.")
    return sorted((folder / "reference").glob(f"{stream}*")) if reference else sorted((folder / stream).glob("*.jsonl"))


def records_of(folder, stream):
    """(line, record) of a stream; cells of a CSV are text or None, numbers of JSON stay exact."""
    for path in files_of(folder, stream):
        if path.suffix == ".csv":
            head, *lines = path.read_text().splitlines()
            for line, row in zip(lines, csv.reader(lines)):
                yield line, {name: cell or None for name, cell in zip(head.split(","), row)}
        else:
            for line in path.read_text().splitlines():
                yield line, read(line)


def cut(came, dice, least=2, most=4):
    """`came`: {stream: [(line, record), ...]}. Returns [(stream, number, [(line, record), ...]), ...], shuffled in every way."""
    pieces = []
    for stream, ones in came.items():
        ones = list(ones)
        dice.shuffle(ones)
        n = dice.randint(least, most)
        pieces += [(stream, nth, ones[nth::n]) for nth in range(n)]
    dice.shuffle(pieces)
    return pieces


def load(w, folder, stream, nth, ones):
    """Loads a piece as a file of its own, with the header that its stream has; returns the ledger's figures."""
    first = files_of(folder, stream)[0]
    head = [first.read_text().splitlines()[0]] if first.suffix == ".csv" else []
    path = w.file(f"{stream}-{nth}.{'csv' if head else 'jsonl'}", [*head, *(line for line, _ in ones)])
    return w.load(FEEDS[stream], path)
