"""A marketplace's days loaded while the program is killed again and again, compared with the same days loaded in peace.

Whether a kill hit an open transaction is read from what it left on the disk: an open one has archived records in a file that is
still growing, or in a file that the committed books do not name. The short time between the begin of a transaction and its first
archived record counts as outside.
"""

import json
import os
import random
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field

from wh import RELEASE, ROOT, Warehouse

# As they come: what depends on others neither first nor last.
FEEDS = [("marketplace.vendors", "vendors"), ("marketplace.offers", "offers"), ("shopnow.orders", "orders"),
         ("marketplace.order_status", "order_status"), ("marketplace.stock", "stock"), ("shopnow.clickstream", "clickstream")]
CRASH_POINTS = re.findall(r'X\("(\w+)"\)', (ROOT / "src" / "warehouse" / "crash.h").read_text())
COMMIT_RECORDS = 40
WAIT_S = 60


@dataclass
class Figures:
    seed: int
    kills: int = 0
    in_transaction: int = 0
    survived: int = 0  # ended before the kill came
    points: set = field(default_factory=set)
    transactions: int = 0


def generate(folder, seed, days):
    subprocess.run([RELEASE, "--quiet", "generate", "--out", str(folder), "--seed", str(seed), "--from", "2025-12-31", "--days", str(days),
                    "--orders-per-day", "50", "--clicks-per-order", "6", "--sellers", "12", "--products", "60", "--customers", "60",
                    "--faults", "5%"], check=True, stdout=subprocess.DEVNULL)
    return {feed: sorted((folder / stream).glob("*.jsonl")) for feed, stream in FEEDS}


def warehouse(folder):
    w = Warehouse(folder, shipped=True)
    with open(w.folder / "entrepot.yaml", "a") as out:
        out.write(f"commit_records: {COMMIT_RECORDS}\n")
    return w


def growing(w):
    return set((w.folder / "data" / "archive").glob("growing-*.tmp"))


def unnamed(w):
    """Archive files that no committed transaction names: (path, inode), since the same batch makes the same name again."""
    there = {(path.relative_to(w.folder).as_posix(), path.stat().st_ino) for path in (w.folder / "data" / "archive").glob("*/*/*.zst")}
    if not there:
        return there
    done = w.run("sql", "--format", "csv", "select path from books.archive", check=False)
    named = set(done.out.splitlines()[1:])
    return {(path, inode) for path, inode in there if path not in named}


def start(w, feed, paths, env=None):
    return subprocess.Popen([w.binary, "-C", str(w.folder), "--json", "load", feed, *map(str, paths)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})


def finish(process):
    """The figures of a load that must end well."""
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    return json.loads(out)


def wait_begun(w, process):
    """Until the first archived record is on the disk; false when the load ended before anyone saw one."""
    before, until = growing(w), time.monotonic() + WAIT_S
    while process.poll() is None and time.monotonic() < until:
        if growing(w) - before:
            return True
        time.sleep(0.001)
    return False


def load_in_peace(w, files):
    """Seconds a feed from the first archived record to the end."""
    spans = {}
    for feed, paths in files.items():
        process = start(w, feed, paths)
        wait_begun(w, process)
        begun = time.monotonic()
        finish(process)
        spans[feed] = time.monotonic() - begun
    return spans


def kill_once(w, feed, paths, env, delay_s):
    """One load that is killed, by a crash point or after a delay. None: it ended first; else whether a transaction was open."""
    orphans = unnamed(w)
    before = growing(w)
    process = start(w, feed, paths, env)
    if not env and wait_begun(w, process):
        time.sleep(delay_s)
        process.kill()
    process.communicate()
    code = process.returncode
    if code == 0:
        return None
    assert code == -signal.SIGKILL, (feed, code)
    was_open = bool(growing(w) - before or unnamed(w) - orphans)
    print(f"{feed}: {env.get('ENTREPOT_CRASH') or f'after {delay_s:.3f} s'}: {'open' if was_open else 'between'}")
    return was_open


CLASSES = """select source, sum(received) as received, sum(applied) as applied, sum(unchanged) as unchanged, sum(duplicate) as duplicate,
    sum(quarantined) as quarantined, sum(waiting) as waiting, sum(ignored) as ignored from books.load group by 1 order by 1"""
ASIDE = "select source, record, group_no, owner, codes from books.quarantine where status = 'open' order by 1, 2, 3, 4, 5"


def run(folder, seed, n_kills, days):
    """Raises when anything differs from the undisturbed run; the figures otherwise."""
    draw, figures = random.Random(seed), Figures(seed)
    files = generate(folder / "days", seed, days)
    calm, hit = warehouse(folder / "calm"), warehouse(folder / "hit")
    spans = load_in_peace(calm, files)
    figures.transactions = calm.value("select count(distinct received_at) from books.load")

    points = CRASH_POINTS[:]
    draw.shuffle(points)
    total_s, left = sum(spans.values()), n_kills
    share = {feed: max(1, round(n_kills * span / total_s)) for feed, span in spans.items()}
    for number, (feed, paths) in enumerate(files.items()):
        quota = left if number == len(files) - 1 else min(left, share[feed])
        # The points strike where there are many transactions; by the second transaction at the latest.
        n_here = len(points) if number == len(files) - 1 else 2 if number >= 2 else 0
        ways = points[:n_here]
        ways += [None] * max(0, quota - len(ways))
        draw.shuffle(ways)
        for point in ways:
            env = {"ENTREPOT_CRASH": f"{point}:{draw.choice([1, 2])}"} if point else {}
            was_open = kill_once(hit, feed, paths, env, draw.uniform(0, 1.3 * spans[feed] / (1 + len(ways))))
            if was_open is None:
                figures.survived += 1
                break
            left -= 1
            figures.kills += 1
            figures.in_transaction += was_open
            if point:
                figures.points.add(point)
                points.remove(point)
            hit.check_books()
        hit.run("load", feed, *paths)

    check_equal(calm, hit, files)
    return figures


def check_equal(calm, hit, files):
    assert hit.hash() == calm.hash()
    received = {row["source"]: row["received"] for row in hit.sql(CLASSES)}
    assert received == {str(path): sum(1 for line in open(path, "rb") if line.strip()) for paths in files.values() for path in paths}
    assert hit.tuples(CLASSES) == calm.tuples(CLASSES)
    assert hit.tuples(ASIDE) == calm.tuples(ASIDE)
    hit.check_books()
    assert not growing(hit) and not unnamed(hit)
    done = hit.run("verify", check=False)
    assert done.returncode == 0, done.out + done.err
