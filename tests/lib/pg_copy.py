"""A warehouse of DuckDB copied into a PostgreSQL database, table by table: same names, types, rows and views."""

import re
from pathlib import Path

TYPES = {"VARCHAR": 'text collate "C"', "BLOB": "bytea", "TIMESTAMP": "timestamp", "BOOLEAN": "boolean"}


def tables(warehouse):
    """{(schema, table): [(column, type)]} as the warehouse has them."""
    made = {}
    for row in warehouse.sql("""
            select c.table_schema, c.table_name, c.column_name, c.data_type
            from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
            where t.table_type = 'BASE TABLE' and c.table_schema in ('main', 'books', 'log') order by 1, 2, c.ordinal_position"""):
        made.setdefault((row["table_schema"], row["table_name"]), []).append((row["column_name"], row["data_type"]))
    return made


def definition(columns, keys):
    body = ", ".join(f'"{name}" {TYPES.get(kind, kind.lower())}' for name, kind in columns)
    return body + (f", primary key ({', '.join(keys)})" if keys else "")


def views(folder, currency):
    """The marts as statements, those that others name first."""
    texts = {}
    for path in sorted(folder.rglob("*.sql")):
        schema = "legacy" if path.parent.name == "legacy" else "mart"
        texts[f"{schema}.{path.stem}"] = path.read_text().replace("${reporting_currency}", f"'{currency}'").rstrip().rstrip(";")
    done = []
    while len(done) < len(texts):
        ready = [n for n in texts if n not in done and not any(
            o != n and o not in done and re.search(rf"{re.escape(o)}\b", texts[n]) for o in texts)]
        assert ready, "marts in a circle"
        done += ready
    return [f"create view {name} as {texts[name]};" for name in done]


def copy_warehouse(warehouse, server, database, owner, currency="EUR"):
    """Makes `database`, owned by `owner`, and fills it."""
    server.psql(f"create database {database} owner {owner};")
    known = tables(warehouse)
    counted = " union all ".join(f"select '{s}' as s, '{t}' as t, count(*) as n from {s}.\"{t}\"" for s, t in known)
    filled = {(row["s"], row["t"]) for row in warehouse.sql(counted) if row["n"]}
    script = [f"set role {owner};"] + [f"create schema {s};" for s in ("main", "books", "log", "mart", "legacy")]
    for (schema, table), columns in known.items():
        script.append(f'create table {schema}."{table}" ({definition(columns, [])});')
        if (schema, table) not in filled:
            continue
        names = ", ".join(f'"{n}"' if k != "BLOB" else f"'' as \"{n}\"" for n, k in columns)
        data = warehouse.run("sql", "--format", "csv", f'select {names} from {schema}."{table}"').stdout.decode()
        data = data.replace("\\.", "\\\\.")
        script.append(f'copy {schema}."{table}" from stdin (format csv, header);\n{data}\\.')
    script.append("set search_path = main;")
    script += views(Path(warehouse.folder) / "marts", currency)
    script.append("analyze;")
    server.psql("\n".join(script), database=database)
