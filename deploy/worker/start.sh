#!/bin/sh
# Starts the worker. Without a key and a base URL it uses the emulator at EMULATOR_URL, and its runs say so by their origin.
set -eu

if [ -z "${OPENAI_API_KEY:-}${OPENAI_BASE_URL:-}" ]; then
  export OPENAI_API_KEY=emulator OPENAI_BASE_URL="${EMULATOR_URL:?URL of the emulator, or set OPENAI_API_KEY}"
  export DURABLE_RESEARCH_ORIGIN="emulator:$EMULATOR_URL"
fi

# The worker takes the shell's place, so that SIGTERM reaches it.
exec node dist/worker/main.js
