"""`python -m generator stores`: the weekly files, and that the manifest says what is in them."""

import csv
import io
import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import run_module

from generator import inbox, stores
from generator.inbox import CLIENTS, MISSING_REGION, MISSING_WEEKS, PRODUCTS, SALES
from generator.shop import ZONE
from generator.stores import REGIONS, Chain

# A small chain of half a year; enough lines for each fault.
SMALL = Chain(last=date(2024, 2, 18), sales=9_000, clients_first=1_000, clients_last=2_000, products=60)
SIZE = (
    "--to",
    "2024-02-18",
    "--sales",
    "9000",
    "--clients-first",
    "1000",
    "--clients-last",
    "2000",
    "--products",
    "60",
)
YEAR = Chain()


@pytest.fixture(scope="module")
def files() -> list[inbox.File]:
    """All files of the small chain, the missing ones too."""
    return list(inbox.files(SMALL))


def write(folder: Path, *arguments: str) -> dict:
    """Write the small chain's files; return the manifest."""
    answer = run_module(
        "generator", "stores", "--inbox", str(folder), *SIZE, "--manifest", str(folder / "manifest.json"), *arguments
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    return json.loads((folder / "manifest.json").read_text())


# --- the year that the stores have by default -----------------------------------------------------------------------


def test_the_year_has_a_million_sales_of_clients_that_become_more():
    weeks = stores.weeks(YEAR)
    assert [weeks[0].name, weeks[19].name, weeks[-1].name] == ["2023-W35", "2024-W02", "2024-W35"]
    assert (weeks[0].first, weeks[0].last, weeks[-1].last) == (date(2023, 9, 1), date(2023, 9, 3), date(2024, 9, 1))
    assert all(before.last + timedelta(days=1) == after.first for before, after in pairwise(weeks))
    assert stores.sales_by_day(YEAR).sum() == 1_000_000
    assert stores.sales_by_day(YEAR).min() > 0
    registered = stores.registered_on(YEAR, np.arange(1, YEAR.clients_last + 1))
    assert ((registered < 0).sum(), (registered <= YEAR.days - 1).sum()) == (72_700, 142_900)
    assert (np.diff(registered[YEAR.clients_first :]) >= 0).all()


def test_clients_are_18_to_87_years_old_when_they_get_their_card():
    ids = np.arange(1, YEAR.clients_last + 1)
    registered = np.datetime64(YEAR.first) + stores.registered_on(YEAR, ids)
    assert (registered == (stores.registered_at(YEAR, ids) // 1_000_000 + 10_800).astype("M8[s]").astype("M8[D]")).all()
    ages = [
        day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        for day, born in zip(registered.tolist(), stores.birth_dates(YEAR, ids).tolist(), strict=True)
    ]
    assert (min(ages), max(ages)) == (18, 87)


def test_a_clients_activity_limits_its_orders():
    weeks = list(stores.sales(SMALL))
    assert len(weeks) == len(stores.weeks(SMALL))
    sold = np.concatenate([sales.client_id for _, sales in weeks])
    assert len(sold) == SMALL.sales
    orders = np.bincount(sold, minlength=SMALL.clients_last + 1)[1:]
    activity = stores.activity(SMALL, np.arange(1, SMALL.clients_last + 1))
    assert (orders <= activity).all()
    # It does limit: there are who have made all that they may.
    assert (orders == activity).any()
    for week, sales in weeks:
        assert (stores.registered_at(SMALL, sales.client_id) < sales.at).all()
        days = (np.unique((sales.at // 1_000_000 + 10_800) // 86_400)).astype("M8[D]")
        assert days.min() >= np.datetime64(week.first)
        assert days.max() <= np.datetime64(week.last)
        assert (sales.region == stores.regions(SMALL, sales.client_id)).all()
    assert (np.concatenate([sales.sale_id for _, sales in weeks]) == np.arange(1, SMALL.sales + 1)).all()


def test_too_many_sales_get_one_sentence(tmp_path: Path):
    size = ("--sales", "1000", "--clients-first", "1", "--clients-last", "1")
    answer = run_module("generator", "stores", "--inbox", str(tmp_path), *size)
    assert answer.returncode == 1
    assert answer.stderr == "generator: 1000 sales are too many for 1 clients: lower --sales\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--weeks", "54"), "--weeks 54 is not in the period's 1 to 53: give 6, or 7-12"),
        (("--weeks", "7-6"), "--weeks 7-6 is not in the period's 1 to 53: give 6, or 7-12"),
        (("--to", "2023-08-31"), "--to 2023-08-31 is before --from 2023-09-01: give them in order"),
        (("--clients-last", "5"), "--clients-last is below --clients-first: clients become more"),
    ],
)
def test_wrong_arguments_get_one_sentence(capsys: pytest.CaptureFixture, arguments, sentence):
    assert inbox.run(["--inbox", "none", *arguments]) == 2
    assert capsys.readouterr().err == f"generator: {sentence}\n"


# --- what is in the files -------------------------------------------------------------------------------------------


def amount(text: str) -> Decimal:
    """Read an amount in any of the four forms, as a person does."""
    text = text.strip().replace("\u00a0", "")
    if "," in text and "." in text:
        return Decimal(text.replace(",", ""))
    return Decimal(text.replace(",", "."))


def moment(text: str) -> datetime:
    """Read a time in any of the three forms, as Moscow's."""
    text = text.strip().removesuffix("+03:00").replace("T", " ")
    form = "%d.%m.%Y %H:%M:%S" if "." in text else "%Y-%m-%d %H:%M:%S"
    return datetime.strptime(text, form).replace(tzinfo=ZONE)


def cast(row: list[str]) -> tuple | None:
    """Return the values of a line of sales, None where it has a bad one."""
    try:
        ids = [int(Decimal(text)) for text in row[:3]]
        quantity, at, cost = Decimal(row[3]), moment(row[4]), amount(row[5])
        region = row[6].strip().capitalize()
    except (ArithmeticError, ValueError, IndexError):
        return None
    if len(row) > 7 or region not in REGIONS or quantity < 1 or quantity % 1 or cost < 0:
        return None
    return (*ids, int(quantity), at, cost, region)


def rows_of(file: inbox.File) -> list[list[str]]:
    """Return the lines without the header, fields trimmed."""
    return [[field.strip() for field in row] for row in csv.reader(io.StringIO("\n".join(file.lines[1:])))]


def test_the_counts_are_what_a_reader_finds(files):
    refused: Counter = Counter()
    for file in (file for file in files if file.name == SALES):
        rows = rows_of(file)
        kept = list({tuple(row): None for row in reversed(rows)})[::-1]
        assert len(rows) - len(kept) == file.counts["exact_duplicates"]
        week = date.fromisocalendar(*(int(part) for part in file.week.split("-W")), 1)
        good = [
            values
            for values in map(cast, map(list, kept))
            if values and week <= values[4].date() < week + timedelta(days=7)
        ]
        # The last line of a sale wins.
        last = {values[0]: values for values in good}
        near = sum(last[values[0]] == values for values in good) - len(last)
        assert near == file.counts["near_duplicates"]
        assert len(last) == file.counts["landed"]
        assert file.counts["lines"] == len(rows) == len(file.lines) - 1
        assert len(kept) - near - len(last) == sum(file.counts["refused"].values())
        assert sum(values[3] for values in last.values()) == file.counts["quantity"]
        assert sum(values[5] for values in last.values()) * 100 == file.counts["kopecks"]
        assert {values[6] for values in last.values()} <= {file.region}
        refused.update(file.counts["refused"])
    landed = sum(file.counts["landed"] for file in files if file.name == SALES)
    assert landed == SMALL.sales
    # Each fault is there.
    assert set(refused) == {reason for reason, _, _ in inbox._BAD[SALES]} | {inbox.CORRECTED}
    clients = [file for file in files if file.name == CLIENTS]
    assert sum(file.counts["landed"] for file in clients) == SMALL.clients_last
    for name in ("exact_duplicates", "near_duplicates"):
        assert sum(file.counts[name] for file in clients) > 0


def test_formats_are_mixed(files):
    sales = [row for file in files if file.name == SALES for row in rows_of(file) if len(row) == 7]
    for column, forms in (
        (3, (r"\d", r"\d\.0")),
        (4, (r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d", r"\d\d\.\d\d\.\d{4} [\d:]{8}", r"2\d{3}-\d\d-\d\dT[\d:]{8}\+03:00")),
        (5, (r"\d+\.\d\d", r"\d+,\d\d", r"\d+\u00a0\d{3},\d\d", r"\d+,\d{3}\.\d\d")),
        (6, ("[A-Z][a-z]+", "[A-Z]+", "[a-z]+")),
    ):
        for form in forms:
            assert any(re.fullmatch(form, row[column]) for row in sales), (column, form)


def test_products_come_with_new_prices(files):
    first, *later = [file for file in files if file.name == PRODUCTS and file.region == "North"]
    assert len(rows_of(first)) == SMALL.products
    prices = {row[0]: amount(row[4]) for row in rows_of(first)}
    for file in later:
        for key, *_, price in rows_of(file):
            assert prices[key] != amount(price)
            prices[key] = amount(price)


# --- what is written ------------------------------------------------------------------------------------------------


def test_the_same_arguments_write_the_same_files_and_weeks_one_by_one_are_those_of_the_year(files, tmp_path: Path):
    whole = {(file.week, file.region, file.name): file.data for file in files}
    write(tmp_path, "--weeks", "2")
    told = write(tmp_path, "--weeks", "2-3")
    assert {file["week"] for file in told["files"]} == {"2023-W36", "2023-W37"}
    written = {path.relative_to(tmp_path).parts: path.read_bytes() for path in tmp_path.rglob("*.csv")}
    weeks = {week.name for week in stores.weeks(SMALL)[:3]}
    assert written == {place: data for place, data in whole.items() if place[0] in weeks}


def test_a_region_is_missing_for_four_weeks_until_it_is_late(files, tmp_path: Path):
    missing = {week.name for week in stores.weeks(SMALL) if week.number in MISSING_WEEKS}
    assert missing == {"2024-W02", "2024-W03", "2024-W04", "2024-W05"}
    told = write(tmp_path)
    there = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.csv")}
    all_of_them = {(week.name, region) for week in stores.weeks(SMALL) for region in REGIONS}
    assert all_of_them - there == {(week, MISSING_REGION) for week in missing}
    assert {(file["week"], file["region"]) for file in told["files"] if file["is_missing"]} == all_of_them - there
    late = write(tmp_path, "--weeks", "20-23", "--late")
    assert not any(file["is_missing"] for file in late["files"])
    assert {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.csv")} == all_of_them
    for region in REGIONS:
        total = told["regions"][region][SALES]
        counted = [
            file.counts
            for file in files
            if (file.region, file.name) == (region, SALES) and not (region == MISSING_REGION and file.week in missing)
        ]
        assert total["landed"] == sum(counts["landed"] for counts in counted)
        assert Decimal(total["amount"]) * 100 == sum(counts["kopecks"] for counts in counted)
        assert total["refused"] == sum(sum(counts["refused"].values()) for counts in counted)
