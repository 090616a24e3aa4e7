"""The marts user_sales, product_sales and region_sales, computed from dds by Spark SQL.

Run by ``spark-submit --jars .jars/spark/... sources/spark/marts.py``, in a local session or on a cluster. Nothing but
Spark and the JDBC drivers of pom.xml is needed on the executors.

They mean what the marts of these names in cdm mean (db/cdm/declarations/), and are computed whole. Each table of dds is
read by ranges of its blocks, side by side, all as of one moment: the driver holds a transaction open whose snapshot
every reading connection takes over. Each target gets the results in staging tables, and then in one transaction: who
reads it sees the marts before or these ones, all of the same moment. One job works at a time. The marts in the
warehouse are compared with cdm before another database gets them.

Environment:
    WAREHOUSE_SPARK_DSN: libpq URI of the warehouse, as the role tshop_spark. The marts go to its schema spark.
    TSHOP_MARTS_URL: JDBC URL of one more database to write the marts to, user and password included, such as
        jdbc:mariadb://host:3306/reports?user=...&password=...; none by default. Missing tables are made there. It is
        MariaDB, MySQL or PostgreSQL.
    TSHOP_SPARK_SECRET: what the cluster wants to hear from who submits to it; it wants nothing by default.
"""

import contextlib
import os
import re
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg2
import psycopg2.extensions
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession, types
from pyspark.storagelevel import StorageLevel

# The exit status of what a retry would find the same, and of all else.
REFUSED, FAILURE = 2, 1
# SQLSTATEs of the warehouse: another job is at work; the marts of the two engines differ.
RUNS_ALREADY, DIFFER = "TS001", "TS024"
# How long a job waits for another to end, and for cdm to process what was loaded, and how often it looks.
WAIT_SECONDS, LOOK_SECONDS = 600, 5
DRIVERS = {"postgresql": "org.postgresql.Driver", "mysql": "org.mariadb.jdbc.Driver"}
# Of libpq's parameters those that PostgreSQL's JDBC driver takes, and what it calls them.
PARAMETERS = {
    **{name: name for name in ("user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")},
    "application_name": "ApplicationName",
    "connect_timeout": "connectTimeout",
}
READ = ("client", "category", "product", "sales_order", "sale")
# A range of blocks of 8 KiB is read in one go: at most 64 MiB, and no less than 4 where there is work for all cores.
MOST_BLOCKS, LEAST_BLOCKS = 8192, 512
ROWS_AT_ONCE = 10_000


class SettingsError(Exception):
    """A sentence that says what is wrong with a setting and what to do."""


class MartsError(Exception):
    """A sentence that says what failed."""


class DifferError(Exception):
    """A sentence that says that the engines differ, and where to read how."""


# --- the marts --------------------------------------------------------------------------------------------------------

# Whole numbers divided and rounded half up, exactly: a quotient of decimals has too few digits for that, and would be
# rounded twice.
HALF_UP = """
CREATE OR REPLACE TEMPORARY FUNCTION half_up(dividend DECIMAL(38, 0), divisor DECIMAL(38, 0))
RETURNS DECIMAL(38, 0)
RETURN CAST(
    CASE WHEN dividend < 0 THEN -1 ELSE 1 END
    * ((2 * abs(dividend) + divisor - (2 * abs(dividend) + divisor) % (2 * divisor)) / (2 * divisor))
    AS DECIMAL(38, 0)
)
"""


def span(entity, columns):
    """Return the query of the versions of an entity, each with the time in which it is the one that counts.

    Before its first version a key counts as in the first one, in a gap as in the one before.
    """
    return f"""
SELECT
    {entity}_id,
    {", ".join(columns)},
    CASE WHEN row_number() OVER versions > 1 THEN valid_from END AS effective_from,
    lead(valid_from) OVER versions AS effective_to
FROM dds_{entity}
WINDOW versions AS (PARTITION BY {entity}_id ORDER BY valid_from)
"""


def counts_at(name, moment):
    """Return the condition that a version of a span counts at a moment."""
    return (
        f"({name}.effective_from IS NULL OR {moment} >= {name}.effective_from) "
        f"AND ({name}.effective_to IS NULL OR {moment} < {name}.effective_to)"
    )


VIEWS = {
    "client_span": span("client", ["loyalty_status"]),
    "category_span": span("category", ["name"]),
    "product_span": span("product", ["name", "category", "category_id", "price"]),
    "placed_order": """
SELECT *, CAST(from_utc_timestamp(timestamp_micros(ordered_at), 'Europe/Moscow') AS DATE) AS ordered_on
FROM dds_sales_order
""",
    "order_line": f"""
SELECT
    o.order_id,
    o.ordered_on,
    o.status,
    o.region,
    s.product_id,
    s.quantity,
    CAST(coalesce(s.amount, s.unit_price * s.quantity, p.price * s.quantity, 0) AS DECIMAL(24, 2)) AS amount,
    coalesce(c.name, p.category, 'Unknown') AS product_category,
    coalesce(p.name, 'Unknown') AS product_name
FROM dds_sale AS s
INNER JOIN placed_order AS o ON o.order_id = s.order_id
LEFT JOIN product_span AS p ON p.product_id = s.product_id AND {counts_at("p", "o.ordered_at")}
LEFT JOIN category_span AS c ON c.category_id = p.category_id AND {counts_at("c", "o.ordered_at")}
""",
}
SHARED = ("placed_order", "order_line")
MARTS = {
    "user_sales": f"""
SELECT
    order_month,
    loyalty_status,
    orders_cnt,
    paid_orders,
    completed_orders,
    pending_orders,
    aborted_orders,
    unique_users,
    total_order_amount,
    CAST(half_up(CAST(total_order_amount * 100 AS DECIMAL(38, 0)), orders_cnt) / 100 AS DECIMAL(24, 2))
        AS avg_order_amount,
    total_revenue,
    -- Microseconds into hundredths of a day.
    CAST(
        CASE WHEN delivered > 0 THEN half_up(delivery_time * 100, 86400000000BD * delivered) / 100 END
        AS DECIMAL(24, 2)
    ) AS avg_delivery_period
FROM (
    SELECT
        trunc(o.ordered_on, 'MONTH') AS order_month,
        coalesce(c.loyalty_status, 'Unknown') AS loyalty_status,
        count(*) AS orders_cnt,
        count_if(o.status = 'Paid') AS paid_orders,
        count_if(o.status = 'Completed') AS completed_orders,
        count_if(o.status = 'Pending') AS pending_orders,
        count_if(o.status = 'Aborted') AS aborted_orders,
        count(DISTINCT o.client_id) AS unique_users,
        CAST(sum(o.total_amount) AS DECIMAL(24, 2)) AS total_order_amount,
        CAST(sum(CASE WHEN o.status = 'Aborted' THEN 0 ELSE o.total_amount END) AS DECIMAL(24, 2)) AS total_revenue,
        count(o.delivered_at) AS delivered,
        sum(CAST(o.delivered_at - o.ordered_at AS DECIMAL(28, 0))) AS delivery_time
    FROM placed_order AS o
    LEFT JOIN client_span AS c ON c.client_id = o.client_id AND {counts_at("c", "o.ordered_at")}
    GROUP BY ALL
)
""",
    "product_sales": """
SELECT
    trunc(ordered_on, 'MONTH') AS order_month,
    product_category,
    product_name,
    count(DISTINCT order_id) AS order_cnt,
    sum(quantity) AS ordered_quantity,
    sum(CASE WHEN status = 'Aborted' THEN quantity ELSE 0 END) AS aborted_quantity,
    sum(CASE WHEN status = 'Paid' THEN quantity ELSE 0 END) AS paid_quantity,
    sum(CASE WHEN status = 'Pending' THEN quantity ELSE 0 END) AS pending_quantity,
    sum(CASE WHEN status = 'Completed' THEN quantity ELSE 0 END) AS completed_quantity,
    CAST(sum(amount) AS DECIMAL(24, 2)) AS total_amount,
    CAST(sum(CASE WHEN status = 'Aborted' THEN 0 ELSE amount END) AS DECIMAL(24, 2)) AS total_revenue
FROM order_line
GROUP BY ALL
""",
    "region_sales": """
SELECT
    week_start,
    region,
    product_id,
    sales_cnt,
    quantity,
    total_amount,
    CAST(half_up(CAST(total_amount * 100 AS DECIMAL(38, 0)), sales_cnt) / 100 AS DECIMAL(24, 2))
        AS average_sale_amount,
    -- In millionths. A share that its column could not hold is NULL: the region's roubles are 0, or nearly.
    CAST(
        CASE
            WHEN abs(of_region) >= 10000 OR abs(total_amount) < abs(of_region) * 1000000000000000000
            THEN half_up(
                CAST(total_amount * 100 AS DECIMAL(26, 0)) * 1000000 * CASE WHEN of_region < 0 THEN -1 ELSE 1 END,
                CAST(abs(of_region) * 100 AS DECIMAL(38, 0))
            ) / 1000000
        END AS DECIMAL(24, 6)
    ) AS region_share,
    rank_in_region
FROM (
    SELECT
        *,
        CAST(sum(total_amount) OVER (PARTITION BY week_start, region) AS DECIMAL(24, 2)) AS of_region,
        CAST(rank() OVER (PARTITION BY week_start, region ORDER BY total_amount DESC) AS BIGINT) AS rank_in_region
    FROM (
        SELECT
            trunc(ordered_on, 'WEEK') AS week_start,
            region,
            product_id,
            count(*) AS sales_cnt,
            sum(quantity) AS quantity,
            CAST(sum(amount) AS DECIMAL(24, 2)) AS total_amount
        FROM order_line
        WHERE status <> 'Aborted' AND region <> 'Unknown'
        GROUP BY ALL
    )
)
""",
}


# --- reading and writing ----------------------------------------------------------------------------------------------


@dataclass
class Results:
    """The computed marts.

    Attributes:
        read_at: the moment as of which dds was read.
        built_marts: the marts of cdm that had processed all of dds then.
        frames: DataFrame by mart.
        counts: rows by mart.
    """

    read_at: datetime
    built_marts: list[str]
    frames: dict = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """A database that the marts are written to.

    Attributes:
        name: for people.
        url: JDBC URL.
        properties: of the connections, user and password among them.
        prefix: of the tables' names.
        read_at: the column of the moment as of which dds was read.
        moment_type: the type of this column, of a moment in UTC.
        zone: what a moment in UTC ends with there.
        is_made: whether the tables are made where they are missing.
        options: what CREATE TABLE ends with.
    """

    name: str
    url: str = field(repr=False)
    properties: dict = field(repr=False)
    prefix: str = ""
    # Not every database has a type of moments: the name says whose clock it is.
    read_at: str = "read_at_utc"
    moment_type: str = "TIMESTAMP(6)"
    zone: str = ""
    is_made: bool = True
    options: str = ""

    @classmethod
    def warehouse(cls, dsn):
        """Return the schema spark of the warehouse of a libpq URI.

        Raises:
            SettingsError: the URI has what JDBC does not take.
        """
        try:
            parts = psycopg2.extensions.parse_dsn(dsn)
        except psycopg2.ProgrammingError as error:
            raise SettingsError(f"WAREHOUSE_SPARK_DSN cannot be read ({first_line(error)}): correct it.") from None
        hosts, ports = (parts.pop(name, default).split(",") for name, default in (("host", ""), ("port", "5432")))
        if not all(hosts) or any(host.startswith("/") for host in hosts):
            raise SettingsError("WAREHOUSE_SPARK_DSN names no host that JDBC can reach: give one, such as 127.0.0.1.")
        if len(ports) == 1:
            ports *= len(hosts)
        hosts = [f"[{host}]" if ":" in host else host for host in hosts]
        places = [f"{host}:{port}" for host, port in zip(hosts, ports, strict=True)]
        database = parts.pop("dbname", "")
        if unknown := sorted(parts.keys() - PARAMETERS.keys()):
            raise SettingsError(f"WAREHOUSE_SPARK_DSN has the parameter {unknown[0]}, which JDBC lacks: take it out.")
        properties = {PARAMETERS[name]: value for name, value in parts.items()}
        # The statements of a batch as one.
        properties |= {"driver": DRIVERS["postgresql"], "reWriteBatchedInserts": "true"}
        return cls(
            "the warehouse",
            f"jdbc:postgresql://{','.join(places)}/{database}",
            properties,
            prefix="spark.",
            read_at="read_at",
            zone="+00",
            is_made=False,
        )

    @classmethod
    def other(cls, url):
        """Return the database of a JDBC URL.

        Raises:
            SettingsError: it is none, or of a database that there is no driver for.
        """
        # Spark writes a name as MariaDB reads it where the address is one of MySQL, which MariaDB's driver takes so.
        url = re.sub(r"^jdbc:mariadb:", "jdbc:mysql:", url)
        if url.startswith("jdbc:mysql:"):
            url += f"{'&' if '?' in url else '?'}permitMysqlScheme=true"
        kind = url.split(":")[1] if url.startswith("jdbc:") and url.count(":") > 1 else ""
        if not kind:
            raise SettingsError(
                "TSHOP_MARTS_URL is no JDBC URL: give one such as jdbc:mariadb://host:3306/reports?user=...&password=..."
            )
        if kind not in DRIVERS:
            raise SettingsError(
                "TSHOP_MARTS_URL is of a database that there is no driver for: give MariaDB, MySQL or PostgreSQL."
            )
        # In MariaDB a TIMESTAMP is shifted by the server's zone, and some hours of spring are none.
        more = {"options": " DEFAULT CHARACTER SET utf8mb4", "moment_type": "DATETIME(6)"} if kind == "mysql" else {}
        return cls("the database of TSHOP_MARTS_URL", url, {"driver": DRIVERS[kind]}, **more)

    def table(self, name):
        """Return the name of a table in SQL."""
        return f"{self.prefix}{name}"


@contextlib.contextmanager
def reading(dsn):
    """Yield what spark.begin_reading tells, as long as its snapshot lasts, and a function that fails once it does not.

    It waits for another job to end, and for the marts of cdm to process what was loaded; for the latter no longer than
    WAIT_SECONDS.
    """
    end = time.monotonic() + WAIT_SECONDS
    with contextlib.closing(psycopg2.connect(dsn, application_name="tshop marts")) as connection:
        connection.set_session("REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            while True:
                is_last = time.monotonic() >= end
                begun = _begin(cursor, is_last)
                behind = sorted(MARTS.keys() - begun[2]) if begun else []
                if begun and (is_last or not behind):
                    break
                connection.rollback()
                time.sleep(LOOK_SECONDS)
            if behind:
                print(f"In cdm these have not processed all loads: {', '.join(behind)}", flush=True)
            yield begun, lambda: cursor.execute("SELECT 1")


def _begin(cursor, is_last):
    """Return what spark.begin_reading tells; None where another job is at work, an error for the last time."""
    # This session waits while Spark works.
    cursor.execute("SET idle_in_transaction_session_timeout = 0")
    # Before the snapshot, and as long: whoever writes a table's file again, as VACUUM FULL does, has to wait, for a row
    # would have another place then, or none for this snapshot.
    cursor.execute(f"LOCK TABLE {', '.join(f'spark.dds_{entity}' for entity in READ)} IN ACCESS SHARE MODE")
    try:
        cursor.execute("SELECT snapshot_id, read_at, built_marts, blocks FROM spark.begin_reading()")
    except psycopg2.Error as error:
        if is_last or error.pgcode != RUNS_ALREADY:
            raise
        return None
    return cursor.fetchone()


def ranges(blocks, cores):
    """Return the conditions by which a table of so many blocks is read, a range each."""
    count = max(min(blocks // LEAST_BLOCKS, cores), -(-blocks // MOST_BLOCKS), 1)
    bounds = [blocks * number // count for number in range(count)]
    ends = [f" AND place < '({bound},0)'::tid" for bound in bounds[1:]] + [""]
    return [f"place >= '({bound},0)'::tid{end}" for bound, end in zip(bounds, ends, strict=True)]


def define(spark, source, snapshot_id, blocks):
    """Make the temporary views that the marts are computed from."""
    # Who waits for the driver's lock on a table holds up those that ask for one after him: they must not wait for ever.
    properties = {
        **source.properties,
        "fetchsize": str(ROWS_AT_ONCE),
        "sessionInitStatement": (
            f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT '{snapshot_id}'; "
            "SET lock_timeout = '30s'"
        ),
    }
    cores = spark.sparkContext.defaultParallelism
    for entity in READ:
        view = f"dds_{entity}"
        predicates = ranges(blocks[view], cores)
        frame = spark.read.jdbc(source.url, source.table(view), predicates=predicates, properties=properties)
        frame.drop("place").createOrReplaceTempView(view)
    spark.sql(HALF_UP)
    for name, query in VIEWS.items():
        frame = spark.sql(query)
        # What several marts need is read once.
        (frame.persist(StorageLevel.MEMORY_AND_DISK) if name in SHARED else frame).createOrReplaceTempView(name)


@contextlib.contextmanager
def connection_to(spark, target):
    """Yield a function that executes a statement on a target, in one transaction, and returns its first number."""
    jvm = spark.sparkContext._jvm
    properties = jvm.java.util.Properties()
    for name, value in target.properties.items():
        properties.setProperty(name, value)
    if driver := target.properties.get("driver"):
        # As Spark itself does: its class loader has the jars that java.sql.DriverManager does not see.
        jvm.org.apache.spark.sql.execution.datasources.jdbc.DriverRegistry.register(driver)
    connection = jvm.java.sql.DriverManager.getConnection(target.url, properties)

    def execute(statement):
        prepared = connection.createStatement()
        try:
            if not prepared.execute(statement):
                return None
            rows = prepared.getResultSet()
            rows.next()
            return rows.getLong(1)
        finally:
            prepared.close()

    try:
        connection.setAutoCommit(False)
        yield execute
        connection.commit()
    finally:
        connection.close()


def type_of(data_type):
    """Return the SQL type of a column of a mart, which databases have in common."""
    if isinstance(data_type, types.DecimalType):
        return f"DECIMAL({data_type.precision}, {data_type.scale})"
    return {types.DateType(): "DATE", types.LongType(): "BIGINT", types.StringType(): "VARCHAR(200)"}[data_type]


def prepare(spark, target, frames):
    """Make the tables of a target that are missing, and empty the staging tables."""
    with connection_to(spark, target) as execute:
        if target.is_made:
            for mart, frame in frames.items():
                columns = ", ".join(f"{column.name} {type_of(column.dataType)}" for column in frame.schema)
                for name in (mart, f"{mart}_staging"):
                    execute(f"CREATE TABLE IF NOT EXISTS {target.table(name)} ({columns}){target.options}")
            execute(
                f"CREATE TABLE IF NOT EXISTS {target.table('computation')} (mart_name VARCHAR(200), "
                f"{target.read_at} {target.moment_type}, was_built BOOLEAN, rows_written BIGINT)"
            )
        for mart in frames:
            execute(f"DELETE FROM {target.table(mart)}_staging")


def write(spark, target, results, check_snapshot):
    """Write the marts to a target: nothing, or all of them.

    Args:
        spark: the session.
        target: the database.
        results: the marts.
        check_snapshot: fails where this is no longer the one job at work.

    Raises:
        MartsError: a staging table does not hold what was written to it, or later marts are there.
    """
    check_snapshot()
    prepare(spark, target, results.frames)
    for mart, frame in results.frames.items():
        properties = {**target.properties, "batchsize": str(ROWS_AT_ONCE)}
        frame.write.jdbc(target.url, f"{target.table(mart)}_staging", mode="append", properties=properties)
    computation = target.table("computation")
    moment = f"'{results.read_at:%Y-%m-%d %H:%M:%S.%f}{target.zone}'"
    with connection_to(spark, target) as execute:
        for mart, count in results.counts.items():
            execute(f"DELETE FROM {computation} WHERE mart_name = '{mart}' AND {target.read_at} <= {moment}")
            if execute(f"SELECT count(*) FROM {computation} WHERE mart_name = '{mart}'"):
                raise MartsError(f"{target.table(mart)} is as of a later moment already: nothing was written.")
            table, columns = target.table(mart), ", ".join(results.frames[mart].columns)
            # A task that Spark ran twice has written twice.
            found = execute(f"SELECT count(*) FROM {table}_staging")
            if found != count:
                raise MartsError(f"{table}_staging has {found} rows in place of {count}: run it again.")
            execute(f"DELETE FROM {table}")
            execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}_staging")
            execute(f"DELETE FROM {table}_staging")
            execute(
                f"INSERT INTO {computation} (mart_name, {target.read_at}, was_built, rows_written) "
                f"VALUES ('{mart}', {moment}, {mart in results.built_marts}, {count})"
            )
        check_snapshot()


def compare(dsn):
    """Compare the marts in the warehouse with cdm.

    Raises:
        DifferError: they differ.
    """
    with contextlib.closing(psycopg2.connect(dsn, application_name="tshop marts")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            try:
                cursor.execute("CALL cdm.compare_marts()")
            except psycopg2.Error as error:
                if error.pgcode != DIFFER:
                    raise
                raise DifferError(
                    f"{first_line(error)}: no other database was written. CALL cdm.compare_marts() says how."
                ) from None


def compute(spark, dsn, targets):
    """Compute the marts and write them to all targets, the warehouse first."""
    # What cannot be reached is told before anything is computed.
    for target in targets:
        with connection_to(spark, target):
            pass
    with reading(dsn) as ((snapshot_id, read_at, built_marts, blocks), check_snapshot):
        spark.conf.set("spark.sql.shuffle.partitions", str(max(-(-sum(blocks.values()) // MOST_BLOCKS), 8)))
        define(spark, targets[0], snapshot_id, blocks)
        results = Results(read_at.astimezone(UTC), built_marts)
        for mart, query in MARTS.items():
            started = time.monotonic()
            results.frames[mart] = spark.sql(query).persist(StorageLevel.MEMORY_AND_DISK)
            results.counts[mart] = results.frames[mart].count()
            print(f"{mart}: {results.counts[mart]} rows computed in {time.monotonic() - started:.1f} s", flush=True)
        for number, target in enumerate(targets):
            if number == 1:
                compare(dsn)
            started = time.monotonic()
            write(spark, target, results, check_snapshot)
            print(f"Written to {target.name} in {time.monotonic() - started:.1f} s", flush=True)


def cores_of(dsn):
    """Return how many cores may read at a time: each has a connection, and the driver two. None: any number."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user")
        (limit,) = cursor.fetchone()
    return max(limit - 2, 1) if limit >= 0 else None


def first_line(error, *secrets):
    """Return what an error says in one line, of those that caused each other the first one, without addresses.

    Args:
        error: the error.
        secrets: URLs that it must not tell, since passwords are in them.
    """
    text = str(error.java_exception if isinstance(error, Py4JJavaError) else error)
    for secret in secrets:
        text = text.replace(secret, "its URL")
    text = re.sub(r"jdbc:\S+", "its URL", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    # Without the packages that the names of Java's and Python's errors begin with.
    found = (re.match(r"(?:.*[.: ])?(\w+(?:Error|Exception): .+)", line) for line in lines)
    causes = [match[1] for match in found if match]
    return (causes or lines)[-1 if causes else 0]


def main(environment=os.environ):
    """Run the job; return the exit status: 0; 2 where a retry would find the same; 1 for another failure."""
    targets = []
    try:
        dsn = environment.get("WAREHOUSE_SPARK_DSN")
        if not dsn:
            raise SettingsError("WAREHOUSE_SPARK_DSN is not set: give the warehouse as the role tshop_spark.")
        targets.append(Target.warehouse(dsn))
        if url := environment.get("TSHOP_MARTS_URL"):
            targets.append(Target.other(url))
        builder = (
            SparkSession.builder.appName("tshop marts")
            .config("spark.sql.session.timeZone", "UTC")
            # What does not fit is an error and not NULL.
            .config("spark.sql.ansi.enabled", "true")
        )
        cores = cores_of(dsn)
        SparkContext._ensure_initialized()
        if cores and not SparkConf().contains("spark.cores.max"):
            builder = builder.config("spark.cores.max", str(cores))
        if secret := environment.get("TSHOP_SPARK_SECRET"):
            builder = builder.config("spark.authenticate", "true").config("spark.authenticate.secret", secret)
        spark = builder.getOrCreate()
        try:
            compute(spark, dsn, targets)
        finally:
            spark.stop()
    except (SettingsError, DifferError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return REFUSED
    except (MartsError, psycopg2.Error, PySparkException, Py4JError) as error:
        urls = [environment.get("TSHOP_MARTS_URL"), *(target.url for target in targets)]
        print(f"Error: {first_line(error, *filter(None, urls))}", file=sys.stderr)
        return FAILURE
    return 0


if __name__ == "__main__":
    sys.exit(main())
