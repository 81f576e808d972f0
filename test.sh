#!/usr/bin/env bash
# Makes the checkout ready, builds it once and runs every test project (or those whose name contains an argument).
# The last line is "N passed, N failed" (and ", N skipped"). Exit code 0 only if tests ran and none failed.
#   ./test.sh                                        all
#   ./test.sh Core.Tests                             one project
#   FILTER=FullyQualifiedName~Solver ./test.sh Core  some tests of it
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

eng/restore.sh || exit 1

projects=()
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  if (($# == 0)); then projects+=("$project"); continue; fi
  for wanted in "$@"; do
    if [[ $name == *"$wanted"* ]]; then projects+=("$project"); break; fi
  done
done
((${#projects[@]})) || { echo "no test project matches: $*" >&2; exit 2; }

results=artifacts/test-results
rm -rf "$results"
mkdir -p "$results"

target=BatchEval.sln
((${#projects[@]} == 1)) && target=${projects[0]}
echo "Building $target"
started=$SECONDS
# The compiler server is worth its memory (several times faster); MSBuild worker processes are not kept.
if ! dotnet build "$target" -m:2 -nodeReuse:false -v quiet -clp:NoSummary >"$results/build.log" 2>&1; then
  sort -u "$results/build.log"
  echo "build failed"
  exit 1
fi
# NU1603 in the generated project of the Functions host's extensions: a newer patch of one of its dependencies was taken.
grep -E ': warning ' "$results/build.log" | grep -v 'WorkerExtensions.csproj : warning NU1603' | sort -u
echo "Built in $((SECONDS - started)) s"

counter() { sed -n 's/.*<Counters .*\b'"$1"'="\([0-9]*\)".*/\1/p' "$2" | head -1; }

skip_reasons() {
  awk '/<UnitTestResult / { skipped = /outcome="NotExecuted"/; name = $0; sub(/.* testName="/, "", name); sub(/".*/, "", name) }
       skipped && /<Message>/ { reason = $0; gsub(/.*<Message>|<\/Message>.*/, "", reason); print "SKIPPED " name ": " reason; skipped = 0 }' "$1" \
    | sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g'
}

noise='^(Data collector .Blame. message: All tests finished|VSTest version|Starting test execution|A total of [0-9]+ test files|Results File:|No test (is available|matches)|Additionally, path to test adapters|  Skipped |$)|\[(SKIP|FAIL)\]$'
passed=0 failed=0 skipped=0 broken=0 skips=""

for project in "${projects[@]}"; do
  name=$(basename "$project" .csproj)
  echo "== $name"
  trx=$results/$name.trx
  # A test that hangs is named and ended; CI has a time limit of its own that names nothing.
  dotnet test "artifacts/bin/$name/debug/$name.dll" --results-directory "$results" \
    --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" \
    --blame-hang-timeout 15m --blame-hang-dump-type none ${FILTER:+--filter "$FILTER"} 2>&1 | grep -vE "$noise"
  status=${PIPESTATUS[0]}
  if [[ ! -f $trx ]]; then
    if ((status != 0)); then
      echo "$name ended with status $status before it reported results"
      broken=1
    fi
    continue
  fi
  total=$(counter total "$trx") ok=$(counter passed "$trx") bad=$(counter failed "$trx")
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + total - ok - bad))
  skips+=$(skip_reasons "$trx"; echo .) skips=${skips%.}
  if ((status != 0 && bad == 0)); then
    echo "$name ended with status $status although no test failed"
    broken=1
  fi
done

printf '%s' "$skips"
if ((passed + failed == 0)); then
  echo "no test ran"
  broken=1
fi
summary="$passed passed, $failed failed"
((skipped)) && summary+=", $skipped skipped"
echo "$summary"
((failed == 0 && broken == 0))
