"""Lines of a real shop: guests, returns, several prices and names of a product on a day, texts with odd spaces.

tests/data/online_retail.csv has 109 of the 541 909 lines of "Online Retail" (Daqing Chen, 2015, UCI Machine Learning
Repository, doi 10.24432/C5BW33, licence CC BY 4.0), three days in December 2010, as they are. TSHOP_RETAIL_FILE names a
file of more of them in the same form, to be tried in its place.
"""

import contextlib
import csv
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from test_properties import Script, Write, versions_of

from tests.reference_model import COLUMNS, CURRENT_MART, OBSERVATIONS_KEPT, Row, Warehouse, failed_rule

FILE = Path(os.environ.get("TSHOP_RETAIL_FILE", Path(__file__).parent / "data" / "online_retail.csv"))
DAY = timedelta(days=1)


def deliveries() -> list[Write]:
    """What the shop delivers: its lines, the clients and products that they tell of, and what becomes of lines later.

    Every 4th line is delivered again on each of the next two days, every 5th is corrected on the next day, every 7th
    came without pieces first, every 11th is cancelled two days later. No key has two states of one time.
    """
    with FILE.open(newline="") as file:
        lines = list(csv.DictReader(file))
    product_ids = {code: number for number, code in enumerate(sorted({line["StockCode"] for line in lines}), 1)}
    writes: dict[tuple, Write] = {}

    def deliver(entity: str, key: int, at: datetime, state: tuple, is_deleted: bool = False) -> None:
        writes[entity, key, at] = Write(entity, Row(key, state, at, is_deleted))

    for number, line in enumerate(lines, 1):
        at = datetime.fromisoformat(line["InvoiceDate"]).replace(tzinfo=UTC)
        price = Decimal(line["UnitPrice"]).quantize(Decimal("0.01"))
        client_id = int(Decimal(line["CustomerID"])) if line["CustomerID"] else None
        product_id, quantity = product_ids[line["StockCode"]], int(line["Quantity"])
        deliver("product", product_id, at, (line["Description"], None, None, price))
        if client_id:
            deliver("client", client_id, at, ("Client", line["Country"], None))
        facts = (int(line["InvoiceNo"].removeprefix("C")), at, client_id, product_id)
        state = (*facts, quantity, price, None)
        deliver("sale", number, at, state)
        if number % 7 == 0:
            deliver("sale", number, at - timedelta(minutes=1), (*facts, 0, price, None))
        if number % 5 == 0:
            state = (*facts, quantity + (2 if quantity == -1 else 1), price, None)
            deliver("sale", number, at + DAY - timedelta(hours=1), state)
        if number % 4 == 0:
            deliver("sale", number, at + DAY, state)
            deliver("sale", number, at + 2 * DAY, state)
        if number % 11 == 0:
            deliver("sale", number, at + 2 * DAY + timedelta(hours=1), state, is_deleted=True)
    return sorted(writes.values(), key=lambda write: write.row.updated_at)


def orders(delivered: list[Write]) -> Iterator[tuple[str, list[list[Write]]]]:
    """Ways to deliver it: what they are called, and the batches, with a load and a build after each."""
    days: dict = {}
    for write in delivered:
        days.setdefault(write.row.updated_at.date(), []).append(write)
    yield "days in order", list(days.values())
    yield "days backwards", list(reversed(days.values()))
    for seed in range(2):
        chance = random.Random(seed)
        yield f"days shuffled by {seed}", chance.sample(list(days.values()), len(days))
        rows = chance.sample(delivered, len(delivered))
        size = -(-len(rows) // len(days))
        yield f"rows shuffled by {seed}", [rows[start : start + size] for start in range(0, len(rows), size)]


@pytest.fixture
def script(warehouse: str) -> Iterator[Script]:
    """Sessions in an empty warehouse."""
    with contextlib.closing(Script(warehouse)) as story:
        yield story


@pytest.mark.timeout(0)
def test_any_order_of_a_real_shops_days_and_rows_ends_in_one_mart(script):
    delivered = deliveries()
    kept = max(OBSERVATIONS_KEPT, *Counter((write.entity, write.row.key) for write in delivered).values())
    model = Warehouse(kept=kept)
    for entity in COLUMNS:
        model.load(entity, [write.row for write in delivered if write.entity == entity])
    sales = [write.row for write in delivered if write.entity == "sale"]
    judged = [row for row in sales if not row.is_deleted and not failed_rule("sale", row)]
    warned = {
        "client_missing": sum(row.state[2] is None for row in judged),
        "quantity_negative": sum(row.state[4] < 0 for row in judged),
    }
    assert all(warned.values())
    for name, batches in orders(delivered):
        script.reset()
        script.run(f"UPDATE sl.entity SET observations_kept = {kept};")
        for batch in batches:
            for write in batch:
                script.run(write.sql())
            for entity in COLUMNS:
                script.run(f"CALL dds.load_{entity}();")
            script.run("CALL cdm.build_mart();")
        for entity in COLUMNS:
            versions = [row[1:] for row in versions_of(script, entity)]
            script.compare(f"dds.{entity} of {name}", versions, list(model.versions(entity)))
        script.compare(f"the mart of {name}", script.ask(CURRENT_MART), list(model.mart()))
        # Each state is read at least once, also what was overwritten before; who reads a state again warns again.
        found = dict(script.ask("SELECT rule_name, sum(rows)::integer FROM sl.rule_warning GROUP BY 1"))
        assert found.keys() == warned.keys()
        assert all(found[rule] >= rows for rule, rows in warned.items()), (name, found, warned)
        ((read, rejected, lines, pieces, amount),) = script.ask(
            """
            SELECT
                (SELECT sum(rows_read) FROM sl.run WHERE target = 'dds.sale'),
                (SELECT count(*) FROM sl.rejected_row WHERE entity_name = 'sale'),
                count(*), sum(quantity), sum(total_amount)
            FROM cdm.sales_mart WHERE is_current
            """
        )
        script.run("CALL sl.audit();")
        print(f"{name}: {read} rows of sales read, {rejected} lines rejected, warned {found}; ", end="")
        print(f"the mart has {lines} lines, {pieces} pieces, {amount}")
