"""`python -m generator live`: what it does to the shop's database, and that it knows what it did."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from embedded.postgres import SHOP_SETTINGS, THROW_AWAY_SETTINGS, PostgresServer, shared_settings
from tests import tally
from tests.conftest import ROOT, run_module
from tests.live_parts import shop_database
from tests.ports import free_port

SEED = int(os.environ.get("TSHOP_SEED") or random.randrange(10**6))
KILLS = int(os.environ.get("TSHOP_KILLS") or 3)
# Small, so that a run meets every kind of row.
SHOP = ("--clients", "300", "--products", "60", "--quiet")
WITH_MESSAGES = ("users", "product_categories", "products", "orders", "order_details")
COPIED = ("transactions", "deliveries", "returns")
STATUSES = {"Pending", "Paid", "Completed", "Aborted"}


@pytest.fixture(scope="module")
def server(scratch: Path) -> Iterator[PostgresServer]:
    """A server of one's own: it is killed here. What it has committed outlives that, as on a real one."""
    settings = {**shared_settings(18, SHOP_SETTINGS), **THROW_AWAY_SETTINGS, "synchronous_commit": "on"}
    server = PostgresServer(scratch / "producer", free_port(), "secret", settings=settings)
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture
def shop(server: PostgresServer) -> Iterator[dict[str, str]]:
    """An empty database of the shop: its libpq URIs by role."""
    with shop_database(server) as dsns:
        yield dsns


def ask(dsn: str, statement: str) -> list[tuple]:
    """Rows of a statement."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def begin(shop: dict[str, str], *arguments: str) -> subprocess.Popen:
    """Start the application on a database."""
    return subprocess.Popen(
        [sys.executable, "-m", "generator", "live", *SHOP, *arguments],
        cwd=ROOT,
        env={**os.environ, "SHOP_DSN": shop["app"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def orders_made(shop: dict[str, str], number: int, process: subprocess.Popen) -> None:
    """Wait until the shop has so many orders."""
    while True:
        with contextlib.suppress(psycopg2.Error):
            if ask(shop["owner"], "SELECT count(*) FROM orders")[0][0] >= number:
                return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def told(output: str) -> Counter:
    """What the last lines say was made: rows by "table what"."""
    return Counter(
        {f"{table} {what}": int(number) for table, what, number in re.findall(r"^  (\w+) (\w+) (\d+)$", output, re.M)}
    )


def opened(output: str) -> Counter:
    """What the first line says an empty shop opened with."""
    line = re.search(r"the shop opens with (.*)", output)
    return Counter({f"{table} created": int(number) for number, table in re.findall(r"(\d+) (\w+)", line[1])})


def recorded(shop: dict[str, str]) -> Counter:
    """What the outbox has, and of the tables that have no messages what is there."""
    found = Counter()
    for table, event, number in ask(shop["owner"], "SELECT aggregatetype, type, count(*) FROM outbox GROUP BY 1, 2"):
        found[f"{table} {event.removeprefix(f'{table}_')}"] = number
    for table in COPIED:
        found[f"{table} there"] = ask(shop["owner"], f"SELECT count(*) FROM {table}")[0][0]
    return +found


def statuses(shop: dict[str, str]) -> set[str]:
    """The statuses that the shop's orders have."""
    return {status for (status,) in ask(shop["owner"], "SELECT DISTINCT status FROM orders")}


def as_recorded(made: Counter) -> Counter:
    """What was told, in the words of `recorded`."""
    found = Counter({name: number for name, number in made.items() if name.split()[0] in WITH_MESSAGES})
    for table in COPIED:
        found[f"{table} there"] = made[f"{table} created"] - made[f"{table} deleted"]
    return +found


def assert_shop_is_sound(shop: dict[str, str]) -> None:
    """Hold what the application keeps: it changes what belongs together in one transaction."""
    unsound = {
        "a total that is not the sum of its lines": "SELECT o.id FROM orders AS o "
        "LEFT JOIN order_details AS l ON l.order_id = o.id "
        "GROUP BY o.id HAVING o.total_amount <> coalesce(sum(l.amount), 0)",
        "an order that is paid without a payment": "SELECT o.id FROM orders AS o "
        "WHERE o.status IN ('Paid', 'Completed') "
        "AND (SELECT count(*) FROM transactions AS t WHERE t.order_id = o.id AND t.status = 'Succeeded') <> 1",
        "an order that was shipped twice": "SELECT order_id FROM deliveries GROUP BY order_id HAVING count(*) > 1",
        "a parcel that arrived without its order": "SELECT d.id FROM deliveries AS d "
        "INNER JOIN orders AS o ON o.id = d.order_id "
        "WHERE (d.status = 'Delivered') <> (o.status = 'Completed') OR d.delivered_at IS DISTINCT FROM o.delivered_at",
        "more that comes back than was sold": "SELECT l.id FROM order_details AS l "
        "INNER JOIN returns AS r ON r.order_detail_id = l.id GROUP BY l.id HAVING sum(r.quantity) > l.quantity",
        "a stock below zero": "SELECT id FROM products WHERE stock_quantity < 0",
    }
    assert {what: found for what, query in unsound.items() if (found := ask(shop["owner"], query))} == {}


def test_what_it_tells_is_what_it_did(shop: dict[str, str]) -> None:
    """An empty shop is opened; then every kind of event happens, and each is counted once; the next run resumes."""
    process = begin(shop, "--rate", "400", "--minutes", "100", "--seed", str(SEED))
    kinds = {
        *("users created", "users changed", "products created", "products changed", "product_categories changed"),
        *("orders created", "orders changed", "order_details created", "returns there"),
    }
    # What comes back was paid, shipped and delivered before.
    while not (kinds <= set(recorded(shop)) and statuses(shop) >= STATUSES):
        assert process.poll() is None, process.communicate()
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    output, error = process.communicate(timeout=200)
    assert (process.returncode, error) == (0, "")
    made = told(output)
    assert as_recorded(made + opened(output)) == recorded(shop)
    total = int(re.search(r"^generator: (\d+) events in ", output, re.M)[1])
    assert total == made.total()
    assert {"transactions created", "deliveries created", "deliveries changed", "returns created"} <= set(made)
    assert int(re.search(r"rolled back on purpose (\d+)", output)[1]) > 0
    assert_shop_is_sound(shop)
    assert statuses(shop) == STATUSES
    regions = {region for (region,) in ask(shop["owner"], "SELECT DISTINCT region FROM users")}
    assert regions == {"North", "South", "East", "West"}
    again = begin(shop, "--rate", "100", "--minutes", "0.05", "--seed", str(SEED))
    more, _ = again.communicate(timeout=100)
    assert "opens" not in more
    assert as_recorded(made + opened(output) + told(more)) == recorded(shop)


def test_a_row_changes_several_times_within_a_second(shop: dict[str, str]) -> None:
    """The warehouse has to take several states of a row at once."""
    begin(shop, "--rate", "300", "--minutes", "0.1").communicate(timeout=100)
    [(most,)] = ask(
        shop["owner"],
        "SELECT max(n) FROM (SELECT count(*) AS n FROM outbox WHERE type = 'products_changed' "
        "GROUP BY aggregateid, date_trunc('second', occurred_at)) AS t",
    )
    assert most > 1


def test_killed_servers_do_not_confuse_it(server: PostgresServer, shop: dict[str, str]) -> None:
    """It waits for the database, resumes, and knows of each COMMIT that nobody answered what became of it."""
    print(f"TSHOP_SEED={SEED}")
    chance = random.Random(SEED)
    process = begin(shop, "--rate", "300", "--minutes", "100")
    made = 1
    for _ in range(KILLS):
        orders_made(shop, made, process)
        time.sleep(chance.random())
        server.kill()
        # For a while it does not answer.
        time.sleep(chance.random())
        server.start()
        tally.add("kills of the shop's database beside its application")
        with contextlib.suppress(psycopg2.Error):
            made = ask(shop["owner"], "SELECT count(*) FROM orders")[0][0] + 5
    orders_made(shop, made, process)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    assert as_recorded(told(output) + opened(output)) == recorded(shop)
    assert_shop_is_sound(shop)


def test_killed_application_leaves_nothing_half_done(shop: dict[str, str]) -> None:
    """What was killed is sound, and the next one resumes."""
    made = 1
    for _ in range(KILLS):
        process = begin(shop, "--rate", "300", "--minutes", "100")
        orders_made(shop, made, process)
        process.kill()
        process.communicate()
        made = ask(shop["owner"], "SELECT count(*) FROM orders")[0][0] + 20
        tally.add("kills of the shop's application")
        assert_shop_is_sound(shop)
    assert [number for (number,) in ask(shop["owner"], "SELECT count(*) FROM product_categories")] == [21]


def test_two_applications_open_a_shop_once(shop: dict[str, str]) -> None:
    """The second one finds it open."""
    both = [begin(shop, "--rate", "50", "--minutes", "0.02") for _ in range(2)]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("opens" in output for output in outputs) == 1
    assert ask(shop["owner"], "SELECT count(*) FROM product_categories") == [(21,)]


def test_a_rate_that_cannot_be_kept_is_told(shop: dict[str, str]) -> None:
    """While it runs, and in the end."""
    arguments = [argument for argument in SHOP if argument != "--quiet"]
    answer = run_module(
        *("generator", "live", *arguments, "--rate", "10000", "--writers", "1", "--minutes", "0.25"),
        SHOP_DSN=shop["app"],
    )
    assert answer.returncode == 0
    assert "that is below --rate 10000" in answer.stderr
    assert "--rate 10000 was not kept" in answer.stdout


def test_wrong_input_gets_one_sentence(server: PostgresServer, shop: dict[str, str]) -> None:
    """On one line, with no password in it."""
    empty = server.dsn("postgres")
    for arguments, dsn, status, sentence in (
        ([], "", 2, "SHOP_DSN is not set"),
        (["--rate", "0"], shop["app"], 2, "argument --rate: '0' is not a number above 0"),
        (["--minutes", "x"], shop["app"], 2, "argument --minutes: 'x' is not a number above 0"),
        ([], "postgresql://shop_app:hidden@127.0.0.1:1/shop", 3, "the shop's database cannot be reached"),
        ([], "hidden", 2, "SHOP_DSN is not a libpq URI"),
        ([], empty, 2, "the shop's database cannot be used"),
        ([], shop["monitor"], 2, "the shop's database cannot be used"),
    ):
        answer = run_module("generator", "live", *arguments, SHOP_DSN=dsn)
        assert (answer.returncode, answer.stdout) == (status, "")
        assert answer.stderr.startswith(f"generator: {sentence}")
        assert answer.stderr.count("\n") == 1
        assert "hidden" not in answer.stderr


def test_rights_taken_away_end_it(shop: dict[str, str]) -> None:
    """What no second try would mend ends it, with the server's reason."""
    process = begin(shop, "--rate", "100", "--minutes", "100")
    orders_made(shop, 1, process)
    ask(shop["owner"], "REVOKE INSERT ON orders FROM shop_app")
    _, error = process.communicate(timeout=100)
    assert process.returncode == 1
    assert error.startswith("generator: the shop's database refused (permission denied for table orders)")
    assert error.count("\n") == 1
