#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date. Run again it changes nothing, so it is also the
# upgrade to a newer server. The tool itself reads SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu

tool=${SQL_TOOL:-temporal-sql-tool}
schemas=${SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}

for part in temporal:temporal temporal_visibility:visibility; do
  database=${part%%:*}
  "$tool" --database "$database" create-database
  "$tool" --database "$database" setup-schema --version 0.0
  "$tool" --database "$database" update-schema --schema-dir "$schemas/${part##*:}/versioned"
done
