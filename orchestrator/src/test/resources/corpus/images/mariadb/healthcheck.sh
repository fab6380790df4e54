#!/bin/bash
# healthcheck.sh --connect --innodb_initialized, as in the usual image: here both are one question.
exec mariadb --skip-ssl --socket=/run/mysqld/mysqld.sock -u root \
  "-p${MARIADB_ROOT_PASSWORD:-${MYSQL_ROOT_PASSWORD:-}}" -e 'SELECT 1' >/dev/null
