"""Rows about loading a PostgreSQL server: beside a bare COPY of the same final rows, and by two processes at once."""

import os
import statistics
import subprocess
import sys

import measure
from bench import ROOT, result, same, value
from measure import Contender
from rows_load import ORDERS_LEAST, shop

os.environ.setdefault("EP_ROOT", str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "lib"))
import pg  # noqa: E402  (after the path is set)

# As a server is run: what is committed is on the disk. Only larger buffers and a longer log than a new cluster has.
SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "8GB",
            "checkpoint_timeout": "30min"}
BATCH_RECORDS = 4096
MOST_RUNS = 3


class Server(pg.Server):
    def new_database(self, name, template="template0"):
        """An empty database, or a copy of another, in place of the one before; its address."""
        self.ask(f'drop database if exists "{name}" with (force);\ncreate database "{name}" template "{template}";\ncheckpoint;')
        return self.uri(name)

    def run_file(self, database, script, **variables):
        """The command that runs a file of SQL."""
        words = [word for key, text in variables.items() for word in ("-v", f"{key}={text}")]
        return [pg.BIN / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", *words, "-d", self.uri(database), "-f", script]


def on_server(bench, source, name, store):
    """A copy of a warehouse's folder, with its tables elsewhere."""
    folder = bench.copy_of(source, name)
    settings = (folder / "entrepot.yaml").read_text().splitlines()
    (folder / "entrepot.yaml").write_text("\n".join([line for line in settings if not line.startswith("store:")] + [f"store: {store}"]) + "\n")
    return folder


def postgres_copy(bench):
    """Two sides that end with the same rows in the same table with the same index."""
    file, rows, log = bench.data.flat(bench.rows), bench.work / "rows.copy", bench.work / "output"
    load = [bench.program, "-C", bench.work / "flat", "--json", "load", "bench.lines", file]
    measure.warm(file)
    with Server(settings=SETTINGS) as server:
        def empty_warehouse():
            on_server(bench, ROOT / "bench" / "flat", "flat", server.new_database("flat"))

        def empty_table():
            server.new_database("bare")
            measure.run_once(server.run_file("bare", bench.sql / "copy_table.sql"), log)

        # The rows as they end up, columns of ours included.
        empty_warehouse()
        measure.run_once(load, log)
        measure.run_once(server.run_file("flat", bench.sql / "copy_out.sql", file=rows), log)
        measure.warm(rows)
        ours = Contender("entrepot", load, empty_warehouse, None, bench.rows)
        theirs = Contender("COPY", server.run_file("bare", bench.sql / "copy_in.sql", file=rows), empty_table, None, bench.rows)
        bench.take_turns(ours, theirs)
        for question in ("copy_sums.sql", "copy_indexes.sql"):
            same(server.rows(bench.query(question), database="flat"), server.rows(bench.query(question), database="bare"), question)
        rows.unlink()
    return result("postgres_copy", f"{bench.rows:,} flat order lines as JSON lines into PostgreSQL, checked and deduplicated, against a bare COPY (binary) of the final "
                  "rows into the same table with the same index", [ours, theirs],
                  [value("speed, COPY = 1", measure.times_as_fast(ours, theirs), least=0.5), value("peak memory", max(ours.peak), most=500, unit="MB")],
                  ["Processor seconds and memory are those of the client, not of the server."])


def load_at_once(bench, server, folder, files):
    """Loads each file by a process of its own, all at the same time; the 95th percentile of their batches in milliseconds."""
    running = [subprocess.Popen([bench.program, "-C", folder, "--json", "load", "shopnow.orders", file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for file in files]
    for one in running:
        out, errors = one.communicate()
        if one.returncode != 0:
            raise measure.Failed(f"a load at once: exit {one.returncode}\n{out}{errors}")
    return float(server.value(bench.query("batches_p95.sql"), database="orders"))


def postgres_two(bench):
    """Orders of the same customers and products, dealt to two files: one of them alone, then both at once."""
    scale, times, runs = (max(ORDERS_LEAST, bench.rows // 5), bench.faults), {1: [], 2: []}, min(MOST_RUNS, bench.runs)
    files = bench.data.orders_in_two(*scale)
    with Server(settings=SETTINGS) as server:
        base = shop(bench, bench.data.orders(*scale), "shop_postgres", server.new_database("base"))
        for turn in range(runs):
            for n in times:
                folder = on_server(bench, base, "orders", server.new_database("orders", "base"))
                with open(folder / "entrepot.yaml", "a", encoding="ascii") as settings:
                    settings.write(f"commit_records: {BATCH_RECORDS}\n")
                times[n].append(load_at_once(bench, server, folder, files[:n]))
                measure.say(f"  {n} at once, run {turn + 1} of {runs}: 95th percentile {times[n][-1]:.0f} ms")
    alone, both = statistics.median(times[1]), statistics.median(times[2])
    return result("postgres_two", f"orders into PostgreSQL in batches of {BATCH_RECORDS:,} records, by one process and by two at once", [], [
        value("95th percentile of a batch, one process", alone, unit="ms"), value("95th percentile of a batch, two processes", both, unit="ms"),
        value("two processes to one", both / alone, most=2.2)],
        [f"A batch takes from its first record to that of the next one: reading, waiting, merging, committing; {runs} runs. One process: {spread(times[1])} ms, two: {spread(times[2])} ms."])


def spread(values):
    return f"{min(values):.0f} to {max(values):.0f}"


ROWS = {"postgres_copy": postgres_copy, "postgres_two": postgres_two}
