"""The part "day": a weekend day into dds and the marts, and from there into ClickHouse, each beside its floor.

The sales come first, as they are measured since there was nothing else; the orders and what belongs to them follow.
"""

import io
import statistics

from clickhouse_connect.driver.exceptions import ClickHouseError

from bench.clients import GENERATOR_LIMIT
from bench.marts import FLOORS
from bench.measure import BenchError, Cost, Peak
from bench.plan import OPENED, Plan
from bench.results import Check, Memory, Part, Row, say
from bench.warehouse import AFTER_SALES, BEFORE_SALES, CALLS, ENTITIES, MARTS, Warehouse, warehouse

_SATURDAY = 5
ENDPOINT_LIMIT = 3 * 2**30
# Days that are there before the first one that is measured.
_BEFORE = 10
# The tasks pull, reconcile and publish of the DAG tshop_daily.
TAKE_OVER = ("pull.sql", "reconcile.sql", "publish.sql")
# The tables that have a copy, which gets the same rows by a bare INSERT.
_COPIED = ("sale", *AFTER_SALES)
_BUILDS = tuple(f"build_{mart}" for mart in MARTS)


def run(plan: Plan, postgres_settings: dict[str, str] | None = None) -> Part:
    """Measure the part on servers of its own.

    Args:
        plan: what is asked for.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
    """
    part = Part("day", plan)
    days: list[dict[str, Cost]] = []
    with (
        warehouse(plan.home / "day", clickhouse=True, postgres_settings=postgres_settings) as servers,
        Peak(servers.memory) as memory,
    ):
        servers.prepare_clickhouse()
        for entity in _COPIED:
            servers.copy_of(f"dds.{entity}", f"dds_{entity}")
        servers.copy_of("cdm.sales_mart", "sales_mart")
        first = 0
        counts: list[dict[str, int]] = []
        generator = 0
        read_again = dict.fromkeys(MARTS, 0)
        for weekend in _weekend_days(plan.runs):
            _catch_up(servers, plan, first, weekend - 1)
            first = weekend + 1
            ((xid,),) = servers.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
            with servers.meter.cost() as generating:
                generator = max(generator, servers.generate(plan, weekend, weekend))
            costs, sales_run = _load_sales(servers)
            count = {"raw": _written(servers, xid)} | _stage_sales(servers)
            costs |= {"generate": generating} | _insert_sales(servers)
            costs |= _load_orders(servers, count)
            costs |= _build(servers, count, len(days))
            costs |= _build_again(servers, read_again)
            with servers.meter.cost() as costs["audit"]:
                servers.run_task("audit")
            sides = [lambda: _take_over(servers), lambda run_id=sales_run: _copy_out(servers, "sales_mart", run_id)]
            for side in sides if len(days) % 2 == 0 else reversed(sides):
                costs |= side()
            costs |= _take_over_marts(servers, count, len(days))
            ((count["pulled"],),) = servers.execute(f"SELECT count(*) FROM cdm.sales_mart WHERE run_id = {sales_run}")
            counts.append(count)
            days.append(costs)
            told = (f"{name} {cost.seconds:.2f} s" for name, cost in costs.items())
            say(f"  {plan.date(weekend):%a %d %b}, {count['sale']:,} lines: {', '.join(told)}")
        check = equality(servers)
        check.found |= {f"cdm.{mart}: read where nothing changed": rows for mart, rows in read_again.items()}
        part.checks.append(check)
        part.memory["ClickHouse, a day"] = Memory(servers.endpoint_peak(), ENDPOINT_LIMIT)
        limit = servers.memory_limit()
        size = servers.bytes_of("dds.sale", "cdm.sales_mart")
        other_size = servers.bytes_of("bench.dds_sale", "bench.sales_mart")
    part.memory["PostgreSQL, a day"] = Memory(memory.bytes, limit)
    part.memory["Generator, a day"] = Memory(generator, GENERATOR_LIMIT)
    rows = {name: round(statistics.median(count[name] for count in counts)) for name in counts[0]}

    def row(what: str, against: str, count: int, ours: tuple[str, ...], other: tuple[str, ...], **more) -> Row:
        sides = [
            [sum((day[step] for step in steps), Cost()) for day in days] if steps else [] for steps in (ours, other)
        ]
        return Row(what, against, count, *sides, **more)

    loads = {entity: f"load_{entity}" for entity in ENTITIES}
    publications = tuple(f"publish {mart}" for mart in MARTS)
    floors = tuple(name for name in days[0] if name.split()[0] in ("INSERT", "COPY", "bare"))

    part.rows = [
        row(
            f"a weekend day, {rows['sale']:,} lines: dds.load_sale() + cdm.build_mart()",
            "bare INSERT … SELECT of the same rows into copies of both tables",
            rows["sales_mart"],
            ("load_sale", "build_mart"),
            ("INSERT sale", "INSERT mart"),
            at_most=3,
            size=size,
            other_size=other_size,
        ),
        row("of it load_sale", "INSERT into the copy of dds.sale", rows["sale"], ("load_sale",), ("INSERT sale",)),
        row(
            "of it build_mart",
            "INSERT into the copy of the mart",
            rows["sales_mart"],
            ("build_mart",),
            ("INSERT mart",),
        ),
        row(
            "pull of that day into ClickHouse, reconciled and published",
            "COPY (SELECT …) TO STDOUT of the same rows",
            rows["pulled"],
            TAKE_OVER,
            ("COPY",),
            at_most=1.5,
        ),
        *(row(f"of it {file}", "the same COPY", rows["pulled"], (file,), ("COPY",)) for file in TAKE_OVER),
        row(
            f"the whole of it, {rows['raw']:,} rows of raw: 8 loads, 8 builds, audit, 8 marts published",
            "all floors of this table",
            rows["raw"],
            (*loads.values(), "build_mart", *_BUILDS, "audit", *TAKE_OVER, *publications),
            floors,
        ),
        row("generate that day and write it to raw", "", rows["raw"], ("generate",), ()),
        row("of it load_category, load_client, load_product", "", 0, tuple(map(loads.get, BEFORE_SALES)), ()),
        *(
            row(
                f"of it load_{entity}",
                f"INSERT into the copy of dds.{entity}",
                rows[entity],
                (loads[entity],),
                (f"INSERT {entity}",),
            )
            for entity in AFTER_SALES
        ),
        *(
            row(
                f"of it build_{mart}, {floor.unit} touched: {rows[mart + ' groups']}",
                f"one bare GROUP BY of these {floor.unit}",
                rows[mart],
                (f"build_{mart}",),
                (f"bare {mart}",),
                at_most=2,
            )
            for mart, floor in FLOORS.items()
        ),
        row(
            f"the slowest of these {len(MARTS)} builds where nothing has changed",
            "",
            0,
            ("build again",),
            (),
            at_most_seconds=0.05,
        ),
        row("of it audit", "", 0, ("audit",), ()),
        *(
            row(
                f"of it publish_{mart}",
                "COPY (SELECT …) TO STDOUT of the same rows",
                rows[f"{mart} published"],
                (f"publish {mart}",),
                (f"COPY {mart}",),
            )
            for mart in FLOORS
        ),
    ]
    return part


def equality(servers: Warehouse) -> Check:
    """Check the warehouse's invariants, and that ClickHouse shows what the warehouse holds, row by row and in sum."""
    with servers.session("etl") as cursor:
        cursor.execute("CALL sl.audit(p_full => true)")
    try:
        servers.run_clickhouse("verify.sql")
        differences = servers.mart_differences()
    except ClickHouseError as error:
        raise BenchError(f"ClickHouse is not what the warehouse is: {str(error).splitlines()[0]}") from error
    if differences:
        raise BenchError(f"ClickHouse is not what the warehouse is: {differences[0]}")
    found = {}
    for table, key, begin in servers.execute(
        """
        SELECT format('%I.%I', target_schema, target_table), key_columns, 'valid_from' FROM sl.entity
        UNION ALL
        SELECT format('%I.%I', target_schema, target_table), key_columns, 'version_no' FROM sl.mart
        """
    ):
        ((overlapping, several_open),) = servers.execute(
            f"""
            SELECT count(*) FILTER (WHERE next_from < valid_to), count(*) FILTER (WHERE open > 1)
            FROM (
                SELECT valid_to, lead(valid_from) OVER (PARTITION BY {", ".join(key)} ORDER BY {begin}) AS next_from,
                    count(*) FILTER (WHERE valid_to = 'infinity') OVER (PARTITION BY {", ".join(key)}) AS open
                FROM {table}
            ) AS v
            """
        )
        found[f"{table}: overlapping"] = overlapping
        found[f"{table}: several open"] = several_open
    return Check("the warehouse and ClickHouse", found)


def _weekend_days(count: int) -> list[int]:
    """Return the numbers of the first weekend days with some days before them."""
    days = []
    number = _BEFORE
    while len(days) < count:
        if (OPENED.weekday() + number) % 7 >= _SATURDAY:
            days.append(number)
        number += 1
    return days


def _catch_up(servers: Warehouse, plan: Plan, first: int, last: int) -> None:
    """Load the days before the measured one, all at once; the copies get the same rows."""
    if first > last:
        return
    servers.generate(plan, first, last)
    for entity in ENTITIES:
        servers.run_task(f"load_{entity}")
    for build in ("build_mart", *_BUILDS):
        servers.run_task(build)
    # The first one checks all there is, the next what was touched since.
    servers.run_task("audit")
    _stage_sales(servers)
    _insert_sales(servers)
    for entity in AFTER_SALES:
        _stage(servers, entity)
        _insert(servers, entity)
    servers.run_clickhouse(*TAKE_OVER)
    for mart in MARTS:
        servers.take_over(mart)
    servers.execute("VACUUM ANALYZE")


def _written(servers: Warehouse, xid: int) -> int:
    """Return how many rows of raw transactions from one on have written."""
    return sum(
        servers.execute(f"SELECT count(*) FROM raw.{entity} WHERE changed_xid >= {xid}")[0][0] for entity in ENTITIES
    )


def _load_sales(servers: Warehouse) -> tuple[dict[str, Cost], int]:
    """Load a day up to its sales and build their mart; return the costs and the mart's run_id."""
    costs = {}
    for entity in BEFORE_SALES:
        with servers.meter.cost(settled=False) as costs[f"load_{entity}"]:
            servers.run_task(f"load_{entity}")
    with servers.meter.cost() as costs["load_sale"]:
        servers.run_task("load_sale")
    with servers.meter.cost(settled=False) as costs["build_mart"]:
        run_id = servers.run_task("build_mart")
    return costs, run_id


def _stage(servers: Warehouse, entity: str) -> int:
    """Lay aside what the copy of an entity's table lacks; return how many rows that is."""
    servers.execute(
        f"DROP TABLE IF EXISTS bench.new_dds_{entity}",
        f"CREATE UNLOGGED TABLE bench.new_dds_{entity} AS SELECT * FROM dds.{entity}"
        f" WHERE {entity}_sk > (SELECT coalesce(max({entity}_sk), 0) FROM bench.dds_{entity})",
        f"VACUUM bench.new_dds_{entity}",
    )
    return servers.execute(f"SELECT count(*) FROM bench.new_dds_{entity}")[0][0]


def _stage_sales(servers: Warehouse) -> dict[str, int]:
    """Lay aside what the copies of dds.sale and cdm.sales_mart lack; return how many rows that is of each."""
    lines = _stage(servers, "sale")
    servers.execute(
        "DROP TABLE IF EXISTS bench.new_sales_mart",
        "CREATE UNLOGGED TABLE bench.new_sales_mart AS SELECT * FROM cdm.sales_mart"
        " WHERE valid_from > (SELECT coalesce(max(valid_from), '-infinity') FROM bench.sales_mart)",
        "VACUUM bench.new_sales_mart",
    )
    return {"sale": lines, "sales_mart": servers.execute("SELECT count(*) FROM bench.new_sales_mart")[0][0]}


def _insert(servers: Warehouse, entity: str) -> Cost:
    with servers.meter.cost() as cost:
        servers.execute(f"INSERT INTO bench.dds_{entity} OVERRIDING SYSTEM VALUE SELECT * FROM bench.new_dds_{entity}")
    return cost


def _insert_sales(servers: Warehouse) -> dict[str, Cost]:
    sale = _insert(servers, "sale")
    with servers.meter.cost(settled=False) as mart:
        servers.execute("INSERT INTO bench.sales_mart SELECT * FROM bench.new_sales_mart")
    return {"INSERT sale": sale, "INSERT mart": mart}


def _load_orders(servers: Warehouse, count: dict[str, int]) -> dict[str, Cost]:
    """Load the orders of a day and what belongs to them, and insert the same rows into the copies."""
    costs = {}
    for entity in AFTER_SALES:
        with servers.meter.cost() as costs[f"load_{entity}"]:
            servers.run_task(f"load_{entity}")
        count[entity] = _stage(servers, entity)
        costs[f"INSERT {entity}"] = _insert(servers, entity)
    return costs


def _build(servers: Warehouse, count: dict[str, int], number: int) -> dict[str, Cost]:
    """Build the marts of a day, each before or after the bare GROUP BY, in turn."""
    costs = {}
    runs = dict(
        servers.execute(
            "SELECT DISTINCT ON (target) replace(target, 'dds.', ''), run_id FROM sl.run WHERE target LIKE 'dds.%'"
            " ORDER BY target, run_id DESC"
        )
    )
    for place, mart in enumerate(MARTS):
        sides = [f"build_{mart}"]
        if mart in FLOORS:
            groups = FLOORS[mart].touched(servers, runs)
            count[f"{mart} groups"] = len(groups)
            sides.append(f"bare {mart}")
        for side in sides if (number + place) % 2 == 0 else reversed(sides):
            with servers.meter.cost() as costs[side]:
                if side in CALLS:
                    run_id = servers.run_task(side)
                else:
                    FLOORS[mart].compute(servers, groups)
        ((count[mart], count[f"{mart} run"]),) = servers.execute(
            f"SELECT rows_read, run_id FROM sl.run WHERE run_id = {run_id}"
        )
    return costs


def _build_again(servers: Warehouse, read_again: dict[str, int]) -> dict[str, Cost]:
    """Build each mart once more, in a session that has done so; return the cost of the slowest."""
    slowest = Cost()
    with servers.session("etl") as cursor:
        for mart in MARTS:
            cursor.execute(CALLS[f"build_{mart}"])
            with servers.meter.cost(settled=False) as cost:
                cursor.execute(CALLS[f"build_{mart}"])
            _run_id, rows_read, *_ = cursor.fetchone()
            read_again[mart] += rows_read
            slowest = max(slowest, cost, key=lambda each: each.seconds)
    return {"build again": slowest}


def _take_over(servers: Warehouse) -> dict[str, Cost]:
    costs = {}
    for number, file in enumerate(TAKE_OVER):
        with servers.meter.cost(settled=number == 0) as cost:
            servers.run_clickhouse(file)
        costs[file] = cost
    return costs


class _Nowhere(io.RawIOBase):
    """Takes what is written and keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        return len(data)


def _copy_out(servers: Warehouse, mart: str, run_id: int) -> dict[str, Cost]:
    with servers.session("reader") as cursor, servers.meter.cost() as cost:
        cursor.copy_expert(f"COPY (SELECT * FROM cdm.{mart}_export WHERE run_id = {run_id}) TO STDOUT", _Nowhere())
    return {"COPY" if mart == "sales_mart" else f"COPY {mart}": cost}


def _take_over_marts(servers: Warehouse, count: dict[str, int], number: int) -> dict[str, Cost]:
    """Take the other marts over, each before or after a COPY of what its build wrote, in turn."""
    costs = {}
    for place, mart in enumerate(MARTS):
        run_id = count[f"{mart} run"]
        ((count[f"{mart} published"],),) = servers.execute(f"SELECT count(*) FROM cdm.{mart} WHERE run_id = {run_id}")

        def take_over(mart: str = mart) -> dict[str, Cost]:
            with servers.meter.cost() as cost:
                servers.take_over(mart)
            return {f"publish {mart}": cost}

        sides = [take_over, lambda mart=mart, run_id=run_id: _copy_out(servers, mart, run_id)]
        for side in sides if (number + place) % 2 == 0 else reversed(sides):
            costs |= side()
    return costs
