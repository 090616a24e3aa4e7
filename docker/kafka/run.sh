#!/usr/bin/env bash
# Starts the Kafka broker of docker-compose.yml: by the image's own programs, with the settings that it shares with the
# embedded one and those of the container. At the first start it makes the data folder.
#
# The image's entry script is left out: it writes beside Kafka's programs, which are on a root that is read-only.
# Reads: BROKER_ADDRESS (host:port, as its clients reach it), BROKER_CONTROLLER_PORT, BROKER_DATA, BROKER_PROGRAMS
# (folders).
# Writes: the data folder, and /tmp.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

settings=$(mktemp)
cat server.properties - >"$settings" <<END
listeners=PLAINTEXT://0.0.0.0:${BROKER_ADDRESS##*:},CONTROLLER://127.0.0.1:$BROKER_CONTROLLER_PORT
advertised.listeners=PLAINTEXT://$BROKER_ADDRESS
controller.quorum.voters=1@127.0.0.1:$BROKER_CONTROLLER_PORT
log.dirs=$BROKER_DATA
END
if ! [ -e "$BROKER_DATA/meta.properties" ]; then
    cluster=$("$BROKER_PROGRAMS/kafka-storage.sh" random-uuid)
    "$BROKER_PROGRAMS/kafka-storage.sh" format --cluster-id "$cluster" --config "$settings"
fi
exec "$BROKER_PROGRAMS/kafka-server-start.sh" "$settings"
