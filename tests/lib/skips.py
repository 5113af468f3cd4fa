"""What may be skipped where everything has to run: with CI set, a skip that is not listed here is a failure (tests/run.py).

A developer's machine may lack a thing, and the run says so. In CI a skip would let "all green" mean "not looked at": whatever it lacks
is to be installed there. On the list is only what CI cannot mend, with the reason why. A tmpfs that cannot be mounted is not on it: the
disk that is full is shown nowhere else for the engines' own files, so CI runs as root where mounting is allowed.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Allowed:
    suite: str  # all of its name
    reason: str  # how the reason it gives begins
    why: str


ALLOWED = (
    Allowed("citus/test_cluster", "Citus is not installed and ENTREPOT_CITUS names no cluster",
            "Debian has no package of Citus; docs/citus.md says how to have a cluster to run this on"),
)


def in_ci(environment=os.environ):
    return environment.get("CI", "").lower() not in ("", "0", "false")


def is_allowed(suite, reason):
    return any(suite == one.suite and reason.startswith(one.reason) for one in ALLOWED)
