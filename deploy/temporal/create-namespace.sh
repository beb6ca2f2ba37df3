#!/bin/sh
# Waits until the server serves, then makes the namespace or gives an existing one its retention. The temporal CLI itself
# reads TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

: "${TEMPORAL_ADDRESS:?host:port of the Temporal server}" "${TEMPORAL_NAMESPACE:?name of the namespace}"
cli=${TEMPORAL_CLI:-temporal}
retention=${NAMESPACE_RETENTION:-30d}
attempts=${NAMESPACE_ATTEMPTS:-120}

# until_true WHAT COMMAND...: tries once a second; the last failure is shown.
until_true() {
  what=$1
  shift
  attempt=1
  until answer=$("$@" 2>&1); do
    if [ "$attempt" -ge "$attempts" ]; then
      echo "$what failed $attempts times at $TEMPORAL_ADDRESS; the last time: $answer" >&2
      exit 1
    fi
    attempt=$((attempt + 1))
    sleep 1
  done
}

until_true 'the health check' "$cli" operator cluster health
if "$cli" operator namespace describe >/dev/null 2>&1; then
  "$cli" operator namespace update --retention "$retention"
else
  "$cli" operator namespace create --retention "$retention"
fi
# The server learns of a new namespace within seconds; a worker that starts before that is refused.
until_true "listing runs of namespace $TEMPORAL_NAMESPACE" "$cli" workflow list --limit 1
