"""Logins of sellers and roles of the inside, on a real server: what each gets, its limits, how it ends, and what no log holds."""

import json
import os
import re
import subprocess
import time

import pytest

from small_pg import SELLERS, SmallMarket
from wh import Warehouse

LOGGED = {"log_statement": "all", "log_min_duration_statement": 0, "log_connections": "on", "log_parameter_max_length": -1}
INSIDE = {"analyst": "anna", "steward": "stef", "auditor": "aude", "privacy": "paul", "admin": "chief"}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sellers")
    with SmallMarket(folder, LOGGED) as made:
        made.run("access", "apply")
        made.passwords = made.give_passwords(folder)
        for group, login in INSIDE.items():
            made.psql(f"create role {login} login password 'inside-of-the-test' in role entrepot_{group}")
        made.folder = folder
        yield made


def as_seller(market, seller, sql, **options):
    return market.psql(sql, role=f"seller_{seller}", password=market.passwords[seller], **options)


def as_inside(market, group, sql, **options):
    return market.psql(sql, role=INSIDE[group], password="inside-of-the-test", **options)


def refused(done):
    return "permission denied" in done.stderr and not done.stdout


def test_a_seller_sees_its_rows_and_the_others_theirs(market):
    counts = {s: int(as_seller(market, s, "select count(*) from fact_order_line").stdout) for s in SELLERS}
    assert counts == {"alba": 4, "bruma": 3}
    total = int(market.psql("select count(*) from main.fact_order_line").stdout)
    assert total == sum(counts.values())
    assert as_seller(market, "bruma", "select distinct seller_id from mart.sales_line").stdout == "bruma\n"


def test_the_sum_over_sellers_is_what_the_inside_sees(market):
    inside = as_inside(market, "analyst", "select sum(turnover) from mart.sales_line").stdout
    own = [as_seller(market, s, "select sum(turnover) from mart.sales_line").stdout for s in SELLERS]
    assert float(inside) == sum(map(float, own)) > 0


def test_a_shared_order_shows_its_own_lines_only(market):
    assert as_seller(market, "alba", "select line_id, amount from fact_order_line where order_id = 'order-1'").stdout == "l0|11.0000\n"


def test_a_seller_reads_its_own_contact_and_nobody_elses(market):
    assert as_seller(market, "alba", "select email from dim_seller").stdout == "alba@example.org\n"


def test_a_rejected_record_says_why_without_the_order_total(market):
    told = as_seller(market, "alba", "select feed, status, codes, reasons from rejected").stdout
    assert told.startswith("shopnow.orders|open|minimum|[{") and "sum_mismatch" not in told
    assert "sum_mismatch" in market.psql("select reasons from books.quarantine").stdout
    assert as_seller(market, "bruma", "select count(*) from rejected").stdout == "0\n"


def test_the_login_is_scram_limited_and_a_member_of_one_group(market):
    market.run("seller", "list")
    (row,) = market.server.rows("select rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolconnlimit, "
                                "(select left(rolpassword, 14) from pg_authid a where a.oid = r.oid) from pg_roles r where rolname = 'seller_alba'")
    assert row == ["t", "f", "f", "f", "f", "f", "5", "SCRAM-SHA-256$"]
    assert market.server.value("select string_agg(roleid::regrole::text, ',') from pg_auth_members where member = 'seller_alba'::regrole") == "sellers"
    settings = market.server.value("select array_to_string(setconfig, ' ') from pg_db_role_setting where setrole = 'seller_alba'::regrole")
    for one in ("statement_timeout=60000", "idle_in_transaction_session_timeout=60000", "temp_file_limit=256MB", "default_transaction_read_only=on"):
        assert one in settings
    assert "must be superuser" in as_seller(market, "alba", "set temp_file_limit = -1", check=False).stderr.lower() or refused(
        as_seller(market, "alba", "set temp_file_limit = -1", check=False))


def test_connections_are_limited(market):
    many = [subprocess.Popen(["psql", "-Xq", "-d", market.server.uri("shop", "seller_bruma"), "-c", "select pg_sleep(2)"],
                             env={**os.environ, "PGPASSWORD": market.passwords["bruma"]}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(7)]
    texts = [one.communicate()[1] for one in many]
    assert sum("too many connections for role" in text for text in texts) >= 2


def test_a_wrong_password_is_refused(market):
    done = market.psql("select 1", role="seller_alba", password="not-the-password-1", check=False)
    assert "password authentication failed" in done.stderr


def test_no_log_of_the_server_holds_a_password(market):
    made = market.run("--json", "seller", "add", "corvo")
    password = json.loads(made.out)["password"]
    assert re.fullmatch(r"[A-Za-z0-9]{32}", password)
    assert market.psql("select current_user", role="seller_corvo", password=password).stdout == "seller_corvo\n"
    log = market.server.log.read_text()
    assert "alter role seller_corvo login" in log, "the server logs statements in this test"
    for word in (password, *market.passwords.values()):
        assert word not in log
    books = market.psql("select string_agg(message, ' ') from books.journal").stdout
    assert password not in books and "corvo" in books


def test_the_journal_tells_who_gave_and_took(market):
    market.run("seller", "add", "duna")
    market.run("seller", "revoke", "duna")
    told = market.psql("select event, split_part(message, ',', 1) from books.journal where category = 'access' and message like 'duna%' order by happened_at").stdout
    assert told == "seller_added|duna\nseller_revoked|duna\n"


def test_what_is_wrong_with_a_call_is_said(market, tmp_path):
    def fails(*args):
        done = market.run("seller", *args, check=False)
        assert done.returncode in (2, 3)
        return done.err
    assert "alba has a login already" in fails("add", "alba")
    assert "1 to 40 of a-z, 0-9 and _" in fails("add", "Alba")
    assert "1 to 40 of a-z, 0-9 and _" in fails("add", "x; drop role loader")
    assert "is not platform" in fails("add", "platform")
    assert "nobody has no login" in fails("revoke", "nobody")
    open_file = tmp_path / "password"
    open_file.write_text("long-enough-password\n")
    os.chmod(open_file, 0o644)
    assert "chmod 600" in fails("add", "eva", "--password-file", str(open_file))
    os.chmod(open_file, 0o600)
    open_file.write_text("short\n")
    assert "16 to 256 characters" in fails("add", "eva", "--password-file", str(open_file))
    done = Warehouse(tmp_path / "file", shipped=True).run("seller", "add", "eva", check=False)
    assert done.returncode == 2 and "the store of this warehouse is a file" in done.err


def test_revoking_ends_everything_at_once(market):
    market.run("seller", "add", "fado", "--password-file", str(market.folder / "alba.password"))
    password = market.passwords["alba"]
    busy = subprocess.Popen(["psql", "-Xq", "-d", market.server.uri("shop", "seller_fado"), "-c", "select count(*) from generate_series(1, 2000000000)"],
                            env={**os.environ, "PGPASSWORD": password}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 10
    while market.server.value("select count(*) from pg_stat_activity where usename = 'seller_fado' and state = 'active'") == "0":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started = time.monotonic()
    told = json.loads(market.run("--json", "seller", "revoke", "fado").out)
    assert told == {"seller": "fado", "sessions_ended": 1}
    assert "terminating connection" in busy.communicate(timeout=10)[1] and time.monotonic() - started < 5
    assert "is not permitted to log in" in market.psql("select 1", role="seller_fado", password=password, check=False).stderr
    assert market.server.value("select count(*) from pg_auth_members where member = 'seller_fado'::regrole") == "0"
    listed = [json.loads(line) for line in market.run("--json", "seller", "list").out.splitlines()]
    assert {"seller": "fado", "state": "revoked", "connections": 5, "sessions": 0} in listed
    # And back, with a new password.
    new = json.loads(market.run("--json", "seller", "add", "fado").out)["password"]
    assert market.psql("select count(*) from fact_order_line", role="seller_fado", password=new).stdout == "0\n"
    assert "failed" in market.psql("select 1", role="seller_fado", password=password, check=False).stderr


def test_an_administrator_needs_no_superuser_and_reads_no_data(market):
    done = market.run("--json", "seller", "add", "gala", role="chief", password="inside-of-the-test")
    made = json.loads(done.out)
    assert made["temporary_files_limited"] is False
    assert json.loads(market.run("--json", "seller", "revoke", "gala", role="chief", password="inside-of-the-test").out)["sessions_ended"] == 0
    assert market.run("access", "lint", role="chief", password="inside-of-the-test").returncode == 0
    for table in ("main.fact_order_line", "main.dim_customer", "books.quarantine", "books.journal"):
        assert refused(as_inside(market, "admin", f"select * from {table}", check=False))


# (group, query, readable): the least each of the inside needs.
MATRIX = [
    ("analyst", "select count(*) from mart.sales_kpi", True),
    ("analyst", "select count(*) from mart.sessions_by_day", True),
    ("analyst", "select count(*) from legacy.dim_product", True),
    ("analyst", "select name from main.dim_customer", False),
    ("analyst", "select customer_id from main.fact_order_line", False),
    ("analyst", "select customer_key from main.fact_order_line", True),
    ("analyst", "select email from main.dim_seller", False),
    ("analyst", "select * from legacy.dim_customer", False),
    ("analyst", "select * from books.quarantine", False),
    ("analyst", "select * from log.dim_customer", False),
    ("auditor", "select count(*) from books.load", True),
    ("auditor", "select count(*) from books.quarantine_event", True),
    ("auditor", "select codes, reasons from books.quarantine", True),
    ("auditor", "select raw from books.quarantine", False),
    ("auditor", "select count(*) from mart.sales_kpi", True),
    ("auditor", "select name from main.dim_customer", False),
    ("steward", "select raw from books.quarantine", True),
    ("steward", "select count(*) from main.fact_order_line", True),
    ("steward", "select count(*) from log.fact_order_line", True),
    ("steward", "select count(*) from mart.sales_kpi", True),
    ("privacy", "select name from main.dim_customer", True),
    ("privacy", "select raw from books.quarantine", True),
    ("privacy", "select count(*) from log.dim_customer", True),
    ("privacy", "select count(*) from main.fact_stock_event", False),
    ("privacy", "select email from legacy.dim_customer", True),
    ("privacy", "select count(*) from mart.sales_kpi", False),
    ("admin", "select count(*) from mart.sales_kpi", False),
]


@pytest.mark.parametrize("group, query, readable", MATRIX)
def test_who_of_the_inside_reads_what(market, group, query, readable):
    done = as_inside(market, group, query, check=False)
    assert (done.stdout and not done.stderr) if readable else refused(done), done.stdout + done.stderr


@pytest.mark.parametrize("group", INSIDE)
def test_nobody_of_the_inside_writes_data(market, group):
    for statement in ("insert into main.fact_return (seller_id) values ('alba')", "delete from main.dim_customer", "update main.dim_offer set price = 0",
                      "truncate main.fact_click", "delete from books.load", "create table main.mine (a int)", "create temp table mine (a int)"):
        assert refused(as_inside(market, group, statement, check=False)), statement
    assert refused(as_inside(market, group, "set role loader", check=False))


def test_an_analyst_sees_all_sellers_and_masked_persons(market):
    assert as_inside(market, "analyst", "select count(distinct seller_id) from mart.sales_line").stdout == "2\n"
    assert as_inside(market, "analyst", "select distinct name, email from analyst.dim_customer").stdout == "***|***\n"
    keys = as_inside(market, "analyst", "select count(distinct customer_key) from analyst.fact_order_line").stdout
    assert keys == "4\n", "pseudonyms still tell customers apart"


def explain(market, whom, **options):
    done = market.run("--json", "access", "explain", whom, **options)
    return {f"{one['schema']}.{one['relation']}": one for one in map(json.loads, done.out.splitlines())}


def test_explain_tells_what_a_seller_can_read(market):
    told = explain(market, "seller_alba")
    assert told["seller.fact_order_line"]["rows"] == 4 and told["seller.fact_order_line"]["refused"] == []
    for closed in ("main.fact_order_line", "main.dim_customer", "books.quarantine", "log.fact_order_line", "mart.sessions", "analyst.dim_customer"):
        assert told[closed]["readable"] == [] and told[closed]["rows"] is None, closed
    assert told["mart.sales_line"]["rows"] == 4 and told["mart.sales_kpi"]["readable"] == []


def test_explain_tells_columns_apart(market):
    told = explain(market, "anna")["main.fact_order_line"]
    assert told["rows"] == 7 and "customer_key" in told["readable"]
    assert {"customer_id", "_load_id"} <= set(told["refused"]) and "session_id" in told["readable"]


def test_explain_sees_what_is_so_and_not_what_should_be(market):
    market.psql("grant usage on schema books to sellers; grant select on books.load to sellers")
    try:
        assert explain(market, "seller_alba")["books.load"]["rows"] == 4
    finally:
        market.psql("revoke usage on schema books from sellers; revoke select on books.load from sellers")


def test_explain_leaves_nothing_behind(market):
    before = market.psql("select count(*) from pg_auth_members").stdout
    told = explain(market, "seller_alba", role="chief", password="inside-of-the-test")
    assert told["seller.fact_order_line"]["rows"] == 4
    assert market.psql("select count(*) from pg_auth_members").stdout == before
    assert "there is no role nobody" in market.run("access", "explain", "nobody", check=False).err


def test_a_migration_gives_and_takes_rights_by_itself(market):
    """A new mart is open after the next load, a column that became personal is closed, and nobody ran a command about access."""
    folder = market.warehouse.folder
    (folder / "marts" / "my_units.sql").write_text("-- Units sold. Grain: seller.\nselect seller_id, sum(quantity) as units from fact_order_line group by seller_id\n")
    assert "does not exist" in as_seller(market, "alba", "select units from mart.my_units", check=False).stderr
    contract = folder / "contracts" / "dim_offer.yaml"
    text = contract.read_text()
    assert as_seller(market, "alba", "select title from dim_offer").stdout == "Mug of alba\n"
    head, title = text.split("- name: title", 1)
    personal = "customProperties:\n          - {property: entrepot.personal, value: true}\n"
    contract.write_text(head + "- name: title" + title.replace("customProperties:\n", personal, 1))
    try:
        market.warehouse.run("migrate")
        assert as_seller(market, "alba", "select units from mart.my_units").stdout == "4\n"
        assert "does not exist" in as_seller(market, "alba", "select title from dim_offer", check=False).stderr
        assert market.run("access", "lint", check=False).returncode == 0
    finally:
        contract.write_text(text)
        (folder / "marts" / "my_units.sql").unlink()
        market.warehouse.run("migrate")
    assert as_seller(market, "alba", "select title from dim_offer").stdout == "Mug of alba\n"


def test_functions_of_an_extension_are_closed(market):
    """Of whatever extension: the catalogue tells which functions it brought."""
    question = "select public.levenshtein('a', 'b')"
    market.psql("create extension fuzzystrmatch schema public")
    try:
        assert as_seller(market, "alba", question).stdout == "1\n"
        market.run("access", "apply")
        assert refused(as_seller(market, "alba", question, check=False))
        assert market.psql(question, role="loader").stdout == "1\n"
    finally:
        market.psql("drop extension fuzzystrmatch")


def test_a_limit_that_a_seller_lifted_is_found(market):
    as_seller(market, "alba", "set default_transaction_read_only = off; alter role seller_alba set statement_timeout = 0")
    try:
        assert "login_setting: seller_alba: the login has not statement_timeout=60000" in market.run("access", "lint", check=False).out
    finally:
        market.psql("alter role seller_alba set statement_timeout = 60000")


def test_without_a_change_a_load_leaves_the_rights_alone(market):
    stamp = "select max(xmin::text::bigint) from pg_policy"
    before = market.psql(stamp).stdout
    market.warehouse.run("migrate")
    assert market.psql(stamp).stdout == before
