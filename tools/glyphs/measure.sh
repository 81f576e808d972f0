#!/usr/bin/env bash
# Scores every heuristic spacing at its default and at its best end points, and our schedules, on samples/glyphs; FID by own features.
#
#   tools/glyphs/measure.sh OUT        writes OUT/<solver>-<steps>.json, about an hour on two cores; finished files are kept
#   python3 tools/schedules/tables.py DDIM OUT/ddim-*.json   prints a table of samples/glyphs/README.md from them
#
# Best end points are chosen on other noise than the noise that scores. From 50 steps on the end points are the default ones.
set -euo pipefail
out=${1:?usage: measure.sh OUT}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$out"

measure() {
  local solver=$1 steps=$2
  shift 2
  local target=$out/$solver-$steps.json
  if [[ ! -s $target ]]; then
    "$root/run.sh" schedule "$@" --model "$root/samples/glyphs" --label random --solver "$solver" --steps "$steps" --compare --json >"$target.part"
    mv "$target.part" "$target"
  fi
}

for steps in 4 6 2 3 10; do
  for solver in ddim dpmpp-2m; do
    measure "$solver" "$steps" klub-dp --choice-samples "${CHOICE:-320}" --paths 128 --samples "${SAMPLES:-500}"
  done
done
for solver in ddim dpmpp-2m; do
  measure "$solver" 20 klub-dp --choice-samples 320 --paths 64 --samples "${MORE_SAMPLES:-250}"
  for steps in 50 100; do
    measure "$solver" "$steps" trailing --samples "${MORE_SAMPLES:-250}"
  done
done
