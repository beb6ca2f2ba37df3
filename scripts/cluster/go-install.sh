#!/bin/sh
# go-install.sh NAME MODULE@VERSION: builds a Go program once a user, as <cache>/NAME, and prints its path.
# Ends with 3 when Go is missing.
set -eu

name=$1 module=$2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/durable-research
program=$cache/$name

if [ ! -x "$program" ]; then
  if ! command -v go >/dev/null; then
    echo "Go is missing, which builds $module from Go modules: https://go.dev/doc/install" >&2
    exit 3
  fi
  echo "building $module, once, some minutes…" >&2
  mkdir -p "$cache"
  # A folder of its own, then one move: a build that is killed leaves no half program behind.
  built=$(mktemp -d "$cache/partial-XXXXXX")
  trap 'rm -rf "$built"' EXIT
  trap 'exit 130' INT TERM
  # The user's own settings fit their projects: they could misplace the program or build it for another machine.
  (cd "$built" && env -u GOFLAGS -u GOOS -u GOARCH -u GOWORK GO111MODULE=on GOBIN="$built" \
    go install -ldflags '-s -w' "$module") >&2
  mv "$built"/* "$program"
fi
echo "$program"
