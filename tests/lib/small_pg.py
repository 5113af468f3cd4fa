"""A small market on a PostgreSQL server: three sellers of hand-made records, roles, policies and grants, for tests of access."""

import os

import pg
from wh import RELEASE, Warehouse

SELLERS = ("alba", "bruma")
LOADER_PASSWORD = "loader-of-the-test"


def records():
    at = 1767700000.0
    for n, seller in enumerate((*SELLERS, "shopnow")):
        yield "marketplace.vendors", {"event_id": f"v{n}", "vendor_id": seller, "vendor_name": f"House of {seller}", "vendor_status": "active",
                                      "vendor_category": "home", "vendor_tier": "gold", "vendor_email": f"{seller}@example.org", "vendor_country": "FR",
                                      "commission_rate": 0.1, "sequence": 1, "timestamp": at}
        yield "marketplace.offers", {"event_id": f"f{n}", "seller_id": seller, "sku": f"S-{n}", "product_id": "p-1", "title": f"Mug of {seller}",
                                     "price": 5 + n, "currency": "EUR", "sequence": 1, "timestamp": at + 1}
    yield "shopnow.products", {"event_id": "p1", "product_id": "p-1", "name": "Mug", "category": "home", "brand": "B", "status": "listed",
                               "sequence": 1, "timestamp": at - 9}
    for n in range(4):
        items = [{"product_id": "p-1", "seller_id": s, "unit_price": 10 + n, "quantity": 1 + k, "offer_sku": f"S-{k}", "line_id": f"l{k}"}
                 for k, s in enumerate(SELLERS) if n < 3 or k == 0]
        yield "shopnow.orders", {"event_id": f"o{n}", "order_id": f"order-{n}", "customer": {"id": f"c-{n}", "name": f"Person {n}",
                                 "email": f"person{n}@example.org"}, "items": items, "session_id": f"session-{n}", "currency": "EUR",
                                 "total_amount": sum(i["unit_price"] * i["quantity"] for i in items), "status": "PLACED", "timestamp": at + 60 * n}
    yield "shopnow.orders", {"event_id": "o9", "order_id": "order-9", "customer": {"id": "c-9"}, "currency": "EUR", "total_amount": 5, "status": "PLACED",
                             "items": [{"product_id": "p-1", "seller_id": "alba", "unit_price": 1, "quantity": -1, "line_id": "l"}], "timestamp": at}


class SmallMarket:
    """`with SmallMarket(folder) as market`: market.server, market.warehouse; market.run() is the program connected as `role`."""

    def __init__(self, folder, settings=None, port=5432):
        self.server = pg.Server(settings={**pg.STILL, **(settings or {})}, hba=pg.PASSWORDS, port=port)
        try:
            store = self.server.database_of("loader", LOADER_PASSWORD)
            self.warehouse = Warehouse(folder / "shop", shipped=True, store=store)
            self.warehouse.env = {"PGPASSWORD": LOADER_PASSWORD}
            by_feed = {}
            for feed, record in records():
                by_feed.setdefault(feed, []).append(record)
            for feed, told in by_feed.items():
                self.warehouse.load_records(feed, told)
        except BaseException:
            self.server.remove()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.remove()

    def run(self, *args, role=pg.SUPERUSER, password="", check=True, database="shop"):
        return self.warehouse.run(*args, check=check, binary=RELEASE, env={
            "ENTREPOT_CONNECT": self.server.uri(database, role), "PGPASSWORD": password})

    def psql(self, sql, role=pg.SUPERUSER, password=None, check=True, flags=("-XqAt",)):
        return self.server.ask(sql, database="shop", role=role, password=password, check=check, flags=flags)

    def give_passwords(self, folder, sellers=SELLERS):
        """Logins of sellers by the program; {seller: password}."""
        made = {}
        for seller in sellers:
            path = folder / f"{seller}.password"
            made[seller] = f"password-of-{seller}-1"
            path.write_text(made[seller] + "\n")
            os.chmod(path, 0o600)
            self.run("seller", "add", seller, "--password-file", str(path))
        return made
