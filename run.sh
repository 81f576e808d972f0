#!/usr/bin/env bash
# Makes the checkout ready, builds the command line tool when something changed, and runs it with the given arguments.
# Without arguments: the bundled sample search.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

if (($# == 0)); then
  cd "$root"
  set -- run samples/digits/search.json
fi

"$root/eng/restore.sh"

artifacts=$root/artifacts
tool=$artifacts/bin/BatchEval.Cli/release/batcheval.dll
stamp=$artifacts/.cli-built

# Folders count too: deleting a file changes only its folder's time.
up_to_date() {
  [[ -f $tool && -f $stamp ]] || return 1
  [[ -z $(find "$root/src" "$root"/Directory.*.props "$root/global.json" "$root/.editorconfig" "$artifacts/node/.complete" \
    -newer "$stamp" -print -quit) ]]
}

build() {
  exec 8>"$artifacts/.cli-build.lock"
  if command -v flock >/dev/null; then flock 8; fi
  if up_to_date; then exec 8>&-; return; fi
  echo "Building batcheval (first time, or sources changed) ..." >&2
  # Dated before the build, so that an edit made while it runs is not missed.
  touch "$stamp.new"
  local log=$artifacts/cli-build.log
  if ! (cd "$root" && dotnet build src/BatchEval.Cli/BatchEval.Cli.csproj -c Release -m:2 -nodeReuse:false \
      -v quiet -clp:NoSummary >"$log" 2>&1 8>&-); then
    cat "$log" >&2
    exit 1
  fi
  mv "$stamp.new" "$stamp"
  exec 8>&-
}

up_to_date || build
exec dotnet "$tool" "$@"
