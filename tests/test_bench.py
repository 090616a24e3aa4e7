"""The benchmark on a tiny shop ends with a table whose checks passed; its checks can fail; wrong arguments are told."""

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from bench import clients, dashboard, days, history, keep, live, results, spark, stream, year
from bench.marts import FLOORS
from bench.measure import BenchError, Cost, Meter, median
from bench.plan import OPENED, Plan, parse, part_lacks
from bench.warehouse import MARTS
from bench.warehouse import warehouse as warehouse_of_bench
from embedded.postgres import THROW_AWAY_SETTINGS
from embedded.settings import ROOT
from generator import Shop, chunks

TINY = 0.0004


@pytest.fixture
def plan(scratch: Path, tmp_path: Path) -> Plan:
    """A run of one repetition, without the peers, that leaves the repository's own figures alone."""
    return Plan(
        TINY, peers=(), runs=1, home=scratch / "bench", results=tmp_path / "results", page=tmp_path / "docs" / "page.md"
    )


def test_clients_end_with_a_table_whose_checks_passed(plan):
    part = clients.run(plan, THROW_AWAY_SETTINGS)
    assert part.is_right
    assert [row.what.split(",")[0] for row in part.rows] == [
        *("generate 2", "dds.load_client()", "dds.load_client()", "dds.load_client()"),
    ]
    assert not plan.home.joinpath("client").exists()

    plan.page.parent.mkdir()
    results.save(part)
    results.write_page(plan, part.name)
    page = plan.page.read_text()
    assert "## 2,000 clients (`SCALE=0.0004`)" in page
    assert all(row.what in page for row in part.rows)
    assert all(case in page for case in history.CASES)
    head, rule, *lines = (line for line in page.splitlines() if line.startswith("|"))
    assert head.startswith("| what ")
    assert {line.count("|") for line in (rule, *lines[: len(part.rows)])} == {head.count("|")}


def test_updates_of_rows_that_were_read_keep_nothing_aside(plan):
    part = keep.run(plan, THROW_AWAY_SETTINGS)
    assert part.is_right
    assert [(row.rows, row.at_most, len(row.other)) for row in part.rows] == [(500, 1.1, 1)] * 2


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    bool(part_lacks("stream")),
    reason="Java, Kafka's jars or Spark are missing: 'make setup-kafka setup-spark'",
)
def test_the_stream_ends_with_messages_that_are_all_in_raw(plan):
    part = stream.run(plan, THROW_AWAY_SETTINGS, rates=(400,), whole=False)
    assert part.is_right
    assert part.checks == [results.Check("messages sent", {"not landed": 0, "not applied": 0, "rows differ": 0})]
    assert [row.rows for row in part.rows if row.what.startswith(("land", "catch"))] == [10_000, 10_000]
    assert all(cost.seconds > 0 for row in part.rows for cost in row.ours)


@pytest.mark.timeout(900)
@pytest.mark.skipif(bool(part_lacks("spark")), reason="Java, Spark or its jars are missing: 'make setup-spark'")
def test_spark_is_measured_beside_sql_and_computes_the_same(plan):
    part = spark.run(replace(plan, days=1), THROW_AWAY_SETTINGS)
    assert part.is_right
    (row,) = part.rows
    assert row.rows > 0
    assert [len(costs) for costs in (row.ours, row.other)] == [1, 1]


def test_a_rate_that_is_not_held_is_not_the_largest():
    p95 = {500: 0.5, 1000: 5.0, 2000: 5.1, 4000: 0.1}
    assert [stream._climb(rates, p95.__getitem__) for rates in ((500, 1000, 2000, 4000), (500, 1000), (2000,))] == [
        1,
        1,
        0,
    ]


REPORT = """
Freshness, seconds
------------------
from, to                         measured    p50    p95
-----------------------------  ----------  -----  -----
change in the shop to landing      12 345    0.9    1.6
change in the shop to raw          12 345    1.0    4.9
order to ClickHouse                 1 234   40.0   89.5
"""


def test_a_report_of_the_live_shop_tells_whether_a_rate_was_held():
    report = live.Report.of("generator: 36000 events in 180 s, 199.9 a second\n" + REPORT)
    assert report == live.Report(36_000, 199.9, (1.0, 4.9), (40.0, 89.5))
    assert report.holds(200)
    assert not report.holds(300)
    assert not replace(report, raw=(1.0, 5.1)).holds(200)
    assert not replace(report, clickhouse=(1.0, 90.1)).holds(200)
    with pytest.raises(BenchError, match="did not tell"):
        live.Report.of(REPORT)


def part_of(plan: Plan, name: str, seconds: float) -> results.Part:
    """Figures of a part that measured one thing."""
    part = results.Part(name, plan, [results.Row("it", "nothing", 1, [Cost(seconds)], [])])
    part.checks.append(results.Check("all", {"lost": 0}))
    return part


def test_a_run_replaces_its_own_sections_of_the_page_and_no_others(plan):
    plan.page.parent.mkdir()
    plan.page.write_text((ROOT / "docs" / "benchmarks.md").read_text())
    before = results._sections(plan.page.read_text())
    for seconds in (1, 2):
        results.save(part_of(plan, "day", seconds))
        results.write_page(plan, "day")
    after = results._sections(plan.page.read_text())
    new = after.pop((2_000, "0.0004", "day"))
    assert "| 2.0 s " in new
    assert "| 1.0 s " not in new
    assert after == before
    assert list(results._sections(plan.page.read_text()))[-1] == (2_000, "0.0004", "day")


def test_the_page_begins_as_a_run_writes_it():
    assert (ROOT / "docs" / "benchmarks.md").read_text().startswith(results._HEAD)


def test_the_picture_of_a_year_has_its_figures():
    sizes = re.findall(r"pictures/benchmark-year-(.+)\.png", (ROOT / "docs" / "benchmarks.md").read_text())
    assert sizes
    for size in sizes:
        assert (ROOT / "bench" / "results" / size / "year.csv").exists()


def test_a_weekend_day_ends_with_clickhouse_equal_to_the_warehouse(plan):
    part = days.run(plan, THROW_AWAY_SETTINGS)
    assert part.is_right
    assert all(row.ours[0].seconds > 0 for row in part.rows)
    assert all(row.rows > 0 and row.other[0].seconds > 0 for row in part.rows if row.against)
    # Each mart of orders is beside a GROUP BY of what the day touched, and the marts were built again for nothing.
    assert [row.what.split(",")[0] for row in part.rows if row.at_most == 2] == [
        f"of it build_{mart}" for mart in FLOORS
    ]
    (check,) = part.checks
    assert {check.found[f"cdm.{mart}: read where nothing changed"] for mart in MARTS} == {0}
    # The whole day takes in all of the parts.
    (whole,) = (row for row in part.rows if row.what.startswith("the whole of it"))
    parts = [row for row in part.rows if row.what.startswith("of it") and row.other]
    assert whole.ours[0].seconds > sum(row.ours[0].seconds for row in parts)


def test_a_year_that_was_stopped_goes_on_and_leaves_nothing(plan):
    with warehouse_of_bench(year.home_of(plan), True, THROW_AWAY_SETTINGS, fresh=False) as servers:
        (first,) = year.load(replace(plan, days=1), servers, year.home_of(plan) / "days.csv")
    part = year.run(replace(plan, days=2), THROW_AWAY_SETTINGS)
    assert part.is_right
    with (plan.results / plan.label / "year.csv").open(newline="") as file:
        days = list(csv.DictReader(file))
    assert days[0] == first
    assert [day["date"] for day in days] == ["2025-01-01", "2025-01-02"]
    # What the first start saw counts, too.
    assert part.begun == first["begun"]
    for name in ("generator", "postgres", "clickhouse"):
        (memory,) = (each for whose, each in part.memory.items() if whose.lower().startswith(name))
        assert memory.held == max(int(day[f"{name}_memory"]) for day in days) > 0
    seconds = [float(value) for day in days for name, value in day.items() if name.endswith("_seconds")]
    assert part.seconds == pytest.approx(sum(seconds))
    assert not list(plan.home.iterdir())


def test_the_dashboard_is_asked_of_the_good_lines_of_all_days(plan):
    plan = replace(plan, days=2)
    part = dashboard.run(plan, THROW_AWAY_SETTINGS)
    shop = Shop(opened=OPENED, clients=plan.clients, products=plan.products)
    good = 0
    for number in range(plan.days):
        for rows in chunks(shop, plan.date(number), ["sale"]):
            good += int((rows.rule[: rows.new] == 0).sum())
    # What was sold of a product, or to a client, whose own row is bad finds no match.
    assert 0.95 * good < part.rows[0].rows <= good
    assert {row.rows for row in part.rows} == {part.rows[0].rows}
    assert len(part.rows) == 9 * 4
    assert not list(plan.home.iterdir())


@pytest.fixture
def execute(warehouse: str) -> Iterator[history.Execute]:
    """Function that runs statements in a warehouse with the cases' first states, loaded."""
    with closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def run(*statements: str) -> list[tuple]:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

        run(
            "INSERT INTO raw.client (client_id, first_name, last_name, birth_date, updated_at) SELECT n, 'A', 'B',"
            " date '1990-01-01', timestamptz '2025-01-01 00:00+03' FROM generate_series(1, 300) AS n"
        )
        history.plant_first(run)
        for step in range(1, 4):
            run("CALL dds.load_client()")
            history.plant(run, step)
        run("CALL dds.load_client()")
        history.expect(run)
        yield run


def test_the_histories_of_all_cases_are_as_expected(execute):
    found = history.verdict(execute, history.OURS)
    assert found.is_right
    assert list(found.differing) == [history.ORDINARY, *history.CASES]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (
            "UPDATE dds.client SET valid_to = valid_to + interval '1 minute' WHERE client_id = 101 AND NOT is_current",
            {"overlapping": 1},
        ),
        ("UPDATE dds.client SET valid_to = 'infinity' WHERE client_id = 101", {"overlapping": 1, "several_open": 1}),
        (
            "INSERT INTO dds.client (client_id, first_name, last_name, birth_date, valid_from, valid_to, is_current,"
            " run_id) SELECT client_id, first_name, last_name, birth_date, valid_from - interval '1 day', valid_from,"
            " false, 1 FROM dds.client WHERE client_id = 50",
            {"repeated": 1},
        ),
        ("DELETE FROM dds.client WHERE client_id = 50", {}),
    ],
)
def test_what_is_wrong_with_a_history_is_told(execute, damage, expected):
    execute(damage)
    found = history.verdict(execute, history.OURS)
    assert not found.is_right
    wrong = {name: getattr(found, name) for name in ("overlapping", "several_open", "repeated")}
    assert {name: count for name, count in wrong.items() if count} == expected
    assert found.differing[history.ORDINARY] == 1


def test_a_ratio_is_reached_or_not():
    def row(ours: list[float], other: list[float], **target: float) -> results.Row:
        return results.Row("", "", 1, [Cost(one) for one in ours], [Cost(one) for one in other], **target)

    # Repetitions are compared with their own counterpart: a slow minute of the machine slows both.
    assert row([2, 20, 2.2], [1, 10, 1], at_most=2).is_reached
    assert not row([2.1, 20, 2.2], [1, 9, 1], at_most=2).is_reached
    assert row([1, 1, 1], [15, 16, 14], at_least_faster=15).is_reached
    assert not row([1, 1, 1], [14, 16, 14], at_least_faster=15).is_reached
    assert not row([1], [1], at_most=1, at_most_seconds=0.05).is_reached
    assert row([1], []).is_reached is None


class Ending:
    """A server whose child ends between two looks at them."""

    def __init__(self):
        self.looks = 0

    def cpu_times(self):
        self.looks += 1
        return (1.0, 0.0, 0.0, 0.0) if self.looks == 1 else (1.0, 0.0, 5.0, 0.0)

    def children(self):
        return []


def test_the_seconds_of_a_session_that_ends_meanwhile_are_counted():
    assert Meter(None, Ending())._cpu() == 6


def row_of_day(number: int, lines: int, seconds: float, first: int = 0) -> dict[str, str]:
    steps = {
        f"{step}_{unit}": str(seconds / len(year.STEPS)) for step in year.STEPS for unit in ("seconds", "cpu", "wal")
    }
    day = {
        "day": number,
        "lines": lines,
        "first_after_start": first,
        "postgres_bytes": 1,
        "stolen_share": "",
        "commit": "a",
    }
    return {**{name: str(value) for name, value in day.items()}, **steps}


def test_a_late_day_is_compared_with_an_early_one_of_its_weekday():
    # The fifth and sixth day of a week have five times the lines, and the shop grows by a hundredth a day.
    lines = [1000 * (5 if number % 7 in (5, 6) else 1) * (100 + number) // 100 for number in range(60)]
    flat = [row_of_day(number, count, count / 1000) for number, count in enumerate(lines)]
    measured, by_line, *_steps = year.compare(flat, flat)
    # Days 46 to 59 beside 7 to 20.
    assert measured.ratio() == pytest.approx(1.32, abs=0.02)
    assert median(measured.ours) == pytest.approx(1.53, abs=0.08)
    assert measured.is_reached is False
    assert by_line.ratio() == pytest.approx(1)
    growing = [row_of_day(number, count, count / 1000 * (1 + number / 100)) for number, count in enumerate(lines)]
    assert year.compare(growing, growing)[1].ratio() == pytest.approx(1.32, abs=0.05)
    # After less than a year, nothing is to be reached.
    assert year.compare(flat, flat, is_year=False)[0].is_reached is None
    # A machine that has become slower slows the days of the other shop as well.
    slower = [row_of_day(number, count, count / 1000 * 1.2) for number, count in enumerate(lines)]
    _measured, by_line, *_steps, drift = year.compare(flat[:40] + slower[40:], slower)
    assert [by_line.ratio(), drift.ratio()] == pytest.approx([1, 1.2])
    # What the host gave to others is told where it is known.
    assert year.compare(flat, flat)[-1].note == ""
    busy = [{**day, "stolen_share": str(0.1 + 0.2 * (number % 2))} for number, day in enumerate(flat)]
    assert year.compare(flat, busy)[-1].note.endswith(
        "unknown in the last days, 20% in the other shop's, unknown in this one's first"
    )
    # What was measured of different commits is told so.
    assert measured.note == ""
    older = [{**day, "commit": "" if number < 50 else "b"} for number, day in enumerate(flat)]
    note = "the last days are of commit b and unknown, the others of a"
    assert [row.note for row in year.compare(older, flat)[:2]] == [note, ""]
    # What a start has made slow is left out.
    cold = [
        {**day, **(row_of_day(50, lines[50], 1000, first=1) if number == 50 else {})} for number, day in enumerate(flat)
    ]
    assert len(year.compare(cold, flat)[0].ours) == 13
    assert year.compare(flat[:20], flat) == []


def test_a_day_whose_line_was_cut_off_is_loaded_again(tmp_path):
    (tmp_path / "days.csv").write_text("day,lines,clickhouse_wal\n0,5,7\n1,5,\n")
    assert [day["day"] for day in year._read(tmp_path / "days.csv")] == ["0"]


def test_a_year_of_other_steps_is_not_continued(tmp_path):
    (tmp_path / "days.csv").write_text("day,lines,load_sale_seconds,clickhouse_wal\n0,5,1.5,7\n")
    with pytest.raises(BenchError, match="loaded by other steps: delete that folder"):
        year._loaded(tmp_path / "days.csv")


def test_the_real_size_is_a_year():
    assert parse(["--only", "year", "--scale", "full"]).is_year
    assert not parse(["--only", "year"]).is_year
    assert not parse(["--only", "year", "--scale", "full", "--days", "28"]).is_year


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scale", "big"), "'big' is no size: give full, or a share"),
        (("--scale", "0.0001"), "at least 1000"),
        (("--only", "client,week"), "there is no 'week': name some of client, day"),
        (("--peers", "spark"), "there is no 'spark': name some of dbt, sqlmesh"),
        (("--runs", "0"), "'0' is not a whole number from 1 to 99"),
        (("--days", "366"), "from 1 to 365"),
    ],
)
def test_wrong_arguments_get_one_sentence(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        parse([*arguments])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1


def test_a_peer_that_is_not_installed_is_told_before_anything_starts(monkeypatch, capsys):
    monkeypatch.setattr("bench.plan.ROOT", Path("/nonexistent"))
    with pytest.raises(SystemExit):
        parse(["--only", "client"])
    assert (
        "dbt is not installed: run it as 'make bench', which installs it, or with PEERS=none" in capsys.readouterr().err
    )
