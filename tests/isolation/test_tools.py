"""Clients that people use read the marts, as a seller and as an analyst: psql, unixODBC's isql, JDBC."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from small_pg import SmallMarket

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
JDBC = "org.postgresql:postgresql:42.7.4"
QUERY = "select seller_id, count(*), sum(turnover) from mart.sales_line group by seller_id order by seller_id"
EXPECTED = {"seller_alba": [("alba", "4", "46.0000")], "anna": [("alba", "4", "46.0000"), ("bruma", "3", "66.0000")]}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # JDBC knows no Unix socket.
    with SmallMarket(folder, {"listen_addresses": "127.0.0.1"}, port=port) as made:
        made.run("access", "apply")
        made.passwords = {f"seller_{k}": v for k, v in made.give_passwords(folder).items()}
        made.psql("create role anna login password 'inside-of-the-test' in role entrepot_analyst")
        made.passwords["anna"] = "inside-of-the-test"
        yield made


@pytest.mark.parametrize("role", EXPECTED)
def test_psql(market, role):
    rows = market.psql(QUERY, role=role, password=market.passwords[role]).stdout.splitlines()
    assert [tuple(row.split("|")) for row in rows] == EXPECTED[role]
    listed = market.psql("\\d+ mart.sales_line\n\\dn\n", role=role, password=market.passwords[role])
    assert "turnover" in listed.stdout and not listed.stderr


def odbc(market, role, query):
    where = (f"Driver={{PostgreSQL Unicode}};Server={market.server.folder};Port={market.server.port};Database=shop;UID={role};"
             f"PWD={market.passwords[role]};Timeout=10")
    return subprocess.run(["isql", "-k", where, "-b", "-v", "-d,"], input=query + "\n", capture_output=True, text=True, check=False)


@pytest.mark.parametrize("role", EXPECTED)
def test_isql(market, role):
    done = odbc(market, role, QUERY)
    rows = [tuple(line.split(",")) for line in done.stdout.splitlines() if line.count(",") == 2]
    assert rows == EXPECTED[role], done.stdout + done.stderr


def test_isql_is_refused_what_psql_is(market):
    done = odbc(market, "seller_alba", "select * from main.dim_customer")
    assert "permission denied" in done.stdout + done.stderr


JAVA = """
import java.sql.*;
public class Read {
    public static void main(String[] a) throws Exception {
        try (Connection c = DriverManager.getConnection(a[0], a[1], System.getenv("PGPASSWORD"))) {
            try (ResultSet t = c.getMetaData().getTables(null, "mart", "sales_line", null)) { if (!t.next()) throw new Exception("no table"); }
            try (ResultSet t = c.getMetaData().getColumns(null, "mart", "sales_line", "turnover")) { if (!t.next()) throw new Exception("no column"); }
            for (int q = 2; q < a.length; q++) {
                try (PreparedStatement s = c.prepareStatement(a[q]); ResultSet r = s.executeQuery()) {
                    int n = r.getMetaData().getColumnCount();
                    while (r.next()) {
                        StringBuilder row = new StringBuilder(r.getString(1));
                        for (int i = 2; i <= n; i++) row.append(",").append(r.getString(i));
                        System.out.println(row);
                    }
                }
            }
        }
    }
}
"""


@pytest.fixture(scope="module")
def driver():
    """The driver's file, fetched once; without Java, Maven or network these tests are skipped by name."""
    folder = ROOT / "build" / "jdbc"
    jars = list(folder.glob("postgresql-*.jar"))
    if not shutil.which("java"):
        pytest.skip("no java")
    if not jars and shutil.which("mvn"):
        subprocess.run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={JDBC}", f"-DoutputDirectory={folder}"], capture_output=True, check=False,
                       timeout=120, cwd="/")
        jars = list(folder.glob("postgresql-*.jar"))
    if not jars:
        pytest.skip("the JDBC driver could not be fetched")
    return jars[0]


def jdbc(market, driver, role, folder, *queries):
    (folder / "Read.java").write_text(JAVA)
    return subprocess.run(["java", "-cp", str(driver), str(folder / "Read.java"), f"jdbc:postgresql://127.0.0.1:{market.server.port}/shop", role, *queries],
                          env={**os.environ, "PGPASSWORD": market.passwords[role]}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("role", EXPECTED)
def test_jdbc(market, driver, role, tmp_path):
    done = jdbc(market, driver, role, tmp_path, QUERY)
    assert [tuple(line.split(",")) for line in done.stdout.splitlines()] == EXPECTED[role], done.stderr


# Marts that tell no seller, or rest on visits, are not a seller's; an analyst reads all.
ALL = sorted(path.stem for path in (ROOT / "marts").glob("*.sql"))
INSIDE_ONLY = {"sales_by_day", "sales_by_month", "sales_kpi", "sessions", "sessions_by_day", "sessions_by_seller_day", "sales_by_seller_category_as_is",
               "sales_by_seller_category_as_was"}
MARTS = {"seller_alba": [name for name in ALL if name not in INSIDE_ONLY], "anna": ALL}


def test_who_lists_which_marts(market):
    for role, names in MARTS.items():
        listed = market.psql("select table_name from information_schema.tables where table_schema = 'mart' order by 1", role=role, password=market.passwords[role])
        assert listed.stdout.split() == names


@pytest.mark.parametrize("role", MARTS)
def test_every_mart_is_read_by_every_client(market, driver, role, tmp_path):
    queries = [f"select '{name}', count(*) from mart.{name}" for name in MARTS[role]]
    by_psql = market.psql(";\n".join(queries) + ";", role=role, password=market.passwords[role], flags=("-XqAt", "-F,")).stdout.splitlines()
    assert [line.split(",")[0] for line in by_psql] == MARTS[role] and sum(not line.endswith(",0") for line in by_psql) > len(by_psql) // 3
    read = odbc(market, role, "\n".join(queries))
    assert [line for line in read.stdout.splitlines() if line.count(",") == 1] == by_psql, read.stdout + read.stderr
    read = jdbc(market, driver, role, tmp_path, *queries)
    assert read.stdout.splitlines() == by_psql, read.stderr
