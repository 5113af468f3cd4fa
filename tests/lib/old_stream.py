"""The stream job that filled the former warehouse, as an executable model: four pass-through queries, four tables, and what
they did to the data. Only tests use it, to show the old result beside ours.

Each query is an output of its own without the others; a message that cannot be read is dropped whole, a row that cannot be
converted is dropped alone; a row whose primary key exists already is ignored; moments are whole seconds, texts compare without case.
"""

import json
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Unconvertible(ValueError):
    pass


def varchar(value):
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str)


def integer(value):
    if value is None:
        return None
    if isinstance(value, bool) or Decimal(str(value) if not isinstance(value, str) else text_number(value)) % 1:
        raise Unconvertible(value)
    return int(Decimal(str(value)))


def text_number(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Unconvertible(text) from None


def decimal_2(value):
    """DECIMAL(18,2)."""
    if value is None:
        return None
    if isinstance(value, (bool, list, dict)):
        raise Unconvertible(value)
    number = text_number(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if abs(number) >= 10**16:
        raise Unconvertible(value)
    return number


def whole_second(value):
    """DATETIME without zone, of float epoch seconds."""
    if value is None:
        return None
    try:
        return (EPOCH + timedelta(seconds=int(Decimal(str(value))))).strftime("%Y-%m-%d %H:%M:%S")
    except (InvalidOperation, OverflowError, ValueError):
        raise Unconvertible(value) from None


def folded(value):
    """How the collation compares."""
    return value.casefold() if isinstance(value, str) else value


class OldWarehouse:
    def __init__(self):
        self.fact_order, self.fact_clickstream, self.dim_product, self.dim_customer = [], {}, {}, {}
        self.n_dropped_messages = self.n_dropped_rows = self.n_collisions = 0

    def _messages(self, lines):
        for line in lines:
            try:
                message = json.loads(line, parse_float=Decimal)
            except ValueError:
                message = None
            if isinstance(message, dict):
                yield message
            else:
                self.n_dropped_messages += 1

    def _write(self, table, row, types):
        """One output row; `table` is a list, or a dict by primary key (the first column): first write wins."""
        try:
            values = {name: convert(row[name]) for name, convert in types.items()}
        except Unconvertible:
            self.n_dropped_rows += 1
            return
        if isinstance(table, list):
            table.append(values)
            return
        key = folded(values[next(iter(types))])
        if key is None:
            self.n_dropped_rows += 1
        elif key in table:
            self.n_collisions += 1
        else:
            table[key] = values

    def orders(self, lines):
        """The three queries on the hub of orders."""
        for order in self._messages(lines):
            customer = order.get("customer") or {}
            items = [item if isinstance(item, dict) else {} for item in order.get("items") or []]
            for item in items:
                # unit_price alone: what older producers call price is NULL here. event_id, total_amount and currency are not read.
                self._write(self.fact_order, {
                    "order_id": order.get("order_id"), "product_id": item.get("product_id"), "customer_id": customer.get("id"),
                    "quantity": item.get("quantity"), "unit_price": item.get("unit_price"), "status": order.get("status"),
                    "order_timestamp": order.get("timestamp")},
                    {"order_id": varchar, "product_id": varchar, "customer_id": varchar, "quantity": integer,
                     "unit_price": decimal_2, "status": varchar, "order_timestamp": whole_second})
            for item in items:
                self._write(self.dim_product, {"product_id": item.get("product_id"), "name": item.get("name"), "category": item.get("category")},
                            {"product_id": varchar, "name": varchar, "category": varchar})
            if items:
                columns = ["name", "email", "address", "city", "country"]
                self._write(self.dim_customer, {"customer_id": customer.get("id"), **{name: customer.get(name) for name in columns}},
                            dict.fromkeys(["customer_id", *columns], varchar))

    def clicks(self, lines):
        for click in self._messages(lines):
            self._write(self.fact_clickstream, {
                **{name: click.get(name) for name in ("event_id", "session_id", "user_id", "url", "event_type")},
                "event_timestamp": click.get("timestamp")},
                {**dict.fromkeys(["event_id", "session_id", "user_id", "url", "event_type"], varchar), "event_timestamp": whole_second})

    def turnover(self):
        """sum(quantity * unit_price): NULL prices are left out, as SQL does."""
        return sum((row["quantity"] * row["unit_price"] for row in self.fact_order
                    if row["quantity"] is not None and row["unit_price"] is not None), Decimal(0))
