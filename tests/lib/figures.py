"""Every figure of the marts, computed from the files as they came, in plain Python: what docs/marts.md and docs/payloads.md say, and
nothing of the program. `streams` is {stream: [record, ...]} in any order; some may come twice. All records are good ones, but for orders,
which may have lines with a quantity that cannot be: then the sub-order of that seller does not count.

Numbers are Decimal, days are dates of Paris. Sums of amounts leave out what has no exchange rate, as SQL does.
"""

import datetime
import hashlib
import json
import re
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
CUT_OVER = 1767225600 * 10**6
NAMES = {"ShopNow": "shopnow", "V-1001": "maison_lune", "V-1002": "nordwind", "V-1003": "casa_verde"}
PLACE = Decimal("0.0001")


def micro(moment):
    """Microseconds since 1970 of a number of seconds (Decimal, exact) or a text with its zone."""
    if isinstance(moment, str):
        return (datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")) - EPOCH) // datetime.timedelta(microseconds=1)
    return int(Decimal(moment) * 10**6)


def day(at):
    return (EPOCH + datetime.timedelta(microseconds=at)).astimezone(PARIS).date()


def month(date):
    return date.replace(day=1)


def money(amount):
    return amount.quantize(PLACE, ROUND_HALF_UP)


def seller_of(record, default=None):
    named = record.get("seller_id", record.get("vendor_id"))
    if named is None:
        return default
    if named in NAMES:
        return NAMES[named]
    return named if re.fullmatch("[a-z0-9_]{1,40}", named) else "x_" + hashlib.sha256(named.encode()).hexdigest()[:24]


def owner_of(record):
    """Of a record that may lack its seller before the cut-over."""
    return seller_of(record, "shopnow" if micro(record["timestamp"]) < CUT_OVER else None)


def seller_of_item(order, item):
    return seller_of(item, "shopnow" if micro(order["timestamp"]) < CUT_OVER else None)


def refused_sellers(order):
    """Whose part of an order is set aside whole: sellers with a line of other than 1 to 1000 whole units."""
    return {seller_of_item(order, item) for item in order["items"]
            if not (isinstance(item["quantity"], int) and 1 <= item["quantity"] <= 1000)}


def once(records):
    """A record that comes again, or another with the same content, counts once."""
    return list({json.dumps(one, sort_keys=True, default=str): one for one in records}.values())


class Story:
    """Changes of keys: what was sent of each, by event time and sequence."""

    def __init__(self):
        self.changes = defaultdict(list)

    def tell(self, key, at, sequence, values):
        self.changes[key].append((at, sequence or 0, values))

    def states(self, key):
        """[(at, state)], the last of equal event times only."""
        state, result = {}, {}
        for at, _, values in sorted(self.changes.get(key, []), key=lambda one: one[:2]):
            state = {**state, **values}
            result[at] = state
        return sorted(result.items())

    def first(self, key, name):
        """The first value sent of a type 0 attribute."""
        for _, _, values in sorted(self.changes[key], key=lambda one: one[:2]):
            if values.get(name) is not None:
                return values[name]
        return None

    def last(self, key):
        states = self.states(key)
        return states[-1][1] if states else {}

    def then(self, key, at):
        """The first state reaches back to the beginning of time."""
        states = self.states(key)
        before = [state for moment, state in states if moment <= at]
        return (before or [state for _, state in states[:1]] or [{}])[-1]


def sent(record, **names):
    """Members that are there, be they null, under the warehouse's names."""
    return {ours: record[theirs] for ours, theirs in names.items() if theirs in record}


def date_of(text):
    return datetime.date.fromisoformat(text) if text else None


class Figures:
    def __init__(self, streams):
        self.streams = defaultdict(list, {name: once(records) for name, records in streams.items()})
        self.dimensions()
        self.rates()
        self.statuses()
        self.lines()
        self.returns()
        self.stock()

    # What things are

    def dimensions(self):
        self.sellers, self.products = Story(), Story()
        for one in self.streams["vendors"]:
            self.sellers.tell(seller_of(one), micro(one["timestamp"]), one.get("sequence"), sent(one, category="vendor_category", name="vendor_name"))
        for one in self.streams["products"]:
            self.products.tell(one["product_id"], micro(one["timestamp"]), one.get("sequence"), sent(one, category="category"))
        for one in self.streams["orders"]:
            for item in one["items"]:
                self.products.tell(item["product_id"], micro(one["timestamp"]), 0, sent(item, category="category"))

    def rates(self):
        self.fx, rules = {}, {}
        revision = {}
        for one in self.streams["fx_rates"]:
            key, nth = (one["currency"], date_of(one["date"])), int(one["revision"] or 1)
            if nth >= revision.get(key, 0):
                revision[key], self.fx[key] = nth, Decimal(one["rate"])
        for one in self.streams["commission_rules"]:
            seller = seller_of({"seller_id": one["seller_id"]}) if one["seller_id"] else "*"
            key, nth = (seller, one["category"] or "*", date_of(one["valid_from"])), int(one["revision"] or 1)
            if nth >= rules.get(key, (0,))[0]:
                rules[key] = (nth, date_of(one["valid_to"]), Decimal(one["rate"]))
        self.rules = rules

    def exchange(self, currency, on):
        if currency == "EUR":
            return Decimal(1)
        for back in range(11):
            rate = self.fx.get((currency, on - datetime.timedelta(days=back)))
            if rate is not None:
                return rate
        return None

    def commission_rate(self, seller, category, on):
        for key in ((seller, category), (seller, "*"), ("*", category), ("*", "*")):
            fitting = [(starts, rate) for (s, c, starts), (_, ends, rate) in self.rules.items()
                       if (s, c) == key and starts <= on and (ends is None or on < ends)]
            if fitting and key[1] is not None:
                return max(fitting)[1]
        return None

    # What was sold

    def statuses(self):
        """The first cancellation of a line, or of all lines ('*'), by (seller, order, line)."""
        self.cancelled = {}
        self.fulfilment = defaultdict(dict)

        def told(seller, order, line, status, at):
            if status == "CANCELLED":
                key = (seller, order, line)
                self.cancelled[key] = min(at, self.cancelled.get(key, at))

        def milestone(seller, order, status, at):
            known = self.fulfilment[seller, order]
            known[status] = min(at, known.get(status, at))

        for one in self.streams["order_status"]:
            seller, at = owner_of(one), micro(one["timestamp"])
            told(seller, one["order_id"], one.get("line_id") or "*", one["status"], at)
            if one.get("line_id") is None:
                milestone(seller, one["order_id"], one["status"], at)
        for one in self.streams["shipments"]:
            milestone(owner_of(one), one["order_id"], one["status"], micro(one["timestamp"]))
        for one in self.streams["orders"]:
            for seller, line, _ in self.items(one):
                told(seller, one["order_id"], line, one["status"], micro(one["timestamp"]))
                milestone(seller, one["order_id"], one["status"], micro(one["timestamp"]))

    @staticmethod
    def items(order):
        refused, counted = refused_sellers(order), defaultdict(int)
        for item in order["items"]:
            seller = seller_of_item(order, item)
            if seller in refused:
                continue
            counted[seller, item["product_id"]] += 1
            yield seller, item.get("line_id") or f"{item['product_id']}#{counted[seller, item['product_id']]}", item

    def lines(self):
        story = Story()
        for one in self.streams["orders"]:
            for seller, line, item in self.items(one):
                values = {**sent(item, product="product_id", sku="offer_sku", quantity="quantity", charged="commission_amount"),
                          **sent(one, session="session_id", currency="currency", status="status"),
                          "condition": item.get("condition") or "new", "price": item.get("unit_price", item.get("price")),
                          "ordered_at": micro(one["timestamp"])}
                story.tell((seller, one["order_id"], line), micro(one["timestamp"]), one.get("sequence"), values)
        self.sales = []
        for key in story.changes:
            seller, order, line = key
            now = story.last(key)
            at = story.first(key, "ordered_at")
            on = day(at)
            amount = Decimal(now["quantity"]) * Decimal(now["price"])
            then = self.products.then(now["product"], at)
            rate = self.commission_rate(seller, then.get("category"), on)
            charged = now.get("charged")
            commission = Decimal(charged) if charged is not None else None if rate is None else money(amount * rate)
            fx = self.exchange(now["currency"], on)
            cancels = [self.cancelled[k] for k in (key, (seller, order, "*")) if k in self.cancelled]
            self.sales.append({
                "seller": seller, "order": order, "line": line, "at": at, "day": on, "month": month(on), "sku": now.get("sku"), "product": now["product"],
                "condition": now["condition"], "session": now.get("session"), "currency": now["currency"], "amount": amount,
                "commission_amount": commission, "cancelled": bool(cancels), "quantity": int(now["quantity"]),
                "gmv": None if fx is None else money(amount * fx),
                "commission": None if fx is None or commission is None else money(commission * fx),
                "seller_then": self.sellers.then(seller, at).get("category"), "seller_now": self.sellers.last(seller).get("category"),
                "product_then": then.get("category"), "product_now": self.products.last(now["product"]).get("category"),
            })

    def returns(self):
        """Each return of a line once, with its refund in euros."""
        self.came_back = {}
        for one in self.streams["returns"]:
            seller, at = owner_of(one), micro(one["timestamp"])
            line = one.get("line_id") or f"{one['product_id']}#1"
            fx = self.exchange(one["currency"], day(at))
            self.came_back[seller, one["return_id"], one["order_id"], line, at] = {
                "seller": seller, "order": one["order_id"], "line": line, "day": day(at), "units": int(one["quantity"]),
                "reason": one.get("reason") or "unknown", "refund": None if fx is None else money(Decimal(one["refund_amount"]) * fx)}

    def sums(self, key, sales=None):
        """Additive figures of sales by `key(line)`, in the order of the marts' columns."""
        back = defaultdict(lambda: [0, Decimal(0)])
        for one in self.came_back.values():
            found = back[one["seller"], one["order"], one["line"]]
            found[0] += one["units"]
            found[1] += one["refund"] or 0
        grouped = defaultdict(list)
        for line in sales or self.sales:
            grouped[key(line)].append(line)
        return {k: self.sum_of(lines, back) for k, lines in grouped.items()}

    @staticmethod
    def sum_of(lines, back):
        live = [one for one in lines if not one["cancelled"]]

        def total(name, ones, dead):
            known = [one[name] for one in ones if one[name] is not None]
            return sum(known, Decimal(0)) if known or dead else None
        dead = len(live) < len(lines)  # a cancelled line counts zero, whatever its rate
        return {
            "orders_placed": len({(one["seller"], one["order"]) for one in lines}),
            "orders": len({(one["seller"], one["order"]) for one in live}),
            "lines": len(lines), "lines_cancelled": len(lines) - len(live),
            "units": sum(one["quantity"] for one in live),
            "units_returned": sum(back[one["seller"], one["order"], one["line"]][0] for one in lines),
            "gmv": total("gmv", lines, False), "turnover": total("gmv", live, dead),
            "refund": sum((back[one["seller"], one["order"], one["line"]][1] for one in lines), Decimal(0)),
            "commission": total("commission", live, dead),
            "lines_without_rate": sum(one["gmv"] is None for one in lines),
            "lines_without_commission": sum(one["commission_amount"] is None for one in lines),
        }

    @staticmethod
    def part(a, b, places):
        return None if a is None or not b else (Decimal(a) / Decimal(b)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)

    def ratios(self, figures):
        return {"average_basket": self.part(figures["turnover"], figures["orders"], 4),
                "take_rate": self.part(figures["commission"], figures["turnover"], 6),
                "return_rate": self.part(figures["units_returned"], figures["units"], 6),
                "cancellation_rate": self.part(figures["lines_cancelled"], figures["lines"], 6)}

    # Stock

    def stock(self):
        """{(seller, sku, condition, location): {day: (level or None, state, events)}}"""
        series, last_day = defaultdict(dict), {}
        for one in self.streams["stock"]:
            seller, at = seller_of(one), micro(one["timestamp"])
            key = (seller, one["sku"], one.get("condition") or "new", one.get("location") or "main")
            is_level = one.get("level") is not None
            series[key][one["movement_id"], at] = (at, is_level, one["movement_id"], int(one["level"] if is_level else one["delta"]))
            last_day[seller] = max(day(at), last_day.get(seller, day(at)))
        self.last_day, self.daily = last_day, {}
        for key, events in series.items():
            by_day = defaultdict(list)
            for one in sorted(events.values()):
                by_day[day(one[0])].append(one)
            level, on, days = None, min(by_day), {}
            while on <= last_day[key[0]]:
                for _, is_level, _, number in by_day.get(on, []):
                    level = number if is_level else None if level is None else level + number
                state = "missing" if level is None else "reported" if on in by_day else "carried"
                days[on] = (level, state, len(by_day.get(on, [])))
                on += datetime.timedelta(days=1)
            self.daily[key] = days

    def stock_offers(self):
        """{(seller, sku, condition, day): level, or None when a place of it is missing}; and whether something was told."""
        places = defaultdict(list)
        for (seller, sku, condition, _), days in self.daily.items():
            for on, told in days.items():
                places[seller, sku, condition, on].append(told)
        return {key: (None if any(level is None for level, _, _ in told) else sum(level for level, _, _ in told),
                      any(state == "reported" for _, state, _ in told)) for key, told in places.items()}

    def stock_by(self, period):
        figures = defaultdict(lambda: [0, 0, 0, 0])
        for (seller, _, _, on), (level, reported) in self.stock_offers().items():
            found = figures[seller, period(on)]
            found[0] += 1
            found[1] += level is not None and level <= 0
            found[2] += level is None
            found[3] += level is not None and not reported
        return dict(figures)

    def cover(self):
        """{(seller, sku, condition): (level, units in 28 days, days of cover)}"""
        sold = defaultdict(int)
        for one in self.sales:
            last = self.last_day.get(one["seller"])
            if last and not one["cancelled"] and last - datetime.timedelta(days=28) < one["day"] <= last:
                sold[one["seller"], one["sku"], one["condition"]] += one["quantity"]
        result = {}
        for (seller, sku, condition, on), (level, _) in self.stock_offers().items():
            if on == self.last_day[seller]:
                units = sold[seller, sku, condition]
                result[seller, sku, condition] = (level, units, None if level is None or not units else
                                                  (Decimal(level * 28) / units).quantize(Decimal("0.1"), ROUND_HALF_UP))
        return result

    # Audience

    def clicks(self):
        for one in self.streams["clickstream"]:
            seller = seller_of(one)
            if seller is None:
                seller = "shopnow" if one["url"].startswith("/product/") and micro(one["timestamp"]) < CUT_OVER else "platform"
            yield seller, one

    def sessions(self):
        """{day: [sessions, anonymous, with cart, with checkout, with order]} and {(seller, day): [sessions, clicks, cart, ordered]}"""
        buyers = {(one["seller"], one["session"]) for one in self.sales if one["session"]}
        ordered = {session for _, session in buyers}
        whole, parts = defaultdict(list), defaultdict(list)
        for seller, one in self.clicks():
            whole[one["session_id"]].append(one)
            if seller != "platform":
                parts[seller, one["session_id"]].append(one)

        def began(ones):
            return min(day(micro(one["timestamp"])) for one in ones)

        shop, sellers = defaultdict(lambda: [0] * 5), defaultdict(lambda: [0] * 4)
        for session, ones in whole.items():
            kinds = {one["event_type"] for one in ones}
            found = shop[began(ones)]
            for n, holds in enumerate([True, all(one.get("user_id") is None for one in ones), "add_to_cart" in kinds,
                                       "checkout_start" in kinds, session in ordered]):
                found[n] += holds
        for (seller, session), ones in parts.items():
            found = sellers[seller, began(ones)]
            for n, more in enumerate([1, len(ones), any(one["event_type"] == "add_to_cart" for one in ones), (seller, session) in buyers]):
                found[n] += more
        return dict(shop), dict(sellers)

    # The rest

    def travel(self):
        """{(seller, month placed): [placed, shipped, delivered, cancelled, days to ship, days to deliver, and each of an order on average]}"""
        figures, averaged = defaultdict(lambda: [0, 0, 0, 0, None, None]), defaultdict(lambda: [0, 0])
        for (seller, _), at in self.fulfilment.items():
            if "PLACED" not in at:
                continue
            found = figures[seller, month(day(at["PLACED"]))]
            for n, names in enumerate([["PLACED"], ["SHIPPED"], ["DELIVERED"], ["CANCELLED"]]):
                found[n] += all(name in at for name in names)
            for n, first, then in ((4, "PLACED", "SHIPPED"), (5, "SHIPPED", "DELIVERED")):
                if first in at and then in at:
                    found[n] = (found[n] or 0) + (day(at[then]) - day(at[first])).days
                    averaged[seller, month(day(at["PLACED"]))][n - 4] += 1
        return {key: [*found, *(self.part(days, n, 4) for days, n in zip(found[4:], averaged[key]))] for key, found in figures.items()}

    def unavailable(self):
        """{(seller, month): offer-days declared as not to be bought}"""
        story, last = Story(), {}
        for one in self.streams["availability"]:
            seller, at = seller_of(one), micro(one["timestamp"])
            key = (seller, one["sku"], one.get("condition") or "new", micro(one["from"]))
            ends = {"ends": None if one["to"] is None else micro(one["to"])} if "to" in one else {}
            story.tell(key, at, one.get("sequence"), {"available": one["available"], **ends})
        for key in story.changes:
            at = story.states(key)[-1][0]
            # A row's time is that of its last change, so the month of the last message is the latest of them.
            last[key[0]] = max(last.get(key[0], at), at)
        closed = set()
        for key in story.changes:
            seller, sku, condition, starts = key
            state = story.last(key)
            if state["available"]:
                continue
            ends = state.get("ends")
            # The last day it touches: the instant it ends is no longer part of it.
            final = day(ends - 1) if ends is not None else day(last[seller])
            on = day(starts)
            while on <= final:
                closed.add((seller, sku, condition, on))
                on += datetime.timedelta(days=1)
        figures = defaultdict(int)
        for seller, _, _, on in closed:
            figures[seller, month(on)] += 1
        return dict(figures)
