"""What the tests of the live shop need, and the marks that skip them where it is missing."""

import pytest

from sources import jars

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
