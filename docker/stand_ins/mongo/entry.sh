#!/usr/bin/env bash
# Starts the server as MongoDB's image does: at the first start it makes the superuser, and runs the scripts of
# /docker-entrypoint-initdb.d, on a server that listens on this container only.
#
# Reads: MONGO_INITDB_ROOT_USERNAME, MONGO_INITDB_ROOT_PASSWORD, MONGO_INITDB_DATABASE.
# Writes: /data/db.
set -euo pipefail

echo "$STAND_IN" >&2
if [ "${1:-}" != mongod ]; then
    exec "$@"
fi
if ! [ -e /data/db/initialized ]; then
    /opt/stand-in/mongod 127.0.0.1:27017 /data/db &
    server=$!
    # Not as an argument, which the list of processes shows.
    export URL="mongodb://$MONGO_INITDB_ROOT_USERNAME:$MONGO_INITDB_ROOT_PASSWORD@127.0.0.1/$MONGO_INITDB_DATABASE?authSource=admin"
    until mongosh --quiet --eval 'db.adminCommand("ping")' >/dev/null 2>&1; do
        sleep 1
        kill -0 "$server"
    done
    for script in /docker-entrypoint-initdb.d/*.js; do
        # FerretDB has no roles.
        mongosh --quiet --nodb --eval 'db = connect(process.env.URL)' \
            --eval 'db.createUser = user => db.runCommand({ createUser: user.user, pwd: user.pwd, roles: [] })' \
            --file "$script"
    done
    unset URL
    kill "$server"
    wait "$server"
    touch /data/db/initialized
fi
exec /opt/stand-in/mongod 0.0.0.0:27017 /data/db
