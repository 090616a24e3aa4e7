"""A throw-away warehouse: PostgreSQL and ClickHouse as the embedded stack has them, with its settings."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import psycopg2.extensions
from clickhouse_connect.driver.client import Client

from bench.measure import BenchError, Meter, measured_process, server_memory
from bench.plan import OPENED, Plan
from clickhouse import marts
from clickhouse.definitions import pending
from clickhouse.files import statements_of
from embedded import main_job, reach, roles, stack
from embedded.settings import ROOT, WAREHOUSE_DATABASE, WAREHOUSE_ROLES, Settings

# In an order that the DAG allows.
BEFORE_SALES = ("category", "client", "product")
AFTER_SALES = ("sales_order", "payment", "delivery", "sale_return")
ENTITIES = (*BEFORE_SALES, "sale", *AFTER_SALES)
# Beside the sales mart.
MARTS = (
    *("user_sales", "product_sales", "region_sales", "daily_sales"),
    *("category_tree", "status_time", "carrier_delivery"),
)
# What the DAG's tasks call.
CALLS = {
    **{f"load_{entity}": f"CALL dds.load_{entity}()" for entity in ENTITIES},
    **{f"build_{mart}": f"CALL cdm.build_{mart}()" for mart in ("mart", *MARTS)},
    "audit": "CALL sl.audit(p_full => false)",
}


class Warehouse:
    """The servers of one part of the benchmark.

    Args:
        home: folder of their data and logs.
        clickhouse: whether there is a ClickHouse, too.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
    """

    def __init__(self, home: Path, clickhouse: bool = False, postgres_settings: dict[str, str] | None = None) -> None:
        ports = free_ports("postgres", "clickhouse", "airflow")
        self.settings = Settings(home, ports, postgres_settings=postgres_settings or {})
        self.stack = stack.Stack(self.settings, (stack.POSTGRES, *((stack.CLICKHOUSE,) if clickhouse else ())))
        self.log = home / "bench.log"

    def start(self) -> None:
        """Start what was left off, or what is new, and migrate it."""
        self.stack.start()
        main_job.migrate(self.stack)
        self._connection = psycopg2.connect(self.dsn())
        self._connection.autocommit = True
        self.cursor = self._connection.cursor()
        # In MiB.
        self._shared = (
            int(self.execute("SELECT setting FROM pg_settings WHERE name = 'shared_memory_size'")[0][0]) << 20
        )
        self.server = psutil.Process(self.settings.postgres().pid())
        endpoint = [self.endpoint] if stack.CLICKHOUSE in self.stack.parts else []
        self.meter = Meter(self.cursor, self.server, *endpoint)

    def stop(self) -> None:
        """Stop the servers; the data stays."""
        if hasattr(self, "_connection"):
            self._connection.close()
        self.stack.stop()

    def remove(self) -> None:
        """Stop the servers and delete all that they have."""
        self.stop()
        stack.remove(self.settings)

    # --- PostgreSQL -------------------------------------------------------------------------------------------------

    def dsn(self, role: str | None = None, database: str = WAREHOUSE_DATABASE) -> str:
        """Return the URI of a database as one of WAREHOUSE_ROLES, as superuser where none is named."""
        server = self.settings.postgres()
        if role is None:
            return server.dsn(database)
        return server.dsn(database, WAREHOUSE_ROLES[role], self.settings.secret(f"warehouse_{role}"))

    def make_database(self, name: str) -> None:
        """Make another migrated, empty warehouse in the same server."""
        passwords = {name: self.settings.secret(f"warehouse_{role}") for role, name in WAREHOUSE_ROLES.items()}
        roles.set_up(self.settings.postgres(), name, passwords)
        subprocess.run(
            [sys.executable, "-m", "migrations"],
            env={**self.stack.environment(), "WAREHOUSE_DSN": self.dsn("owner", name)},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def execute(self, *statements: str) -> list[tuple]:
        """Run statements as superuser, each in a transaction of its own; return the rows of the last."""
        for statement in statements:
            self.cursor.execute(statement)
        return self.cursor.fetchall() if self.cursor.description else []

    @contextlib.contextmanager
    def session(self, role: str, database: str = WAREHOUSE_DATABASE) -> Iterator[psycopg2.extensions.cursor]:
        """Give a cursor of a role in autocommit mode, in a connection of its own."""
        with contextlib.closing(psycopg2.connect(self.dsn(role, database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor

    def run_task(self, name: str) -> int:
        """Call a procedure just as the DAG's task of this name does; return its run_id."""
        with self.session("etl") as cursor:
            cursor.execute(CALLS[name])
            return cursor.fetchone()[0]

    def bytes_of(self, *tables: str) -> int:
        """Return the size of tables with their indexes, and of their partitions, on disk."""
        names = ", ".join(f"'{table}'::regclass" for table in tables)
        return int(
            self.execute(
                "SELECT sum(pg_total_relation_size(coalesce(p.relid, t))) "
                f"FROM unnest(ARRAY[{names}]) AS t LEFT JOIN LATERAL pg_partition_tree(t) AS p ON true"
            )[0][0]
        )

    def copy_of(self, table: str, name: str) -> None:
        """Make the empty table bench.<name> with the columns, indexes and fillfactor of another, whole and unshared."""
        # Of a partitioned table the partitions have these.
        options = self.execute(
            "SELECT array_to_string(c.reloptions, ', ') FROM pg_class AS c "
            f"LEFT JOIN pg_partition_tree('{table}') AS p ON p.isleaf "
            f"WHERE c.oid = coalesce(p.relid, '{table}'::regclass) LIMIT 1"
        )[0][0]
        self.execute(
            "CREATE SCHEMA IF NOT EXISTS bench",
            f"DROP TABLE IF EXISTS bench.{name}",
            f"CREATE TABLE bench.{name} (LIKE {table} INCLUDING ALL)" + (f" WITH ({options})" if options else ""),
        )

    def memory(self) -> int:
        """Return what PostgreSQL holds now, in bytes. Asks the system only: any thread may call it."""
        return server_memory(self.server, self._shared)

    def memory_limit(self) -> int:
        """Return what the settings allow PostgreSQL for one statement at a time, in bytes.

        That is the shared memory, one maintenance_work_mem, and a hash table in each process of a parallel plan.
        """
        ((maintenance, hashes),) = self.execute(
            """
            SELECT
                max(setting::numeric) FILTER (WHERE name = 'maintenance_work_mem') * 1024,
                max(setting::numeric) FILTER (WHERE name = 'work_mem') * 1024
                * max(setting::numeric) FILTER (WHERE name = 'hash_mem_multiplier')
                * (1 + max(setting::numeric) FILTER (WHERE name = 'max_parallel_workers_per_gather'))
            FROM pg_settings
            WHERE vartype IN ('integer', 'real')
            """
        )
        return self._shared + int(maintenance + hashes)

    # --- the generator ----------------------------------------------------------------------------------------------

    def generate(self, plan: Plan, first: int, last: int, database: str = WAREHOUSE_DATABASE, clients: int = 0) -> int:
        """Write days of the shop to raw as `make generate` does; return the most memory that took, in bytes.

        Args:
            plan: the shop.
            first, last: numbers of the days, inclusive.
            database: the warehouse.
            clients: the shop's clients where they are not the plan's.
        """
        command = [
            *(sys.executable, "-m", "generator", "--quiet", "--opened", str(OPENED)),
            *("--from", str(plan.date(first)), "--to", str(plan.date(last))),
            *("--clients", str(clients or plan.clients), "--products", str(plan.products)),
        ]
        environment = {**self.stack.environment("loader"), "WAREHOUSE_DSN": self.dsn("loader", database)}
        return measured_process(command, environment, ROOT, self.log)

    # --- ClickHouse -------------------------------------------------------------------------------------------------

    @property
    def endpoint(self) -> psutil.Process:
        """The running endpoint's process."""
        return psutil.Process(self.stack.pid(stack.CLICKHOUSE))

    def endpoint_peak(self) -> int:
        """Return the most memory the endpoint has held since it was started, in bytes."""
        for line in Path(f"/proc/{self.endpoint.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise BenchError("The system does not tell a process's peak memory: the benchmark needs Linux.")

    def clickhouse(self, **settings: int) -> Client:
        """Return a new client of ClickHouse."""
        return reach.clickhouse_client(
            self.settings,
            database="default",
            settings=settings,
            autogenerate_session_id=False,
            send_receive_timeout=3600,
        )

    def run_clickhouse(self, *names: str) -> None:
        """Run files of clickhouse/ one statement after the other, as the DAG's tasks do."""
        with contextlib.closing(self.clickhouse()) as client:
            for statement in statements_of(*names):
                client.command(statement)

    def take_over(self, mart: str) -> None:
        """Pull, check and publish a mart other than the sales mart, as its task of the DAG does."""
        with contextlib.closing(self.clickhouse()) as client:

            def run(statements: list[str]) -> None:
                for statement in statements:
                    client.command(statement)

            marts.take_over(lambda query: client.query(query).result_rows, run, mart)

    def mart_differences(self) -> list[str]:
        """Return how the marts other than the sales mart differ in ClickHouse from the warehouse, a sentence each."""
        with contextlib.closing(self.clickhouse()) as client:
            return [
                difference
                for mart in marts.tables()
                for _, difference in marts.differences(lambda query: client.query(query).result_rows, mart)
            ]

    def prepare_clickhouse(self) -> None:
        """Make what is in the database tshop, as the DAG's first task does."""
        with contextlib.closing(self.clickhouse()) as client:
            for step in pending(lambda query: client.query(query).result_rows):
                client.command(step.statement)


def free_ports(*parts: str) -> dict[str, int]:
    """Return a free TCP port of 127.0.0.1 for each part."""
    with contextlib.ExitStack() as held:
        # All of them held at once, or the kernel might give one twice.
        probes = {part: held.enter_context(socket.socket()) for part in parts}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {part: probe.getsockname()[1] for part, probe in probes.items()}


@contextlib.contextmanager
def warehouse(
    home: Path, clickhouse: bool = False, postgres_settings: dict[str, str] | None = None, fresh: bool = True
) -> Iterator[Warehouse]:
    """Give running servers for the length of the block.

    Args:
        home: folder of their data and logs.
        clickhouse: whether there is a ClickHouse, too.
        postgres_settings: settings above the embedded stack's.
        fresh: begin with nothing and leave nothing; else continue with what is there, and leave it.
    """
    if fresh:
        # What a killed run left; the secrets go with it, hence before they are read.
        Warehouse(home, clickhouse).remove()
    servers = Warehouse(home, clickhouse, postgres_settings)
    try:
        servers.start()
        yield servers
    finally:
        if fresh:
            servers.remove()
        else:
            servers.stop()
