#!/usr/bin/env bash
# Kafka's program of this name: random-uuid, and format.
set -euo pipefail
# Several options.
read -ra options <<<"${KAFKA_LOG4J_OPTS:-}"
exec java -Xmx256m "${options[@]}" -cp '/opt/kafka/libs/*' kafka.tools.StorageTool "$@"
