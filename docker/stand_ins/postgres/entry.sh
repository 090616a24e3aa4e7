#!/usr/bin/env bash
# Starts PostgreSQL as the official image does: at the first start it makes the data folder and runs the scripts of
# /docker-entrypoint-initdb.d in the order of their names, on a server that listens on its socket only.
#
# Reads: PGDATA, PGHOST (the folder of the socket), POSTGRES_PASSWORD, POSTGRES_DB.
# Writes: the data folder.
set -euo pipefail

echo "$STAND_IN" >&2
if [ "${1:-}" = postgres ]; then
    set -- "$@" -c "unix_socket_directories=$PGHOST"
fi
if [ "${1:-}" != postgres ] || [ -s "$PGDATA/PG_VERSION" ]; then
    exec "$@"
fi

: "${POSTGRES_PASSWORD:?Database is uninitialized and superuser password is not specified.}"
export POSTGRES_DB=${POSTGRES_DB:-postgres} PGPASSWORD=$POSTGRES_PASSWORD
mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
initdb --username=postgres --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"

options=$(printf '%q ' "${@:2}" -c listen_addresses= -p 5432)
pg_ctl --pgdata="$PGDATA" --options="$options" --wait start
run_psql() { psql --no-psqlrc --no-password --username=postgres --set=ON_ERROR_STOP=1 "$@"; }
if [ "$POSTGRES_DB" != postgres ]; then
    run_psql --dbname=postgres --set=db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
fi
for script in /docker-entrypoint-initdb.d/*; do
    case $script in
        *.sql)
            echo "$0: running $script"
            run_psql --dbname="$POSTGRES_DB" --file="$script"
            ;;
        *) echo "$0: ignoring $script" ;;
    esac
done
pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
unset PGPASSWORD
exec "$@"
