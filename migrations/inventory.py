"""What of the warehouse is there, compared with what the migrations made: the ledger of files can not know that.

A migration records in sl.schema_object what it made, as the catalog shows it. What others make in the warehouse's
schemas is not recorded, and nobody's fault.
"""

import functools
import re
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor

from migrations import routines
from migrations.roles import LAYERS, roles

QUERY = Path(__file__).parent / "inventory.sql"
# The catalog's text depends on these.
PLAIN = {
    "search_path": "pg_catalog",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
}
Inventory = dict[str, str]
MISSING, CHANGED = "is missing", "was changed"
RIGHTS = "rights on the "
# Beside the objects: which major version of the server has written the definitions.
SERVER = "server"
# What holds data: no file makes it again.
KEPT = ("schema ", "table ", "column ")
# Declares a mart again as it was.
DECLARE_MART = """
DO $$
DECLARE
    v_mart sl.mart;
BEGIN
    SELECT m.* INTO v_mart FROM sl.mart AS m WHERE m.mart_name = %s;
    CALL sl.declare_mart(
        v_mart.mart_name,
        v_mart.key_columns,
        v_mart.sources,
        p_image => format('%%I.%%I', v_mart.image_schema, v_mart.image_view),
        p_touched => quote_ident(v_mart.touched_schema) || '.' || quote_ident(v_mart.touched_function),
        p_group => v_mart.group_columns,
        p_key_entity => v_mart.key_entity,
        p_personal => v_mart.personal,
        p_target => format('%%I.%%I', v_mart.target_schema, v_mart.target_table),
        p_procedure => format('%%I.%%I', v_mart.build_schema, v_mart.build_procedure),
        p_published_as => v_mart.published_as
    );
END;
$$
"""


def read(cursor: Cursor) -> Inventory:
    """Return the definition of each object that is there by its kind and name."""
    before = {}
    cursor.execute(
        "SELECT set_config('tshop.schemas', %s, true), set_config('tshop.roles', %s, true)",
        (",".join(LAYERS), ",".join(role.name for role in roles())),
    )
    for name, value in PLAIN.items():
        cursor.execute("SELECT current_setting(%s), set_config(%s, %s, true)", (name, name, value))
        before[name] = cursor.fetchone()[0]
    cursor.execute(QUERY.read_text())
    found = dict(cursor.fetchall())
    found[SERVER] = str(cursor.connection.server_version // 10000)
    for name, value in before.items():
        cursor.execute("SELECT set_config(%s, %s, true)", (name, value))
    return found


def recorded(cursor: Cursor) -> Inventory:
    """Return what the migrations have recorded; nothing before there is a table for it."""
    cursor.execute("SELECT to_regclass('sl.schema_object') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return {}
    cursor.execute("SELECT object_name, definition FROM sl.schema_object")
    return dict(cursor.fetchall())


def differences(wanted: Inventory, found: Inventory) -> Inventory:
    """Return what is not as it was made, each with what is the matter; of a lost object only itself.

    Servers of different versions write the same view or constraint in different words: after a restore into another
    one, only what is missing is told, until the next migration has recorded its words.
    """
    told = {}
    is_same_server = wanted.get(SERVER) == found[SERVER]
    for name, definition in sorted(wanted.items()):
        if name not in found:
            told[name] = MISSING
        elif found[name] != definition and is_same_server:
            told[name] = "were changed" if name.startswith(RIGHTS) else CHANGED
    lost = {name for name, what in told.items() if what == MISSING}

    def goes_with_another(name: str) -> bool:
        owner = name.removeprefix(RIGHTS)
        if owner != name:
            return owner in lost
        # A column, constraint, index or trigger of a lost table.
        if name.startswith("index "):
            of = re.match(r"CREATE (?:UNIQUE )?INDEX .+? ON (?:ONLY )?(.+?) USING ", wanted[name])
        else:
            of = re.match(r"column (.+)\.[^.]+$", name) or re.match(r"(?:constraint|trigger) .+ on (.+)$", name)
        table = of and of.group(1)
        return f"table {table}" in lost

    return {name: what for name, what in told.items() if not goes_with_another(name)}


def say(different: Inventory, most: int = 5) -> str:
    """Return the differences as a part of a sentence."""
    named = [f"the {name} {what}" for name, what in different.items()]
    more = [f"and {len(named) - most} more"] if len(named) > most else []
    return ", ".join(named[:most] + more)


def declare_marts(cursor: Cursor, wanted: Inventory, different: Inventory) -> None:
    """Declare the marts again whose tables are lost, as sl.mart knows them; their next build computes them.

    Done before the bodies, of which some read these tables. A mart whose image reads the mart itself, as that of
    cdm.sales_mart does for the age of who was forgotten, can not be computed again: it stays lost.
    """
    cursor.execute(
        "SELECT m.mart_name, format('table %I.%I', m.target_schema, m.target_table),"
        " format('%I.%I', m.image_schema, m.image_view) FROM sl.mart AS m ORDER BY m.mart_name"
    )
    for mart, table, image in cursor.fetchall():
        if different.get(table) != MISSING:
            continue
        cursor.execute("SAVEPOINT mart")
        try:
            if different.get(f"view {image}") == MISSING:
                cursor.execute(f"CREATE VIEW {image} AS {wanted[f'view {image}']}")
            cursor.execute(DECLARE_MART, (mart,))
        except psycopg2.Error:
            cursor.execute("ROLLBACK TO SAVEPOINT mart")
        cursor.execute("RELEASE SAVEPOINT mart")


def make_again(cursor: Cursor, wanted: Inventory, different: Inventory) -> None:
    """Make indexes and constraints again: no body holds them.

    :raises psycopg2.Error: the data do not allow it
    """
    for name, what in sorted(different.items(), key=lambda one: _order(wanted[one[0]])):
        kind, _, rest = name.partition(" ")
        if kind == "index":
            if what == CHANGED:
                cursor.execute(f"DROP INDEX {rest}")
            cursor.execute(wanted[name])
        elif kind == "constraint":
            constraint, _, table = rest.rpartition(" on ")
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {wanted[name]}")


def _is_of_files(name: str) -> bool:
    """Tell whether the files make an object of this name, in a warehouse that is older than the record."""
    kind, _, rest = name.removeprefix(RIGHTS).partition(" ")
    match kind:
        case "server" | "schema":
            return True
        case "index":
            name = re.escape(rest.split(".")[-1])
            made = re.compile(rf"INDEX {name} ON |declare_index\(\s*'{name}'")
            return made.search(_sql_of_revisions() + _sql_of_declarations()) is not None
        case "view" | "function" | "procedure":
            layer, _, one = rest.partition("(")[0].partition(".")
            return (routines.DB_FOLDER / layer / f"{kind}s" / f"{one}.sql").exists() or _is_declared(layer, one)
    # A table has a file with its comments, or a declaration; columns, constraints and triggers belong to a table.
    table = rest.rpartition(" on ")[2] if kind in ("constraint", "trigger") else rest
    layer, one = table.split(".")[:2]
    return (routines.DB_FOLDER / layer / "comments" / f"{one}.sql").exists() or _is_declared(layer, one)


def _is_declared(layer: str, name: str) -> bool:
    """Tell whether a declaration makes the table or procedure of this name."""
    files = list((routines.DB_FOLDER / layer / "declarations").glob("*.sql"))
    made = {file.stem for file in files} | {f"{verb}_{file.stem}" for file in files for verb in ("load", "build")}
    return name in made or any(f"'{layer}.{name}'" in file.read_text() for file in files)


@functools.cache
def _sql_of_revisions() -> str:
    return "".join(file.read_text() for file in sorted((QUERY.parent / "sql").glob("*.sql")))


@functools.cache
def _sql_of_declarations() -> str:
    return "".join(file.read_text() for file in sorted(routines.DB_FOLDER.glob("*/declarations/*.sql")))


def _order(definition: str) -> bool:
    """Keys before what refers to them."""
    return definition.startswith("FOREIGN KEY")


def record(cursor: Cursor, before: Inventory, after: Inventory) -> None:
    """Record what the migrations have made.

    :param before: what was there when this migration began
    :param after: what is there now; what is new is ours
    """
    known = recorded(cursor)
    ours = {
        name: text
        for name, text in after.items()
        if name in known or name not in before or (not known and _is_of_files(name))
    }
    if ours == known:
        return
    cursor.execute("DELETE FROM sl.schema_object WHERE NOT object_name = ANY (%s)", (list(ours),))
    for name, definition in ours.items():
        if known.get(name) != definition:
            cursor.execute(
                "INSERT INTO sl.schema_object (object_name, definition) VALUES (%s, %s) "
                "ON CONFLICT (object_name) DO UPDATE SET definition = excluded.definition",
                (name, definition),
            )
