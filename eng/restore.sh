#!/usr/bin/env bash
# Makes a fresh checkout ready to build: the node tools under artifacts/node, and the pages, bundled, under artifacts/web. NuGet packages come with the build.
# Quick when nothing is to do.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=$root/artifacts
node=$artifacts/node

die() { printf 'restore: error: %s\n' "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || die "'$1' is needed but not installed"; }

need dotnet; need node; need npm

# At most one run per checkout at a time: agents and editors like to start several.
mkdir -p "$artifacts"
exec 9>"$artifacts/.restore.lock"
if command -v flock >/dev/null; then flock 9; fi

key=$(sha256sum <"$root/eng/package-lock.json")
if [[ ! -f $node/.complete || $(<"$node/.complete") != "$key" ]]; then
  echo 'restore: installing node tools' >&2
  rm -rf "$node"; mkdir -p "$node"
  cp "$root/eng/package.json" "$root/eng/package-lock.json" "$root/eng/.npmrc" "$node/"
  (cd "$node" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier >"$artifacts/npm.log" 2>&1) \
    || { cat "$artifacts/npm.log" >&2; die "npm ci failed"; }
  echo "$key" >"$node/.complete"
fi

# The pages and the script of the reports, bundled from src/web (a second).
web=$artifacts/web
key+=$(cd "$root" && find src/web eng/web.mjs -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
if [[ ! -f $web/.complete || $(<"$web/.complete") != "$key" ]]; then
  echo 'restore: bundling the pages' >&2
  node "$root/eng/web.mjs" "$web" >"$artifacts/web.log" 2>&1 || { cat "$artifacts/web.log" >&2; die "bundling the pages failed"; }
  echo "$key" >"$web/.complete"
fi
