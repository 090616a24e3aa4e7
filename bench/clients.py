"""The part "client": clients into raw, from there into dds, and again what changed, beside a floor or the peers."""

import shutil
from collections.abc import Callable
from dataclasses import asdict

from bench import history
from bench.measure import Cost, Peak
from bench.peers import Peer
from bench.plan import Plan
from bench.results import Check, Memory, Part, Row, say
from bench.warehouse import Warehouse, warehouse
from generator import ENTITIES

_SMALL = "tshop_small"
_SOURCES = tuple(f"raw.{entity}" for entity in ENTITIES)
_TIMES = 11
GENERATOR_LIMIT = 2**30


def run(plan: Plan, postgres_settings: dict[str, str] | None = None) -> Part:
    """Measure the part on servers of its own.

    Args:
        plan: what is asked for.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
    """
    part = Part("client", plan)
    with (
        warehouse(plan.home / "client", postgres_settings=postgres_settings) as servers,
        Peak(servers.memory) as memory,
    ):
        part.rows.append(_generate(plan, servers, part))
        history.plant_first(servers.execute)
        part.rows.append(_first_load(plan, servers))
        part.rows.append(_nothing_new(plan, servers))
        part.rows += _changes(plan, servers, part)
        limit = servers.memory_limit()
    part.memory["PostgreSQL, clients"] = Memory(memory.bytes, limit)
    return part


def alternate(runs: int, *sides: Callable[[], Cost]) -> list[list[Cost]]:
    """Run the sides in turn, each time beginning with another one; return the costs of each side."""
    costs: list[list[Cost]] = [[] for _ in sides]
    for number in range(runs):
        for place in range(len(sides)):
            side = (number + place) % len(sides)
            costs[side].append(sides[side]())
    return costs


def _generate(plan: Plan, servers: Warehouse, part: Part) -> Row:
    folder = servers.settings.postgres().folder
    files = {table: folder / f"{table}.copy" for table in _SOURCES}
    copies = {table: table.replace(".", "_") for table in _SOURCES}
    columns = {
        table: servers.execute(
            "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
            f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND attname <> 'changed_xid'"
        )[0][0]
        for table in _SOURCES
    }

    def generator() -> Cost:
        for table in _SOURCES:
            # The source of an entity refuses it: nobody's history is to be kept here.
            servers.execute(
                f"ALTER TABLE {table} DISABLE TRIGGER sl_keep_all",
                f"TRUNCATE {table}",
                f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER sl_keep_all",
            )
        with servers.meter.cost() as cost:
            memory = servers.generate(plan, 0, 0)
        held = max(memory, part.memory["Generator"].held if "Generator" in part.memory else 0)
        part.memory["Generator"] = Memory(held, GENERATOR_LIMIT)
        return cost

    def copy() -> Cost:
        for table in _SOURCES:
            if not files[table].exists():
                servers.execute(f"COPY (SELECT {columns[table]} FROM {table}) TO '{files[table]}'")
            servers.copy_of(table, copies[table])
        loads = "; ".join(f"COPY bench.{copies[table]} ({columns[table]}) FROM '{files[table]}'" for table in _SOURCES)
        with servers.meter.cost() as cost:
            servers.execute(loads)
        return cost

    # The generator comes first: the files are made of what it wrote.
    ours, floor = alternate(plan.runs, generator, copy)
    say(f"  generated {plan.runs} times: {ours[-1].seconds:.1f} s, COPY {floor[-1].seconds:.1f} s")
    (rows,) = servers.execute(f"SELECT {' + '.join(f'(SELECT count(*) FROM {table})' for table in _SOURCES)}")[0]
    size = servers.bytes_of(*_SOURCES)
    other_size = servers.bytes_of(*(f"bench.{copy}" for copy in copies.values()))
    for table in _SOURCES:
        servers.execute(f"DROP TABLE bench.{copies[table]}")
        files[table].unlink()
    servers.execute("VACUUM ANALYZE raw.client")
    return Row(
        f"generate {plan.clients:,} clients and write them to raw",
        "bare COPY of the same rows from a file",
        rows,
        ours,
        floor,
        at_most=1.3,
        size=size,
        other_size=other_size,
    )


def _first_load(plan: Plan, servers: Warehouse) -> Row:
    # All that dds.client has of raw.client.
    ((columns,),) = servers.execute(
        "SELECT string_agg(r.attname, ', ' ORDER BY r.attnum) FROM pg_attribute AS r"
        " JOIN pg_attribute AS d ON d.attrelid = 'dds.client'::regclass AND d.attname = r.attname"
        " WHERE r.attrelid = 'raw.client'::regclass AND r.attnum > 0"
    )

    def forget() -> None:
        servers.execute(
            "TRUNCATE dds.client RESTART IDENTITY",
            "TRUNCATE sl.changed_period",
            "DELETE FROM sl.watermark WHERE target = 'dds.client'",
            "DELETE FROM sl.tombstone WHERE entity_name = 'client'",
            "DELETE FROM sl.rejected_row WHERE entity_name = 'client'",
        )

    def load() -> Cost:
        forget()
        with servers.session("etl") as cursor, servers.meter.cost() as cost:
            cursor.execute("CALL dds.load_client()")
        return cost

    def insert() -> Cost:
        servers.copy_of("dds.client", "dds_client")
        with servers.meter.cost() as cost:
            servers.execute(
                f"INSERT INTO bench.dds_client ({columns}, valid_from, run_id)"
                f" SELECT {columns}, updated_at, 1 FROM raw.client"
            )
        return cost

    ours, floor = alternate(plan.runs, load, insert)
    say(f"  loaded first {plan.runs} times: {ours[-1].seconds:.1f} s, INSERT {floor[-1].seconds:.1f} s")
    other_size = servers.bytes_of("bench.dds_client")
    servers.execute("DROP TABLE bench.dds_client", "VACUUM ANALYZE dds.client")
    (rows,) = servers.execute("SELECT count(*) FROM dds.client")[0]
    return Row(
        f"dds.load_client(), first load of {plan.clients:,}",
        "bare INSERT … SELECT into a table with the same columns and indexes",
        rows,
        ours,
        floor,
        at_most=1.5,
        size=servers.bytes_of("dds.client"),
        other_size=other_size,
    )


def _nothing_new(plan: Plan, servers: Warehouse) -> Row:
    servers.make_database(_SMALL)
    servers.generate(plan, 0, 0, _SMALL, plan.small_clients)
    with servers.session("etl") as big, servers.session("etl", _SMALL) as small:

        def side(cursor) -> Callable[[], Cost]:
            def load() -> Cost:
                with servers.meter.cost(settled=False) as cost:
                    cursor.execute("CALL dds.load_client()")
                return cost

            # The first one loads the small shop, and both plan.
            load()
            load()
            return load

        ours, others = alternate(_TIMES, side(big), side(small))
    return Row(
        f"dds.load_client(), nothing new in {plan.clients:,}",
        f"the same in {plan.small_clients:,}",
        0,
        ours,
        others,
        at_most=1.1,
        at_most_seconds=0.05,
    )


def _changes(plan: Plan, servers: Warehouse, part: Part) -> list[Row]:
    folder = servers.settings.folder("peers")
    peers = [Peer(name, servers, folder) for name in plan.peers]

    def ours() -> Cost:
        with servers.session("etl") as cursor, servers.meter.cost() as cost:
            cursor.execute("CALL dds.load_client()")
        return cost

    def theirs(peer: Peer, step: int) -> Cost:
        with servers.meter.cost() as cost:
            peer.load(step)
        return cost

    first = {peer.name: theirs(peer, 0) for peer in peers}
    for peer in peers:
        part.versions.update(peer.versions())
        say(f"  {peer.title}, first load: {first[peer.name].seconds:.1f} s")
    costs: dict[str, list[Cost]] = {"": [], **{peer.name: [] for peer in peers}}
    # Of fewer steps a late state would not come.
    steps = max(plan.runs, 2)
    rows = 0
    for step in range(1, steps + 1):
        rows = history.plant(servers.execute, step)
        everyone = [None, *peers]
        for place in range(len(everyone)):
            peer = everyone[(step + place) % len(everyone)]
            name = peer.name if peer else ""
            costs[name].append(theirs(peer, step) if peer else ours())
        say(
            f"  step {step} of {steps}: "
            + ", ".join(f"{name or 'ours'} {c[-1].seconds:.2f} s" for name, c in costs.items())
        )
    what = "dds.load_client(), 1 % changed and 0.1 % new"
    found = [
        Row(
            what,
            peer.title,
            rows,
            costs[""],
            costs[peer.name],
            at_least_faster={"dbt": 15, "sqlmesh": 30}[peer.name],
            size=servers.bytes_of("dds.client"),
            other_size=peer.bytes(),
            note=f"its first load: {first[peer.name].seconds:.1f} s",
        )
        for peer in peers
    ] or [Row(what, "", rows, costs[""], [], size=servers.bytes_of("dds.client"))]
    history.expect(servers.execute)
    judged = [("dds.load_client()", history.OURS), *((peer.title, peer.history) for peer in peers)]
    for name, query in judged:
        say(f"  checking the history of {name}")
        part.checks.append(Check(name, asdict(history.verdict(servers.execute, query)), binding=query is history.OURS))
    shutil.rmtree(folder)
    return found
