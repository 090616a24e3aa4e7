"""Kafka: the broker's jars and settings, and its topics."""

import tomllib
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

FILE = Path(__file__).parent / "topics.toml"
# A broker that has just started on a busy machine takes its time.
TIMEOUT_SECONDS = 120


class TopicsError(Exception):
    """A sentence that says what is wrong and what to do."""


def declared() -> dict[str, Any]:
    """Return what topics.toml says: ``partitions`` by topic, and ``settings`` that all have."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def make_topics(bootstrap: str, timeout: float = TIMEOUT_SECONDS) -> list[str]:
    """Make the topics that are missing, bring the settings of all to what topics.toml says; return those made.

    Args:
        bootstrap: address of the broker.
        timeout: for how many seconds it is waited for.

    Raises:
        TopicsError: the broker does not answer, or a topic has another number of partitions.
    """
    topics, settings = declared()["partitions"], declared()["settings"]
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        there = client.list_topics(timeout=timeout).topics
        made = [name for name in topics if name not in there]
        new = [NewTopic(name, topics[name], config=settings) for name in made]
        for future in (client.create_topics(new, operation_timeout=timeout) if new else {}).values():
            _settle(future, timeout)
        old = [name for name in topics if name in there]
        changes = [
            ConfigResource(
                ResourceType.TOPIC,
                name,
                incremental_configs=[
                    ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                    for key, value in settings.items()
                ],
            )
            for name in old
        ]
        for future in (client.incremental_alter_configs(changes) if changes else {}).values():
            _settle(future, timeout)
    except KafkaException as error:
        raise TopicsError(
            f"Kafka at {bootstrap} does not make the topics ({error.args[0].str()}): start it, or correct its address."
        ) from None
    for name in old:
        if (partitions := len(there[name].partitions)) != topics[name]:
            raise TopicsError(
                f"The topic {name} has {partitions} partitions, and topics.toml says {topics[name]}: correct the file, "
                "or make the topic again when all that is in it is landed, as keys move to other partitions."
            )
    return made


def _settle(future: Any, timeout: float) -> None:
    """Wait for an answer; that somebody else made the topic meanwhile is one, too.

    Raises:
        KafkaException: the broker refuses, or has not answered in time.
    """
    try:
        future.result(timeout)
    except TimeoutError:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
