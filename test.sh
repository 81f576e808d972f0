#!/usr/bin/env bash
# Makes the checkout ready, builds it once and runs every test project (or those whose name contains an argument).
# The last line is "N passed, N failed" (and ", N skipped"). Exit code 0 only if tests ran and none failed.
#   ./test.sh                 all
#   ./test.sh Core.Tests      one project
#   FILTER='FullyQualifiedName~Solver' ./test.sh Core.Tests
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

eng/restore.sh || exit 1

projects=()
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  if (($# == 0)); then projects+=("$project"); continue; fi
  for wanted in "$@"; do [[ $name == *"$wanted"* ]] && { projects+=("$project"); break; }; done
done
((${#projects[@]})) || { echo "no test project matches: $*" >&2; exit 2; }

target=BatchEval.sln
((${#projects[@]} == 1)) && target=${projects[0]}
echo "Building $target"
# No lingering compiler or MSBuild processes: CI machines and several checkouts share the memory.
dotnet build "$target" -m:2 -nodeReuse:false --disable-build-servers -v quiet -clp:NoSummary || { echo "build failed"; exit 1; }

passed=0 failed=0 skipped=0 broken=0
results=artifacts/test-results
rm -rf "$results"; mkdir -p "$results"
counter() { sed -n 's/.*<Counters .*\b'"$1"'="\([0-9]*\)".*/\1/p' "$2" | head -1; }

for project in "${projects[@]}"; do
  name=$(basename "$project" .csproj)
  echo "== $name"
  log=$results/$name.log trx=$results/$name.trx
  dotnet test "artifacts/bin/$name/debug/$name.dll" --logger "trx;LogFileName=$name.trx" --results-directory "$results" \
    --logger "console;verbosity=minimal" ${FILTER:+--filter "$FILTER"} 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  if [[ ! -f $trx ]]; then
    # A filter that matches nothing here, or a project without tests yet, leaves no results; a crash does so too, but says so by its status.
    if ((status != 0)); then echo "$name ended with status $status before reporting results"; broken=1; fi
    continue
  fi
  total=$(counter total "$trx") ok=$(counter passed "$trx") bad=$(counter failed "$trx")
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + total - ok - bad))
  if ((status != 0 && bad == 0)); then echo "$name ended with status $status"; broken=1; fi
done

summary="$passed passed, $failed failed"
((skipped)) && summary+=", $skipped skipped"
if ((passed + failed == 0)); then echo "no test ran"; broken=1; fi
echo "$summary"
((failed == 0 && broken == 0))
