#!/usr/bin/env bash
# Kafka's program of this name: runs the broker of a file of settings.
set -euo pipefail
echo "$STAND_IN" >&2
# Several options in each.
read -ra options <<<"${KAFKA_HEAP_OPTS:-} ${KAFKA_JVM_PERFORMANCE_OPTS:-} ${KAFKA_LOG4J_OPTS:-}"
exec java "${options[@]}" -cp '/opt/kafka/libs/*' kafka.Kafka "$@"
