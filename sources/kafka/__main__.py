"""Make the shop's topics on the broker of KAFKA_BOOTSTRAP: ``python -m sources.kafka``; again: what changed."""

import os
import sys

from migrations.plain import plain
from sources.kafka import TopicsError, make_topics


def main() -> int:
    """Make the topics; on failure print one sentence to stderr and return 1."""
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "")
    if not bootstrap:
        print("Error: KAFKA_BOOTSTRAP is not set: give the address of Kafka, host:port.", file=sys.stderr)
        return 1
    try:
        made = make_topics(bootstrap)
    except TopicsError as error:
        print(f"Error: {plain(str(error))}", file=sys.stderr)
        return 1
    print(f"Made {', '.join(made)}." if made else "All topics are there.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
