"""A warehouse on a real Citus cluster, through the coordinator and through the workers: the content is that of a file."""

import json
import os

import citus
import kills
import pg
import placement
import pytest
import yaml
from wh import Warehouse

pytestmark = pytest.mark.skipif(citus.why_not() is not None, reason=str(citus.why_not()))

LOADER = "shop_loader"
# Made of quotients, whose last digit is each engine's own.
RATIOS = ("rate", "average", "share", "basket", "cover", "per_")


class Spread:
    """A warehouse of one database by all its nodes: the same folder, the store's address another."""

    def __init__(self, folder, store, workers):
        self.coordinator = Warehouse(folder, shipped=True, store=store)
        self.store = store
        self.addresses = [store, *workers]
        self.turn = 0

    def through(self, address):
        settings = self.coordinator.folder / "entrepot.yaml"
        lines = [line for line in settings.read_text().splitlines() if not line.startswith("store:")]
        settings.write_text("\n".join([*lines, f"store: {json.dumps(address)}"]) + "\n")
        return self.coordinator

    def next(self):
        self.turn += 1
        return self.through(self.addresses[self.turn % len(self.addresses)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return kills.generate(tmp_path_factory.mktemp("days") / "days", seed=5, days=4)


@pytest.fixture(scope="module")
def spread(tmp_path_factory, files):
    store = citus.cluster().database(LOADER)
    made = Spread(tmp_path_factory.mktemp("spread") / "shop", store, citus.cluster().workers(store))
    for feed, paths in files.items():
        for path in reversed(paths):
            made.next().load(feed, path)
    return made


@pytest.fixture(scope="module")
def plain(tmp_path_factory, files):
    made = Warehouse(tmp_path_factory.mktemp("plain") / "shop", shipped=True, store="")
    for feed, paths in files.items():
        for path in reversed(paths):
            made.load(feed, path)
    return made


def test_the_content_is_that_of_a_file_through_every_node(spread, plain):
    wanted = plain.hash()
    assert sum(rows for rows, _ in wanted.values()) > 1000
    for address in spread.addresses:
        assert spread.through(address).hash() == wanted


def test_every_table_lies_where_its_owner_says(spread):
    kinds = {("distributed", True): "by owner", ("distributed", False): "one node", ("reference", False): "everywhere"}
    owners = placement.owners()
    groups = {}
    for name, kind, column, group in pg.psql(spread.store, """
            select table_name, citus_table_type, distribution_column, colocation_id from citus_tables"""):
        schema, table = name.replace('"', "").split(".") if "." in name else ("main", name)
        owned = column != "<none>"
        place = kinds[kind, owned]
        assert (place, column if owned else "") == placement.expected(schema, table, owners), name
        groups.setdefault(place, set()).add(group)
    assert sorted((place, len(ids)) for place, ids in groups.items()) == [("by owner", 1), ("everywhere", 1), ("one node", 1)]
    left = pg.psql(spread.store, """
        select schemaname, tablename from pg_tables where schemaname in ('main', 'log', 'books')
        and to_regclass(format('%I.%I', schemaname, tablename)) not in (select logicalrelid from pg_dist_partition)""")
    assert not left


def test_the_workers_hold_the_rows(spread):
    rows = pg.psql(spread.store, """
        select count(distinct (nodename, nodeport)) from citus_shards
        where table_name = 'main.fact_order_line'::regclass and shard_size > 8192""")
    assert int(rows[0][0]) >= 2


def test_everything_holds_through_every_node(spread):
    for address in spread.addresses:
        assert "every check holds" in spread.through(address).run("verify").out


def test_what_comes_again_changes_nothing(spread, plain, files):
    before = spread.next().hash()
    for feed, paths in files.items():
        ledger = spread.next().load(feed, paths[0], again=True)
        assert ledger["applied"] == 0 and ledger["received"] > 0
        plain.load(feed, paths[0], again=True)
    assert spread.next().hash() == before == plain.hash()
    spread.next().check_books()


def test_views_answer_as_those_of_a_file(spread, plain):
    names = plain.tuples("select table_schema || '.' || table_name from information_schema.tables "
                         "where table_type = 'VIEW' and table_schema in ('mart', 'legacy') order by 1")
    assert len(names) > 20
    for (name,) in names:
        answers = []
        for w in (plain, spread.next()):
            rows = w.sql(f"select * from {name}")
            answers.append(sorted(json.dumps({k: str(v) for k, v in row.items() if not any(part in k for part in RATIOS)}) for row in rows))
        assert answers[0] == answers[1], name


def test_quarantine_is_replayed_corrected_and_given_up(spread, plain):
    figures = []
    for w in (plain, spread.through(spread.addresses[-1])):
        w.run("quarantine", "replay", "--all")
        (first, *_) = w.sql("select quarantine_id from books.quarantine where status = 'open' order by feed, source, record, group_no")
        w.run("quarantine", "discard", "--why", "a test", first["quarantine_id"])
        figures.append(w.tuples("select feed, status, count(*) from books.quarantine group by 1, 2 order by 1, 2"))
        w.check_books()
    assert figures[0] == figures[1]
    assert spread.next().hash() == plain.hash()


def test_archived_records_are_read_again(spread, plain):
    for w in (plain, spread.through(spread.addresses[-1])):
        w.run("reprocess", "--feed", "marketplace.vendors", "--since", "2000-01-01")
        assert "every check holds" in w.run("verify").out
    assert spread.next().hash() == plain.hash()


RULES = "seller_id,category,valid_from,valid_to,rate,revision\n,,2000-01-01,,{rate},{revision}\n"
ORDER = {"event_id": "e-closed", "order_id": "o-closed", "customer": {"id": "c-1", "name": "A", "email": "a@example.net"}, "status": "PLACED",
         "items": [{"product_id": "p-1", "name": "Lamp", "category": "home", "unit_price": 100, "quantity": 1, "seller_id": "shopnow",
                    "line_id": "l-1", "offer_sku": "L-1", "condition": "new"}],
         "total_amount": 100, "currency": "EUR", "timestamp": "2025-12-30T10:00:00Z"}


def test_a_closed_month_is_adjusted_in_an_open_one(spread, plain):
    """A line without a commission of its own, and two rules, the second after the month was closed."""
    order = plain.file("order.jsonl", [ORDER])
    rules = [plain.file(f"rule-{n}.csv", RULES.format(rate=f"0.{n}", revision=n)) for n in (1, 2)]
    for w in (plain, spread.next()):
        w.load("reference.commission_rules", rules[0])
        w.load("shopnow.orders", order)
        w.run("period", "close", "2025-12")
        w.load("reference.commission_rules", rules[1])
        adjusted = w.sql("select order_id, commission_amount from fact_commission_adjustment where order_id = 'o-closed'")
        assert [(row["order_id"], float(row["commission_amount"])) for row in adjusted] == [("o-closed", 10)]
        assert "every check holds" in w.run("verify").out
    assert spread.next().hash() == plain.hash()


def add_note(w):
    path = w.folder / "contracts" / "dim_offer.yaml"
    contract = yaml.safe_load(path.read_text())
    contract["schema"][0]["properties"].append({"name": "note", "logicalType": "string"})
    path.write_text(json.dumps(contract))


def test_a_column_is_added_through_the_coordinator(spread, plain):
    for w in (plain, spread.through(spread.addresses[1])):
        add_note(w)
    done = spread.coordinator.run("migrate", check=False)
    assert done.returncode != 0 and "not allowed on this node" in done.out + done.err
    spread.through(spread.store).run("migrate")
    plain.run("migrate")
    assert spread.next().value("select count(*) from dim_offer where note is not null") == 0
    assert spread.next().hash() == plain.hash()


def test_sellers_read_their_rows_through_every_node(spread, tmp_path):
    """The loader is no superuser; sellers log in, each node asks the others in their names."""
    administrator = spread.store.replace(f"//{LOADER}@", f"//{pg.SUPERUSER}@")
    env = {"ENTREPOT_CONNECT": os.environ.get("ENTREPOT_CONNECT") or os.environ.get("ENTREPOT_CITUS", administrator)}
    w = spread.through(spread.store)
    w.run("access", "apply", env=env)
    sellers = [row["seller_id"] for row in w.sql("select seller_id, count(*) as n from fact_order_line group by 1 order by 2 desc limit 3")]
    turnover = dict(w.tuples("select seller_id, sum(amount) from fact_order_line group by 1"))
    passwords = {}
    for seller in sellers:
        passwords[seller] = f"password-of-{seller}-1"
        path = tmp_path / seller
        path.write_text(passwords[seller] + "\n")
        path.chmod(0o600)
        w.run("seller", "add", seller, "--password-file", str(path), env=env)
    for address in spread.addresses:
        lint = w.run("access", "lint", "--connect", address.replace(f"//{LOADER}@", f"//{pg.SUPERUSER}@"), check=False)
        assert lint.returncode == 0, lint.out
        for seller in sellers:
            uri = address.replace(f"//{LOADER}@", f"//seller_{seller}@")
            own = pg.ask(uri, "select distinct seller_id from seller.fact_order_line; select sum(amount) from seller.fact_order_line;"
                              "select count(*) >= 0 from mart.sales_by_seller_month; select count(*) >= 0 from seller.rejected;",
                         password=passwords[seller]).stdout.splitlines()
            assert own == [seller, str(turnover[seller]), "t", "t"]
            for refused in ("select email from main.dim_customer", "select * from books.load", "select * from citus_shards",
                            "select * from run_command_on_workers('select 1')"):
                assert "permission denied" in pg.ask(uri, refused, password=passwords[seller], check=False).stderr, refused
