"""The files that are loaded, made once by `entrepot generate` and kept in build/bench-data. The same bytes for the same options."""

import os
import random
import shutil
import subprocess
from pathlib import Path

ORDER_DAYS = 20


class Data:
    def __init__(self, program, folder):
        self.program = program
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def make(self, name, fill):
        """A folder filled by fill(folder), whole or not at all."""
        folder = self.folder / name
        if not folder.exists():
            half = self.folder / f".{name}"
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            fill(half)
            half.rename(folder)
        return folder

    def generate(self, folder, *options):
        subprocess.run([self.program, "generate", "--out", folder, "--force", "--seed", "1", *map(str, options)], check=True, stdout=subprocess.DEVNULL)

    def flat(self, rows, form="jsonl"):
        """One file of flat order lines."""
        return self.make(f"flat-{form}-{rows}", lambda to: self.generate(to, "--flat", rows, "--flat-format", form)) / f"flat.{form}"

    def shuffled(self, rows, window):
        """The same lines, shuffled within windows of so many: as far as any of them is late."""
        source = self.flat(rows)
        return self.make(f"flat-shuffled-{rows}-{window}", lambda to: shuffle(source, to / "flat.jsonl", window)) / "flat.jsonl"

    def orders_in_two(self, n_orders, faults):
        """The same orders in turns into two files, as two partitions of a stream have them."""
        source = self.orders(n_orders, faults) / "all.jsonl"
        folder = self.make(f"orders-{n_orders}-{faults}-in-two", lambda to: deal(source, [to / "0.jsonl", to / "1.jsonl"]))
        return [folder / "0.jsonl", folder / "1.jsonl"]

    def orders(self, n_orders, faults):
        """A marketplace of about so many orders: folders orders (a file a day), reference, vendors, products, offers; all.jsonl holds all orders."""
        return self.make(f"orders-{n_orders}-{faults}", lambda to: self.fill_orders(to, n_orders, faults))

    def fill_orders(self, to, n_orders, faults):
        self.generate(to, "--days", ORDER_DAYS, "--orders-per-day", max(1, n_orders // ORDER_DAYS), "--clicks-per-order", 0, "--sellers", 200,
                      "--products", 2000, "--customers", max(100, n_orders // 10), "--faults", faults)
        for name in ("order_status", "shipments", "returns", "stock", "availability", "clickstream"):
            shutil.rmtree(to / name, ignore_errors=True)
        with open(to / "all.jsonl", "wb") as out:
            for path in sorted((to / "orders").glob("*.jsonl")):
                with open(path, "rb") as f:
                    shutil.copyfileobj(f, out, 1 << 22)


def deal(source, targets):
    """Line by line to one after the other."""
    outs = [open(target, "wb") for target in targets]
    with open(source, "rb") as f:
        for n, line in enumerate(f):
            outs[n % len(outs)].write(line)
    for out in outs:
        out.close()


def shuffle(source, target, window, seed=1):
    """Deterministic: windows of `window` lines, each shuffled."""
    chance = random.Random(seed)
    with open(source, "rb") as f, open(target, "wb") as out:
        while lines := [line for _, line in zip(range(window), f)]:
            chance.shuffle(lines)
            out.writelines(lines)


def count_lines(path):
    with open(path, "rb") as f:
        return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 22), b""))


def fresh(folder):
    """An empty place for a run."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
