"""Memory that runs out at any allocation of a whole load is an error like another: told in a line, nothing lost, nothing leaked.

Every n-th allocation would take too long here: a sample that the printed seed decides, spread over all; `make soak` does them all.
"""

import os
import random

import memory_sweep

ENGINES = ["duckdb", "postgres"]
SEED = int(os.environ["ENTREPOT_SEED"]) if "ENTREPOT_SEED" in os.environ else random.randrange(10**9)
SAMPLES = {"duckdb": 12, "postgres": 5, "citus": 5}


def test_memory_runs_out_in_the_middle_of_a_load(tmp_path, engine):
    print(f"ENTREPOT_SEED={SEED}")
    draw, sweep = random.Random(SEED), memory_sweep.Sweep(tmp_path)
    total = sweep.count()
    assert total > 1000
    width = total // SAMPLES[engine]
    ended = [sweep.run(part * width + draw.randrange(1, width + 1), once) for part in range(SAMPLES[engine]) for once in (False, True)]
    # Not in vain: most of them came before the end.
    assert ended.count(False) > len(ended) / 2
