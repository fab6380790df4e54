#!/bin/bash
# First start: makes the data directory, the database and its user.
set -euo pipefail
data=/var/lib/mysql
root=${MARIADB_ROOT_PASSWORD:-${MYSQL_ROOT_PASSWORD:-}}
name=${MARIADB_DATABASE:-${MYSQL_DATABASE:-}}
user=${MARIADB_USER:-${MYSQL_USER:-}}
password=${MARIADB_PASSWORD:-${MYSQL_PASSWORD:-}}
install -d -o mysql -g mysql /run/mysqld "$data"
init=()
if [ ! -d "$data/mysql" ]; then
  mariadb-install-db --user=mysql --datadir="$data" --skip-test-db >/dev/null
  {
    echo "ALTER USER root@localhost IDENTIFIED BY '$root';"
    [ -z "$name" ] || echo "CREATE DATABASE IF NOT EXISTS \`$name\`;"
    if [ -n "$user" ]; then
      echo "CREATE USER '$user'@'%' IDENTIFIED BY '$password';"
      echo "GRANT ALL ON \`$name\`.* TO '$user'@'%';"
    fi
  } >/run/mysqld/first.sql
  chown mysql /run/mysqld/first.sql
  init=(--init-file=/run/mysqld/first.sql)
fi
exec "$@" --user=mysql --datadir="$data" --socket=/run/mysqld/mysqld.sock --bind-address=0.0.0.0 "${init[@]}"
