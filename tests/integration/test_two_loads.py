"""Two processes load one server at once, different sources with the same keys: nothing is lost, nothing counted twice."""

import os
import random
import subprocess

import pg
import pytest
from kills import finish, generate, start, warehouse
from wh import Warehouse, dataset, emit, feed, field

ENGINES = ["postgres"]
SEED = int(os.environ["ENTREPOT_SEED"]) if "ENTREPOT_SEED" in os.environ else random.randrange(10**9)


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    print(f"ENTREPOT_SEED={SEED}")
    return generate(tmp_path_factory.mktemp("market") / "days", SEED, days=3)


def test_the_content_is_that_of_one_load_after_the_other(tmp_path, market):
    calm = Warehouse(tmp_path / "calm", shipped=True, store="")
    both = warehouse(tmp_path / "both")
    for name, paths in market.items():
        calm.load(name, *paths)
    draw = random.Random(SEED)
    work = [(name, part) for name, paths in market.items() for part in (paths[::2], paths[1::2]) if part]
    draw.shuffle(work)
    for one, other in zip(work[::2], work[1::2]):
        first, second = start(both, *one), start(both, *other)
        finish(first)
        finish(second)
    if len(work) % 2:
        finish(start(both, *work[-1]))
    both.check_books()
    assert both.run("verify", check=False).returncode == 0
    assert both.hash() == calm.hash()


def test_one_source_is_counted_by_one_of_them(tmp_path, market):
    w = warehouse(tmp_path / "w")
    paths = market["shopnow.orders"]
    ledgers = [finish(one) for one in [start(w, "shopnow.orders", paths) for _ in range(2)]]
    n = sum(1 for path in paths for line in open(path, "rb") if line.strip())
    assert sum(one["received"] for one in ledgers) == n
    assert w.value("select sum(received) from books.load") == n
    w.check_books()


# Events bound to nothing go straight into their table, those of a shop with history are sent ahead of the turn to merge, and so are rows with a key.
WAYS = {
    "events": {"kind": "transaction", "dedupe": ["event_id"]},
    "bound": {"kind": "transaction", "dedupe": ["event_id"], "bind_time": "at"},
    "keyed": {"kind": "accumulating", "key": ["event_id"], "bind_time": "at"},
}


def events(n):
    return [f'{{"seller_id": "s{i % 7}", "event_id": "e{i}", "at": "2026-03-01T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z", "n": {i}}}\n' for i in range(n)]


def event_warehouse(folder, way):
    refers = "dim_shop.seller_id" if "bind_time" in WAYS[way] else None
    fields = [field("seller_id", required=True, refers=refers), field("event_id", required=True), field("at", "timestamp", required=True), field("n", "integer")]
    shop = dataset("dim_shop", "dimension", [field("seller_id", required=True), field("city", history=2), field("since", "timestamp", required=True)], key=["seller_id"], valid_time="since")
    w = Warehouse(folder, [shop, dataset("event", fields=fields, owner="seller_id", valid_time="at", **WAYS[way])],
                  [feed("events", emit("event", ["seller_id", "event_id", "at", "n"]))], settings={"commit_records": 1})
    w.run("migrate")
    return w


def is_there_once(w, n):
    return w.tuples("select count(*) as rows, count(distinct event_id) as ids, sum(n) as total from event") == [(n, n, sum(range(n)))]


@pytest.mark.parametrize("way", WAYS)
def test_what_both_bring_is_there_once(tmp_path, way):
    """The same events told by two sources, from the first and from the last: what one has committed the other finds, whatever it remembered."""
    n = 40_000
    lines, w = events(n), event_warehouse(tmp_path / "w", way)
    paths = [w.file("forward.jsonl", "".join(lines)), w.file("backward.jsonl", "".join(reversed(lines)))]
    ledgers = [finish(one) for one in [start(w, "events", [path]) for path in paths]]
    assert is_there_once(w, n)
    assert [one["applied"] + one["duplicate"] for one in ledgers] == [n, n] and sum(one["applied"] for one in ledgers) == n
    assert min(one["applied"] for one in ledgers) > 0, "one of the two brought everything: nothing was tried"
    w.check_books()


@pytest.mark.parametrize("way", WAYS)
def test_what_the_other_stored_later_is_known(tmp_path, way):
    """One process has committed and reads on from a pipe; meanwhile another stores later events, which then come through the pipe too."""
    n, n_first = 40_000, 30_000
    lines, w = events(n), event_warehouse(tmp_path / "w", way)
    pipe = w.files / "pipe.jsonl"
    os.mkfifo(pipe)
    load = start(w, "events", [pipe])
    with open(pipe, "w") as out:
        out.write("".join(lines[:n_first]))
        out.flush()
        pg.wait_for(w.store, "select 1 from main.event limit 1")
        assert finish(start(w, "events", [w.file("later.jsonl", "".join(lines[n_first:]))]))["applied"] == n - n_first
        out.write("".join(lines[n_first:]))
    ledger = finish(load)
    assert (ledger["applied"], ledger["duplicate"]) == (n_first, n - n_first)
    assert is_there_once(w, n)
    w.check_books()


def test_amounts_are_filled_in_where_the_row_is(tmp_path, market):
    """The pages of a table with derived columns have room for the second version of each row, so that no index gets a second entry."""
    w = warehouse(tmp_path / "w")
    finish(start(w, "shopnow.orders", market["shopnow.orders"]))
    pg.wait_for(w.store, "select 1 from pg_stat_user_tables where relname = 'fact_order_line' and schemaname = 'main' and n_tup_upd > 0")
    changed, in_place = pg.psql(w.store, "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'fact_order_line' and schemaname = 'main'")[0]
    assert int(in_place) > 0.95 * int(changed) > 100


def test_what_scripts_look_up_has_a_small_index(tmp_path):
    """As the contract says, of cancellations alone; days that are not known yet are in none."""
    w = warehouse(tmp_path / "w")
    made = dict(pg.psql(w.store, "select indexname, indexdef from pg_indexes where schemaname = 'main' and tablename in ('fact_order_status', 'fact_fulfilment')"))
    assert made["fact_order_status_lookup"].endswith("(seller_id, order_id) WHERE (status = 'CANCELLED'::text)")
    assert made["fact_fulfilment_shipped_on"].endswith("(shipped_on) WHERE (shipped_on IS NOT NULL)")
    assert " WHERE " not in made["fact_fulfilment_event_at"] + made["fact_fulfilment_natural"]


def test_a_deadlock_is_tried_again(tmp_path, market):
    """Another session holds a table and then wants the loader's lock: the server ends the loader's statement, not the load."""
    w = warehouse(tmp_path / "w")
    paths = market["marketplace.vendors"]
    script = """set deadlock_timeout = '1h';
        begin;
        lock table main.dim_seller in access exclusive mode;
        do $$ begin
            while not exists (select 1 from pg_locks where not granted and relation = 'main.dim_seller'::regclass) loop
                perform pg_sleep(0.02);
            end loop;
        end $$;
        select writer_id from books.writer for update;
        commit;"""
    other = subprocess.Popen([pg.BIN / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", w.store], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    other.stdin.write(script.encode())
    other.stdin.close()
    pg.wait_for(w.store, "select 1 from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'dim_seller' and l.mode = 'AccessExclusiveLock' and l.granted")
    ledger = finish(start(w, "marketplace.vendors", paths))
    assert other.wait(timeout=60) == 0
    assert ledger["received"] == sum(1 for path in paths for line in open(path, "rb") if line.strip())
    assert w.value("select count(*) from books.journal where event = 'load_failed' and message like '%40P01%'") == 1
    w.check_books()
