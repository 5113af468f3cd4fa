"""Invariant 2: killed at any moment and started again with the same command, the warehouse holds what it would have held."""

import os
import random

import kills

SEED = int(os.environ["ENTREPOT_SEED"]) if "ENTREPOT_SEED" in os.environ else random.randrange(10**9)
N_KILLS = 20


def test_twenty_kills(tmp_path):
    print(f"ENTREPOT_SEED={SEED}")
    figures = kills.run(tmp_path, SEED, N_KILLS, days=3)
    print(figures)
    assert figures.points == set(kills.CRASH_POINTS)
    assert figures.kills >= N_KILLS
    # A kill between transactions proves little.
    assert figures.in_transaction >= 0.7 * figures.kills
