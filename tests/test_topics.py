"""Kafka's topics, where no broker is needed."""

from concurrent.futures import Future

import pytest
from confluent_kafka import KafkaError, KafkaException

from sources import kafka


def test_an_answer_that_does_not_come_in_time_is_an_error_of_kafka():
    with pytest.raises(KafkaException) as caught:
        kafka._settle(Future(), 0)
    assert caught.value.args[0].code() == KafkaError._TIMED_OUT
