"""What sellers, products and offers are and were, computed from the files as they came: the rows that the marts list (docs/marts.md). The
history is that of the independent model of history, the reading of the streams that of the model of the figures; nothing is the program's.
"""

import datetime
from decimal import Decimal

import figures
import model

SELLER = {"name": 3, "status": 2, "category": 2, "tier": 2, "commission_rate": 2, "country": 1, "first_country": 0}
PRODUCT = {"name": 2, "category": 2, "brand": 1}
OFFER = {"product_id": 2, "gtin": 1, "title": 1, "price": 2, "currency": 2, "stock_policy": 2, "lead_time_days": 2, "available": 2}


def moment(record):
    at = figures.EPOCH + datetime.timedelta(microseconds=figures.micro(record["timestamp"]))
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def change(record, **names):
    return {"at": moment(record), "seq": record.get("sequence") or 0, "deleted": bool(record.get("deleted")),
            "values": figures.sent(record, **names)}


def condition_of(record):
    return record.get("condition") or "new"


class Catalogue:
    """Histories by natural key: {key: [version, ...]} as model.versions() gives them; who is only named has an inferred one."""

    def __init__(self, of):
        self.of = of  # the Figures of the same streams
        self.sellers = self.histories(SELLER, self.told_of_sellers(), self.named_sellers())
        self.products = self.histories(PRODUCT, self.told_of_products(), set())
        self.offers = self.histories(OFFER, self.told_of_offers(), self.named_offers())
        self.gtins, self.skus = self.identifiers()

    @staticmethod
    def histories(types, told, named):
        changes = {}
        for key, one in told:
            changes.setdefault(key, []).append(one)
        known = {key: model.versions(ones, types) for key, ones in changes.items()}
        return known | {key: model.inferred(types) for key in named - known.keys()}

    def told_of_sellers(self):
        for one in self.of.streams["vendors"]:
            yield figures.seller_of(one), change(one, name="vendor_name", status="vendor_status", category="vendor_category", tier="vendor_tier",
                                                 commission_rate="commission_rate", country="vendor_country", first_country="vendor_country")

    def told_of_products(self):
        for one in self.of.streams["products"]:
            yield one["product_id"], change(one, name="name", category="category", brand="brand")
        for order in self.of.streams["orders"]:
            for item in order["items"]:
                yield item["product_id"], {**change({"timestamp": order["timestamp"]}), "values": figures.sent(item, name="name", category="category")}

    def told_of_offers(self):
        for one in self.of.streams["offers"]:
            yield (figures.seller_of(one), one["sku"], condition_of(one)), change(one, **{name: name for name in OFFER})

    def named_sellers(self):
        """Of all that come with a seller, whoever it is; pages of the shop have none that must be one."""
        streams = ("offers", "stock", "availability", "order_status", "shipments", "returns")
        named = {figures.owner_of(one) for stream in streams for one in self.of.streams[stream]} | {one["seller"] for one in self.of.sales}
        return named | {seller for seller, *_ in self.of.rules if seller != "*"} | \
            {figures.seller_of(one) for one in self.of.streams["product_identifiers"] if one["scheme"] != "gtin"}

    def named_offers(self):
        of_streams = {(figures.seller_of(one), one["sku"], condition_of(one)) for stream in ("stock", "availability") for one in self.of.streams[stream]}
        return of_streams | {(one["seller"], one["sku"], one["condition"]) for one in self.of.sales if one["sku"] is not None}

    def identifiers(self):
        """What a trade item number, and what a seller's SKU stands for: the last word."""
        gtins, skus = {}, {}
        for one in sorted(self.of.streams["product_identifiers"], key=lambda one: (moment(one), one["sequence"])):
            if one["scheme"] == "gtin":
                gtins[one["value"]] = one["product_id"]
            else:
                skus[figures.seller_of(one), one["value"]] = one["product_id"]
        return gtins, skus

    @staticmethod
    def now(history):
        return history[-1]

    @staticmethod
    def then(history, at):
        text = moment({"timestamp": Decimal(at) / 10**6})
        (found,) = [row for row in history if row["valid_from"] <= text < row["valid_to"]]
        return found

    def listed_offers(self):
        """{(seller, sku, condition): row} of the offers there are, each with the product it stands for."""
        rows = {}
        for key, history in self.offers.items():
            offer = self.now(history)
            if offer["is_deleted"]:
                continue
            found = [(how, product) for how, product in (("product_id", offer["product_id"]), ("gtin", self.gtins.get(offer["gtin"])),
                                                         ("sku", self.skus.get(key[:2]))) if product is not None]
            how, product = found[0] if found else ("unresolved", None)
            known = self.now(self.products[product]) if product in self.products else {"name": None, "category": None}
            rows[key] = {"product_id": product, "product_found_by": how, "product_name": known["name"], "product_category": known["category"],
                         **{name: offer[name] for name in ("title", "price", "currency", "stock_policy", "lead_time_days", "available", "is_inferred")}}
        return rows

    def offer_versions(self):
        names = ("valid_to", "price", "currency", "stock_policy", "lead_time_days", "available", "is_deleted")
        return {(*key, one["valid_from"]): {name: one[name] for name in names}
                for key, history in self.offers.items() for one in history if not one["is_inferred"]}

    def seller_versions(self):
        names = ("valid_to", "name", "status", "category", "tier", "commission_rate", "is_current", "is_deleted")
        return {(key, one["valid_from"]): {name: one[name] for name in names}
                for key, history in self.sellers.items() for one in history if not one["is_inferred"]}

    def listed_sellers(self):
        names = ("name", "previous_name", "status", "category", "tier", "country", "first_country", "commission_rate", "is_inferred")
        return {key: {name: self.now(history)[name] for name in names}
                for key, history in self.sellers.items() if not self.now(history)["is_deleted"]}

    def sold(self):
        """{(seller, order, line): what was sold, as it was and as it is}"""
        return {(one["seller"], one["order"], one["line"]): self.resolved(one) for one in self.of.sales}

    def resolved(self, sale):
        seller, product = self.sellers[sale["seller"]], self.products[sale["product"]]
        row = {"seller_country": self.now(seller)["country"], "brand": self.now(product)["brand"], "product_id": sale["product"]}
        for when, (s, p) in {"then": (self.then(seller, sale["at"]), self.then(product, sale["at"])), "now": (self.now(seller), self.now(product))}.items():
            row |= {f"seller_{name}_{when}": s[name] for name in ("name", "status", "category", "tier")}
            row |= {f"product_{name}_{when}": p[name] for name in ("name", "category")}
        offer = None if sale["sku"] is None else self.then(self.offers[sale["seller"], sale["sku"], sale["condition"]], sale["at"])
        return row | {"offer_price_then": offer and offer["price"], "lead_time_days_then": offer and offer["lead_time_days"]}

    def came_back(self):
        """{(seller, return, order, line): what came back, and the sale it belongs to}"""
        sales, rows = {(one["seller"], one["order"], one["line"]): one for one in self.of.sales}, {}
        for one in self.of.streams["returns"]:
            seller, line = figures.owner_of(one), one.get("line_id") or f"{one['product_id']}#1"
            sale, on = sales.get((seller, one["order_id"], line)), figures.day(figures.micro(one["timestamp"]))
            fx = self.of.exchange(one["currency"], on)
            rows[seller, one["return_id"], one["order_id"], line] = {
                "product_id": one["product_id"], "quantity": one["quantity"], "reason": one.get("reason"), "refund_amount": one["refund_amount"],
                "currency": one["currency"], "refund_reporting": None if fx is None else figures.money(Decimal(one["refund_amount"]) * fx),
                "returned_at": moment(one), "returned_on": on, "ordered_on": sale and sale["day"],
                "days_after_order": sale and (on - sale["day"]).days, "is_line_known": sale is not None}
        return rows
