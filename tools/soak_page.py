"""docs/soak.md: tables that the long runs append their own figures to."""

import datetime
import fcntl
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "soak.md"
# What the figures are about: a commit of documents or tests does not make them old.
PRODUCT = ["src", "sql", "contracts", "feeds", "lists", "derive", "marts", "reconcile", "meson.build"]
INTRO = """# Long runs

What `make soak` and `make fuzz` reached, written by themselves: nothing here is a plan. The commit is the last one that changed the
program or what it ships; `+` says that something was changed and not committed.
"""


def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")


def git(*args):
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), *args], capture_output=True, text=True, check=True).stdout.strip()


def commit():
    return git("log", "-1", "--format=%h", "--", *PRODUCT) + ("+" if git("status", "--porcelain", "--", *PRODUCT) else "")


def rows(section):
    """The rows of a section as lists of cells, without head."""
    if not PAGE.exists() or f"\n## {section}\n" not in PAGE.read_text():
        return []
    body = PAGE.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("|")][2:]


def append(section, head, row):
    """Adds a row at the end of a section; several runs may write at once."""
    with open(__file__, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = PAGE.read_text() if PAGE.exists() else INTRO
        if f"\n## {section}\n" not in text:
            text = f"{text.rstrip()}\n\n## {section}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
        before, after = text.split(f"\n## {section}\n")
        body, separator, rest = after.partition("\n## ")
        body = f"{body.rstrip()}\n| {' | '.join(row)} |\n"
        PAGE.write_text(f"{before}\n## {section}\n{body}{separator}{rest}")
