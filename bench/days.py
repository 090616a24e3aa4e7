"""The part "day": a weekend day into dds and the mart, and from there into ClickHouse, each beside its floor."""

import io
import statistics

from clickhouse_connect.driver.exceptions import ClickHouseError

from bench.clients import GENERATOR_LIMIT
from bench.measure import BenchError, Cost, Peak
from bench.plan import OPENED, Plan
from bench.results import Check, Memory, Part, Row, say
from bench.warehouse import Warehouse, warehouse

_SATURDAY = 5
ENDPOINT_LIMIT = 3 * 2**30
# Days that are there before the first one that is measured.
_BEFORE = 10
# The tasks pull, reconcile and publish of the DAG tshop_daily.
TAKE_OVER = ("pull.sql", "reconcile.sql", "publish.sql")
_LOADS = ("load_client", "load_product", "load_sale", "build_mart")


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
        servers.copy_of("dds.sale", "dds_sale")
        servers.copy_of("cdm.sales_mart", "sales_mart")
        first = 0
        counts: list[tuple[int, int, int]] = []
        generator = 0
        for weekend in _weekend_days(plan.runs):
            _catch_up(servers, plan, first, weekend - 1)
            generator = max(generator, servers.generate(plan, weekend, weekend))
            first = weekend + 1
            costs, run_id = _load(servers)
            sale_rows, mart_rows = _stage(servers)
            costs |= _insert(servers)
            servers.run_task("audit")
            sides = [lambda: _take_over(servers), lambda run_id=run_id: _copy_out(servers, run_id)]
            for side in sides if len(days) % 2 == 0 else reversed(sides):
                costs |= side()
            ((pulled,),) = servers.execute(f"SELECT count(*) FROM cdm.sales_mart WHERE run_id = {run_id}")
            counts.append((sale_rows, mart_rows, pulled))
            days.append(costs)
            told = (f"{name} {cost.seconds:.2f} s" for name, cost in costs.items())
            say(f"  {plan.date(weekend):%a %d %b}, {sale_rows:,} lines: {', '.join(told)}")
        part.checks.append(equality(servers))
        part.memory["ClickHouse, a day"] = Memory(servers.endpoint_peak(), ENDPOINT_LIMIT)
        limit = servers.memory_limit()
        size = servers.bytes_of("dds.sale", "cdm.sales_mart")
        other_size = servers.bytes_of("bench.dds_sale", "bench.sales_mart")
    part.memory["PostgreSQL, a day"] = Memory(memory.bytes, limit)
    part.memory["Generator, a day"] = Memory(generator, GENERATOR_LIMIT)
    rows = [round(statistics.median(each)) for each in zip(*counts, strict=True)]

    def row(what: str, against: str, count: int, ours: tuple[str, ...], other: tuple[str, ...], **more) -> Row:
        sides = [[sum((day[step] for step in steps), Cost()) for day in days] for steps in (ours, other)]
        return Row(what, against, count, *sides, **more)

    part.rows = [
        row(
            f"a weekend day, {rows[0]:,} lines: dds.load_sale() + cdm.build_mart()",
            "bare INSERT … SELECT of the same rows into copies of both tables",
            rows[1],
            ("load_sale", "build_mart"),
            ("INSERT sale", "INSERT mart"),
            at_most=3,
            size=size,
            other_size=other_size,
        ),
        row("of it load_sale", "INSERT into the copy of dds.sale", rows[0], ("load_sale",), ("INSERT sale",)),
        row("of it build_mart", "INSERT into the copy of the mart", rows[1], ("build_mart",), ("INSERT mart",)),
        row(
            "pull of that day into ClickHouse, reconciled and published",
            "COPY (SELECT …) TO STDOUT of the same rows",
            rows[2],
            TAKE_OVER,
            ("COPY",),
            at_most=1.5,
        ),
        *(row(f"of it {file}", "the same COPY", rows[2], (file,), ("COPY",)) for file in TAKE_OVER),
    ]
    return part


def equality(servers: Warehouse) -> Check:
    """Check the warehouse's invariants, and that ClickHouse shows what the warehouse holds, row by row and in sum."""
    with servers.session("etl") as cursor:
        cursor.execute("CALL sl.audit(p_full => true)")
    try:
        servers.run_clickhouse("verify.sql")
    except ClickHouseError as error:
        raise BenchError(f"ClickHouse is not what the warehouse is: {str(error).splitlines()[0]}") from error
    found = {}
    for table, key, begin in (
        ("dds.client", "client_id", "valid_from"),
        ("dds.product", "product_id", "valid_from"),
        ("dds.sale", "sale_id", "valid_from"),
        ("cdm.sales_mart", "sale_id", "version_no"),
    ):
        ((overlapping, several_open),) = servers.execute(
            f"""
            SELECT count(*) FILTER (WHERE next_from < valid_to), count(*) FILTER (WHERE open > 1)
            FROM (
                SELECT valid_to, lead(valid_from) OVER (PARTITION BY {key} ORDER BY {begin}) AS next_from,
                    count(*) FILTER (WHERE valid_to = 'infinity') OVER (PARTITION BY {key}) AS open
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
    for task in _LOADS:
        servers.run_task(task)
    _stage(servers)
    _insert(servers)
    servers.run_clickhouse(*TAKE_OVER)
    servers.execute("VACUUM ANALYZE")


def _load(servers: Warehouse) -> tuple[dict[str, Cost], int]:
    """Load a day, its sales and the mart measured; return the costs and the mart's run_id."""
    servers.run_task("load_client")
    servers.run_task("load_product")
    with servers.meter.cost() as sale:
        servers.run_task("load_sale")
    with servers.meter.cost(settled=False) as mart:
        run_id = servers.run_task("build_mart")
    return {"load_sale": sale, "build_mart": mart}, run_id


def _stage(servers: Warehouse) -> tuple[int, int]:
    """Lay aside what the copies of dds.sale and cdm.sales_mart lack; return how many rows that is of each."""
    servers.execute(
        "DROP TABLE IF EXISTS bench.new_dds_sale, bench.new_sales_mart",
        "CREATE UNLOGGED TABLE bench.new_dds_sale AS SELECT * FROM dds.sale"
        " WHERE sale_sk > (SELECT coalesce(max(sale_sk), 0) FROM bench.dds_sale)",
        "CREATE UNLOGGED TABLE bench.new_sales_mart AS SELECT * FROM cdm.sales_mart"
        " WHERE valid_from > (SELECT coalesce(max(valid_from), '-infinity') FROM bench.sales_mart)",
        "VACUUM bench.new_dds_sale",
        "VACUUM bench.new_sales_mart",
    )
    return servers.execute(
        "SELECT (SELECT count(*) FROM bench.new_dds_sale), (SELECT count(*) FROM bench.new_sales_mart)"
    )[0]


def _insert(servers: Warehouse) -> dict[str, Cost]:
    with servers.meter.cost() as sale:
        servers.execute("INSERT INTO bench.dds_sale OVERRIDING SYSTEM VALUE SELECT * FROM bench.new_dds_sale")
    with servers.meter.cost(settled=False) as mart:
        servers.execute("INSERT INTO bench.sales_mart SELECT * FROM bench.new_sales_mart")
    return {"INSERT sale": sale, "INSERT mart": mart}


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


def _copy_out(servers: Warehouse, run_id: int) -> dict[str, Cost]:
    with servers.session("reader") as cursor, servers.meter.cost() as cost:
        cursor.copy_expert(f"COPY (SELECT * FROM cdm.sales_mart_export WHERE run_id = {run_id}) TO STDOUT", _Nowhere())
    return {"COPY": cost}
