"""What a seller can read does not depend on other sellers: the same attempts in three worlds give the same bytes, or are on the list of what is known to leak."""

import concurrent.futures
import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest

import pg
from worlds import A, WORLDS, generate, make_world

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
DATA = ROOT / "tests" / "data" / "isolation"
PROGRAM = os.environ.get("ENTREPOT_RELEASE", str(ROOT / "build" / "release" / "entrepot"))
OTHERS = ("nordwind", "casa_verde", "werk_winter_5", "house_tanaka_4")
MARK = "-- next attempt --"
PASSWORD = "a-password-of-a-test"


def lines(name):
    return [line for line in (DATA / name).read_text().splitlines() if line and not line.startswith("#")]


ATTEMPTS = lines("attempts.txt")
RESIDUAL = [line.split(None, 1) for line in lines("residual.txt")]


class World:
    def __init__(self, server, teller):
        self.server, self.canary = server, teller.canary

    def ask_all(self, attempts, role=f"seller_{A}"):
        """Each attempt in a session of its own; results and errors apart, each behind a mark."""
        script = "".join(f"\\echo {MARK}\n\\warn {MARK}\n{attempt}\n;\n\\connect -\n" for attempt in attempts)
        done = self.server.ask(script, database="shop", role=role, password=PASSWORD, check=False, flags=("-Xq",))
        said, failed = done.stdout.split(f"{MARK}\n")[1:], done.stderr.split(f"{MARK}\n")[1:]
        assert len(said) == len(failed) == len(attempts), done.stderr[-2000:]
        # Where in the script an error stands is the test's own doing.
        return [out + re.sub(r"^psql:<stdin>:\d+: ", "", err, flags=re.MULTILINE) for out, err in zip(said, failed)]

    def ask(self, attempt, role=f"seller_{A}"):
        return self.ask_all([attempt], role)[0]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    seed = secrets.token_hex(8)
    print("seed", seed)
    generate(folder / "generated")
    template = pg.Server(start=False)
    servers = {name: pg.Server(copy_of=template, settings=pg.STILL, hba=pg.PASSWORDS, start=False) for name in WORLDS}

    def make(name):
        server = servers[name].start()
        warehouse, teller = make_world(folder, folder / "generated", name, seed, server.database_of("loader", PASSWORD), PASSWORD)
        warehouse.run("access", "apply", env={"ENTREPOT_CONNECT": server.uri("shop")})
        for seller in (A, *((*OTHERS, "shopnow") if name != "alone" else ())):
            server.ask(f"create role seller_{seller} login password '{PASSWORD}' connection limit 5 in role sellers;"
                        f"alter role seller_{seller} set search_path = seller, mart; alter role seller_{seller} set default_transaction_read_only = on")
        return World(server, teller)

    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            yield dict(zip(WORLDS, pool.map(make, WORLDS)))
    finally:
        for server in (template, *servers.values()):
            server.remove()


def answers(worlds, attempts, role=f"seller_{A}"):
    """{attempt: its answer in each world}"""
    with concurrent.futures.ThreadPoolExecutor(len(worlds)) as pool:
        told = list(pool.map(lambda w: w.ask_all(attempts, role), worlds.values()))
    return dict(zip(attempts, zip(*told)))


@pytest.fixture(scope="module")
def told(worlds):
    return answers(worlds, ATTEMPTS)


def test_there_are_enough_attempts():
    assert len(ATTEMPTS) >= 80 and len(set(ATTEMPTS)) == len(ATTEMPTS)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_answer_is_the_same_in_all_worlds(worlds, told, attempt):
    first, *others = told[attempt]
    assert others == [first, first]
    assert first.strip(), "an attempt that answers nothing, not even an error, tries nothing"
    assert "connection to server" not in first
    for word in (*(w.canary for w in worlds.values()), *OTHERS):
        assert word not in first or word in attempt, f"{word} shows"


def test_a_seller_sees_what_is_its_own(worlds):
    """An answer that is the same because it is empty proves nothing."""
    for table in ("fact_order_line", "fact_order_status", "fact_fulfilment", "fact_stock_event", "fact_stock_daily", "fact_click", "dim_offer", "dim_seller",
                  "dim_product", "fx_rate", "commission_default", "rejected"):
        told = worlds["alone"].ask(f"select count(*) as n from seller.{table}")
        assert int(re.search(r"^ +(\d+)$", told, re.MULTILINE)[1]) > 0, f"{table}: {told}"
    told = worlds["different"].ask("select order_id, count(*), sum(amount) from seller.fact_order_line where order_id = 'o-shared' group by 1")
    assert re.search(r"o-shared +\| +1 +\| +2\.0000", told), told


def test_the_worlds_differ_and_the_attempts_would_show_it(worlds):
    """The same questions to the role that owns the tables: most of them tell the worlds apart."""
    reads = [a for a in ATTEMPTS if a.startswith(("select", "copy (", "table"))]
    different = sum(len(set(told)) > 1 for told in answers(worlds, reads, role=pg.SUPERUSER).values())
    assert different >= len(reads) * 0.5, f"{different} of {len(reads)}"


MISTAKES = {
    "row-level security off": ("alter table main.fact_order_line disable row level security", "alter table main.fact_order_line enable row level security",
                               "select * from seller.fact_order_line order by order_id, line_id"),
    "a definer view": ("alter view mart.fulfilment_by_seller_month set (security_invoker = false)",
                       "alter view mart.fulfilment_by_seller_month set (security_invoker = true)",
                       "select * from mart.fulfilment_by_seller_month order by seller_id, month"),
    "a policy that is true": ("create policy more on main.dim_offer for select to sellers using (true)", "drop policy more on main.dim_offer",
                              "select seller_id, count(*) from seller.dim_offer group by seller_id order by 1"),
    "inferred members of others": ("alter policy seller on main.dim_product using (true)", "alter policy seller on main.dim_product using (not is_inferred)",
                                   "select * from seller.dim_product order by product_id, valid_from"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen(worlds, mistake):
    plant, undo, attempt = MISTAKES[mistake]
    for world in worlds.values():
        world.server.ask(plant, database="shop")
    try:
        assert len(set(answers(worlds, [attempt])[attempt])) > 1
    finally:
        for world in worlds.values():
            world.server.ask(undo, database="shop")
    assert len(set(answers(worlds, [attempt])[attempt])) == 1


@pytest.mark.parametrize("channel, attempt", RESIDUAL)
def test_a_residual_channel_is_explained_and_closed_by_the_gate(channel, attempt):
    page = (ROOT / "docs" / "access-residual.md").read_text()
    assert f"| `{channel}` |" in page, f"docs/access-residual.md does not explain {channel}"
    passes = subprocess.run([PROGRAM, "--quiet", "access", "gate", attempt], capture_output=True, check=False).returncode == 0
    assert passes == (channel == "order")


def test_the_list_of_residual_channels_is_not_longer_than_it_must_be(worlds):
    """A channel of the list that shows no difference in any of its attempts would hide the next one. Order and counters need luck."""
    told = answers(worlds, [attempt for _, attempt in RESIDUAL])
    open_channels = {channel for channel, attempt in RESIDUAL if len(set(told[attempt])) > 1}
    assert {channel for channel, _ in RESIDUAL} - open_channels <= {"order", "counters", "samples"}
