#!/usr/bin/env bash
# Mutation testing of Core's Sampling, Metrics and Randomness: dotnet-stryker makes the mutants, mutants.cs runs them (docs/mutation-testing.md).
#   eng/mutation/run.sh                              all files
#   eng/mutation/run.sh Sampling/Solvers,Psnr        files whose path contains one of these
# Results are kept in artifacts/mutation/results.jsonl; the same command goes on where it stopped. Delete the folder after a change of sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/artifacts/mutation
bin=$PWD/artifacts/bin/BatchEval.Core.Tests/release
mkdir -p "$here/shim"
# The analysis of projects gives up after 10 s of a busy machine otherwise.
export DOTNET_INFO_WAIT_TIME=300000

[[ -x $here/tools/dotnet-stryker ]] || dotnet tool install dotnet-stryker --tool-path "$here/tools" --version 5.1.0

# Stryker mutates the assembly beside the tests and, asked to open its report in a browser (here a command that does nothing), writes the list of mutants before it
# runs the first one. Then it is stopped: its own runs start a test host per mutant, which takes seconds. The tests named are a few that its analysis begins with.
if [[ ! -f $here/mutation-report.json ]]; then
  rm -rf "$here/mutated" "$here/reports" "$bin"
  ln -sf "$(type -P true)" "$here/shim/xdg-open"
  (cd tests/BatchEval.Core.Tests && PATH=$here/shim:$PATH exec "$here/tools/dotnet-stryker" --output "$here" --open-report:html --test-case-filter FullyQualifiedName~HypervolumeTests) &
  stryker=$!
  report=$here/reports/mutation-report.html
  until grep -q '</html>' "$report" 2>/dev/null; do
    kill -0 $stryker 2>/dev/null || { echo "dotnet-stryker ended without a list of mutants" >&2; exit 1; }
    sleep 1
  done
  cp -r "$bin" "$here/mutated"
  kill -INT $stryker
  wait $stryker || true
  rm -rf "$bin"
  sed -n 's/^ *app\.report = \(.*\);\r*$/\1/p' "$report" | sed 's/<" + "/</g' | grep . > "$here/mutation-report.json.part"
  mv "$here/mutation-report.json.part" "$here/mutation-report.json"
fi

dotnet run eng/mutation/mutants.cs -- "$here/mutated" "$here/mutation-report.json" "$here/results.jsonl" Sampling,Metrics,Randomness "$@"
