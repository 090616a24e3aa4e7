"""The part "keep": what it costs to keep aside what no load has read, where a row is updated that a load has read."""

from collections.abc import Callable

from bench.clients import alternate
from bench.measure import Cost
from bench.plan import Plan
from bench.results import Check, Part, Row, say
from bench.warehouse import Warehouse, warehouse

_MOST_ROWS = 200_000
_MOST_TRANSACTIONS = 5_000
_UPDATE = "UPDATE raw.client SET last_name = 'x' || last_name, updated_at = updated_at + interval '1 second'"
# No more than a load needs to find what changed.
_STAMP = """
CREATE SCHEMA IF NOT EXISTS bench;
GRANT USAGE ON SCHEMA bench TO PUBLIC;
CREATE FUNCTION bench.stamp() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END;
$body$;
CREATE TRIGGER bench_stamp BEFORE UPDATE ON raw.client FOR EACH ROW EXECUTE FUNCTION bench.stamp();
"""


def run(plan: Plan, postgres_settings: dict[str, str] | None = None) -> Part:
    """Measure the part on a server of its own.

    Args:
        plan: what is asked for.
        postgres_settings: settings above the embedded stack's; a test gives those of throw-away data.
    """
    part = Part("keep", plan)
    with warehouse(plan.home / "keep", postgres_settings=postgres_settings) as servers:
        servers.generate(plan, 0, 0)
        servers.execute("CALL dds.load_client()", "VACUUM ANALYZE raw.client", _STAMP)
        # A row is updated once: each repetition has rows of its own, on pages that nothing else was written to.
        share = plan.clients // (4 * plan.runs)
        keys = _Keys(servers)
        part.rows.append(_measure(plan, servers, keys, min(share, _MOST_ROWS), in_one=True))
        part.rows.append(_measure(plan, servers, keys, min(share, _MOST_TRANSACTIONS), in_one=False))
        ((kept,),) = servers.execute("SELECT count(*) FROM sl.kept_state")
    part.checks.append(Check("rows that a load had read", {"states kept aside": kept}))
    return part


class _Keys:
    """Hands out ranges of clients, each once.

    Args:
        servers: where the clients are.
    """

    def __init__(self, servers: Warehouse) -> None:
        self._servers = servers
        self._taken = 0

    def next(self, count: int) -> tuple[int, int]:
        """Return the first and the last key of the next clients."""
        keys = f"SELECT client_id FROM raw.client ORDER BY client_id OFFSET {self._taken} LIMIT {count}"
        self._taken += count
        return self._servers.execute(f"SELECT min(k.client_id), max(k.client_id) FROM ({keys}) AS k")[0]


def _measure(plan: Plan, servers: Warehouse, keys: _Keys, count: int, in_one: bool) -> Row:
    def side(ours: bool) -> Callable[[], Cost]:
        def update() -> Cost:
            first, last = keys.next(count)
            servers.execute(
                f"ALTER TABLE raw.client {'ENABLE ALWAYS' if ours else 'DISABLE'} TRIGGER sl_stamp",
                f"ALTER TABLE raw.client {'DISABLE' if ours else 'ENABLE'} TRIGGER bench_stamp",
            )
            with servers.session("loader") as cursor, servers.meter.cost() as cost:
                if in_one:
                    cursor.execute(f"{_UPDATE} WHERE client_id BETWEEN {first} AND {last}")
                else:
                    # The wait for the disk would be most of the time.
                    cursor.execute("SET synchronous_commit = off")
                    each = f"{_UPDATE} WHERE client_id = i; COMMIT;"
                    cursor.execute(f"DO $do$ BEGIN FOR i IN {first} .. {last} LOOP {each} END LOOP; END $do$")
            return cost

        return update

    ours, floor = alternate(plan.runs, side(ours=True), side(ours=False))
    what = "in one statement" if in_one else "in a transaction each"
    say(f"  updated {count} rows {what}: {ours[-1].seconds:.2f} s, with the stamp alone {floor[-1].seconds:.2f} s")
    return Row(
        f"update {count:,} rows that a load has read, {what}",
        "the same with a trigger that stamps changed_xid alone",
        count,
        ours,
        floor,
        at_most=1.1,
    )
