"""``make live``: its services in the embedded stack, what it says of them, and what bad input gets."""

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from conftest import run_module
from test_stack import listens, stack_of, throw_away

from embedded import live, live_status, main_job, stack, status
from embedded.airflow_api import AirflowApi
from embedded.environment import environment, environment_over_ours
from embedded.errors import StackError
from embedded.report import live as report
from embedded.settings import PORTS, SHOP_ROLES, Settings
from sources import compare
from sources.shop.roles import variables
from tests.live_parts import needs_kafka, needs_spark, shop_database
from tests.ports import free_port

OFFSET = 10**12
# What a small stack has of the live shop: all but Spark, which takes a minute to start.
SERVICES = (stack.SHOP_POSTGRES, stack.KAFKA, stack.RELAY)


# --- before anything starts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value"), [("RATE", "0"), ("RATE", "fast"), ("RATE", "1e3"), ("MINUTES", "-1"), ("MINUTES", "nan")]
)
def test_a_bad_value_gets_one_sentence_before_anything_starts(tmp_path: Path, variable: str, value: str) -> None:
    home = tmp_path / "home"
    answer = run_module("embedded", "live", TSHOP_HOME=str(home), **{variable: value})
    assert (answer.returncode, answer.stdout) == (1, "")
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"Error: {variable} is '{value}': give a number from ")
    assert not home.exists()


def test_without_java_one_sentence_names_the_packages_before_anything_starts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    answer = run_module("embedded", "live", TSHOP_HOME=str(home), PATH="/nowhere")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == (
        "Error: Java 17 is missing, which Kafka and Spark need: "
        "run 'apt-get install openjdk-17-jre-headless' (Debian 12).\n"
    )
    assert not home.exists()


def test_another_warehouse_is_not_worked_on(tmp_path: Path) -> None:
    answer = run_module(
        "embedded", "live", TSHOP_HOME=str(tmp_path / "home"), WAREHOUSE_DSN="postgresql://a:b@127.0.0.1:1/c"
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: make live works on the embedded warehouse and ClickHouse")


def test_every_role_of_the_shop_has_its_secret() -> None:
    assert set(SHOP_ROLES.values()) == set(variables())


def test_a_taken_port_of_kafkas_controller_is_told_with_its_variable(scratch: Path) -> None:
    small = throw_away(scratch / "live-taken")
    ports = {"shop": free_port(), "kafka": free_port(), "kafka_controller": free_port()}
    settings = Settings(small.home, {**small.ports, **ports}, postgres_settings=small.postgres_settings)
    with stack_of(settings, stack.POSTGRES) as running, socket.socket() as holder:
        running.start()
        holder.bind(("127.0.0.1", ports["kafka_controller"]))
        holder.listen()
        with pytest.raises(StackError, match="TSHOP_KAFKA_CONTROLLER_PORT"):
            running.start_on_request(stack.KAFKA, settings.kafka().prepare)


# --- the services in the stack ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def services(scratch: Path) -> Iterator[stack.Stack]:
    """A running stack of PostgreSQL, with the warehouse in it, the shop's PostgreSQL, Kafka and the relay."""
    small = throw_away(scratch / "live")
    ports = {"shop": free_port(), "kafka": free_port(), "kafka_controller": free_port()}
    settings = Settings(small.home, {**small.ports, **ports}, postgres_settings=small.postgres_settings)
    with stack_of(settings, stack.POSTGRES) as running:
        running.start()
        main_job.migrate(running)
        running.start_on_request(stack.SHOP_POSTGRES, running.shop.prepare)
        live.set_up_shop(settings, running.shop)
        running.start_on_request(stack.KAFKA, settings.kafka().prepare)
        live.make_topics(settings.kafka().bootstrap)
        running.start_on_request(stack.RELAY)
        (settings.folder("live") / "set_up").touch()
        yield running


def ask(dsn: str, statement: str) -> list[tuple]:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def healths(running: stack.Stack) -> dict[str, str]:
    return {title: health for title, _state, health in running.status()}


@pytest.mark.usefixtures("services")
class TestServices:
    """What holds of the running services."""

    pytestmark = needs_kafka

    def test_they_are_healthy_and_listen_on_this_machine_only(self, services: stack.Stack) -> None:
        assert {part.title: "healthy" for part in (stack.POSTGRES, *SERVICES)}.items() <= healths(services).items()
        for part in services.settings.ports.values():
            addresses = {
                connection.laddr.ip
                for connection in psutil.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == part
            }
            assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}, part

    def test_what_the_shop_changes_gets_to_kafka(self, services: stack.Stack) -> None:
        settings = services.settings
        before = sum(live.ends(settings).values())
        ask(settings.shop_dsn_of("shop_app"), "INSERT INTO users (first_name) VALUES ('Анна')")
        assert services.wait_for(lambda: sum(live.ends(settings).values()) == before + 1, 60)

    def test_each_part_is_told_its_own_secrets(self, services: stack.Stack) -> None:
        settings = services.settings
        secrets = {file.name: file.read_text().strip().rstrip("=") for file in (settings.home / "secrets").iterdir()}

        def told(part: stack.Part) -> set[str]:
            found = psutil.Process(services.pid(part))
            text = "\n".join([*found.environ().values(), *found.cmdline()])
            return {name for name, secret in secrets.items() if secret in text}

        assert {part.name: told(part) for part in SERVICES} == {
            "shop-postgres": set(),
            "kafka": set(),
            "relay": {"shop_relay"},
        }
        texts = [(settings.home / "run" / "supervisord.conf").read_text(), services.log_file(stack.RELAY).read_text()]
        assert not [name for name, secret in secrets.items() if any(secret in text for text in texts)]

    def test_kafka_keeps_its_temporary_files_in_the_stack(self, services: stack.Stack) -> None:
        folder = services.settings.home / "kafka" / "tmp"
        assert f"-Djava.io.tmpdir={folder}" in psutil.Process(services.pid(stack.KAFKA)).cmdline()
        assert folder.is_dir()
        assert environment(services.settings, "stream")["TMPDIR"].startswith(str(services.settings.home))

    def test_each_command_is_told_its_own_secrets(self, services: stack.Stack) -> None:
        settings = services.settings
        secrets = {file.name: file.read_text().strip().rstrip("=") for file in (settings.home / "secrets").iterdir()}

        def told(whose: str) -> set[str]:
            text = "\n".join(environment(settings, whose).values())
            return {name for name, secret in secrets.items() if secret in text}

        assert {whose: told(whose) for whose in ("shop", "producer", "kafka", "relay", "replication", "stream")} == {
            "shop": {"shop_owner"},
            "producer": {"shop_app"},
            "kafka": set(),
            "relay": {"shop_relay"},
            "replication": {"postgres", "warehouse_owner", "shop_replica"},
            "stream": {"warehouse_consumer"},
        }

    def test_no_part_takes_over_an_address_of_the_shell(
        self, services: stack.Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("SHOP_DSN", "SHOP_RELAY_DSN", "WAREHOUSE_ADMIN_DSN", "KAFKA_BOOTSTRAP"):
            monkeypatch.setenv(name, "from the shell")
        for whose in ("kafka", "relay", "stream", "producer", "airflow"):
            assert "from the shell" not in environment_over_ours(services.settings, whose).values(), whose

    def test_status_tells_what_waits_and_for_how_long(self, services: stack.Stack) -> None:
        settings = services.settings
        rows = {row["source"]: row for row in live_status.rows(settings)}
        assert next(iter(rows)) == "outbox"
        assert {"shop.users", "shop.orders", "transactions, deliveries, returns"} <= set(rows)
        services._supervisor().stopProcess(stack.RELAY.name)
        try:
            ask(settings.shop_dsn_of("shop_app"), "INSERT INTO users (first_name) VALUES ('A'), ('B'), ('C')")
            rows = {row["source"]: row for row in live_status.rows(settings)}
            assert rows["outbox"]["waiting"] == 3
            assert rows["outbox"]["seconds_behind"] >= 0
            state = status.look(settings)
            assert re.search(r"outbox +Kafka +3 messages +\d+\.\d s", status.render(state)), status.render(state)
            assert 'tshop_live_waiting{source="outbox",target="Kafka",unit="messages"} 3.0' in status.metrics(state)
            # There is no subscription in this stack.
            assert any(problem.startswith("Replication: ") for problem in state.problems)
        finally:
            services.start_on_request(stack.RELAY)
        assert services.wait_for(lambda: live_status.rows(settings)[0]["waiting"] == 0, 60)

    @pytest.mark.parametrize("part", SERVICES, ids=lambda part: part.name)
    def test_what_is_killed_is_started_again_and_goes_on(self, services: stack.Stack, part: stack.Part) -> None:
        settings = services.settings
        before = sum(live.ends(settings).values())
        killed = services.pid(part)
        psutil.Process(killed).kill()
        assert services.wait_for(lambda: services.pid(part) not in (0, killed), 60)
        assert services.wait_for(lambda: services.health(stack.SHOP_POSTGRES) == "healthy", 60)
        ask(settings.shop_dsn_of("shop_app"), "INSERT INTO users (first_name) VALUES ('Анна')")

        def arrived() -> bool:
            with contextlib.suppress(live.KafkaException):
                return sum(live.ends(settings).values()) == before + 1
            return False

        assert services.wait_for(arrived, 120)
        assert services.wait_for(lambda: services.health(part) == "healthy", 60)

    def test_all_stop_with_the_stack_and_resume(self, services: stack.Stack) -> None:
        settings = services.settings
        ends = live.ends(settings)
        assert services.stop() is True
        assert not any(map(listens, settings.ports.values()))
        assert services.processes() == []
        services.start()
        assert {title: state for title, state, _health in services.status()}["Kafka"] == stack.STOPPED[stack.KAFKA]
        assert "live" not in status.look(settings).tables
        services.start_on_request(stack.SHOP_POSTGRES, services.shop.prepare)
        services.start_on_request(stack.KAFKA, settings.kafka().prepare)
        services.start_on_request(stack.RELAY)
        assert live.ends(settings) == ends

    def test_where_says_how_to_reach_the_shop(self, services: stack.Stack) -> None:
        from embedded.__main__ import where

        text = where(services.settings)
        assert f"127.0.0.1:{services.settings.ports['shop']}/shop, user shop, password in " in text
        assert not [secret for secret in (services.settings.home / "secrets").iterdir() if secret.read_text() in text]


# --- the command ------------------------------------------------------------------------------------------------------


def mark_all(marks):
    """Put several marks on one test."""

    def put(function):
        for mark in marks:
            function = mark(function)
        return function

    return put


@mark_all(needs_spark)
@pytest.mark.timeout(1800)
def test_the_shop_lives_and_clickhouse_has_all_of_it(scratch: Path) -> None:
    home = scratch / "make-live"
    ports = {variable: str(free_port()) for variable, _default in PORTS.values()}

    def command(*words: str, **more: str) -> subprocess.CompletedProcess:
        return run_module("embedded", *words, timeout=1500, TSHOP_HOME=str(home), **ports, **more)

    def check(answer: subprocess.CompletedProcess) -> int:
        """Check what the command printed, and return how many events there were."""
        assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr
        # Thousands are apart by a space.
        report = re.sub(r"(?<=\d) (?=\d{3}\b)", "", answer.stdout)
        assert "The shop's tables equal raw, row by row." in report
        assert "ClickHouse equals PostgreSQL." in report
        assert "DIFFERENT" not in report
        in_kafka, landed, applied = re.search(r"^all +(\d+) +(\d+) +(\d+)$", report, re.MULTILINE).groups()
        assert in_kafka == landed == applied
        assert f"The relay sent {in_kafka} messages; Kafka refused 0." in report
        assert re.search(r"^change in the shop to raw +\d+ +\d+\.\d +\d+\.\d$", report, re.MULTILINE)
        assert re.search(r"^order to ClickHouse +\d+ +\d+\.\d +\d+\.\d$", report, re.MULTILINE)
        return int(re.search(r"generator: (\d+) events", report)[1])

    try:
        assert check(command("live", RATE="20", MINUTES="0.2")) > 50
        answer = command("status")
        assert answer.returncode == 0, answer.stdout
        assert answer.stdout.endswith("All is well.\n")
        # Again: the shop goes on where it stopped.
        answer = command("live", RATE="20", MINUTES="0.1")
        assert "the shop opens with" not in answer.stdout
        assert check(answer) > 20
        # Without the live shop its DAG does not run each minute for nothing.
        api = AirflowApi(Settings(home, {part: int(ports[variable]) for part, (variable, _port) in PORTS.items()}))
        assert not api.is_paused(live.DAG)
        for word in ("down", "up"):
            answer = command(word)
            assert answer.returncode == 0, answer.stderr
        assert api.is_paused(live.DAG)
        assert command("status").stdout.endswith("All is well.\n")
    finally:
        answer = command("clean", "--sure", "yes")
    assert answer.returncode == 0, answer.stderr
    assert not home.exists()


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_names_the_rows_that_differ(warehouse: str, postgres_server) -> None:
    with shop_database(postgres_server) as dsns:
        ask(
            dsns["app"],
            "INSERT INTO users (first_name, region) SELECT 'U' || n, 'North' FROM generate_series(1, 2500) n",
        )
        ask(dsns["app"], "INSERT INTO orders (user_id, status) VALUES (1, 'Paid')")
        for table, columns in (
            ("users", "client_id, first_name, region, registered_at, updated_at"),
            ("orders", "order_id, client_id, status, ordered_at, channel, updated_at"),
        ):
            wanted = {
                "users": f"id + {OFFSET}, first_name, region, registered_at, updated_at",
                "orders": f"id + {OFFSET}, user_id + {OFFSET}, status, ordered_at, 'web', updated_at",
            }[table]
            rows = ask(dsns["monitor"], f"SELECT {wanted} FROM {table}")
            target = {"users": "raw.client", "orders": "raw.sales_order"}[table]
            with (
                contextlib.closing(psycopg2.connect(warehouse)) as connection,
                connection,
                connection.cursor() as cursor,
            ):
                places = ", ".join(["%s"] * len(columns.split(",")))
                cursor.executemany(f"INSERT INTO {target} ({columns}) VALUES ({places})", rows)

        told = report.compare_tables(dsns["monitor"], warehouse)
        assert told.endswith("The shop's tables equal raw, row by row."), told
        assert re.search(r"users +2 500 +raw\.client +2 500 +equal", told)
        ask(warehouse, f"UPDATE raw.client SET region = 'South' WHERE client_id = {OFFSET + 2100}")
        ask(warehouse, f"UPDATE raw.client SET is_deleted = true WHERE client_id = {OFFSET + 7}")
        ask(warehouse, f"INSERT INTO raw.client (client_id, updated_at) VALUES ({OFFSET + 9000}, now())")
        told = report.compare_tables(dsns["monitor"], warehouse)
        assert "users: 3 rows differ (7, 2100, 9000)." in told
        assert told.endswith("The shop's tables do NOT equal raw.")
        found = compare.differences(dsns["monitor"], warehouse)
        assert [text.split(": ")[0] for text in found.pop("users")] == ["7", "2100", "9000"]
        assert set(map(tuple, found.values())) == {()}
        assert re.search(r"orders +1 +raw\.sales_order +1 +equal", told)
