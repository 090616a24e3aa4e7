"""The part "spark": the marts of orders computed whole by Spark, beside a full rebuild of the same marts by SQL."""

import psycopg2

from bench.clients import alternate
from bench.measure import Cost, measured_process
from bench.plan import Plan
from bench.results import Check, Part, Row, say
from bench.warehouse import AFTER_SALES, BEFORE_SALES, Warehouse, warehouse
from embedded.environment import base_environment, spark_environment
from embedded.settings import LOCAL_SPARK, ROOT
from sources.jars import jars_of

_MARTS = ("user_sales", "product_sales", "region_sales")
_LINES = "SELECT count(*) FROM dds.sale WHERE is_current"


def run(plan: Plan, postgres_settings: dict[str, str] | None = None) -> Part:
    """Measure the part on a server of its own, with a quarter of the days and with all of them.

    Args:
        plan: what is asked for.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
    """
    part = Part("spark", plan)
    with warehouse(plan.home / "spark", postgres_settings=postgres_settings) as servers:
        begin = 0
        for end in sorted({max(plan.days // 4, 1), plan.days}):
            servers.generate(plan, begin, end - 1)
            begin = end
            for entity in (*BEFORE_SALES, "sale", *AFTER_SALES):
                servers.run_task(f"load_{entity}")
            for mart in _MARTS:
                servers.run_task(f"build_{mart}")
            servers.execute("VACUUM ANALYZE")
            part.rows.append(_measure(plan, servers))
        part.checks.append(_check(servers))
    return part


def _measure(plan: Plan, servers: Warehouse) -> Row:
    def by_spark() -> Cost:
        with servers.meter.cost() as cost:
            measured_process(
                _command(), {**_environment(servers), "WAREHOUSE_SPARK_DSN": servers.dsn("spark")}, ROOT, servers.log
            )
        return cost

    def by_sql() -> Cost:
        with servers.session("owner") as cursor, servers.meter.cost() as cost:
            for mart in _MARTS:
                cursor.execute("CALL sl.build(%s, p_full => true)", (mart,))
        return cost

    ((lines,),) = servers.execute(_LINES)
    ours, other = alternate(plan.runs, by_spark, by_sql)
    say(f"  {lines} lines of orders: {ours[-1].seconds:.1f} s by Spark, {other[-1].seconds:.1f} s by SQL")
    return Row(
        f"{', '.join(_MARTS)} of {lines:,} lines, whole, by Spark on two cores of this machine (its start included)",
        "CALL sl.build(…, p_full => true) of each",
        lines,
        ours,
        other,
    )


def _command() -> list[str]:
    jars = ",".join(str(jar) for jar in sorted(jars_of("spark").glob("*.jar")))
    settings = ("--driver-memory", "2g", "--conf", "spark.ui.enabled=false", "--jars", jars)
    return ["spark-submit", "--master", LOCAL_SPARK, *settings, str(ROOT / "sources" / "spark" / "marts.py")]


def _environment(servers: Warehouse) -> dict[str, str]:
    return {**base_environment(servers.settings), **spark_environment(servers.settings)}


def _check(servers: Warehouse) -> Check:
    with servers.session("etl") as cursor:
        try:
            cursor.execute("CALL cdm.compare_marts()")
        except psycopg2.Error as error:
            return Check("marts of both engines", {error.diag.message_primary: 1})
        return Check("marts of both engines", {"rows differ": cursor.fetchone()[3]})
