"""A loaded warehouse on a PostgreSQL server of a test, with roles, policies and grants."""

from pg_copy import copy_warehouse


def give_to_postgres(warehouse, server, program, database="shop", loader="loader"):
    server.psql(f"create role {loader} login password 'loader'")
    copy_warehouse(warehouse, server, database, loader)
    script = warehouse.run("access", "apply", "--print", "--schema", "main", "--database", database, "--loader", loader, binary=program).stdout.decode()
    server.psql(script, database=database)
