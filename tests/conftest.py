"""A module that sets ENGINES = ["duckdb", "postgres"] has each of its tests run once an engine: `engine` is the fixture's name.

ENTREPOT_ENGINES=citus runs them on other engines instead: the suites of the merges on a cluster (docs/citus.md).
"""

import os

import pytest
import wh


@pytest.fixture(scope="module", autouse=True)
def engine(request):
    wh.ENGINE = getattr(request, "param", "duckdb")
    yield wh.ENGINE
    wh.ENGINE = "duckdb"


def pytest_generate_tests(metafunc):
    engines = getattr(metafunc.module, "ENGINES", None)
    if engines and "ENTREPOT_ENGINES" in os.environ:
        engines = os.environ["ENTREPOT_ENGINES"].split(",")
    if engines and "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", engines, indirect=True, scope="module")
