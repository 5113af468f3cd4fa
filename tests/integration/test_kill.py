"""Invariant 2: killed at any moment and started again with the same command, the warehouse holds what it would have held."""

import os
import random

import kills

ENGINES = ["duckdb", "postgres"]
SEED = int(os.environ["ENTREPOT_SEED"]) if "ENTREPOT_SEED" in os.environ else random.randrange(10**9)
N_KILLS = {"duckdb": 20, "postgres": 10, "citus": 10}
# A load may end before its kill comes, and then the rest meant for it does not happen.
SPARE = 4


def test_killed_at_any_moment(tmp_path, engine):
    print(f"ENTREPOT_SEED={SEED}")
    figures = kills.run(tmp_path, SEED, N_KILLS[engine] + SPARE, days=3)
    print(figures)
    assert figures.points == set(kills.CRASH_POINTS)
    assert figures.kills >= N_KILLS[engine]
    # A kill between transactions proves little.
    assert figures.in_transaction >= 0.7 * figures.kills
