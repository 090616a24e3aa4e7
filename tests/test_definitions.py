"""ClickHouse's definitions and their ledger: what was applied, what runs again, and one schema by whatever way."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from test_clickhouse import ClickHouse

from clickhouse.definitions import DEFINITIONS, Definition, DefinitionError, Step, is_current, pending
from clickhouse.files import statements

REPEATED = re.compile(r"SELECT|CREATE OR REPLACE")
SCHEMA = """
    SELECT name, engine, replaceRegexpAll(create_table_query, 'UUID ''[^'']*''', '')
    FROM system.tables WHERE database = 'tshop' ORDER BY name
"""
LEDGER = "SELECT file, count(), argMax(sha256, applied_at) FROM tshop.applied_file GROUP BY file ORDER BY file"
# A mart's target, all of it in one file.
TARGET = """-- tshop.channel_sales
--
-- Purpose: the current rows of a mart.
CREATE TABLE IF NOT EXISTS tshop.channel_sales (channel String, amount Decimal(38, 2)) ORDER BY channel;

ALTER TABLE tshop.channel_sales ADD COLUMN IF NOT EXISTS orders Int64 DEFAULT 1;

-- tshop.warehouse_channel_sales
--
-- Purpose: the warehouse's view.
CREATE OR REPLACE TABLE tshop.warehouse_channel_sales (channel String, amount Decimal(38, 2))
ENGINE = PostgreSQL(tshop_warehouse, schema = 'cdm', table = 'channel_sales_export');

-- tshop.channels
--
-- Purpose: the channels by name; a semicolon in a text ends nothing.
CREATE OR REPLACE VIEW tshop.channels AS SELECT channel, ';' AS mark FROM tshop.channel_sales;
"""
NAME = "20_channel_sales.sql"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouse]:
    """A running endpoint with nothing in it."""
    own = ClickHouse(tmp_path, "")
    own.start()
    yield own
    own.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the definitions."""
    return shutil.copytree(DEFINITIONS, tmp_path / "ddl")


def once(definition: Definition) -> list[str]:
    """Return the statements of a file that run once."""
    return [statement for statement in definition.statements if not REPEATED.match(statement)]


def apply(server: ClickHouse, folder: Path = DEFINITIONS) -> list[Step]:
    """Bring the server up to the files; return what was sent."""
    steps = pending(server.rows, folder)
    server.command(*(step.statement for step in steps))
    return steps


def test_the_ledger_holds_what_was_applied(server):
    apply(server)
    definitions = [Definition.read(file) for file in sorted(DEFINITIONS.glob("*.sql"))]
    assert server.rows(LEDGER) == [(one.name, 1, one.sha256) for one in definitions]
    # What runs once is not sent again, and nothing is noted of what has not changed.
    assert {bool(REPEATED.match(step.statement)) for step in apply(server)} == {True}
    assert server.rows(LEDGER) == [(one.name, 1, one.sha256) for one in definitions]


def test_a_server_is_current_until_it_lacks_something_or_a_file_says_something_else(server, folder):
    assert not is_current(server.rows, folder)
    apply(server, folder)
    assert is_current(server.rows, folder)
    (folder / NAME).write_text(TARGET)
    assert not is_current(server.rows, folder)
    apply(server, folder)
    assert is_current(server.rows, folder)
    server.command("DROP TABLE tshop.channels SYNC")
    assert not is_current(server.rows, folder)


def test_a_server_that_was_set_up_before_there_was_a_ledger_gets_one(server):
    # Each statement may run again, also those that run once: a run that is cut off is not known to the ledger.
    for file in sorted(DEFINITIONS.glob("*.sql")):
        server.command(*statements(file.read_text()))
    fresh = server.rows(SCHEMA)
    server.command("DROP TABLE tshop.applied_file SYNC")
    apply(server)
    assert server.rows(SCHEMA) == fresh
    assert [row[1] for row in server.rows(LEDGER)] == [1] * len(list(DEFINITIONS.glob("*.sql")))


def earlier(folder: Path, left: int) -> int:
    """Cut files down to so many statements that run once, as they were at some time; return how many were cut."""
    cut = 0
    for file in folder.glob("*.sql"):
        definition = Definition.read(file)
        for statement in once(definition)[left:]:
            cut += 1
            kept = [one for one in statements(file.read_text()) if one != statement]
            file.write_text(";\n".join(kept) + ";\n")
    return cut


@pytest.mark.parametrize("left", [0, 1])
def test_a_fresh_server_and_an_upgraded_one_have_the_same_schema(server, folder, left):
    (folder / NAME).write_text(TARGET)
    apply(server, folder)
    fresh = server.rows(SCHEMA)
    assert "orders" in {name: text for name, _, text in fresh}["channel_sales"]
    server.command("DROP DATABASE tshop SYNC")

    old = shutil.copytree(folder, folder.parent / "old")
    if left == 0:
        # Before the last file was there.
        (old / NAME).unlink()
    else:
        assert earlier(old, left) == 5
        for file in old.glob("*.sql"):
            # A view may name what is added later.
            if file.name.startswith("1"):
                file.unlink()
    apply(server, old)
    assert server.rows(SCHEMA) != fresh
    server.command("INSERT INTO tshop.published_batch (run_id) VALUES (7)")
    if left:
        server.command("INSERT INTO tshop.channel_sales VALUES ('web', 1)")
    sent = [step.statement for step in apply(server, folder)]
    assert server.rows(SCHEMA) == fresh
    assert server.rows("SELECT run_id FROM tshop.published_batch") == [(7,)]
    if left:
        assert server.rows("SELECT channel, orders FROM tshop.channel_sales") == [("web", 1)]
        # Of a table that is there, only the change.
        assert not [one for one in sent if one.startswith("CREATE TABLE IF NOT EXISTS tshop.channel_sales")]


def test_an_edited_view_is_replaced_and_noted(server, folder):
    (folder / NAME).write_text(TARGET)
    apply(server, folder)
    (folder / NAME).write_text(TARGET.replace("';' AS mark", "'edited' AS mark"))
    apply(server, folder)
    assert "edited" in server.rows("SHOW CREATE TABLE tshop.channels")[0][0]
    assert {row[0]: row[1] for row in server.rows(LEDGER)}[NAME] == 2


def test_a_view_that_a_hand_changed_is_mended(server):
    apply(server)
    before = server.rows(SCHEMA)
    server.command("CREATE OR REPLACE VIEW tshop.sales AS SELECT 1 AS sale_id")
    apply(server)
    assert server.rows(SCHEMA) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("channel String, amount Decimal(38, 2)) ORDER", "channel String) ORDER"), ("orders Int64", "orders Int32")],
    ids=["a table", "a change of a table"],
)
def test_a_statement_that_was_applied_may_not_change(server, folder, old, new):
    (folder / NAME).write_text(TARGET)
    apply(server, folder)
    before = server.rows(SCHEMA)
    (folder / NAME).write_text(TARGET.replace(old, new))
    number = 1 if "channel" in old else 2
    with pytest.raises(
        DefinitionError, match=f"{NAME}: statement {number} of those that run once .* append a statement"
    ):
        apply(server, folder)
    assert server.rows(SCHEMA) == before


def test_an_applied_statement_may_not_go_but_may_be_laid_out_anew(server, folder):
    (folder / NAME).write_text(TARGET)
    apply(server, folder)
    (folder / NAME).write_text(
        "-- A comment.\n" + TARGET.replace("(channel String, amount", "(\n    channel String, amount", 1)
    )
    with pytest.raises(DefinitionError):
        apply(server, folder)
    (folder / NAME).write_text(
        "-- A comment.\n" + TARGET.replace("tshop.channel_sales ADD", "tshop.channel_sales\nADD")
    )
    apply(server, folder)
    (folder / NAME).write_text(re.sub(r"ALTER TABLE [^;]*;", "", TARGET))
    with pytest.raises(DefinitionError, match=r"statement 2 .* has changed or is gone"):
        apply(server, folder)


@pytest.mark.parametrize("what", ["deleted", "renamed"])
@pytest.mark.parametrize("name", [NAME, "00_version.sql"])
def test_a_file_that_was_applied_may_not_go(server, folder, name, what):
    (folder / NAME).write_text(TARGET)
    apply(server, folder)
    before = server.rows(SCHEMA), server.rows(LEDGER)
    (folder / name).rename((folder if what == "renamed" else folder.parent) / f"0_{name}")
    with pytest.raises(
        DefinitionError, match=f"^{name}: applied to this ClickHouse, and not in the folder: put it back"
    ):
        apply(server, folder)
    assert (server.rows(SCHEMA), server.rows(LEDGER)) == before
    next(folder.parent.rglob(f"0_{name}")).rename(folder / name)
    apply(server, folder)
    assert (server.rows(SCHEMA), server.rows(LEDGER)) == before


@pytest.mark.parametrize(
    "statement",
    [
        "RENAME TABLE tshop.channel_sales TO tshop.sales_by_channel",
        "rename tshop.channel_sales TO tshop.sales_by_channel",
        "EXCHANGE TABLES tshop.channel_sales AND tshop.sales_mart",
    ],
)
def test_a_statement_that_renames_is_refused_before_anything_is_sent(server, folder, statement):
    (folder / NAME).write_text(f"{TARGET}\n-- A comment.\n{statement};\n")
    with pytest.raises(DefinitionError, match=rf"^{NAME}: (RENAME|EXCHANGE) cannot .* copy the rows, and drop the old"):
        apply(server, folder)
    assert server.rows(SCHEMA) == []


@pytest.mark.parametrize("table", ["sales_mart", "published_batch", "applied_file"])
def test_what_somebody_dropped_is_made_again_as_it_was(server, table):
    apply(server)
    before = server.rows(SCHEMA)
    server.command(f"DROP TABLE tshop.{table} SYNC")
    apply(server)
    assert server.rows(SCHEMA) == before


def test_a_set_up_that_is_cut_off_anywhere_is_finished_by_the_next(server, folder):
    (folder / NAME).write_text(TARGET)
    apply(server, folder)
    whole, ledger = server.rows(SCHEMA), [row[0] for row in server.rows(LEDGER)]
    count = len(pending(lambda _: [], folder))
    for number in range(1, count, 5):
        server.command("DROP DATABASE tshop SYNC")
        server.command(*(step.statement for step in pending(server.rows, folder)[:number]))
        apply(server, folder)
        assert server.rows(SCHEMA) == whole, number
        assert [row[0] for row in server.rows(LEDGER)] == ledger, number


def test_a_table_that_a_later_statement_drops_is_not_missed(server, folder):
    (folder / NAME).write_text(TARGET)
    apply(server, folder)
    (folder / NAME).write_text(TARGET + "\nDROP TABLE IF EXISTS tshop.channel_sales;\n")
    apply(server, folder)
    assert not [
        step
        for step in pending(server.rows, folder)
        if "channel_sales" in step.statement.split("(")[0][:50] and not REPEATED.match(step.statement)
    ]


def test_a_folder_without_files_is_told(server, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(DefinitionError, match=r"There is no file in .*none: is the folder mounted"):
        pending(server.rows, tmp_path / "none")


def test_a_server_that_is_too_old_is_refused_before_anything_is_made(server, folder):
    file = folder / "00_version.sql"
    file.write_text(file.read_text().replace("version()", "'24.12.9.1'"))
    with pytest.raises(DatabaseError, match=r"needs 25\.8 or newer"):
        apply(server, folder)
    assert server.rows(SCHEMA) == []
