#!/usr/bin/env bash
# Mutation testing of Core's Sampling, Metrics and Randomness: dotnet-stryker makes the mutants, mutants.cs runs them (docs/mutation-testing.md).
#   eng/mutation/run.sh                              all files
#   eng/mutation/run.sh Sampling/Solvers,Psnr        files whose path contains one of these
# Results are kept in artifacts/mutation/results.jsonl; the same command goes on where it stopped. Delete the folder after a change of sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/artifacts/mutation
bin=$PWD/artifacts/bin/BatchEval.Core.Tests/release
mkdir -p "$here"
# The analysis of projects gives up after 10 s of a busy machine otherwise.
export DOTNET_INFO_WAIT_TIME=300000

[[ -x $here/tools/dotnet-stryker ]] || dotnet tool install dotnet-stryker --tool-path "$here/tools" --version 5.1.0

# One test that covers none of the mutants: Stryker only makes them and lists them. Its own runs start a test host per mutant, which takes seconds.
if [[ ! -f $here/reports/mutation-report.json ]]; then
  rm -rf "$here/mutated" "$bin"
  (cd tests/BatchEval.Core.Tests && "$here/tools/dotnet-stryker" --output "$here" --test-case-filter FullyQualifiedName~HypervolumeTests) &
  stryker=$!
  # It puts the mutated assembly beside the tests and takes it away at the end.
  until grep -q MutantControl "$bin/BatchEval.Core.dll" 2>/dev/null; do
    kill -0 $stryker 2>/dev/null || { echo "dotnet-stryker ended without a mutated assembly" >&2; exit 1; }
    sleep 1
  done
  sleep 2
  cp -r "$bin" "$here/mutated"
  wait $stryker
fi

dotnet run eng/mutation/mutants.cs -- "$here/mutated" "$here/reports/mutation-report.json" "$here/results.jsonl" Sampling,Metrics,Randomness "$@"
