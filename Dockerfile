# syntax=docker/dockerfile:1
# One image for the worker and the emulator. Debian, because Temporal's native core needs glibc: never Alpine.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# The build also makes the workflow bundle, so that no worker spends its start on it.
# Of the core's binaries, one for each system, only this system's is kept: the others are 120 MB.
RUN npm run build \
  && npm prune --omit=dev \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM node:20-bookworm-slim
# The core loads the system's certificates even for a connection without TLS and cannot connect where there are none.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/emulator/corpus ./emulator/corpus
COPY --from=build /app/deploy/worker ./deploy/worker
# The heap is about 60 % of a container of 2 GB: the core's memory lies outside of it.
ENV NODE_ENV=production NODE_OPTIONS=--max-old-space-size=1280 DURABLE_RESEARCH_HOME=/data
# The image's user `node`.
USER 1000:1000
# Node itself is the process that gets SIGTERM: no shell, no npm.
CMD ["node", "dist/worker/main.js"]
