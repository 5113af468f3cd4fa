"""Three worlds for one seller: the same market, told with other sellers, with different others, and with none.

What the seller A did is the same to the byte in all three; orders shared with others lose or change the others' items only.
"""

import json
import random
import subprocess
from pathlib import Path

from wh import RELEASE, Warehouse

A = "maison_lune"
EXTERNAL = "V-1001"  # what lists/sellers.csv calls it for the shop's older producers
WORLDS = ("others", "different", "alone")

# Where each feed's files lie, parents first.
FEEDS = [
    ("reference.fx_rates", "reference/fx_rates*.csv"), ("reference.categories", "reference/categories*.csv"),
    ("shopnow.products", "products/*.jsonl"), ("reference.product_identifiers", "reference/product_identifiers*.jsonl"),
    ("marketplace.vendors", "vendors/*.jsonl"), ("reference.commission_rules", "reference/commission_rules.csv"),
    ("marketplace.offers", "offers/*.jsonl"), ("shopnow.orders", "orders/*.jsonl"),
    ("marketplace.order_status", "order_status/*.jsonl"), ("marketplace.shipments", "shipments/*.jsonl"),
    ("marketplace.returns", "returns/*.jsonl"), ("marketplace.stock", "stock/*.jsonl"),
    ("marketplace.availability", "availability/*.jsonl"), ("shopnow.clickstream", "clickstream/*.jsonl"),
]


def generate(folder, days=6, orders=40):
    subprocess.run([RELEASE, "generate", "--out", str(folder), "--seed", "11", "--days", str(days), "--orders-per-day", str(orders),
                    "--clicks-per-order", "3", "--sellers", "6", "--products", "40", "--customers", "30"],
                   check=True, stdout=subprocess.DEVNULL)


def seller_of(record):
    said = record.get("seller_id") or record.get("vendor_id")
    return A if said == EXTERNAL else said


class Teller:
    """Tells the generated market as one world knows it. `canary` stands in every text of others that can hold one."""

    def __init__(self, world, seed):
        self.world = world
        self.random = random.Random(f"{seed}/{world}")
        self.canary = f"canary{self.random.getrandbits(64):016x}"

    def alter(self, record):
        """Another one's record, with a canary, and in the world of different others with other figures too."""
        for name in ("vendor_name", "title", "tracking_code"):
            if record.get(name):
                record[name] = f"{self.canary}-{name}"
        if "vendor_email" in record:
            record["vendor_email"] = f"{self.canary}@example.org"
        if self.world == "different":
            for name in ("price", "unit_price", "refund_amount"):
                if isinstance(record.get(name), (int, float)):
                    record[name] = round(record[name] * self.random.choice([0.5, 3, 7]) + 0.01, 2)
            for name in ("quantity", "level"):
                if isinstance(record.get(name), int):
                    record[name] += self.random.randint(1, 5)
        return record

    def keeps(self):
        return self.world == "others" or (self.world == "different" and self.random.random() < 0.6)

    def tell(self, feed, record):
        """The record as it is known in this world, or None."""
        if feed == "shopnow.orders":
            items = []
            for item in record["items"]:
                if seller_of(item) == A:
                    items.append(item)
                elif self.keeps():
                    items.append(self.alter(item))
            record["items"] = items
            if not items:
                return None
            record["total_amount"] = round(sum(i.get("unit_price", i.get("price")) * i["quantity"] for i in items), 2)
            return record
        owner = seller_of(record)
        if owner == A or (owner is None and feed != "shopnow.clickstream"):
            return record
        # Pages that belong to nobody are others' too: who came to the shop is not A's to know.
        return self.alter(record) if self.keeps() else None

    def more(self, feed):
        """Records nobody generated: bad ones of A, the same everywhere, and of others; names that only others know."""
        at = 1767700000.5
        bad = {"order_id": "o-bad", "customer": {"id": "c-bad"}, "total_amount": 1, "currency": "EUR", "status": "PLACED", "timestamp": at}
        item = {"product_id": "p-0001", "unit_price": 1, "quantity": -1, "offer_sku": "X", "line_id": "b1"}
        mine = {
            "shopnow.orders": [{**bad, "event_id": "e-bad-1", "items": [{**item, "seller_id": A}]}],
            "marketplace.stock": [{"event_id": "e-bad-2", "movement_id": "m-bad", "seller_id": A, "sku": "S", "timestamp": at}],
        }
        theirs = {
            "shopnow.orders": [{**bad, "event_id": "e-bad-3", "items": [{**item, "seller_id": "nordwind", "line_id": self.canary}]}],
            "marketplace.offers": [{"event_id": "e-x-1", "seller_id": "nordwind", "sku": f"sku-{self.canary}", "title": self.canary, "price": 5.5,
                                    "product_id": f"p-{self.canary}", "currency": "EUR", "sequence": 1, "timestamp": at}],
            "marketplace.stock": [{"event_id": "e-x-2", "movement_id": f"m-{self.canary}", "seller_id": "casa_verde", "sku": self.canary, "level": 3,
                                   "timestamp": at}],
        }
        # An order shared by A and another: only the items of the other are bad.
        shared = {**bad, "event_id": "e-sh", "order_id": "o-shared", "customer": {"id": "c-shared", "name": "N. N."},
                  "items": [{**item, "seller_id": A, "quantity": 2, "line_id": "s1"}]}
        if self.world != "alone":
            shared["items"].append({**item, "seller_id": "nordwind", "unit_price": 999.5, "line_id": f"s-{self.canary}"})
        told = list(mine.get(feed, []))
        if feed == "shopnow.orders":
            told.append(shared)
        return told + (theirs.get(feed, []) if self.world != "alone" else [])


def write_world(source, target, teller):
    """The files of one world."""
    for feed, pattern in FEEDS:
        for path in sorted(source.glob(pattern)):
            out = target / path.relative_to(source)
            out.parent.mkdir(parents=True, exist_ok=True)
            lines = path.read_text().splitlines()
            if path.suffix == ".csv":
                place = lines[0].split(",").index("seller_id") if "seller_id" in lines[0] else None
                kept = lines[:1] + [x for x in lines[1:] if place is None or x.split(",")[place] in ("", "*", A) or teller.world != "alone"]
            else:
                told = [teller.tell(feed, json.loads(line)) for line in lines]
                kept = [json.dumps(one) for one in told if one is not None]
            if kept:
                out.write_text("\n".join(kept) + "\n")
        extra = teller.more(feed)
        if extra:
            (target / pattern.split("/")[0]).mkdir(parents=True, exist_ok=True)
            (target / pattern.split("/")[0] / "zz-more.jsonl").write_text("".join(json.dumps(one) + "\n" for one in extra))


def load_world(warehouse, files):
    for feed, pattern in FEEDS:
        paths = sorted(files.glob(pattern))
        if paths:
            warehouse.run("--quiet", "load", feed, *paths)


def make_world(folder, source, world, seed, store, password):
    """A warehouse of one world, loaded into the database that `store` names, and its teller."""
    teller = Teller(world, seed)
    files = Path(folder) / f"files-{world}"
    write_world(Path(source), files, teller)
    warehouse = Warehouse(Path(folder) / f"shop-{world}", shipped=True, store=store)
    warehouse.env = {"PGPASSWORD": password}
    load_world(warehouse, files)
    return warehouse, teller
