"""What every row of the benchmark needs: the programs, the data, a place to work, and the form of a result.

A row is a function row(bench) -> dict made by result(), or a program bench/NAME.py that prints such dicts as JSON, one a line.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import measure
from data import Data, fresh

ROOT = Path(__file__).resolve().parents[2]


class Bench:
    """`rows` is the scale: the events of the flat rows; the others follow from it."""

    def __init__(self, rows, runs, folder, faults=0.01):
        build = ROOT / "build" / "release"
        self.program = Path(os.environ.get("ENTREPOT_RELEASE", build / "entrepot"))
        self.driver, self.decoder = build / "bench" / "duckdb_sql", build / "bench" / "decode_check"
        self.sql = ROOT / "bench" / "sql"
        self.rows, self.runs, self.faults = rows, runs, faults
        self.cores = sorted(os.sched_getaffinity(0))
        self.data = Data(self.program, folder)
        self.work = self.data.folder / "work"
        fresh(self.work)

    def done(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def take_turns(self, *contenders, runs=None):
        measure.take_turns(contenders, runs or self.runs, self.work / "output", measure.say)

    # Warehouses

    def entrepot(self, folder, *args):
        """Runs the program outside of any measurement and returns what it prints."""
        done = subprocess.run([self.program, "-C", folder, *map(str, args)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise measure.Failed(f"entrepot {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def flat_warehouse(self, name, **settings):
        """An empty warehouse of bench/flat."""
        return self.copy_of(ROOT / "bench" / "flat", name, **settings)

    def copy_of(self, source, name, **settings):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        with open(folder / "entrepot.yaml", "a", encoding="ascii") as f:
            f.writelines(f"{key}: {value}\n" for key, value in settings.items())
        return folder

    def ask(self, folder, query):
        """The one row of a query in a warehouse."""
        return json.loads(self.entrepot(folder, "sql", "--format", "json", query))

    # The engine by itself

    def engine(self, script, database, **variables):
        """The command that runs bench/sql/SCRIPT on a file, with as many threads as there are cores."""
        words = [word for key, value in variables.items() for word in ("--var", f"{key}={value}")]
        return [self.driver, "--threads", len(self.cores), *words, database, self.sql / script]

    def run_engine(self, script, database, **variables):
        """The same, outside of any measurement."""
        command = list(map(str, self.engine(script, database, **variables)))
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def ask_engine(self, database, query):
        """The one row of a query in a file of the engine."""
        script = self.work / "ask.sql"
        script.write_text(f"copy ({query}) to '/dev/stdout' (format json);")
        out = subprocess.run([self.driver, database, script], capture_output=True, text=True, check=True).stdout
        # The engine also tells how many rows it copied.
        return json.loads(out[:out.index("}") + 1])

    def query(self, name):
        """A query without the comment above it: an argument that starts with -- would be an option."""
        lines = (self.sql / name).read_text().splitlines()
        return "\n".join(line for line in lines if not line.startswith("--"))


def remove(*paths):
    """Database files with their logs."""
    for path in paths:
        for suffix in ("", ".wal"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def same(ours, theirs, what):
    if ours != theirs:
        raise measure.Failed(f"{what} differ:\n  entrepot {ours}\n  engine   {theirs}")


def value(what, number, least=None, most=None, aim=None, unit=""):
    """A figure with its target, if it has one: at least `least`, or at most `most`."""
    made = {"what": what, "value": round(number, 3), "unit": unit}
    if least is not None:
        made |= {"target": f"at least {least:g}" + (f", aim {aim:g}" if aim else ""), "met": number >= least}
    if most is not None:
        made |= {"target": f"at most {most:g}", "met": number <= most}
    return made


def result(name, title, contenders, values, notes=()):
    return {"row": name, "title": title, "figures": [one.figures() for one in contenders], "values": values, "notes": list(notes)}


def compared(ours, theirs, least=None, aim=None):
    """The values every comparison has: speed in wall time with its target, and beside it in processor time."""
    return [value(f"speed, {theirs.name} = 1", measure.times_as_fast(ours, theirs), least=least, aim=aim),
            value("the same in processor time", measure.times_as_fast(ours, theirs, "cpu"))]
