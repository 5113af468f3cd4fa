#!/usr/bin/python3
"""What row-level security costs: the same query by a seller under its policy and by the owner with a filter written by hand.

usage: bench/rls.py [--rows N] [--runs N] [--json]      on a PostgreSQL server of its own; prints a Markdown table, exit 1 above 1.1 times

--json: a row of `make bench` instead, as bench/lib/bench.py makes them.

One seller has 0.1 % of the order lines, one 20 %, 500 others share the rest. Runs alternate. A query's cost is the processor time of its server process, as the
kernel counts it, in nanoseconds: all rows lie in memory, and waiting for a busy machine is no cost of the policy. Medians count.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "lib"))
os.environ.setdefault("EP_ROOT", str(ROOT))

from small_pg import LOADER_PASSWORD, SmallMarket  # noqa: E402  (after the path is set)

AIM = 1.1
# A short query is asked until it has cost so much, or so often.
ENOUGH_MS, MOST_RUNS = 500, 200
PASSWORD = "password-of-the-bench"
SELLERS = {"small": "0.1 %", "big": "20 %"}

# {}: the filter, which the owner writes and the seller has by its policy.
QUERIES = {
    "turnover a month": "select ordered_on - extract(day from ordered_on)::int + 1 as month, sum(amount_reporting), count(*) from {table} {where} group by 1",
    "lines of one order": "select line_id, amount from {table} {where_and} order_id = 'o{n}'",
    "ten best products": "select product_id, sum(quantity) from {table} {where} group by product_id order by 2 desc, 1 limit 10",
    "mart sales_by_seller_month": "select * from mart.sales_by_seller_month {where}",
}

FILL = """
insert into main.fact_order_line (order_line_key, seller_id, order_id, line_id, product_id, condition, customer_id, quantity, unit_price, currency, status,
    ordered_at, ordered_on, event_at, amount, amount_reporting, commission_amount, commission_reporting, seller_key, product_key, customer_key)
select n, case when n % 1000 = 0 then 'small' when n % 5 = 1 then 'big' else 's' || n % 500 end, 'o' || n / 2, 'l' || n % 2, 'p-' || n % 977, 'new',
    'c-' || n % 10007, 1 + n % 3, 9.99, 'EUR', 'PLACED', timestamp '2026-01-01' + n % 300 * interval '1 day', date '2026-01-01' + (n % 300)::int,
    timestamp '2026-01-01', 9.99 * (1 + n % 3), 9.99 * (1 + n % 3), 1.0, 1.0, n % 500, n % 977, n % 10007
from generate_series(1, {rows}) n;
alter table main.fact_order_line add constraint fact_order_line_of_bench primary key (seller_id, order_id, line_id);
vacuum analyze main.fact_order_line;
"""


class Session:
    """One psql that stays connected, to one process of the server."""

    def __init__(self, market, role, password):
        self.psql = subprocess.Popen(["psql", "-XqAt", "-d", market.server.uri("shop", role)], env={**os.environ, "PGPASSWORD": password},
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.tell("set default_transaction_read_only = on; set max_parallel_workers_per_gather = 0; set work_mem = '64MB'")
        (self.pid,) = self.tell("select pg_backend_pid()")

    def tell(self, sql):
        self.psql.stdin.write(f"{sql};\n\\echo -- done\n")
        self.psql.stdin.flush()
        lines = []
        while (line := self.psql.stdout.readline()) and line != "-- done\n":
            lines.append(line)
        assert not any("ERROR" in line for line in lines), "".join(lines)
        return lines

    def processor_ms(self):
        return int(Path(f"/proc/{self.pid.strip()}/schedstat").read_text().split()[0]) / 1e6

    def measure(self, sql):
        """Milliseconds of processor, and the rows."""
        before = self.processor_ms()
        lines = self.tell(sql)
        return self.processor_ms() - before, lines

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()


def compare(owner, seller, name, query, runs, n):
    of_owner = query.format(table="main.fact_order_line", where=f"where seller_id = '{name}'", where_and=f"where seller_id = '{name}' and", n=n)
    of_seller = query.format(table="seller.fact_order_line", where="", where_and="where", n=n)
    times = {"owner": [], "seller": []}
    # The first of each is not counted; it tells how many a short query needs.
    by_hand, rows = owner.measure(of_owner)
    assert sorted(rows) == sorted(seller.tell(of_seller)) and rows, "both ways must give the same rows"
    for _ in range(max(runs, min(MOST_RUNS, int(ENOUGH_MS / max(by_hand, 0.1))))):
        times["owner"].append(owner.measure(of_owner)[0])
        times["seller"].append(seller.measure(of_seller)[0])
    return statistics.median(times["owner"]), statistics.median(times["seller"])


def row(rows, ratios):
    """What tools/bench shows: a ratio a query, the target where the rows cost more than what surrounds them."""
    values = []
    for what, by_hand, ratio in ratios:
        target = {"target": f"at most {AIM}", "met": ratio <= AIM} if by_hand >= 1 else {}
        values.append({"what": f"policy to filter by hand ({by_hand:.2f} ms), {what}", "value": round(ratio, 3), "unit": "", **target})
    return {"row": "rls", "title": f"row-level security on PostgreSQL over {rows:,} order lines", "figures": [], "values": values,
            "notes": ["Processor time of the server's process, medians of alternating runs; below a millisecond what surrounds a query costs more than the query."]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    table = sys.stderr if asked.json else sys.stdout
    worst, ratios = 0.0, []
    with tempfile.TemporaryDirectory(prefix="ep-bench-") as folder, SmallMarket(Path(folder), {"shared_buffers": "512MB"}) as market:
        market.run("access", "apply")
        market.psql(FILL.format(rows=asked.rows))
        path = Path(folder) / "password"
        path.write_text(PASSWORD)
        path.chmod(0o600)
        print(f"| seller with | query over {asked.rows:,} lines | by hand as owner, ms | under its policy, ms | ratio |\n|---|---|---|---|---|", file=table)
        for name, share in SELLERS.items():
            market.run("seller", "add", name, "--password-file", str(path))
            owner, seller = Session(market, "loader", LOADER_PASSWORD), Session(market, f"seller_{name}", PASSWORD)
            n = {"small": 500, "big": 3}[name]
            for title, query in QUERIES.items():
                by_hand, by_policy = compare(owner, seller, name, query, asked.runs, n)
                # Below a millisecond what surrounds a query costs more than the query.
                ratio = by_policy / by_hand
                worst = max(worst, ratio if by_hand >= 1 else 0)
                print(f"| {share} | {title} | {by_hand:.2f} | {by_policy:.2f} | {ratio:.2f} |", file=table, flush=True)
                ratios.append((f"{title}, seller with {share}", by_hand, ratio))
            owner.close()
            seller.close()
    print(f"\nthe worst ratio of queries of a millisecond or more: {worst:.2f}, aim {AIM}", file=table)
    if asked.json:
        print(json.dumps(row(asked.rows, ratios)))
    return 0 if worst <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
