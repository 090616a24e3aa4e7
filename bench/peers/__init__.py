"""The peers, each run as its users run it: its own program, a minimal project (the folders here), the same server."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.measure import measured_process
from bench.plan import peer_program
from bench.warehouse import Warehouse
from embedded.postgres import libpq_environment
from embedded.settings import ROOT

# Both would tell their makers that they were run, and ask them for news.
_QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DBT_VERSION_CHECK": "false",
    "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
    "NO_COLOR": "1",
}


@dataclass(frozen=True)
class _Kind:
    title: str
    first: tuple[str, ...]
    next: tuple[str, ...]
    history: str
    tables: str


_KINDS = {
    "dbt": _Kind(
        "dbt snapshot (timestamp)",
        ("snapshot", "--quiet"),
        ("snapshot", "--quiet"),
        # A deletion is a state like others to it: a version that says so is none.
        "SELECT client_id, first_name, last_name, birth_date, dbt_valid_from AS valid_from,"
        " coalesce(dbt_valid_to, 'infinity') AS valid_to FROM bench_dbt.client_history WHERE is_deleted IS NOT TRUE",
        "SELECT c.oid FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace('bench_dbt')",
    ),
    "sqlmesh": _Kind(
        "SQLMesh SCD_TYPE_2_BY_TIME",
        ("plan", "--no-prompts", "--auto-apply", "--execution-time", "{day}"),
        # A day of its own each time: what is due goes by the clock that it is told, which "sqlmesh run" cannot be.
        ("plan", "--no-prompts", "--auto-apply", "--run", "--execution-time", "{day}"),
        "SELECT client_id, first_name, last_name, birth_date, valid_from,"
        " coalesce(valid_to, 'infinity') AS valid_to FROM bench_sqlmesh.client_history WHERE is_deleted IS NOT TRUE",
        "SELECT c.oid FROM pg_class AS c WHERE c.relkind = 'r' AND c.relname LIKE '%client_history%'"
        " AND c.relnamespace = to_regnamespace('sqlmesh__bench_sqlmesh')",
    ),
}


class Peer:
    """One of plan.PEERS on a warehouse.

    Args:
        name: of plan.PEERS.
        servers: the warehouse; the peer works there as its owner, in schemas of its own.
        folder: where its project is copied to, and its logs go.
    """

    def __init__(self, name: str, servers: Warehouse, folder: Path) -> None:
        self.name = name
        self.title = _KINDS[name].title
        self.history = _KINDS[name].history
        self._servers = servers
        self._project = folder / name
        shutil.copytree(Path(__file__).parent / name, self._project, dirs_exist_ok=True)

    def load(self, step: int) -> None:
        """Bring its history up to raw.client.

        Args:
            step: 0 for the first load, then one more each time.
        """
        kind = _KINDS[self.name]
        words = kind.first if step == 0 else kind.next
        day = f"2025-01-{2 + step:02}" if step < 29 else f"2025-02-{step - 28:02}"
        measured_process(
            [str(peer_program(self.name)), *(word.format(day=day) for word in words)],
            {**os.environ, **_QUIET, **libpq_environment(self._servers.dsn("owner"))},
            self._project,
            self._project / "bench.log",
        )

    def versions(self) -> dict[str, str]:
        """Return the version of each of its packages that the benchmark asks for."""
        lines = (ROOT / "requirements" / f"bench-{self.name}.in").read_text().splitlines()
        return dict(line.split("==") for line in lines if "==" in line)

    def bytes(self) -> int:
        """Return the size of its history on disk."""
        tables = _KINDS[self.name].tables
        return int(self._servers.execute(f"SELECT sum(pg_total_relation_size(t.oid)) FROM ({tables}) AS t")[0][0] or 0)
