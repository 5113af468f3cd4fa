"""Where each table lies on a Citus cluster, and that merges which fetch what they compare with give the same content. Without Citus: a
PostgreSQL database that says it has the extension, with functions in its place that note what is asked of them. tests/citus asks a
real cluster."""

import subprocess

import kills
import pg
import placement
import pytest
from wh import RELEASE, Warehouse

# What stands in for the extension: its row in the catalogue, the table that tells what is distributed, and the two functions.
STAND_IN = """
set allow_system_table_mods = on;
insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
values (99999, 'citus', 10, 'pg_catalog'::regnamespace, false, '0');
create table pg_catalog.pg_dist_partition (logicalrelid regclass primary key);
grant select on pg_catalog.pg_dist_partition to public;
create table public.placed (name text, place text, owner text, beside text);
create function pg_catalog.create_distributed_table(name regclass, owner text, colocate_with text default 'default') returns void
language plpgsql as $$ begin
    if owner is not null and not exists (select 1 from pg_attribute where attrelid = name and attname = owner) then
        raise exception 'no column %', owner;
    end if;
    insert into pg_catalog.pg_dist_partition values (name);
    insert into public.placed values (name::text, case when owner is null then 'one node' else 'by owner' end, owner, colocate_with);
end $$;
create function pg_catalog.create_reference_table(name regclass) returns void
language plpgsql as $$ begin
    insert into pg_catalog.pg_dist_partition values (name);
    insert into public.placed values (name::text, 'everywhere', null, null);
end $$;
"""

@pytest.fixture(scope="module")
def store():
    uri = pg.server().database()
    pg.ask(uri, STAND_IN)
    return uri


@pytest.fixture(scope="module")
def shop(store, tmp_path_factory):
    return Warehouse(tmp_path_factory.mktemp("spread") / "shop", shipped=True, store=store)


def placed(store):
    """{schema.table: (place, owner's column, the table beside it)}; names of the star come without their schema."""
    rows = pg.psql(store, "set search_path = ''; select name, place, coalesce(owner, ''), coalesce(beside, '') from public.placed")
    names = [row[0].replace('"', "") for row in rows]
    assert len(set(names)) == len(names), "placed twice"
    return {name if "." in name else f"main.{name}": tuple(row[1:]) for name, row in zip(names, rows)}


def test_every_table_lies_where_its_owner_says(shop, store):
    assert shop.hash()
    owners = placement.owners()
    tables = pg.psql(store, "select schemaname, tablename from pg_tables where schemaname in ('main', 'log', 'books')")
    made = placed(store)
    assert set(made) == {f"{schema}.{table}" for schema, table in tables}
    assert {table for schema, table in tables if schema == "main"} == set(owners)
    for schema, table in tables:
        assert made[f"{schema}.{table}"][:2] == placement.expected(schema, table, owners), f"{schema}.{table}"


def test_what_belongs_together_lies_together(shop, store):
    """Of each place one table is the first, made beside none, and all others name it."""
    assert shop.hash()
    for place in ("by owner", "one node"):
        beside = {name: where[2] for name, where in placed(store).items() if where[0] == place}
        (first,) = [name for name, other in beside.items() if other == "none"]
        assert {other for name, other in beside.items() if name != first} == {first}


def test_unique_keys_hold_the_column_that_spreads_a_table(shop, store):
    assert shop.hash()
    unique = pg.psql(store, """
        select n.nspname || '.' || c.relname, array_to_string(array_agg(a.attname), ',')
        from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indisunique and n.nspname in ('main', 'log', 'books') group by i.indexrelid, 1""")
    made = placed(store)
    for name, columns in unique:
        assert made[name][0] != "by owner" or made[name][1] in columns.split(","), name
    assert len(unique) > 20


def test_nothing_is_placed_twice_and_a_new_table_is_placed_by_migrate(shop, store):
    before = placed(store)
    shop.run("migrate")
    assert placed(store) == before
    text = (shop.folder / "contracts" / "fact_return.yaml").read_text()
    (shop.folder / "contracts" / "fact_return_again.yaml").write_text(text.replace("fact_return", "fact_return_again"))
    shop.run("migrate")
    assert {name: where for name, where in placed(store).items() if name not in before} == {
        "main.fact_return_again": ("by owner", "seller_id", "books.snapshot")}
    (shop.folder / "contracts" / "fact_return_again.yaml").unlink()


def test_a_database_without_the_extension_places_nothing(tmp_path):
    uri = pg.server().database()
    Warehouse(tmp_path / "shop", shipped=True, store=uri)
    assert pg.psql(uri, "select count(*) from pg_tables where tablename = 'pg_dist_partition'") == [("0",)]


def test_merges_that_fetch_first_give_the_same_content(shop, tmp_path):
    """Batches of 40 records, so that most of a batch is known; days late, a file twice, a replay."""
    files = kills.generate(tmp_path / "days", seed=11, days=3)
    plain = Warehouse(tmp_path / "file", shipped=True, store="")
    for w in (plain, shop):
        with open(w.folder / "entrepot.yaml", "a") as out:
            out.write("commit_records: 40\n")
        for feed, paths in files.items():
            for path in [*reversed(paths), paths[0]]:
                w.load(feed, path, again=path == paths[0])
        w.run("quarantine", "replay", "--all")
    assert shop.hash() == plain.hash()
    assert sum(rows for rows, _ in shop.hash().values()) > 1000
    shop.check_books()
    assert "every check holds" in shop.run("verify").out


def test_books_that_are_as_they_should_be_are_not_made_again(shop, store):
    """A node that may not make tables can be loaded through: nothing is made when nothing is missing."""
    pg.ask(store, "create function public.refuse() returns event_trigger language plpgsql as "
                  "$$ begin if tg_tag not in ('DROP TABLE') and exists (select 1 from pg_event_trigger_ddl_commands() d "
                  "where d.schema_name not like 'pg_temp%') then raise exception 'not here: %', tg_tag; end if; end $$;\n"
                  "create event trigger refuse on ddl_command_end when tag in ('CREATE TABLE', 'CREATE SCHEMA', 'CREATE VIEW', 'ALTER TABLE') "
                  "execute function public.refuse();")
    try:
        record = {"event_id": "v1", "vendor_id": "alba", "vendor_name": "Alba", "vendor_status": "active", "vendor_category": "home",
                  "vendor_tier": "gold", "vendor_email": "a@example.org", "vendor_country": "FR", "commission_rate": 0.1, "sequence": 1,
                  "timestamp": 1767700000.0}
        assert shop.load_records("marketplace.vendors", [record])["applied"] == 1
    finally:
        pg.ask(store, "drop event trigger refuse")
    done = subprocess.run([RELEASE, "-C", str(shop.folder), "migrate"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
