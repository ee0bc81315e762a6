#!/bin/bash
# Runs PostgreSQL with its data in $PGDATA, and at first creates a role and a database for each NAME=PASSWORD given.
set -euo pipefail
umask 0077
if [ ! -e "$PGDATA/initialized" ]; then
  rm -rf "${PGDATA:?}"  # of a start that was interrupted
  initdb --username=postgres --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --pgdata="$PGDATA"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  {
    echo "alter role postgres password '$PGPASSWORD';"
    for account; do
      echo "create role ${account%%=*} login password '${account#*=}';"
      echo "create database ${account%%=*} owner ${account%%=*};"
    done
  } | postgres --single -D "$PGDATA" postgres
  touch "$PGDATA/initialized"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=300
