"""What the tests of the live shop need, and the marks that skip them where it is missing."""

import contextlib
import itertools
from collections.abc import Iterator

import pytest
from conftest import run_module

from embedded.environment import SPARK_BIN
from embedded.postgres import PostgresServer
from sources import jars
from sources.shop.migrate import migrate
from sources.shop.roles import OWNER, variables

_MISSING = jars.missing()

needs_java = pytest.mark.skipif(
    "java" in _MISSING, reason="Kafka and Spark need Java 17: 'apt-get install openjdk-17-jre-headless'"
)
needs_maven = pytest.mark.skipif("mvn" in _MISSING, reason="Maven is missing: 'apt-get install maven'")
needs_kafka = [
    needs_java,
    pytest.mark.skipif(
        not any(jars.jars_of("kafka").glob("kafka_*.jar")), reason="Kafka's jars are missing: 'make setup-kafka'"
    ),
]
needs_spark = [
    *needs_kafka,
    pytest.mark.skipif(not (SPARK_BIN / "python").exists(), reason="Spark is not installed: 'make setup-spark'"),
    pytest.mark.skipif(
        not any(jars.jars_of("stream").glob("*.jar")), reason="Spark's jars for Kafka are missing: 'make setup-kafka'"
    ),
]

_numbers = itertools.count(1)


TEMPLATE = "shop_template"


@contextlib.contextmanager
def shop_database(server: PostgresServer) -> Iterator[dict[str, str]]:
    """A migrated, empty database of the shop on a server: its libpq URIs by role, admin and owner included."""
    if server.create_database(TEMPLATE):
        passwords = dict.fromkeys(variables().values(), server.password)
        for arguments, environment in (
            (["--roles"], {"SHOP_ADMIN_DSN": server.dsn(TEMPLATE), **passwords}),
            ([], {"SHOP_DSN": server.dsn(TEMPLATE, OWNER)}),
        ):
            answer = run_module("sources.shop", *arguments, **environment)
            assert answer.returncode == 0, answer.stderr
    name = f"shop_{next(_numbers)}"
    server.create_database(name, TEMPLATE, OWNER)
    # Settings of the template, and rights on it, are not copied.
    migrate(server.dsn(name, OWNER))
    try:
        yield {
            "admin": server.dsn(name),
            "owner": server.dsn(name, OWNER),
            **{role.removeprefix("shop_"): server.dsn(name, role) for role in variables() if role != OWNER},
        }
    finally:
        server.drop_database(name)
