"""Commissions of closed months in plain Python: what was booked of a line, and what was owed differently afterwards, dated in the first
open month; a line that is gone owes nothing. Followed load by load, because what is booked depends on when the month was closed; everything else is lib/figures.py.
"""

import datetime
from collections import defaultdict
from decimal import Decimal


def after(month):
    return (month + datetime.timedelta(days=31)).replace(day=1)


class Commissions:
    """`booked` {line: (amount, in euros or None)} and `adjusted` {(line, date): (amount, in euros)}; a line is (seller, order, line)."""

    def __init__(self):
        self.closed, self.booked, self.adjusted = [], {}, {}
        self.seen = {}  # {line: (month, cancelled)} of what was booked, as it was when the line was last there

    def close(self, month, figures):
        self.closed.append(month)
        self.follow(figures)

    def follow(self, figures):
        """The state after a load."""
        if not self.closed:
            return
        opened = after(max(self.closed))
        # Adjustments that are dated in a month that is still open are made anew, those of closed months stay.
        self.adjusted = {key: value for key, value in self.adjusted.items() if key[1] < opened}
        sales = {(one["seller"], one["order"], one["line"]): one for one in figures.sales}
        for key, one in sales.items():
            if one["month"] in self.closed and one["commission_amount"] is not None:
                self.booked.setdefault(key, (one["commission_amount"], one["commission"]))
            if key in self.booked:
                self.seen[key] = (one["month"], one["cancelled"])
        for key in self.booked:
            owed = (sales[key]["commission_amount"], sales[key]["commission"]) if key in sales else (0, 0)
            so_far = [value for (line, _), value in self.adjusted.items() if line == key]
            missing = tuple((owed[n] or 0) - (self.booked[key][n] or 0) - sum(value[n] for value in so_far) for n in (0, 1))
            if any(missing):
                self.adjusted[key, opened] = missing

    def by_seller_month(self, figures):
        """{(seller, month): [of lines or None, adjustments, commission]}"""
        result, there = defaultdict(lambda: [None, Decimal(0), Decimal(0)]), set()
        for one in figures.sales:
            there.add((one["seller"], one["order"], one["line"]))
            key, found = (one["seller"], one["order"], one["line"]), result[one["seller"], one["month"]]
            amount = Decimal(0) if one["cancelled"] else self.booked.get(key, (None, one["commission"]))[1]
            if amount is not None:
                found[0] = (found[0] or 0) + amount
        for key in self.booked.keys() - there:
            month, cancelled = self.seen[key]
            if not cancelled:
                found = result[key[0], month]
                if self.booked[key][1] is not None:
                    found[0] = (found[0] or 0) + self.booked[key][1]
        for (key, date), (_, amount) in self.adjusted.items():
            if not self.seen[key][1]:
                found = result[key[0], date]
                found[0], found[1] = found[0] or Decimal(0), found[1] + amount
        for found in result.values():
            found[2] = (found[0] or 0) + found[1]
        return dict(result)
