"""Marts by declaration, on tables that are not the shop's: what sl.declare_mart makes, builds, backfills, audits."""

import re
from datetime import date

import psycopg2
import pytest
from conftest import ROOT
from test_engine import Engine, at, engine, engine_server  # noqa: F401

COUNTS = ("read", "inserted", "corrected", "deleted", "unchanged", "rejected")
JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
IMAGE = """
CREATE OR REPLACE VIEW cdm.city_sales_image AS
SELECT
    date_trunc('month', p.bought_on)::date AS month, p.city, count(*) AS purchases,
    sum(p.amount)::numeric(12, 2) AS amount
FROM dds.purchase AS p
WHERE p.is_current
GROUP BY 1, 2
"""
TOUCHED = """
CREATE OR REPLACE FUNCTION cdm.touched_cities(p_runs bigint[]) RETURNS TABLE (month date, city text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
SELECT date_trunc('month', v.bought_on)::date, v.city
FROM dds.purchase AS p
INNER JOIN dds.purchase AS v ON v.id = p.id
WHERE p.run_id = ANY (p_runs)
UNION
SELECT date_trunc('month', v.bought_on)::date, v.city
FROM sl.tombstone AS x
INNER JOIN dds.purchase AS v ON v.id = x.entity_key::bigint
WHERE x.entity_name = 'purchase' AND x.run_id = ANY (p_runs)
UNION
SELECT date_trunc('month', v.bought_on)::date, v.city
FROM sl.overwritten(NULL::dds.purchase, p_runs) AS v
$$
"""


def declare(engine: Engine, mart: str = "city_sales", **arguments: str) -> None:  # noqa: F811
    """Declare a mart; the arguments are SQL."""
    given = {
        "p_key": "'{month,city}'",
        "p_sources": "'{purchase}'",
        "p_touched": "'cdm.touched_cities'",
    } | arguments
    listed = ", ".join(f"{name} => {value}" for name, value in given.items())
    engine.run(f"CALL sl.declare_mart('{mart}', {listed})")


def build(engine: Engine, mart: str = "city_sales", full: bool = False) -> dict[str, int]:  # noqa: F811
    """Build a mart; returns the counts that are not zero."""
    (row,) = engine.run(f"SELECT * FROM sl.run_build('{mart}', {full})")
    return {name: count for name, count in zip(COUNTS, row[1:], strict=True) if count}


def buy(
    engine: Engine,  # noqa: F811
    key: int,
    place: tuple[str, date],
    amount: int,
    *,
    number: float = 1,
    deleted: bool = False,
) -> None:
    """Write a state of a purchase, as a transaction of its own."""
    city, month = place
    engine.run(
        f"INSERT INTO s.purchase VALUES ({key}, '{city}', '{month}', {amount}, {at(number)}, {deleted}) "
        "ON CONFLICT (id) DO UPDATE SET city = excluded.city, bought_on = excluded.bought_on, "
        "amount = excluded.amount, updated_at = excluded.updated_at, is_deleted = excluded.is_deleted"
    )


def versions(engine: Engine, columns: str = "month, city, version_no, amount, is_current") -> list[tuple]:  # noqa: F811
    """Versions of the mart's rows by key and number."""
    return engine.run(f"SELECT {columns} FROM cdm.city_sales ORDER BY month, city, version_no")


def schema(engine: Engine) -> list[tuple]:  # noqa: F811
    """Return what a declaration makes: columns, indexes, routines, comments, and the place of the registry's row."""
    return engine.run(
        """
        SELECT
            'column', a.attrelid::regclass::text, a.attname::text,
            format_type(a.atttypid, a.atttypmod) || a.attnotnull, col_description(a.attrelid, a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = to_regclass('cdm.city_sales') AND a.attnum > 0
        UNION ALL
        SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), '', ''
        FROM pg_index AS i WHERE i.indrelid = to_regclass('cdm.city_sales')
        UNION ALL
        SELECT 'routine', p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proacl::text, obj_description(p.oid)
        FROM pg_proc AS p WHERE p.proname LIKE 'build%city_sales' AND p.pronamespace = 'cdm'::regnamespace
        UNION ALL
        SELECT 'row', m.xmin::text, m.ctid::text, m::text, '' FROM sl.mart AS m WHERE m.mart_name = 'city_sales'
        ORDER BY 1, 2, 3
        """
    )


def refused(engine: Engine, sqlstate: str, **arguments: str) -> str:  # noqa: F811
    """Declare what is refused; returns the message. Nothing is changed."""
    before = schema(engine)
    with pytest.raises(psycopg2.Error) as error:
        declare(engine, **arguments)
    assert error.value.pgcode == sqlstate, error.value
    assert schema(engine) == before
    return error.value.diag.message_primary


@pytest.fixture
def purchase(engine: Engine) -> Engine:  # noqa: F811
    """The engine with an entity "purchase" and an image of it by month and city."""
    engine.run(
        "CREATE SCHEMA IF NOT EXISTS cdm",
        "CREATE TABLE s.purchase (id bigint PRIMARY KEY, city text, bought_on date, amount numeric(10, 2),"
        " updated_at timestamptz, is_deleted boolean)",
    )
    engine.declare(
        "purchase", p_tracked="'{city,bought_on,amount}'", p_event_time="'updated_at'", p_deleted="'is_deleted'"
    )
    engine.run(IMAGE, TOUCHED, "COMMENT ON COLUMN cdm.city_sales_image.city IS 'Where it was bought'")
    return engine


@pytest.fixture
def mart(purchase: Engine) -> Engine:
    """The engine with the mart "city_sales", built once: Omsk in two months, Tula in one."""
    declare(purchase)
    buy(purchase, 1, ("Omsk", JANUARY), 10)
    buy(purchase, 2, ("Omsk", JANUARY), 20)
    buy(purchase, 3, ("Omsk", FEBRUARY), 5)
    buy(purchase, 4, ("Tula", JANUARY), 7)
    purchase.load("purchase")
    assert build(purchase) == {"read": 3, "inserted": 3}
    return purchase


def test_a_mart_of_a_composite_key_has_its_history(mart: Engine) -> None:
    buy(mart, 1, ("Omsk", JANUARY), 11, number=2)
    buy(mart, 4, ("Tula", JANUARY), 7, number=3, deleted=True)
    mart.load("purchase")
    assert build(mart) == {"read": 2, "corrected": 1, "deleted": 1}
    buy(mart, 4, ("Tula", JANUARY), 7, number=4)
    mart.load("purchase")
    assert build(mart) == {"read": 1, "inserted": 1}
    assert versions(mart) == [
        (JANUARY, "Omsk", 1, 30, False),
        (JANUARY, "Omsk", 2, 31, True),
        (JANUARY, "Tula", 1, 7, False),
        (JANUARY, "Tula", 2, 7, True),
        (FEBRUARY, "Omsk", 1, 5, True),
    ]
    assert build(mart) == {}
    assert build(mart, full=True) == {"read": 3, "unchanged": 3}
    mart.audit()


def test_what_a_build_could_not_keep_true_is_refused(mart: Engine) -> None:
    """An image that reads more than p_sources says, or another mart's table; a person's key of another type."""
    mart.run("CREATE TABLE s.town (id integer PRIMARY KEY, name text)")
    mart.run("CALL sl.declare_entity('town', p_source => 's.town', p_key => '{id}', p_tracked => '{name}')")
    mart.run(
        "CREATE VIEW cdm.wide AS SELECT v.bought_on AS month, t.name AS city, count(*) AS n "
        "FROM dds.purchase AS v INNER JOIN dds.town AS t ON t.name = v.city GROUP BY 1, 2",
        "CREATE VIEW cdm.tall AS SELECT month, city, amount FROM cdm.city_sales WHERE is_current",
        "CREATE PROCEDURE cdm.mine() LANGUAGE sql AS 'SELECT 1'",
    )
    for arguments, said in (
        ({"p_image": "'cdm.wide'"}, 'entity "town", which is not in p_sources'),
        ({"p_image": "'cdm.tall'"}, 'the table of mart "city_sales"'),
        (
            {"p_image": "'cdm.wide'", "p_sources": "'{purchase,town}'", "p_procedure": "'cdm.mine'"},
            "is no procedure that",
        ),
    ):
        with pytest.raises(psycopg2.Error, match=said) as error:
            declare(mart, "other", p_touched="NULL", **arguments)
        assert error.value.pgcode == "22023"
    declare(mart, "other", p_image="'cdm.wide'", p_sources="'{purchase,town}'", p_touched="NULL")


def test_a_persons_key_of_another_type_is_refused(engine: Engine) -> None:  # noqa: F811
    """Forgetting asks the mart for the key: it has to be of the entity's type."""
    engine.run(
        "CREATE TABLE s.person (id bigint PRIMARY KEY, name text)",
        "CALL sl.declare_entity("
        "'person', p_source => 's.person', p_key => '{id}', p_tracked => '{name}', p_personal => '{name}')",
        "CREATE SCHEMA cdm",
        "CREATE VIEW cdm.persons_image AS SELECT id, id::text AS person, name FROM dds.person WHERE is_current",
    )
    call = (
        "CALL sl.declare_mart('persons', p_key => '{{id}}', p_sources => '{{person}}', "
        """p_personal => '{{"person": {{"columns": ["name"], "key": "{}"}}}}')"""
    )
    with pytest.raises(psycopg2.Error, match="of type text, and the key of the entity of type bigint") as error:
        engine.run(call.format("person"))
    assert error.value.pgcode == "22023"
    engine.run(call.format("id"))


def test_a_target_that_was_dropped_is_computed_again(mart: Engine) -> None:
    """The table is made by the declaration, and all of it by the next build."""
    rows = mart.run("SELECT count(*) FROM cdm.city_sales WHERE is_current")
    mart.run("DROP TABLE cdm.city_sales")
    declare(mart)
    build(mart)
    assert mart.run("SELECT count(*) FROM cdm.city_sales WHERE is_current") == rows
    mart.audit()


def test_a_row_that_was_corrected_leaves_the_group_that_it_was_in(mart: Engine) -> None:
    """By a state of the same time, by one that replaces several, by a column in place, and by a version removed."""
    buy(mart, 1, ("Tula", JANUARY), 10, number=1)
    assert mart.load("purchase") == {"corrected": 1}
    assert build(mart) == {"read": 2, "corrected": 2}
    mart.audit()
    assert mart.run("SELECT count(*) FROM sl.overwritten_version") == [(0,)]
    buy(mart, 2, ("Perm", JANUARY), 10, number=3)
    mart.load("purchase")
    assert build(mart) == {"read": 2, "inserted": 1, "deleted": 1}
    buy(mart, 2, ("Kursk", FEBRUARY), 10, number=3)
    buy(mart, 2, ("Omsk", JANUARY), 20, number=4)
    mart.load("purchase")
    assert build(mart) == {"read": 2, "inserted": 1, "deleted": 1}
    mart.run("SELECT * FROM sl.run_load('purchase', p_full => true)")
    mart.audit()
    mart.run("UPDATE sl.entity SET plausible_from = '2025-01-01' WHERE entity_name = 'purchase'")
    mart.run("SELECT * FROM sl.remove_implausible('purchase')")
    assert build(mart) == {"read": 3, "deleted": 3}
    assert mart.run("SELECT count(*) FROM cdm.city_sales WHERE is_current") == [(0,)]


def test_what_is_written_in_place_moves_a_row_to_another_group(engine: Engine) -> None:  # noqa: F811
    engine.run(
        "CREATE SCHEMA cdm",
        "CREATE TABLE s.item (id bigint PRIMARY KEY, name text, shelf text, keeper text, updated_at timestamptz)",
        f"INSERT INTO s.item VALUES (1, 'a', 'top', 'Anna', {at(1)}), (2, 'b', 'top', 'Ivan', {at(1)})",
    )
    engine.declare(p_in_place="'{shelf,keeper}'", p_event_time="'updated_at'", p_personal="'{keeper}'")
    engine.run(
        "CREATE VIEW cdm.shelf_image AS "
        "SELECT i.shelf, count(*) AS items FROM dds.item AS i WHERE i.is_current GROUP BY 1",
        "CREATE FUNCTION cdm.touched_shelves(p_runs bigint[]) RETURNS TABLE (shelf text) LANGUAGE sql STABLE AS $$ "
        "SELECT i.shelf FROM dds.item AS i WHERE i.run_id = ANY (p_runs) "
        "UNION SELECT o.shelf FROM sl.overwritten(NULL::dds.item, p_runs) AS o $$",
    )
    declare(engine, "shelf", p_key="'{shelf}'", p_sources="'{item}'", p_touched="'cdm.touched_shelves'")
    engine.load()
    assert build(engine, "shelf") == {"read": 1, "inserted": 1}
    engine.run(f"UPDATE s.item SET shelf = 'low', updated_at = {at(2)} WHERE id = 1")
    assert engine.load() == {"corrected": 1}
    # Nothing personal is kept.
    kept = "SELECT version ? 'shelf', version ? 'keeper' FROM sl.overwritten_version"
    assert engine.run(kept) == [(True, False)]
    assert build(engine, "shelf") == {"read": 2, "inserted": 1, "corrected": 1}
    engine.declare(p_in_place="'{shelf,keeper}'", p_event_time="'updated_at'", p_personal="'{keeper,shelf}'")
    assert engine.run(kept) == [(False, False)]
    engine.audit()


def test_what_was_reported_at_a_moment_stays(mart: Engine) -> None:
    (first,) = mart.run("SELECT max(valid_from) FROM cdm.city_sales")
    buy(mart, 1, ("Tula", FEBRUARY), 10, number=2)
    mart.load("purchase")
    assert build(mart) == {"read": 2, "inserted": 1, "corrected": 1}
    reported = (
        "SELECT city, amount FROM cdm.city_sales WHERE valid_from <= '{0}' AND '{0}' < valid_to ORDER BY month, city"
    )
    assert mart.run(reported.format(*first)) == [("Omsk", 30), ("Tula", 7), ("Omsk", 5)]
    assert mart.run(reported.format("2999-01-01")) == [("Omsk", 20), ("Tula", 7), ("Omsk", 5), ("Tula", 10)]


def test_a_declaration_makes_what_is_missing_and_again_nothing(mart: Engine) -> None:
    made = schema(mart)
    assert [(name, kind) for what, _, name, kind, _ in made if what == "column"] == [
        ("amount", "numeric(12,2)false"),
        ("city", "texttrue"),
        ("is_current", "booleantrue"),
        ("month", "datetrue"),
        ("purchases", "bigintfalse"),
        ("run_id", "biginttrue"),
        ("valid_from", "timestamp with time zonetrue"),
        ("valid_to", "timestamp with time zonetrue"),
        ("version_no", "integertrue"),
    ]
    assert [name.split(" USING ")[1] for what, _, name, _, _ in made if what == "index"] == [
        "btree (month, city, version_no)",
        "btree (run_id)",
    ]
    assert {name: text for what, _, name, _, text in made if what == "column"}["city"] == "Where it was bought"
    ((procedure, rights),) = [(name, acl) for what, name, _, acl, _ in made if what == "routine"]
    assert procedure.startswith("cdm.build_city_sales(")
    assert rights == "{postgres=X/postgres}"
    declare(mart)
    assert schema(mart) == made
    mart.run("CALL cdm.build_city_sales()", "CALL sl.build('city_sales', p_full => true)")
    assert mart.run("SELECT DISTINCT procedure_name, target FROM sl.run WHERE target LIKE 'cdm.%'") == [
        ("cdm.build_city_sales", "cdm.city_sales")
    ]


def test_a_new_column_of_the_image_is_added_and_filled(mart: Engine) -> None:
    mart.run(
        IMAGE.replace("AS amount\n", "AS amount, max(p.amount) AS largest\n"),
        "COMMENT ON COLUMN cdm.city_sales_image.largest IS 'Largest purchase'",
    )
    with pytest.raises(psycopg2.Error, match=r"cdm\.city_sales has no column largest") as error:
        build(mart)
    assert error.value.pgcode == "TS003"
    declare(mart)
    # The mart is behind, not wrong.
    mart.audit()
    assert build(mart) == {"read": 3, "corrected": 3}
    assert versions(mart, "month, city, version_no, largest") == [
        (JANUARY, "Omsk", 1, None),
        (JANUARY, "Omsk", 2, 20),
        (JANUARY, "Tula", 1, None),
        (JANUARY, "Tula", 2, 7),
        (FEBRUARY, "Omsk", 1, None),
        (FEBRUARY, "Omsk", 2, 5),
    ]
    assert [text for what, _, name, _, text in schema(mart) if (what, name) == ("column", "largest")] == [
        "Largest purchase"
    ]
    mart.audit()


@pytest.mark.parametrize(
    ("arguments", "sqlstate", "message"),
    [
        ({"p_key": "'{month}'"}, "TS008", "another key is another mart"),
        ({"p_target": "'cdm.other'", "p_image": "'cdm.city_sales_image'"}, "TS008", "rename the table"),
        ({"p_key": "'{}'"}, "22023", "the key has no column"),
        ({"p_key": "'{month,month}'"}, "22023", "stands twice in p_key"),
        ({"p_key": "'{month,town}'"}, "TS003", "cdm.city_sales_image has no column town"),
        ({"p_sources": "'{}'"}, "22023", "p_sources is empty"),
        ({"p_sources": "'{nothing}'"}, "TS002", '"nothing"'),
        ({"p_group": "'{city}'"}, "22023", "p_group is no beginning of p_key"),
        ({"p_key_entity": "'purchase'"}, "22023", "has another key"),
        ({"p_image": "'cdm.nothing'"}, "TS003", "there is no view cdm.nothing"),
        ({"p_image": "'nothing'"}, "22023", "p_image is 'nothing'"),
        ({"p_touched": "'cdm.nothing'"}, "TS003", "there is no function cdm.nothing(bigint[])"),
        ({"p_touched": "'sl._mart_of'"}, "TS003", "there is no function sl._mart_of(bigint[])"),
        ({"p_personal": """'{"client": {}}'"""}, "22023", 'p_personal: "client" is not in p_sources'),
        ({"p_personal": """'{"purchase": {"columns": ["city"], "key": "month"}}'"""}, "22023", "outside the key"),
        ({"p_personal": """'{"purchase": {"columns": "amount", "key": "month"}}'"""}, "22023", "p_personal of"),
        ({"p_personal": "'[]'"}, "22023", "p_personal is no JSON object"),
    ],
)
def test_what_cannot_be_or_would_lose_something_is_refused(
    mart: Engine, arguments: dict[str, str], sqlstate: str, message: str
) -> None:
    assert message in refused(mart, sqlstate, **arguments)


def test_a_column_gone_or_of_another_type_is_refused(mart: Engine) -> None:
    mart.run("DROP VIEW cdm.city_sales_image", IMAGE.replace("numeric(12, 2)", "numeric(14, 2)"))
    assert (
        "column amount of cdm.city_sales_image is numeric(14,2), and of cdm.city_sales numeric(12,2): ALTER TABLE"
        in refused(mart, "TS008")
    )
    mart.run("DROP VIEW cdm.city_sales_image", IMAGE.replace("count(*) AS purchases,", ""))
    assert (
        "cdm.city_sales_image has no column purchases any more: drop it from cdm.city_sales in a revision"
        in refused(mart, "TS008")
    )


def test_a_table_in_the_targets_place_is_refused_unless_it_is_as_it_should_be(purchase: Engine) -> None:
    columns = "month date, city text, purchases bigint, amount numeric(12, 2)"
    purchase.run(f"CREATE TABLE cdm.city_sales ({columns})")
    assert "it has no column version_no of type integer" in refused(purchase, "TS008")
    purchase.run(
        "ALTER TABLE cdm.city_sales ADD version_no integer, ADD valid_from timestamptz, "
        "ADD valid_to timestamptz DEFAULT 'infinity', ADD is_current boolean DEFAULT true, ADD run_id bigint"
    )
    assert "it has no unique index on (month, city, version_no)" in refused(purchase, "TS008")
    purchase.run("ALTER TABLE cdm.city_sales ADD PRIMARY KEY (month, city, version_no)")
    declare(purchase)
    buy(purchase, 1, ("Omsk", JANUARY), 10)
    purchase.load("purchase")
    assert build(purchase) == {"read": 1, "inserted": 1}


def test_names_of_marts_and_entities_do_not_collide(mart: Engine) -> None:
    for call in (
        "sl.declare_mart('purchase', '{month}', '{purchase}')",
        "sl.declare_mart('No name', '{month}', '{purchase}')",
    ):
        with pytest.raises(psycopg2.Error, match="is no name of a mart") as error:
            mart.run(f"CALL {call}")
        assert error.value.pgcode == "22023"
    with pytest.raises(psycopg2.Error, match="is no name of an entity") as error:
        mart.declare("city_sales", p_source="'s.purchase'", p_tracked="'{city}'")
    assert error.value.pgcode == "22023"


def test_another_procedure_takes_the_place_of_the_one_before(mart: Engine) -> None:
    declare(mart, p_procedure="'cdm.build_all_city_sales'")
    assert [name.split("(")[0] for what, name, *_ in schema(mart) if what == "routine"] == ["cdm.build_all_city_sales"]


def test_several_marts_process_the_same_loads(mart: Engine) -> None:
    mart.run(
        "CREATE VIEW cdm.purchase_copy_image AS SELECT p.id, p.city, p.amount FROM dds.purchase AS p WHERE p.is_current"
    )
    declare(mart, "purchase_copy", p_key="'{id}'", p_key_entity="'purchase'", p_touched="NULL")
    buy(mart, 9, ("Perm", JANUARY), 1)
    mart.load("purchase")

    def behind() -> list[tuple]:
        return mart.run(
            "SELECT target, rows_behind FROM sl.status_lag WHERE layer = 'cdm' AND target LIKE '%c%y%' ORDER BY 1"
        )

    def consumed() -> list[tuple]:
        return mart.run("SELECT count(*) FILTER (WHERE consumed_by IS NULL) FROM sl.run WHERE target = 'dds.purchase'")

    assert behind() == [("cdm.city_sales", 1), ("cdm.purchase_copy", 5)]
    assert build(mart) == {"read": 1, "inserted": 1}
    assert behind() == [("cdm.city_sales", 0), ("cdm.purchase_copy", 5)]
    # No load is kept for a mart that was never built: its first build reads everything.
    assert consumed() == [(0,)]
    assert build(mart) == {}
    assert build(mart, "purchase_copy") == {"read": 5, "inserted": 5}
    assert behind() == [("cdm.city_sales", 0), ("cdm.purchase_copy", 0)]
    assert consumed() == [(0,)]
    assert mart.run("SELECT count(*) FROM sl.consumption") == [(0,)]
    mart.audit()


def test_of_builds_beside_each_other_neither_hides_a_load(mart: Engine) -> None:
    mart.run(
        "CREATE VIEW cdm.purchase_copy_image AS SELECT p.id, p.city, p.amount FROM dds.purchase AS p WHERE p.is_current"
    )
    declare(mart, "purchase_copy", p_key="'{id}'", p_key_entity="'purchase'", p_touched="NULL")
    build(mart, "purchase_copy")
    buy(mart, 9, ("Perm", JANUARY), 1)
    mart.load("purchase")
    other = Engine(mart.dsn)
    other.run("BEGIN", "SELECT * FROM sl.run_build('city_sales')")
    assert build(mart, "purchase_copy") == {"read": 5, "inserted": 1, "unchanged": 4}
    other.run("COMMIT")
    other.connection.close()
    assert mart.run("SELECT count(*) FROM sl.consumption") == [(2,)]
    assert (build(mart), build(mart, "purchase_copy")) == ({}, {})
    assert mart.run("SELECT count(*) FROM sl.consumption") == [(0,)]
    assert mart.run("SELECT count(*) FROM sl.run WHERE target = 'dds.purchase' AND consumed_by IS NULL") == [(0,)]


def test_rows_of_one_group_are_computed_together(mart: Engine) -> None:
    mart.run(
        """
        CREATE VIEW cdm.city_rank_image AS
        SELECT
            date_trunc('month', p.bought_on)::date AS month, p.city,
            rank() OVER (PARTITION BY date_trunc('month', p.bought_on)::date ORDER BY sum(p.amount) DESC) AS place
        FROM dds.purchase AS p
        WHERE p.is_current
        GROUP BY date_trunc('month', p.bought_on)::date, p.city
        """
    )
    declare(mart, "city_rank", p_group="'{month}'")
    ranks = "SELECT month, city, place FROM cdm.city_rank WHERE is_current ORDER BY 1, 2"
    assert build(mart, "city_rank") == {"read": 3, "inserted": 3}
    assert mart.run(ranks) == [(JANUARY, "Omsk", 1), (JANUARY, "Tula", 2), (FEBRUARY, "Omsk", 1)]
    buy(mart, 5, ("Tula", JANUARY), 100)
    mart.load("purchase")
    # Omsk was not touched, yet its place depends on Tula's.
    assert build(mart, "city_rank") == {"read": 2, "corrected": 2}
    assert mart.run(ranks) == [(JANUARY, "Omsk", 2), (JANUARY, "Tula", 1), (FEBRUARY, "Omsk", 1)]
    assert build(mart) == {"read": 1, "corrected": 1}
    mart.audit()


def test_an_image_with_a_key_twice_is_refused(mart: Engine) -> None:
    mart.run(IMAGE.replace("GROUP BY 1, 2", "GROUP BY 1, 2, p.id"))
    with pytest.raises(
        psycopg2.Error, match=r"cdm\.city_sales_image has several rows of one key \(month, city\)"
    ) as error:
        build(mart, full=True)
    assert error.value.pgcode == "23505"


def test_an_image_with_a_key_of_null_is_refused(mart: Engine) -> None:
    """A row without a key would be lost: the build names the column and what to do."""
    buy(mart, 9, ("Perm", FEBRUARY), 1, number=2)
    mart.run("UPDATE s.purchase SET city = NULL WHERE id = 9")
    mart.load("purchase")
    with pytest.raises(psycopg2.Error, match=r"cdm\.touched_cities gives a row whose key column city is NULL") as error:
        build(mart)
    assert error.value.pgcode == "23502"
    with pytest.raises(
        psycopg2.Error, match=r"cdm\.city_sales_image gives a row whose key column city is NULL"
    ) as error:
        build(mart, full=True)
    assert error.value.pgcode == "23502"
    assert "coalesce" in error.value.diag.message_hint
    mart.run(
        IMAGE.replace("p.city,", "coalesce(p.city, 'Unknown') AS city,"),
        TOUCHED.replace("v.city", "coalesce(v.city, '?')"),
    )
    declare(mart)
    assert build(mart) == {"read": 4, "inserted": 1, "unchanged": 3}
    mart.audit()


def test_of_a_mart_by_an_entity_an_image_without_a_key_is_refused(mart: Engine) -> None:
    mart.run(
        "CREATE VIEW cdm.purchase_copy_image AS "
        "SELECT p.id, p.city FROM dds.purchase AS p WHERE p.is_current UNION ALL SELECT NULL, 'Nowhere'"
    )
    declare(mart, "purchase_copy", p_key="'{id}'", p_key_entity="'purchase'", p_touched="NULL")
    for call in ("CALL sl.build('purchase_copy')", "CALL sl.backfill('purchase_copy', 2)"):
        with pytest.raises(psycopg2.Error, match=r"cdm\.purchase_copy_image gives a row whose key column id is NULL"):
            mart.run(call)


def test_of_a_mart_by_an_entity_an_image_with_a_key_twice_is_refused(mart: Engine) -> None:
    """Neither of a new key nor of a known one: there each build would write a version, of one row or of the other."""
    mart.run(
        "CREATE VIEW cdm.purchase_copy_image AS SELECT p.id, p.city FROM dds.purchase AS p "
        "CROSS JOIN generate_series(1, 2) WHERE p.is_current"
    )
    declare(mart, "purchase_copy", p_key="'{id}'", p_key_entity="'purchase'", p_touched="NULL")

    def refuse() -> None:
        with pytest.raises(psycopg2.Error, match=r"purchase_copy_image has several rows of one key \(id\)") as error:
            build(mart, "purchase_copy")
        assert error.value.pgcode == "23505"

    refuse()
    once = PURCHASE_COPY.replace("CREATE", "CREATE OR REPLACE")
    mart.run(once)
    assert build(mart, "purchase_copy") == {"read": 4, "inserted": 4}
    mart.run(f"{once} UNION ALL SELECT p.id, 'Elsewhere' FROM dds.purchase AS p WHERE p.is_current AND p.id = 3")
    buy(mart, 3, ("Omsk", FEBRUARY), 6, number=2)
    mart.load("purchase")
    refuse()


def test_a_column_that_takes_no_null_is_named(purchase: Engine) -> None:
    declare(purchase)
    purchase.run("ALTER TABLE cdm.city_sales ALTER COLUMN amount SET NOT NULL")
    buy(purchase, 1, ("Omsk", JANUARY), 10)
    purchase.run("UPDATE s.purchase SET amount = NULL")
    purchase.load("purchase")
    with pytest.raises(psycopg2.Error, match=r'Mart "city_sales": cdm\.city_sales takes no NULL in amount') as error:
        build(purchase)
    assert error.value.pgcode == "23502"


PURCHASE_COPY = "CREATE VIEW cdm.purchase_copy_image AS SELECT p.id, p.city FROM dds.purchase AS p WHERE p.is_current"
BIGGER = IMAGE.replace("sum(p.amount)", "sum(p.amount + 1)")


@pytest.mark.parametrize(
    ("statements", "arguments"),
    [
        ([BIGGER], {}),
        ([BIGGER.replace("city_sales_image", "other_image")], {"p_image": "'cdm.other_image'"}),
        (
            [
                "CREATE VIEW cdm.bought AS SELECT p.* FROM dds.purchase AS p",
                IMAGE.replace("dds.purchase", "cdm.bought"),
                "CALL sl.declare_mart('city_sales', '{month,city}', '{purchase}', p_touched => 'cdm.touched_cities')",
                "CALL sl.build('city_sales')",
                "CREATE OR REPLACE VIEW cdm.bought AS SELECT p.purchase_sk, p.id, p.city, p.bought_on, "
                "(p.amount + 1)::numeric(10, 2) AS amount, p.valid_from, p.valid_to, p.is_current, p.run_id, "
                "p.observed_at FROM dds.purchase AS p",
            ],
            {},
        ),
        (
            [
                "CREATE FUNCTION s.more(numeric) RETURNS numeric LANGUAGE sql RETURN $1",
                IMAGE.replace("sum(p.amount)", "s.more(sum(p.amount))"),
                "CALL sl.declare_mart('city_sales', '{month,city}', '{purchase}', p_touched => 'cdm.touched_cities')",
                "CALL sl.build('city_sales')",
                "CREATE OR REPLACE FUNCTION s.more(numeric) RETURNS numeric LANGUAGE sql RETURN $1 + 1",
            ],
            {},
        ),
    ],
    ids=["definition", "other_view", "view_below", "function_below"],
)
def test_after_another_image_the_next_build_computes_all(
    mart: Engine, statements: list[str], arguments: dict[str, str]
) -> None:
    mart.run(*statements)
    declare(mart, **arguments)
    # The mart is behind, not wrong.
    mart.audit()
    assert build(mart) == {"read": 3, "corrected": 3}
    declare(mart, **arguments)
    assert build(mart) == {}
    mart.audit()


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        (TOUCHED.replace("UNION", "UNION ALL"), {}),
        ("SELECT", {"p_touched": "NULL"}),
        ("SELECT", {"p_group": "'{month}'", "p_touched": "NULL"}),
        ("SELECT", {"p_sources": "'{purchase,shop}'"}),
    ],
    ids=["touched_definition", "touched", "group", "sources"],
)
def test_after_another_declaration_the_next_build_computes_all(
    mart: Engine, statement: str, arguments: dict[str, str]
) -> None:
    mart.run("CREATE TABLE s.shop (id bigint PRIMARY KEY, name text)")
    mart.declare("shop")
    mart.run(statement, "UPDATE cdm.city_sales SET amount = 0 WHERE city = 'Tula'")
    declare(mart, **arguments)
    assert build(mart) == {"read": 3, "corrected": 1, "unchanged": 2}
    assert build(mart) == {}


def test_a_declaration_waits_for_no_build_that_would_hide_it(mart: Engine) -> None:
    """A build that began before it would note that all is computed."""
    other = Engine(mart.dsn)
    other.run("BEGIN", "SELECT * FROM sl.run_build('city_sales')")
    declare(mart)
    mart.run(BIGGER)
    assert "another run on cdm.city_sales is in progress" in refused(mart, "TS001")
    other.run("COMMIT")
    other.connection.close()
    declare(mart)
    assert build(mart) == {"read": 3, "corrected": 3}


def test_a_build_and_a_forgetting_wait_for_nobody(mart: Engine) -> None:
    """Another run on the mart ends either of them at once."""
    mart.declare(
        "purchase",
        p_tracked="'{city,bought_on,amount}'",
        p_event_time="'updated_at'",
        p_deleted="'is_deleted'",
        p_personal="'{amount}'",
    )
    other = Engine(mart.dsn)
    other.run("BEGIN", "SELECT * FROM sl.run_build('city_sales')")
    for call in ("CALL sl.build('city_sales')", "CALL sl.forget('purchase', '1')"):
        with pytest.raises(psycopg2.Error, match=r"another run on cdm\.city_sales is in progress") as error:
            mart.run(call)
        assert error.value.pgcode == "TS001"
    other.run("COMMIT")
    other.connection.close()
    mart.run("CALL sl.forget('purchase', '1')")


def test_a_backfill_of_another_image_begins_anew(mart: Engine) -> None:
    mart.run(PURCHASE_COPY)
    declare(mart, "purchase_copy", p_key="'{id}'", p_key_entity="'purchase'", p_touched="NULL")
    mart.run("SELECT sl._begin_mart_backfill('purchase_copy', 2)", "SELECT sl._build_slice('purchase_copy')")
    mart.run(PURCHASE_COPY.replace("CREATE", "CREATE OR REPLACE").replace("p.city", "upper(p.city) AS city"))
    declare(mart, "purchase_copy", p_key="'{id}'", p_key_entity="'purchase'", p_touched="NULL")
    mart.run("CALL sl.backfill('purchase_copy', 2)")
    assert mart.run("SELECT DISTINCT city FROM cdm.purchase_copy WHERE is_current ORDER BY 1") == [("OMSK",), ("TULA",)]
    mart.audit()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("json_build_object('a', 1) AS thing", "cannot be compared"),
        ("xmlparse(CONTENT '<a/>') AS thing", "cannot be compared"),
        ("point '(1, 2)' AS thing", "cannot be compared"),
    ],
)
def test_a_column_whose_values_cannot_be_compared_is_refused(purchase: Engine, column: str, message: str) -> None:
    purchase.run(IMAGE.replace("AS amount\n", f"AS amount, {column}\n").replace("GROUP BY 1, 2", "GROUP BY 1, 2, p.id"))
    assert message in refused(purchase, "22023")


def test_a_key_whose_equal_values_have_several_texts_is_refused(purchase: Engine) -> None:
    make_ctext(purchase)
    keys = ["point '(1, 2)'", "to_jsonb(min(p.city))", "ARRAY[min(p.city)]", "min(p.city)::s.ctext"]
    # The wheel of PostgreSQL 18 has no ICU.
    if purchase.run("SELECT FROM pg_collation WHERE collprovider = 'i' LIMIT 1"):
        purchase.run("CREATE COLLATION s.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
        keys.append("(min(p.city) COLLATE s.any_case)")
    for key in keys:
        purchase.run(
            "DROP VIEW cdm.city_sales_image",
            IMAGE.replace(" p.city,", f" {key} AS city,").replace("GROUP BY 1, 2", "GROUP BY 1"),
        )
        assert "city of type" in refused(purchase, "TS003", p_touched="NULL")


def test_an_entity_whose_key_has_operators_of_its_own_is_refused(engine: Engine) -> None:  # noqa: F811
    """As of citext: sl would compare the texts, and scan the table for each key."""
    make_ctext(engine)
    engine.run("CREATE TABLE s.item (id s.ctext PRIMARY KEY, name text)")
    with pytest.raises(psycopg2.Error, match=r"s\.item\.id of type s\.ctext cannot be a key") as error:
        engine.declare()
    assert error.value.pgcode == "TS003"


def make_ctext(engine: Engine) -> None:  # noqa: F811
    """Make the type s.ctext, which has operators of its own, as the extension citext makes its."""
    engine.run(
        "CREATE TYPE s.ctext",
        "CREATE FUNCTION s.ctextin(cstring) RETURNS s.ctext LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
        "CREATE FUNCTION s.ctextout(s.ctext) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'",
        "CREATE TYPE s.ctext (INPUT = s.ctextin, OUTPUT = s.ctextout, LIKE = text, CATEGORY = 'S', COLLATABLE = true)",
        "CREATE CAST (s.ctext AS text) WITHOUT FUNCTION AS IMPLICIT",
        "CREATE CAST (text AS s.ctext) WITHOUT FUNCTION AS ASSIGNMENT",
        "CREATE FUNCTION s.compare(s.ctext, s.ctext) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'bttextcmp'",
    )
    operators = {"<": "text_lt", "<=": "text_le", "=": "texteq", ">=": "text_ge", ">": "text_gt"}
    for sign, function in operators.items():
        engine.run(
            f"CREATE FUNCTION s.{function}(s.ctext, s.ctext) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT "
            f"AS '{function}'",
            f"CREATE OPERATOR s.{sign} (LEFTARG = s.ctext, RIGHTARG = s.ctext, FUNCTION = s.{function})",
        )
    listed = ", ".join(f"OPERATOR {number} s.{sign}" for number, sign in enumerate(operators, 1))
    engine.run(
        f"CREATE OPERATOR CLASS s.ctext_ops DEFAULT FOR TYPE s.ctext USING btree AS {listed}, FUNCTION 1 s.compare"
    )


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        ("month timestamptz, city text", "SELECT now(), ''"),
        ("month date, city varchar", "SELECT now()::date, ''::varchar"),
        ("city text, town text", "SELECT '', ''"),
    ],
)
def test_what_the_touched_function_returns_is_of_the_keys_types(mart: Engine, returned: str, body: str) -> None:
    mart.run(
        f"CREATE FUNCTION cdm.touched(p_runs bigint[]) RETURNS TABLE ({returned}) LANGUAGE sql STABLE AS $$ {body} $$"
    )
    assert "there is no function cdm.touched(bigint[]) that returns the columns month date, city text" in refused(
        mart, "TS003", p_touched="'cdm.touched'"
    )


def test_a_key_of_another_collation_or_of_a_domain_is_found_by_the_index(purchase: Engine) -> None:
    purchase.run(
        "CREATE DOMAIN s.town AS text",
        "DROP VIEW cdm.city_sales_image",
        IMAGE.replace(" p.city,", ' p.city::s.town COLLATE "POSIX" AS city,'),
    )
    purchase.run(
        TOUCHED.replace("touched_cities", "touched_towns")
        .replace("city text", "city s.town")
        .replace("v.city", "v.city::s.town")
    )
    declare(purchase, p_touched="'cdm.touched_towns'")
    ((collation,),) = purchase.run(
        "SELECT a.attcollation::regcollation::text FROM pg_attribute AS a "
        "WHERE a.attrelid = 'cdm.city_sales'::regclass AND a.attname = 'city'"
    )
    assert collation == '"POSIX"'
    purchase.run(
        "INSERT INTO s.purchase SELECT n, 'Town ' || n, '2024-01-01', 1, now() FROM generate_series(1, 3000) AS n"
    )
    purchase.load("purchase")
    assert build(purchase) == {"read": 3000, "inserted": 3000}
    purchase.run("ANALYZE cdm.city_sales", "UPDATE s.purchase SET amount = 2, updated_at = now() WHERE id = 7")
    purchase.load("purchase")

    def scans() -> list[tuple]:
        return purchase.run(
            "SELECT pg_stat_force_next_flush()",
            "SELECT pg_stat_clear_snapshot()",
            "SELECT seq_scan FROM pg_stat_user_tables WHERE relid = 'cdm.city_sales'::regclass",
        )

    before = scans()
    assert build(purchase) == {"read": 1, "corrected": 1}
    assert scans() == before
    purchase.run("CALL sl.audit(p_full => false)", "CALL sl.audit()")


def test_a_table_that_is_not_the_marts_is_left_alone(mart: Engine) -> None:
    """The advice is another name, never to change or drop a column of somebody's table."""
    columns = "month date, city text, purchases bigint, amount numeric(14, 2), note text"
    mart.run(
        f"CREATE TABLE cdm.own ({columns})",
        "CREATE VIEW cdm.looked AS SELECT 1 AS month",
        "CREATE TABLE s.taken (LIKE cdm.city_sales INCLUDING ALL)",
        "ALTER TABLE s.taken ADD COLUMN note text",
    )
    differs = "is there, and is not as this declaration would make it: it has"
    for target, message in {
        "cdm.own": f"cdm.own {differs} no column version_no",
        "cdm.looked": "cdm.looked is there, and is no table",
        "s.taken": f"s.taken {differs} a column note that cdm.city_sales_image lacks",
        "dds.purchase": 'dds.purchase is the history of entity "purchase"',
        "s.purchase": 's.purchase is the source of entity "purchase"',
        "cdm.city_sales": 'cdm.city_sales is the target of mart "city_sales"',
    }.items():
        with pytest.raises(psycopg2.Error) as error:
            declare(mart, "other", p_target=f"'{target}'", p_image="'cdm.city_sales_image'")
        assert error.value.pgcode == "TS008"
        assert message in error.value.diag.message_primary
        assert "p_target" in error.value.diag.message_primary
        assert "ALTER" not in str(error.value)
    with pytest.raises(psycopg2.Error, match=r'cdm\.build_city_sales builds mart "city_sales"') as error:
        declare(mart, "other", p_image="'cdm.city_sales_image'", p_procedure="'cdm.build_city_sales'")
    assert error.value.pgcode == "22023"


def test_personal_columns_that_forgetting_would_never_empty_are_refused(mart: Engine) -> None:
    personal = """'{"purchase": {"columns": %s, "key": "purchases"}}'"""
    assert 'p_personal: entity "purchase" has no personal columns' in refused(
        mart, "22023", p_personal=personal % '["amount"]'
    )
    mart.declare(
        "purchase",
        p_tracked="'{city,bought_on,amount}'",
        p_event_time="'updated_at'",
        p_deleted="'is_deleted'",
        p_personal="'{amount}'",
    )
    assert 'p_personal of "purchase" names no column' in refused(mart, "22023", p_personal=personal % "[]")
    declare(mart, p_personal=personal % '["amount"]')


def forget(engine: Engine, key: str) -> None:  # noqa: F811
    """Forget a purchase."""
    engine.run(f"CALL sl.forget('purchase', '{key}')")


@pytest.mark.parametrize("touched", ["'cdm.touched_cities'", "NULL"], ids=["touched", "whole"])
@pytest.mark.parametrize("keeps", ["true", "false"], ids=["periods", "runs"])
def test_who_is_forgotten_leaves_the_rows_that_were_computed_of_them(
    purchase: Engine, touched: str, keeps: str
) -> None:
    """A mart whose key and figures come of personal columns: its image has neither now, and what was reported stays."""
    purchase.declare(
        "purchase",
        p_tracked="'{city,bought_on,amount}'",
        p_event_time="'updated_at'",
        p_deleted="'is_deleted'",
        p_personal="'{city,amount}'",
        p_keeps_changed_periods=keeps,
    )
    changed = TOUCHED.replace(
        "dds.purchase AS p\n",
        "(SELECT p.id, p.run_id FROM dds.purchase AS p UNION ALL SELECT c.entity_key::bigint, c.run_id "
        "FROM sl.changed_period AS c WHERE c.entity_name = 'purchase') AS p\n",
        1,
    )
    purchase.run(
        IMAGE.replace("p.city,", "coalesce(p.city, '?') AS city,"), changed.replace("v.city", "coalesce(v.city, '?')")
    )
    declare(purchase, p_touched=touched)
    buy(purchase, 1, ("Omsk", JANUARY), 10)
    buy(purchase, 2, ("Omsk", JANUARY), 20)
    buy(purchase, 3, ("Tula", FEBRUARY), 7)
    buy(purchase, 4, ("Perm", FEBRUARY), 1)
    purchase.load("purchase")
    assert build(purchase) == {"read": 3, "inserted": 3}
    purchase.audit()
    forget(purchase, "1")
    forget(purchase, "3")
    assert versions(purchase) == [
        (JANUARY, "?", 1, None, True),
        (JANUARY, "Omsk", 1, 30, False),
        (JANUARY, "Omsk", 2, 20, True),
        (FEBRUARY, "?", 1, None, True),
        (FEBRUARY, "Perm", 1, 1, True),
        (FEBRUARY, "Tula", 1, 7, False),
    ]
    purchase.audit()
    assert build(purchase) == {}
    assert build(purchase, full=True) == {"read": 4, "unchanged": 4}
    forget(purchase, "1")
    assert purchase.run("SELECT count(*) FROM sl.erasure WHERE entity_key = '1'") == [(1,)]
    purchase.audit()


def test_who_is_forgotten_is_not_half_forgotten(purchase: Engine) -> None:
    """An image that has no key for somebody who is forgotten stops the call, which says what to do."""
    purchase.declare(
        "purchase",
        p_tracked="'{city,bought_on,amount}'",
        p_event_time="'updated_at'",
        p_deleted="'is_deleted'",
        p_personal="'{city}'",
    )
    declare(purchase, p_touched="NULL")
    buy(purchase, 1, ("Omsk", JANUARY), 10)
    purchase.load("purchase")
    with pytest.raises(
        psycopg2.Error, match=r"cdm\.city_sales_image gives a row whose key column city is NULL"
    ) as error:
        forget(purchase, "1")
    assert error.value.pgcode == "23502"
    assert purchase.run("SELECT city FROM s.purchase UNION ALL SELECT city FROM dds.purchase") == [("Omsk",), ("Omsk",)]


def test_a_copy_that_took_no_null_is_emptied(purchase: Engine) -> None:
    purchase.declare(
        "purchase",
        p_tracked="'{city,bought_on,amount}'",
        p_event_time="'updated_at'",
        p_deleted="'is_deleted'",
        p_personal="'{city}'",
    )
    purchase.run(
        PURCHASE_COPY,
        "CREATE TABLE cdm.purchase_copy (id bigint, version_no integer, city text NOT NULL, valid_from timestamptz, "
        "valid_to timestamptz DEFAULT 'infinity', is_current boolean DEFAULT true, run_id bigint, "
        "PRIMARY KEY (id, version_no))",
    )
    declare(
        purchase,
        "purchase_copy",
        p_key="'{id}'",
        p_touched="NULL",
        p_personal="""'{"purchase": {"columns": ["city"], "key": "id"}}'""",
    )
    buy(purchase, 1, ("Omsk", JANUARY), 10)
    purchase.load("purchase")
    forget(purchase, "1")
    assert purchase.run("SELECT id, version_no, city FROM cdm.purchase_copy") == [(1, 1, None)]
    purchase.audit()


def lag(engine: Engine, columns: str) -> list[tuple]:  # noqa: F811
    """Columns of sl.status_lag of the entity "purchase" and the mart "city_sales"."""
    return engine.run(
        f"SELECT {columns} FROM sl.status_lag WHERE source IN ('s.purchase', 'dds.purchase') ORDER BY layer"
    )


def test_a_mart_that_was_never_built_is_behind_all_that_was_loaded(mart: Engine) -> None:
    mart.run("CREATE VIEW cdm.other_image AS SELECT p.id, p.city FROM dds.purchase AS p WHERE p.is_current")
    declare(mart, "other", p_key="'{id}'", p_touched="NULL")
    behind = "SELECT rows_behind, minutes_behind > 60 FROM sl.status_lag WHERE target = 'cdm.other'"
    mart.run(
        "UPDATE sl.run SET started_at = started_at - interval '2 hours', finished_at = finished_at - interval '2 hours'"
    )
    assert mart.run(behind) == [(4, True)]
    build(mart, "other")
    assert mart.run(behind) == [(0, False)]
    # One that is to be computed anew has waited since it was last built.
    mart.run("CREATE OR REPLACE VIEW cdm.other_image AS SELECT p.id, p.city || '' AS city FROM dds.purchase AS p")
    declare(mart, "other", p_key="'{id}'", p_touched="NULL")
    assert mart.run(behind) == [(4, False)]


def test_a_restatement_is_no_load_of_what_waits(mart: Engine) -> None:
    loaded = lag(mart, "last_run_id, last_run_at")[-1]
    mart.run("CALL sl.load('purchase', p_keys => '{1}')", "CALL sl.load('purchase', p_since => '2024-01-01')")
    assert lag(mart, "last_run_id, last_run_at")[-1] == loaded


def test_rows_of_a_whole_first_load_are_behind_and_not_wrong(purchase: Engine) -> None:
    """A load of all there is notes no key; the touched function need not know of that."""
    purchase.declare(
        "purchase",
        p_tracked="'{city,bought_on,amount}'",
        p_event_time="'updated_at'",
        p_deleted="'is_deleted'",
        p_keeps_changed_periods="true",
    )
    purchase.run(
        "CREATE FUNCTION cdm.touched(p_runs bigint[]) RETURNS TABLE (month date, city text) LANGUAGE sql STABLE AS "
        "$$ SELECT NULL::date, NULL FROM sl.changed_period WHERE false $$"
    )
    declare(purchase, p_touched="'cdm.touched'")
    assert build(purchase) == {}
    buy(purchase, 1, ("Omsk", JANUARY), 10)
    purchase.load("purchase")
    purchase.audit()
    assert build(purchase) == {"read": 1, "inserted": 1}
    purchase.audit()


def test_the_audit_names_what_is_wrong_by_its_key(mart: Engine) -> None:
    damage = {
        "amount = 1": "image_differs",
        "valid_to = valid_from": "interval_empty",
        "version_no = 3": "version_numbers_broken",
        "is_current = false": "current_flag_wrong",
    }
    for what, check in damage.items():
        mart.run("BEGIN", f"UPDATE cdm.city_sales SET {what} WHERE city = 'Tula'")
        with pytest.raises(psycopg2.Error) as error:
            mart.audit()
        assert error.value.pgcode == "TS010"
        assert f'cdm.city_sales: {check}: 1, e.g. key ["2024-01-01", "Tula"]' in error.value.diag.message_detail
        mart.run("ROLLBACK")
    mart.audit()
    # What depends on a load that no build has processed is behind, not wrong.
    buy(mart, 1, ("Omsk", JANUARY), 11, number=2)
    mart.load("purchase")
    mart.run("CALL sl.audit(false)", "CALL sl.audit()")


MISSING = {
    "DROP TABLE cdm.city_sales": ("cdm.city_sales: table_missing: 1", "There is no table cdm.city_sales"),
    "DROP VIEW cdm.city_sales_image": ("cdm.city_sales: image_missing: 1", "There is no view cdm.city_sales_image"),
    "DROP FUNCTION cdm.touched_cities": (
        "cdm.city_sales: function_missing: 1",
        "There is no function cdm.touched_cities(bigint[])",
    ),
    "ALTER TABLE cdm.city_sales DROP COLUMN amount": (
        "cdm.city_sales: target_column_missing: 1",
        "cdm.city_sales has no column amount",
    ),
    "ALTER VIEW cdm.city_sales_image RENAME COLUMN city TO town": (
        "cdm.city_sales: column_missing: 1",
        "cdm.city_sales_image has no column city",
    ),
    "DROP TABLE s.purchase": ("dds.purchase: source_missing: 1", "There is no table s.purchase"),
}


@pytest.mark.parametrize("change", MISSING)
def test_what_is_gone_is_a_finding_and_all_else_is_checked(mart: Engine, change: str) -> None:
    finding, detail = MISSING[change]
    mart.run("CREATE TABLE s.item (id bigint PRIMARY KEY, name text)")
    mart.declare()
    mart.run("INSERT INTO s.item VALUES (1, 'a')")
    mart.load()
    mart.audit()
    mart.run(change, "UPDATE dds.item SET is_current = false")
    for full in ("true", "false"):
        with pytest.raises(psycopg2.Error) as error:
            mart.run(f"CALL sl.audit({full})")
        assert error.value.pgcode == "TS010"
        assert finding in error.value.diag.message_detail.splitlines()
        if full == "true":
            assert "dds.item: current_flag_wrong: 1, e.g. key 1" in error.value.diag.message_detail
    assert ("error", detail) in mart.run(
        "SELECT level, detail FROM sl.status_drift WHERE length(remediation) > 20 AND entity_name <> 'item'"
    )


def test_a_mart_by_an_entity_of_a_text_key_is_cut_into_slices(purchase: Engine) -> None:
    purchase.run(
        "CREATE TABLE s.town (country text, name text, people integer, PRIMARY KEY (country, name))",
        "INSERT INTO s.town SELECT 'c' || n % 3, 'town ' || n, n FROM generate_series(1, 20) AS n",
    )
    purchase.declare("town", p_key="'{country,name}'", p_tracked="'{people}'")
    purchase.run("CREATE VIEW cdm.town_size_image AS SELECT country, name, people FROM dds.town WHERE is_current")
    declare(
        purchase, "town_size", p_key="'{country,name}'", p_key_entity="'town'", p_sources="'{town}'", p_touched="NULL"
    )
    purchase.load("town")
    purchase.run("CALL sl.backfill('town_size', 6)")
    assert purchase.run("SELECT count(*), sum(people), max(version_no) FROM cdm.town_size") == [(20, 210, 1)]
    assert purchase.run(
        "SELECT procedure_name, count(*), sum(rows_inserted), sum(batch_rows) FROM sl.status_run "
        "WHERE target = 'cdm.town_size' GROUP BY 1"
    ) == [("sl.backfill", 4, 20, 20)]
    assert build(purchase, "town_size") == {}
    assert purchase.run("SELECT * FROM sl._find_mart_violations('town_size', p_slice_rows => 3)") == []
    purchase.run("UPDATE cdm.town_size SET people = 0")
    assert purchase.run(
        "SELECT check_name, violations, example FROM sl._find_mart_violations('town_size', p_slice_rows => 3)"
    ) == [("image_differs", 20, '["c0", "town 12"]')]
    declare(purchase)
    with pytest.raises(psycopg2.Error, match="has no key entity") as error:
        purchase.run("CALL sl.backfill('city_sales')")
    assert error.value.pgcode == "22023"


def test_a_build_means_the_same_in_every_session(mart: Engine) -> None:
    mart.run(IMAGE.replace("p.city,", "p.city || to_char(timestamptz 'epoch', 'HH24') AS city,"))
    mart.run("SET timezone = 'Asia/Tokyo'")
    build(mart, full=True)
    assert mart.run("SELECT DISTINCT city FROM cdm.city_sales WHERE is_current ORDER BY 1") == [
        ("Omsk00",),
        ("Tula00",),
    ]
    mart.audit()


def test_a_failure_and_a_restamp_find_the_mart(mart: Engine) -> None:
    mart.run("CALL sl.record_failure('cdm.build_city_sales', 'XX000', 'It broke')")
    assert mart.run("SELECT target FROM sl.run WHERE status = 'failed'") == [("cdm.city_sales",)]
    mart.run(
        "UPDATE sl.run SET started_at = started_at + interval '1 day' "
        "WHERE target = 'cdm.city_sales' AND status = 'succeeded'",
        "UPDATE cdm.city_sales SET valid_from = valid_from + interval '1 day'",
    )
    assert mart.run("SELECT * FROM sl.restamp_runs()") == [(1, 3)]
    assert mart.run("SELECT bool_and(valid_from <= now()) FROM cdm.city_sales") == [(True,)]
    mart.audit()


def test_an_entity_is_late_by_its_newest_event_time_or_load(engine: Engine) -> None:  # noqa: F811
    engine.run(
        "CREATE TABLE s.item (id bigint PRIMARY KEY, name text, updated_at timestamptz)",
        "CREATE TABLE s.thing (id bigint PRIMARY KEY, name text)",
        "CREATE TABLE s.other (id bigint PRIMARY KEY, name text)",
    )
    engine.declare("item", p_event_time="'updated_at'", p_fresh_within="'2 hours'")
    engine.declare("thing", p_fresh_within="'2 hours'")
    engine.declare("other")

    def late() -> dict[str, bool | None]:
        return dict(engine.run("SELECT source, is_late FROM sl.status_lag WHERE source LIKE 's.%'"))

    assert late() == {"s.item": True, "s.thing": True, "s.other": None}
    engine.run("INSERT INTO s.item VALUES (1, 'a', now() - interval '3 hours')", "INSERT INTO s.thing VALUES (1, 'a')")
    engine.load("item")
    engine.load("thing")
    assert late() == {"s.item": True, "s.thing": False, "s.other": None}
    engine.run(
        "UPDATE s.item SET updated_at = now() - interval '1 hour'",
        "UPDATE sl.run SET finished_at = finished_at - interval '3 hours' WHERE target = 'dds.thing'",
    )
    engine.load("item")
    assert late() == {"s.item": False, "s.thing": True, "s.other": None}


def test_the_lineage_leads_from_the_source_to_the_mart_column_by_column(mart: Engine) -> None:
    """What is copied is told column by column; what a view computes of other columns, of the view as a whole."""
    mart.run(
        'CREATE VIEW cdm.crafty AS SELECT (SELECT 1 AS city) + p.id AS n, p.city AS "town {x}", p.id, '
        "upper(p.city) AS big FROM dds.purchase AS p"
    )
    steps = set(mart.run("SELECT * FROM sl.lineage WHERE source LIKE '%purchase%' OR target LIKE 'cdm.c%'"))
    assert {
        ("s.purchase", "city", "dds.purchase", "city", "dds.load_purchase"),
        ("s.purchase", "updated_at", "dds.purchase", "valid_from", "dds.load_purchase"),
        ("s.purchase", "is_deleted", "dds.purchase", "valid_to", "dds.load_purchase"),
        ("dds.purchase", "city", "cdm.city_sales_image", "city", None),
        ("dds.purchase", "amount", "cdm.city_sales_image", None, None),
        ("cdm.city_sales_image", "amount", "cdm.city_sales", "amount", "cdm.build_city_sales"),
    } <= steps
    assert {step for step in steps if step[2] == "cdm.crafty"} == {
        ("dds.purchase", "city", "cdm.crafty", "town {x}", None),
        ("dds.purchase", "id", "cdm.crafty", "id", None),
    }


ENGINE = sorted((ROOT / "db" / "sl").rglob("*.sql"))


def test_the_engine_names_no_object_of_the_shop() -> None:
    """Outside of comments no file of db/sl names an object, an entity or a mart of the shop."""
    shop = {path.stem for layer in ("raw", "dds", "cdm", "spark") for path in (ROOT / "db" / layer).rglob("*.sql")}
    shop |= {path.stem for path in (ROOT / "db").glob("*/declarations/*.sql")}
    named = re.compile(rf"\b(?:raw|dds|cdm|tshop)\.\w+|'(?:{'|'.join(sorted(shop))})'")
    found = []
    for path in ENGINE:
        text = re.sub(r"--.*", "", path.read_text())
        text = re.sub(r"^COMMENT ON .*?;$", "", text, flags=re.MULTILINE | re.DOTALL)
        found += [f"{path.relative_to(ROOT)}: {name}" for name in named.findall(text)]
    assert not found


EVERY_TYPE = """
CREATE OR REPLACE VIEW cdm.every_type_image AS
SELECT
    p.id, p.city, p.amount, NULL::numeric(38, 6) AS share, p.id > 1 AS is_big, p.bought_on,
    CASE p.id WHEN 1 THEN 'infinity' ELSE timestamptz '2024-01-01 12:00+03' END AS seen_at,
    CASE p.id WHEN 1 THEN '-infinity' ELSE timestamp '1969-12-31 23:59:59.123456' END AS local_at,
    md5(p.id::text)::uuid AS mark, NULL::text AS note, p.id::smallint AS rank
FROM dds.purchase AS p
WHERE p.is_current
"""


def columns_of(engine: Engine, view: str) -> dict[str, str]:  # noqa: F811
    """Types of the columns of a view, each of which has a comment."""
    rows = engine.run(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum) "
        f"FROM pg_attribute AS a WHERE a.attrelid = '{view}'::regclass ORDER BY a.attnum"
    )
    assert all(comment for _, _, comment in rows), rows
    return {name: kind for name, kind, _ in rows}


@pytest.fixture
def published(purchase: Engine) -> Engine:
    """The engine with a mart of a column of every type that crosses over, published, of two rows and a closed one."""
    purchase.run(EVERY_TYPE)
    declare(purchase, "every_type", p_key="'{id}'", p_touched="NULL", p_published_as="'reports.every_type'")
    for number, amount in ((1, 10), (2, 20)):
        buy(purchase, number, ("Omsk|Tula", JANUARY), amount)
    purchase.load("purchase")
    build(purchase, "every_type")
    buy(purchase, 2, ("Omsk", FEBRUARY), 25, number=2)
    purchase.load("purchase")
    build(purchase, "every_type")
    return purchase


def test_a_published_mart_crosses_over_in_types_that_clickhouse_has(published: Engine) -> None:
    assert columns_of(published, "cdm.every_type_export") == {
        "id": "bigint", "version_no": "integer", "city": "text", "amount": "numeric(10,2)", "share": "numeric(38,6)",
        "is_big": "smallint", "bought_on": "date", "seen_at": "timestamp without time zone",
        "local_at": "timestamp without time zone", "mark": "text", "note": "text", "rank": "smallint",
        "valid_from": "timestamp without time zone", "valid_to": "timestamp without time zone",
        "is_current": "smallint", "run_id": "bigint",
    }  # fmt: skip
    published.run("SET timezone = 'Asia/Tokyo'")
    rows = published.run(
        "SELECT id, share, is_big, seen_at::text, local_at::text, note, is_current, valid_to = '2299-12-31' "
        "FROM cdm.every_type_export ORDER BY id, version_no"
    )
    assert rows == [
        (1, None, 0, "2299-12-31 00:00:00", "1900-01-01 00:00:00", "", 1, True),
        (2, None, 1, "2024-01-01 09:00:00", "1969-12-31 23:59:59.123456", "", 0, False),
        (2, None, 1, "2024-01-01 09:00:00", "1969-12-31 23:59:59.123456", "", 1, True),
    ]


def test_a_batch_of_a_published_mart_adds_up_exactly(published: Engine) -> None:
    assert columns_of(published, "cdm.every_type_batch") == {
        "run_id": "bigint", "is_current": "smallint", "row_count": "bigint", "row_hash": "numeric(38,0)",
        "sum_id": "numeric(38,0)", "sum_amount": "numeric(38,2)", "sum_share": "numeric(38,6)",
        "sum_rank": "numeric(38,0)",
    }  # fmt: skip
    first, second = published.run("SELECT DISTINCT run_id FROM cdm.every_type ORDER BY run_id")
    batches = "SELECT run_id, is_current, row_count, sum_id, sum_amount FROM cdm.every_type_batch ORDER BY 1, 2"
    assert published.run(batches) == [(*first, 1, 1, 1, 10), (*second, 0, 1, 2, 20), (*second, 1, 1, 2, 25)]
    runs = published.run("SELECT run_id, is_erasure, date_style, client_encoding FROM cdm.every_type_run ORDER BY 1")
    assert runs == [(*first, 0, "ISO, MDY", "UTF8"), (*second, 0, "ISO, MDY", "UTF8")]


@pytest.mark.parametrize(
    "assignment",
    ["id = 7", "version_no = 9", "city = 'Omsk'", "city = NULL", "amount = 10.01", "share = 0", "is_big = true",
     "bought_on = '2024-01-02'", "seen_at = now()", "local_at = now()", "mark = md5('')::uuid", "note = 'n'",
     "rank = 3", "valid_from = valid_from - interval '1 microsecond'", "valid_to = now()"],
)  # fmt: skip
def test_the_hash_of_a_batch_depends_on_every_column(published: Engine, assignment: str) -> None:
    hashes = "SELECT row_hash FROM cdm.every_type_batch WHERE is_current = 1 ORDER BY run_id LIMIT 1"
    before = published.run(hashes)
    published.run(f"UPDATE cdm.every_type SET {assignment} WHERE id = 1")
    assert published.run(hashes) != before


def test_a_condition_on_the_run_of_a_published_mart_is_an_index_condition(published: Engine) -> None:
    published.run("SET enable_seqscan = off")
    for view in ("export", "batch"):
        plan = str(published.run(f"EXPLAIN SELECT * FROM cdm.every_type_{view} WHERE run_id > 5"))
        assert re.search(r"Index Cond: \(run_id > 5\)|Index Cond: \(m.run_id > 5\)", plan), plan


def test_a_new_column_of_a_published_mart_comes_last_in_its_views_and_rights_stay(published: Engine) -> None:
    published.run(
        "GRANT SELECT ON cdm.every_type_export, cdm.every_type_batch, cdm.every_type_run TO pg_monitor",
        EVERY_TYPE.replace("AS rank", "AS rank, p.amount * 2 AS double_amount").replace(
            "p.amount * 2", "(p.amount * 2)::numeric(12, 2)"
        ),
    )
    declare(published, "every_type", p_key="'{id}'", p_touched="NULL", p_published_as="'reports.every_type'")
    assert list(columns_of(published, "cdm.every_type_export"))[-1] == "double_amount"
    assert list(columns_of(published, "cdm.every_type_batch"))[-1] == "sum_double_amount"
    granted = published.run(
        "SELECT count(*) FROM pg_class WHERE relname LIKE 'every_type_%' AND relkind = 'v' "
        "AND has_table_privilege('pg_monitor', oid, 'SELECT')"
    )
    # The image is not granted.
    assert granted == [(3,)]


def test_what_a_mart_has_of_its_own_is_left_alone_and_what_was_made_goes_with_the_declaration(
    published: Engine,
) -> None:
    there = "SELECT to_regclass('cdm.every_type_export') IS NOT NULL, to_regclass('cdm.every_type_run') IS NOT NULL"
    declare(published, "every_type", p_key="'{id}'", p_touched="NULL")
    assert published.run(there) == [(False, False)]
    published.run("CREATE VIEW cdm.every_type_export AS SELECT 1 AS one")
    declare(published, "every_type", p_key="'{id}'", p_touched="NULL", p_published_as="'reports.every_type'")
    assert published.run(there) == [(True, False)]
    assert published.run("SELECT * FROM cdm.every_type_export") == [(1,)]
    assert published.run("SELECT published_as, export_view, key_columns FROM sl.published_mart") == [
        ("reports.every_type", "every_type_export", '["id"]')
    ]


@pytest.mark.parametrize("type_name", ["numeric", "float8", "numeric(60, 2)"])
def test_a_type_that_does_not_cross_over_exactly_is_refused(purchase: Engine, type_name: str) -> None:
    purchase.run("DROP VIEW cdm.city_sales_image", IMAGE.replace("::numeric(12, 2)", f"::{type_name}"))
    message = refused(purchase, "22023", p_published_as="'reports.city_sales'")
    assert message == 'Mart "city_sales": column "amount" of cdm.city_sales does not cross over to ClickHouse exactly'


def test_two_marts_are_not_published_as_one_table(mart: Engine) -> None:
    declare(mart, p_published_as="'reports.city_sales'")
    mart.run(IMAGE.replace("city_sales_image", "twin_image"))
    with pytest.raises(psycopg2.Error) as error:
        declare(mart, "twin", p_published_as="'reports.city_sales'")
    assert 'mart "city_sales" is published as reports.city_sales, too' in str(error.value)
