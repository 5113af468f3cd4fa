"""A Citus cluster for tests: that of ENTREPOT_CITUS, or, where the extension is installed, one made here of a coordinator and two workers.

ENTREPOT_CITUS is the address of a database on a coordinator, which may be emptied: every warehouse of a test takes the place of the one
before. A cluster made here has a database a warehouse.
"""

import atexit
import os
import secrets
import subprocess
from urllib.parse import urlsplit, urlunsplit

import pg

SCHEMAS = ("main", "books", "log", "mart", "legacy", "seller", "analyst")
SETTINGS = {"shared_preload_libraries": "citus", "max_prepared_transactions": "100", "max_connections": "100", "citus.shard_count": "4",
            "citus.node_conninfo": "sslmode=disable", "citus.max_cached_conns_per_worker": "2"}
WORKERS = 2


def installed():
    done = subprocess.run([pg.BIN / "pg_config", "--sharedir"], capture_output=True, text=True, check=True)
    return os.path.exists(os.path.join(done.stdout.strip(), "extension", "citus.control"))


def why_not():
    """None when there is a cluster to test on."""
    if os.environ.get("ENTREPOT_CITUS") or installed():
        return None
    return "Citus is not installed and ENTREPOT_CITUS names no cluster: docs/citus.md"


class Own:
    """Three servers of this process, each with a socket of its own."""

    def __init__(self):
        self.nodes = [pg.Server(settings=SETTINGS) for _ in range(1 + WORKERS)]

    def database(self, owner=None):
        """A new empty database on all nodes, of a login of its own when one is named; its address on the coordinator."""
        name = f"t{secrets.token_hex(6)}"
        for node in self.nodes:
            pg.psql(node.uri(), f'create database "{name}"')
            pg.psql(node.uri(name), "create extension citus")
        coordinator = self.nodes[0].uri(name)
        pg.psql(coordinator, f"select citus_set_coordinator_host('{self.nodes[0].folder}', 5432)")
        for worker in self.nodes[1:]:
            pg.psql(coordinator, f"select citus_add_node('{worker.folder}', 5432)")
        if not owner:
            return coordinator
        if not pg.psql(coordinator, f"select 1 from pg_roles where rolname = '{owner}'"):
            pg.psql(coordinator, f"create role {owner} login")
        pg.psql(coordinator, f"alter database {name} owner to {owner}")
        return self.nodes[0].uri(name, owner)

    def workers(self, store):
        """The same database by the other nodes."""
        return [store.replace(str(self.nodes[0].folder), str(worker.folder)) for worker in self.nodes[1:]]

    def remove(self):
        for node in self.nodes:
            node.remove()


class Given:
    """The cluster of whoever runs the tests: one database, emptied for each warehouse."""

    def __init__(self, uri):
        self.uri = uri

    def database(self, owner=None):
        """`owner` is whom the address names: no role is made on what is not ours."""
        del owner
        for schema in SCHEMAS:
            pg.psql(self.uri, f"drop schema if exists {schema} cascade")
        return self.uri

    def workers(self, store):
        """By their names and ports, as the coordinator knows them."""
        nodes = pg.psql(self.uri, "select nodename, nodeport from pg_dist_node where groupid <> 0 and isactive order by 1, 2")
        return [with_host(store, host, port) for host, port in nodes]


def with_host(uri, host, port):
    parts = urlsplit(uri)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}:{port}" if user else f"{host}:{port}"))


_cluster = None


def cluster():
    global _cluster
    if _cluster is None:
        given = os.environ.get("ENTREPOT_CITUS")
        _cluster = Given(given) if given else Own()
        if not given:
            atexit.register(_cluster.remove)
    return _cluster
