"""The readable table, and docs/benchmarks.md: made from bench/results.json, which keeps each row as it was last measured in full."""

import datetime
import json
import os
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE, RESULTS, INTRO = ROOT / "docs" / "benchmarks.md", ROOT / "bench" / "results.json", ROOT / "bench" / "page_head.md"
# What the figures are about: a commit of documents or tests does not make them old.
PRODUCT = ["src", "sql", "bench", "contracts", "feeds", "lists", "derive", "meson.build"]


def git(*args):
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), *args], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def commit():
    # The page's own source is no change of what is measured.
    changed = git("status", "--porcelain", "--", *PRODUCT, ":!bench/results.json")
    return (git("log", "-1", "--format=%h", "--", *PRODUCT, ":!bench/results.json") or "unknown") + ("+" if changed else "")


def first(pattern, path, default="?"):
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else default


def machine(bench):
    """What the figures depend on, as pairs."""
    version = bench.ask_engine(":memory:", "select version() as v")["v"]
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    memory_kb = int(first(r"^MemTotal:\s+(\d+)", "/proc/meminfo", "0"))
    model = first(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo", platform.machine())
    return {"processor": f"{model}, {len(bench.cores)} cores used of {os.cpu_count()}",
            "memory": f"{memory_kb / 1e6:.1f} GB", "system": f"{first(r'^PRETTY_NAME=.(.+).$', '/etc/os-release')}, kernel {platform.release()}",
            "compiler": f"{compiler}, -O2", "DuckDB": version, "load before": f"{os.getloadavg()[0]:.2f} (1 minute)"}


def stamp(row, bench, about):
    """Adds when, of what and how a row was measured."""
    row |= {"commit": commit(), "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M"),
            "runs": bench.runs, "scale": bench.rows, "machine": about}
    return row


# The table


def number(x):
    if isinstance(x, int):
        return f"{x:,}"
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.0f}" if abs(x) >= 100 else f"{x:.2f}"


def times(spread):
    return f"{spread[0]:.2f} ({spread[1]:.2f}..{spread[2]:.2f})"


def figure_cells(one):
    rate = f"{one['rows'] / one['seconds'][0]:,.0f}" if one.get("rows") else ""
    return [one["name"], times(one["seconds"]), times(one["cpu"]), f"{one['peak_mb']:.0f}", rate]


FIGURE_HEAD = ["", "seconds", "processor seconds", "peak MB", "rows/s"]
VALUE_HEAD = ["", "measured", "target", ""]


def value_cells(one):
    verdict = {True: "met", False: "**not met**", None: ""}[one.get("met")]
    return [one["what"], f"{number(one['value'])} {one['unit']}".strip(), one.get("target", ""), verdict]


def plain(head, rows):
    """A table for a terminal."""
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  " + "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in rows)


def markdown(head, rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] + ["--:"] * (len(head) - 1), *rows])


def show(row):
    values = [[cell.replace("*", "") for cell in value_cells(one)] for one in row["values"]]
    parts = [f"\n{row['row']}: {row['title']}"]
    if row["figures"]:
        parts.append(plain(FIGURE_HEAD, [figure_cells(one) for one in row["figures"]]))
    parts.append(plain(VALUE_HEAD, values))
    return "\n".join(parts + [f"  {note}" for note in row["notes"]])


# The page


def targets(rows):
    """One line a target over all rows."""
    return markdown(["row", "what", "measured", "target", ""],
                    [[f"[{row['row']}](#{row['row']})", *value_cells(one)] for row in rows for one in row["values"] if "met" in one])


def section(row):
    parts = [f"## {row['row']}", row["title"] + "."]
    if row["figures"]:
        parts.append(markdown(FIGURE_HEAD, [figure_cells(one) for one in row["figures"]]))
    parts += [markdown(VALUE_HEAD, [value_cells(one) for one in row["values"]]), *row["notes"],
              f"Measured {row['date']} UTC at {row['commit']}, scale {row['scale']:,}, {row['runs']} runs, load before {row['machine']['load before']}."]
    return "\n\n".join(parts)


def page(rows):
    about = rows[-1]["machine"] if rows else {}
    kept = "\n".join(f"- {key}: {text}" for key, text in about.items() if key != "load before")
    return "\n\n".join([INTRO.read_text().strip(), "# Figures\n\n" + kept, targets(rows), *map(section, rows)]) + "\n"


def keep(new, order):
    """Puts rows in the place of their last measurement and writes the page anew."""
    kept = {row["row"]: row for row in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    kept |= {row["row"]: row for row in new}
    rows = sorted(kept.values(), key=lambda row: order.index(row["row"]) if row["row"] in order else len(order))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    PAGE.write_text(page(rows))
