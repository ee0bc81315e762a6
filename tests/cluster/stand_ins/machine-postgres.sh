#!/bin/bash
# PostgreSQL by the settings of the official image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, and files of SQL that run once.
set -euo pipefail
umask 0077
export PGDATA=${PGDATA:-/var/lib/postgresql/18/docker}
user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
if [ ! -e "$PGDATA/initialized" ]; then
  rm -rf "${PGDATA:?}"
  mkdir -p "$(dirname "$PGDATA")"
  initdb --username="$user" --pwfile=<(echo "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --pgdata="$PGDATA"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl start --wait --pgdata="$PGDATA" --options="-c listen_addresses='' -c unix_socket_directories=/tmp"
  [ "$database" = postgres ] || createdb --host=/tmp --username="$user" "$database"
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -e "$file" ] || psql --host=/tmp --username="$user" --dbname="$database" --set=ON_ERROR_STOP=1 --file="$file"
  done
  pg_ctl stop --wait --mode=fast --pgdata="$PGDATA"
  touch "$PGDATA/initialized"
fi
[ "${1:-postgres}" != postgres ] || shift
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
