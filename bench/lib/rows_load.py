"""Rows that load files: flat lines, nested orders, ten times as many, one core and two, the generator."""

import measure
from bench import ROOT, compared, remove, result, same, value
from data import count_lines
from measure import Contender

ORDER_SUMS = ("select cast(count(*) as varchar) as n_rows, cast(sum(quantity) as varchar) as quantity, "
              "cast(sum(quantity * unit_price) as varchar) as amount from fact_order_line")
WINDOW = 100_000
TIMES = 10
ORDERS_LEAST = 400


def loader(bench, name, feed, files, make, n_rows, check=None, prefix=()):
    """entrepot load into the warehouse that make() makes anew for each run."""
    folder = bench.work / name
    return Contender(name, [*prefix, bench.program, "-C", folder, "--json", "load", feed, *files], make, check, n_rows)


def flat(bench, form, feed, least, aim=None):
    file, database = bench.data.flat(bench.rows, form), bench.work / "engine.duckdb"
    measure.warm(file)
    sums = bench.query("flat_sums.sql")
    ours = loader(bench, "entrepot", feed, [file], lambda: bench.flat_warehouse("entrepot"), bench.rows)
    theirs = Contender("DuckDB", bench.engine(f"flat_{form}.sql", database, file=file), lambda: remove(database), None, bench.rows)
    bench.take_turns(ours, theirs)
    held = bench.ask_engine(database, sums)
    same(bench.ask(bench.work / "entrepot", sums), held, "the tables")
    same(str(bench.rows), held["n_rows"], "the rows")
    reader = "read_csv" if form == "csv" else "read_json"
    return result(f"flat_{form}", f"{bench.rows:,} flat order lines as {'CSV' if form == 'csv' else 'JSON lines'}, checked and deduplicated, "
                  f"against INSERT .. {reader} without checks", [ours, theirs],
                  compared(ours, theirs, least, aim) + [value("peak memory", max(ours.peak), most=500, unit="MB")])


def flat_jsonl(bench):
    return flat(bench, "jsonl", "bench.lines", 1.3, 1.7)


def flat_csv(bench):
    return flat(bench, "csv", "bench.lines_csv", 1.0)


def shop(bench, folder, name="shop", store=None):
    """A shop that knows its rates, categories, sellers, products and offers: what orders are bound to. Made once a run of the benchmark."""
    base = bench.work / name
    if not base.exists():
        bench.entrepot(bench.work, "init", *(["--store", store] if store else []), base)
        for feed, files in (("reference.fx_rates", "reference/fx_rates.csv"), ("reference.categories", "reference/categories.csv"),
                            ("reference.commission_rules", "reference/commission_rules*.csv"), ("marketplace.vendors", "vendors/*"),
                            ("shopnow.products", "products/*"), ("marketplace.offers", "offers/*")):
            bench.entrepot(base, "load", feed, *sorted(folder.glob(files)))
    return base


def orders(bench, name, title, files_of):
    n_orders = max(ORDERS_LEAST, bench.rows // 5)
    folder, database = bench.data.orders(n_orders, bench.faults), bench.work / "engine.duckdb"
    base = shop(bench, folder)
    files, pattern = files_of(folder)
    n_records = sum(map(count_lines, files))
    for file in files:
        measure.warm(file)
    ours = loader(bench, "entrepot", "shopnow.orders", files, lambda: bench.copy_of(base, "entrepot"), n_records)
    theirs = Contender("DuckDB", bench.engine("orders.sql", database, file=pattern), lambda: remove(database), None, n_records)
    bench.take_turns(ours, theirs)
    notes = check_orders(bench, n_records, database)
    return result(name, f"{n_records:,} nested orders in {title}, {100 * bench.faults:g} % faults, the whole job, against INSERT .. read_json "
                  "of the same files into one plain table", [ours, theirs],
                  compared(ours, theirs, 0.7, 1.0) + [value("peak memory", max(ours.peak), most=500, unit="MB")], notes)


def check_orders(bench, n_records, database):
    """Without faults both hold the same lines; with them we count every record and say what became of it."""
    folder = bench.work / "entrepot"
    lines, held = bench.ask(folder, ORDER_SUMS), bench.ask_engine(database, bench.query("orders_sums.sql"))
    books = bench.ask(folder, "select sum(received) as received, sum(applied) as applied, sum(quarantined) as quarantined, "
                              "sum(duplicate) as duplicate from books.load where feed = 'shopnow.orders'")
    same(n_records, int(books["received"]), "the records")
    if bench.faults == 0:
        same(lines, held, "the lines")
    return [f"entrepot: {int(books['applied']):,} records applied, {int(books['duplicate']):,} duplicates, {int(books['quarantined']):,} in quarantine, "
            f"{int(lines['n_rows']):,} order lines; DuckDB: {int(held['n_rows']):,} items"]


def orders_one(bench):
    return orders(bench, "orders_one", "one file", lambda folder: ([folder / "all.jsonl"], folder / "all.jsonl"))


def orders_many(bench):
    return orders(bench, "orders_many", "a file a day",
                  lambda folder: (sorted((folder / "orders").glob("*.jsonl")), folder / "orders" / "*.jsonl"))


def growth(bench):
    """Ten times the rows, in order and shuffled: once each, between runs of the small file."""
    small_file, large_file = bench.data.flat(bench.rows), bench.data.flat(TIMES * bench.rows)
    shuffled_file = bench.data.shuffled(TIMES * bench.rows, min(WINDOW, bench.rows))

    def contender(name, file, n_rows):
        return loader(bench, name, "bench.lines", [file], lambda: bench.flat_warehouse(name), n_rows)

    small, large = contender("small", small_file, bench.rows), contender("large", large_file, TIMES * bench.rows)
    shuffled = contender("shuffled", shuffled_file, TIMES * bench.rows)
    measure.warm(small_file)
    for big in (large, shuffled):
        bench.take_turns(small, runs=1)
        measure.warm(shuffled_file if big is shuffled else large_file)
        bench.take_turns(big, runs=1)
        same(str(big.n_rows), bench.ask(bench.work / big.name, bench.query("flat_sums.sql"))["n_rows"], "the rows")
        bench.flat_warehouse(big.name)
    bench.take_turns(small, runs=1)
    return result("growth", f"{TIMES} times the flat lines, in order and shuffled within windows of {min(WINDOW, bench.rows):,} lines", [small, large, shuffled], [
        value(f"time of {TIMES} times the rows", measure.times_as_long(large, small), most=11),
        value("the same, shuffled", measure.times_as_long(shuffled, small), most=11),
        value("the same in processor time, in order", measure.times_as_long(large, small, "cpu")),
        value("peak memory of the small file", max(small.peak), most=500, unit="MB"),
        value("peak memory, large to small", max(large.peak) / max(small.peak), most=1.2),
        value("peak memory, shuffled to small", max(shuffled.peak) / max(small.peak), most=1.2)])


def cores(bench):
    """Decode to check, without the store: bound to one core, then on two."""
    if len(bench.cores) < 2:
        raise measure.Failed("one core cannot be compared with two on a machine of one")
    folder = bench.data.orders(max(ORDERS_LEAST, bench.rows // 5), bench.faults)
    flat_folder = bench.flat_warehouse("flat")
    contenders, values = [], []
    for what, warehouse, feed, file in (("flat JSON lines", flat_folder, "bench.lines", bench.data.flat(bench.rows)),
                                        ("nested orders", shop(bench, folder), "shopnow.orders", folder / "all.jsonl")):
        measure.warm(file)
        pair = []
        for n in (1, 2):
            place = bench.copy_of(warehouse, f"cores-{feed}-{n}", threads=n)
            bind = ["/usr/bin/taskset", "-c", ",".join(map(str, bench.cores[:n]))]
            pair.append(Contender(f"{what}, {n} core{'s' if n > 1 else ''}", [*bind, bench.decoder, place, feed, file], n_rows=count_lines(file)))
        bench.take_turns(*pair)
        contenders += pair
        values.append(value(f"two cores to one, {what}", measure.times_as_fast(pair[1], pair[0]), least=1.6))
    return result("cores", "decode, map and check on one core and on two", contenders, values)


def generator(bench):
    """Events a second on one core, to files."""
    bind = ["/usr/bin/taskset", "-c", str(bench.cores[0])]
    to = bench.work / "generated"
    days = max(1, bench.rows // 20_000)
    shapes = {"flat lines": ["--flat", bench.rows],
              "marketplace, 1 % faults": ["--days", min(100, days), "--orders-per-day", 600, "--sellers", 200, "--products", 2000, "--faults", 0.01]}
    contenders = [Contender(name, [*bind, bench.program, "generate", "--out", to, "--force", *options]) for name, options in shapes.items()]
    bench.take_turns(*contenders)
    for one in contenders:
        one.n_rows = int(one.output.split()[0])
    return result("generator", "the generator on one core, written to files", contenders, [
        value(one.name, one.n_rows / measure.spread(one.seconds)[0], least=500_000, unit="events/s") for one in contenders])


ROWS = {"flat_jsonl": flat_jsonl, "flat_csv": flat_csv, "orders_one": orders_one, "orders_many": orders_many,
        "growth": growth, "cores": cores, "generator": generator}
