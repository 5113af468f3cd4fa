"""A small load of three transactions in which the n-th allocation of the program fails, and everything after it, or it alone.

What must hold for every n: the command ends as if nothing had been, or with one line that says that memory ran out, and no sanitizer finds
a leak or worse; what was committed is whole; and the same command, with memory again, gives the content of a load in peace.
"""

import re
import shutil
from pathlib import Path

import market
from market import line, order, shop
from wh import ASAN, Warehouse

FEED = "orders"
# More than any load of this size makes: the way to the number there are doubles up to here.
MOST = 1 << 20


def fill(w):
    return [w.file("1.jsonl", [order(n, line("a"), line("b", price="2.50")) for n in range(6)]),
            w.file("2.jsonl", [order(n, line("a"), line("c", units=0)) for n in range(3, 9)] + ["{"]),
            w.file("3.jsonl", [order(n, line("a", price="3.30"), at="2025-07-01T00:00:00Z") for n in range(4)])]


def warehouse(folder):
    w = Warehouse(folder, market.DATASETS, market.FEEDS, settings={"commit_records": 1})
    w.load_records("shops", [shop("a", city="X")])
    return w


class Sweep:
    def __init__(self, top):
        self.top = Path(top)
        calm = warehouse(self.top / "calm")
        self.received = [0]
        for path in fill(calm):
            self.received.append(self.received[-1] + calm.load(FEED, path)["received"])
        self.hash = calm.hash()
        self.figures = self.figures_of(calm)
        self.kept = warehouse(self.top / "kept") if calm.store is None else None
        self.n_runs = 0

    @staticmethod
    def figures_of(w):
        return w.tuples("select sum(received), sum(applied), sum(unchanged), sum(duplicate), sum(quarantined) from books.load")

    def new(self):
        """A warehouse that knows a shop: on a file, a copy of the first."""
        self.n_runs += 1
        folder = self.top / f"n{self.n_runs}"
        if not self.kept:
            return warehouse(folder)
        shutil.copytree(self.kept.folder, folder)
        return Warehouse(folder, settings={"commit_records": 1}, store="")

    def run(self, n, once=False):
        """Whether the load ended well although, or before, memory ran out."""
        w = self.new()
        files = fill(w)
        done = w.run("load", FEED, *files, check=False, binary=ASAN, env={"ENTREPOT_FAIL_ALLOCATION": f"{n}:once" if once else str(n)})
        told = (n, once, done.returncode, done.err)
        assert done.returncode in (0, 3), told
        if done.returncode == 3:
            assert done.err.startswith("entrepot: ") and done.err.count("\n") == 1 and re.search("(out of|no) memory", done.err), told
        self.check_whole(w, done.returncode == 0)
        w.remove()
        return done.returncode == 0

    def check_whole(self, w, ended):
        """After a load that stopped, or ended: whole transactions are there, and the same command does the rest."""
        w.check_books()
        received = w.value(f"select coalesce(sum(received), 0) from books.load where feed = '{FEED}'")
        assert received in (self.received[-1:] if ended else self.received)
        rest = w.load(FEED, *fill(w))
        assert rest["received"] == self.received[-1] - received
        assert w.hash() == self.hash and self.figures_of(w) == self.figures
        w.check_books()

    def count(self):
        """A number of allocations beyond which nothing fails; each step on the way is a run of its own."""
        n = 256
        while not self.run(n):
            n *= 2
            assert n < MOST
        return n
