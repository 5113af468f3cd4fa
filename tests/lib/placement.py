"""Where each table must lie on a Citus cluster, read from the contracts alone."""

import yaml
from wh import ROOT

OWNED_BOOKS = {"snapshot", "snapshot_key", "snapshot_absence", "snapshot_held"}
SHARED_BOOKS = {"closed_period"}


def owners():
    """{table: its owner's column, or None} of all contracts that make a table."""
    made = {}
    for path in sorted((ROOT / "contracts").glob("*.yaml")):
        for one in yaml.safe_load(path.read_text())["schema"]:
            custom = {p["property"]: p["value"] for p in one.get("customProperties", [])}
            if custom.get("entrepot.kind", "none") != "none":
                made[one["name"]] = custom.get("entrepot.owner")
    return made


def expected(schema, table, owner_of):
    """(place, column): with its owner's rows, a copy everywhere for what all join, one node for what is written and read whole."""
    if schema == "books":
        return ("by owner", "owner") if table in OWNED_BOOKS else ("everywhere", "") if table in SHARED_BOOKS else ("one node", "")
    if owner_of[table]:
        return ("by owner", owner_of[table])
    return ("one node", "") if schema == "log" else ("everywhere", "")
