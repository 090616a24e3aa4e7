"""The relay: sends the rows of the shop's outbox to Kafka."""
