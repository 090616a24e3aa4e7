"""The engine installs alone, by `make engine` and by the file for psql, and upgrades with data."""

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from embedded.postgres import PostgresServer, libpq_environment
from migrations import engine, runner
from tests.conftest import query, run_module, run_psql
from tests.test_command_line import make

VERSIONS = (15, 16, 17, 18)
NEWER = "99.0.0"
READ_ONLY = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
END $$
"""


@pytest.fixture
def database_of(server_of: Callable[[int], PostgresServer]) -> Iterator[Callable[[int, str], str]]:
    """Function that makes an empty database of a name on a server of a major version, and returns its URI."""
    made = []

    def make_database(version: int, name: str) -> str:
        server = server_of(version)
        # As a server that has never seen the shop makes it: the shop's roles take rights from template1 as well.
        server.create_database(name, "template0")
        made.append((server, name))
        return server.dsn(name)

    yield make_database
    for server, name in made:
        server.drop_database(name)


@pytest.fixture
def newer(tmp_path: Path) -> str:
    """The statement of a later version: a revision more, another body, and other load procedures."""
    folder = shutil.copytree(engine.DB_FOLDER, tmp_path / "db")
    (folder / "sl" / "revisions" / "9999_later.sql").write_text("ALTER TABLE sl.run ADD COLUMN later text;\n")
    for name in ("_make_load", "is_blank"):
        file = folder / "sl" / "functions" / f"{name}.sql"
        file.write_text(
            file.read_text().replace("'Loads what changed in", "'Later: loads what changed in") + "-- Later.\n"
        )
    return engine.statement(folder, NEWER)


def objects(server: PostgresServer, dsn: str, *arguments: str) -> list[str]:
    """The statements by which pg_dump would make schema sl, without what the migrations alone have; in any order."""
    answer = subprocess.run(
        [
            *(server.bin_dir / "pg_dump", "--schema-only", "--no-owner", "--schema=sl", *arguments),
            *(f"--exclude-table=sl.{table}" for table in engine.OF_MIGRATIONS),
        ],
        env={**os.environ, **libpq_environment(dsn)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in answer.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    return sorted(re.split(r"\n--\n-- Name: .*\n--\n", "\n".join(lines)))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_engine_alone_has_the_schema_that_a_warehouse_has(server_of, database_of, version: int) -> None:
    alone, warehouse = database_of(version, "engine_alone"), database_of(version, "engine_in_warehouse")
    engine.install(alone)
    runner.migrate(warehouse)
    server = server_of(version)
    # A warehouse has roles, to which its migration grants.
    expected = objects(server, warehouse, "--no-privileges")
    assert any("CREATE TABLE sl.entity" in text for text in expected)
    assert objects(server, alone, "--no-privileges") == expected


def test_a_warehouse_has_all_revisions_of_the_engine(warehouse: str, empty_database: str) -> None:
    engine.install(empty_database)
    known = "SELECT json_agg(ARRAY[revision, sha256] ORDER BY revision) FROM sl.engine_revision"
    assert query(warehouse, known) == query(empty_database, known)
    assert len(query(warehouse, known)[0]) == len(engine.revisions())


def test_the_file_for_psql_and_make_engine_make_the_same(server_of, database_of, tmp_path: Path) -> None:
    made, by_file = database_of(18, "engine_made"), database_of(18, "engine_by_file")
    answer = make("engine", f"WAREHOUSE_DSN={made}")
    assert (answer.returncode, answer.stdout) == (0, f"engine: sl: version {engine.version()} is installed\n"), (
        answer.stderr
    )
    file = engine.write_script(tmp_path)
    answer = run_psql(by_file, "-f", str(file))
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.endswith(f"NOTICE:  sl: version {engine.version()} is installed\n")
    assert objects(server_of(18), by_file) == objects(server_of(18), made)
    # It needs nothing that psql sets: it is one statement for any client.
    assert file.read_text().endswith(engine.statement())


def state(dsn: str) -> tuple:
    """Which row of the catalog is of which transaction: it differs where anything was made anew."""
    return query(
        dsn,
        "SELECT md5(string_agg(x, ' ' ORDER BY x)) FROM ("
        "SELECT oid::text || ' ' || xmin FROM pg_proc UNION ALL SELECT oid::text || ' ' || xmin FROM pg_class "
        "UNION ALL SELECT objoid::text || objsubid || ' ' || xmin FROM pg_description "
        "UNION ALL SELECT version || ' ' || xmin FROM sl.engine_version) AS x (x)",
    )


def test_again_it_does_nothing(empty_database: str) -> None:
    assert engine.install(empty_database) == f"sl: version {engine.version()} is installed"
    before = state(empty_database)
    assert engine.install(empty_database) == f"sl: version {engine.version()} is installed; nothing is new"
    assert state(empty_database) == before


def begin_history(dsn: str) -> None:
    """Two states of two suppliers, loaded."""
    for statement in (
        "CREATE SCHEMA s",
        "CREATE TABLE s.supplier (id integer PRIMARY KEY, name text, updated_at timestamptz)",
        "CALL sl.declare_entity('supplier', 's.supplier', '{id}', '{name}', p_event_time => 'updated_at')",
        "INSERT INTO s.supplier VALUES (1, 'a', '2024-03-01'), (2, 'b', '2024-03-01')",
        "CALL sl.load('supplier')",
        "UPDATE s.supplier SET name = 'c', updated_at = '2024-03-02' WHERE id = 1",
        "CALL dds.load_supplier()",
    ):
        query(dsn, statement)


HISTORY = "SELECT string_agg(id || name, ' ' ORDER BY id, valid_from) FROM dds.supplier"


def test_a_newer_version_upgrades_with_data_and_an_older_one_is_refused(empty_database: str, newer: str) -> None:
    engine.install(empty_database)
    begin_history(empty_database)
    assert engine.install(empty_database, newer) == f"sl: version {NEWER} is installed"
    assert query(empty_database, HISTORY) == ("1a 1c 2b",)
    assert query(empty_database, "SELECT count(later), count(*) FROM sl.run") == (0, 2)
    assert query(empty_database, "SELECT obj_description('dds.load_supplier'::regproc)")[0].startswith("Later: loads")
    query(empty_database, "UPDATE s.supplier SET name = 'd', updated_at = '2024-03-03' WHERE id = 2")
    assert query(empty_database, "CALL dds.load_supplier()")[1:3] == (1, 1)
    query(empty_database, "CALL sl.audit()")
    before = state(empty_database)
    with pytest.raises(psycopg2.Error, match=rf"of version {NEWER}, and this is version .*: use a newer one"):
        engine.install(empty_database)
    assert state(empty_database) == before


def test_revisions_that_are_not_known_or_were_changed_are_refused(empty_database: str, tmp_path: Path) -> None:
    folder = shutil.copytree(engine.DB_FOLDER, tmp_path / "db")
    (folder / "sl" / "revisions" / "9999_later.sql").write_text("ALTER TABLE sl.run ADD COLUMN later text;\n")
    engine.install(empty_database, engine.statement(folder))
    with pytest.raises(psycopg2.Error, match=r"at revision 9999_later, which version .* does not know"):
        engine.install(empty_database)
    (folder / "sl" / "revisions" / "9999_later.sql").write_text("ALTER TABLE sl.run ADD COLUMN latest text;\n")
    with pytest.raises(psycopg2.Error, match="Revision 9999_later was applied as another text"):
        engine.install(empty_database, engine.statement(folder))


def test_a_broken_file_changes_nothing(empty_database: str, tmp_path: Path) -> None:
    folder = shutil.copytree(engine.DB_FOLDER, tmp_path / "db")
    (folder / "sl" / "views" / "zz_broken.sql").write_text("CREATE VIEW sl.zz_broken AS SELECT nowhere;\n")
    with pytest.raises(psycopg2.Error, match="nowhere"):
        engine.install(empty_database, engine.statement(folder))
    assert query(empty_database, "SELECT to_regnamespace('sl')") == (None,)


def test_two_at_once_one_waits_and_does_nothing(empty_database: str) -> None:
    said = []
    with contextlib.closing(psycopg2.connect(empty_database)) as first, first.cursor() as cursor:
        cursor.execute(engine.statement())
        second = threading.Thread(target=lambda: said.append(engine.install(empty_database)))
        second.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while second.is_alive() and query(empty_database, waiting) == (0,):
            pass
        assert not said
        first.commit()
        second.join()
    assert said == [f"sl: version {engine.version()} is installed; nothing is new"]


def test_nobody_else_may_call_anything(empty_database: str) -> None:
    engine.install(empty_database)
    begin_history(empty_database)
    callable_by_all = (
        "SELECT count(*) FILTER (WHERE has_function_privilege('pg_monitor', oid, 'EXECUTE')), count(*) > 50 "
        "FROM pg_proc WHERE pronamespace IN ('sl'::regnamespace, 'dds'::regnamespace)"
    )
    assert query(empty_database, callable_by_all) == (0, True)


def test_the_owner_of_a_database_needs_no_superuser(server_of, database_of) -> None:
    admin = database_of(18, "engine_of_owner")
    query(admin, "CREATE ROLE engine_owner LOGIN PASSWORD 'secret'")
    try:
        query(admin, "ALTER DATABASE engine_of_owner OWNER TO engine_owner")
        dsn = server_of(18).dsn("engine_of_owner", "engine_owner", "secret")
        engine.install(dsn)
        begin_history(dsn)
        assert query(dsn, HISTORY) == ("1a 1c 2b",)
        query(dsn, "CALL sl.audit()")
    finally:
        query(admin, "REASSIGN OWNED BY engine_owner TO postgres")
        query(admin, "DROP OWNED BY engine_owner")
        query(admin, "DROP ROLE engine_owner")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("CREATE SCHEMA sl", "There is a schema sl already, which is not the engine's: use another database."),
        (READ_ONLY, "cannot execute .* in a read-only transaction"),
    ],
)
def test_a_database_that_cannot_have_the_engine_is_told_in_one_sentence(
    empty_database: str, before: str, said: str
) -> None:
    query(empty_database, before)
    answer = run_module("migrations.engine", WAREHOUSE_DSN=empty_database)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert re.fullmatch(f"engine: {said}\n", answer.stderr)


def test_a_warehouse_and_an_engine_alone_are_not_mixed(warehouse: str, empty_database: str) -> None:
    answer = run_module("migrations.engine", WAREHOUSE_DSN=warehouse)
    assert answer.returncode == 1
    assert answer.stderr == "engine: This database is a warehouse: make migrate brings its engine up to date.\n"
    engine.install(empty_database)
    answer = run_module("migrations", WAREHOUSE_DSN=empty_database)
    assert answer.returncode == 1
    assert answer.stderr == (
        "migrations: This database has the engine alone (make engine): give the warehouse another database.\n"
    )


@pytest.mark.parametrize(("dsn", "said"), [("", "WAREHOUSE_DSN is not set"), ("postgresql://127.0.0.1:1/x", "refused")])
def test_an_address_that_is_missing_or_wrong_is_told(dsn: str, said: str) -> None:
    answer = run_module("migrations.engine", WAREHOUSE_DSN=dsn)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
