#!/usr/bin/env bash
# Puts the pieces of prepare.sh together again, finds CUDA's libraries, and runs checks into one JSON file and one Markdown page. Usage:
#   eng/gpu/check.sh [--pieces DIR] [--device cuda|cpu] [--out DIR] [--work DIR] [--budget S] [--small] [--threads N] [--rounds N] [--width N] [check ...]
# Checks: load accuracy throughput-digits throughput-large binding branches sessions graphs; throughput stands for both; default: all.
#   --pieces   folder with batcheval.tgz.NN and SHA256SUMS                 (default: artifacts/gpu/pieces)
#   --device   cuda, or cpu for a dry run of everything that needs no CUDA  (default: cuda)
#   --out      where gpu.json and gpu.md go                                 (default: $OUT, else artifacts/gpu/results)
#   --work     where the program is unpacked, networks are made and the parts of the report lie; checks of earlier calls
#              are in the report, too                                       (default: /tmp/batcheval-<device>)
#   --budget   seconds for all checks together; what does not begin in time is reported so (default: 570)
#   --small    small sizes, for dry runs
#   --threads  threads of both programs on cpu                              (default: 1)
#   --width    width of the large network; 128 has 129 M parameters         (default: 128, with --small 4)
# A check that fails or runs out of time says so in the report and stops no other. Exit code: 0 if all passed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
pieces=$root/artifacts/gpu/pieces
out=${OUT:-$root/artifacts/gpu/results}
work=
device=cuda budget=570 threads=1 rounds=3 width=0
options=() names=()
all=(load accuracy throughput-digits throughput-large binding branches sessions graphs)

# Most seconds of each check.
declare -A limits=([load]=180 [accuracy]=240 [throughput-digits]=420 [throughput-large]=560 [binding]=300 [branches]=300 [sessions]=240 [graphs]=300)

say() { printf 'check: %s\n' "$*" >&2; }
die() { printf 'check: error: %s\n' "$*" >&2; exit 2; }

while (($#)); do
  case $1 in
    --pieces | --device | --out | --work | --budget | --threads | --rounds | --width)
      [[ -n ${2:-} ]] || die "$1 needs a value"
      declare "${1#--}=$2"; shift 2 ;;
    --small) options+=(--small); shift ;;
    throughput) names+=(throughput-digits throughput-large); shift ;;
    *) [[ -n ${limits[$1]:-} ]] || die "unknown check or option '$1'; checks: ${all[*]}"; names+=("$1"); shift ;;
  esac
done
[[ $device =~ ^(cpu|cuda(:[0-9]+)?)$ ]] || die "unknown device '$device'; allowed: cpu, cuda, cuda:<index>"
for number in budget threads rounds width; do [[ ${!number} =~ ^[0-9]+$ ]] || die "--$number is '${!number}'; a whole number is needed"; done
((${#names[@]})) || names=("${all[@]}")
work=${work:-/tmp/batcheval-${device//:/-}}
parts=$work/checks
command -v python3 >/dev/null || die "python3 is needed but not installed"
mkdir -p "$out" "$parts" || die "cannot write to $out and $work"
end=$((SECONDS + budget))

# record NAME OK SECONDS ERROR: what this script itself has to report.
record() {
  python3 - "$parts/$1.json" "$@" <<'EOF'
import json, pathlib, sys
path, name, ok, seconds, error = sys.argv[1:6]
known = json.loads(pathlib.Path(path).read_text()) if pathlib.Path(path).exists() else {}
pathlib.Path(path).write_text(json.dumps({**known, "check": name, "ok": ok == "true", "seconds": float(seconds), "error": error or None}, indent=1))
EOF
}

# Verified piece by piece before anything is unpacked; once unpacked, only when the pieces change.
assemble() {
  local sums=$pieces/SHA256SUMS begun=$SECONDS log
  if [[ ! -f $sums ]]; then
    [[ -x $work/batcheval/batcheval ]] && return
    record assemble false 0 "there is no $sums; run eng/gpu/prepare.sh and bring its pieces here"
    return 1
  fi
  if [[ -x $work/batcheval/batcheval && -f $work/SHA256SUMS ]] && cmp -s "$sums" "$work/SHA256SUMS"; then return; fi
  if ! log=$(cd "$pieces" && sha256sum --check --quiet SHA256SUMS 2>&1); then
    record assemble false $((SECONDS - begun)) "pieces are missing or damaged: ${log//$'\n'/; }"
    return 1
  fi
  rm -rf "$work/batcheval" "$work/SHA256SUMS"
  # shellcheck disable=SC2046 # the names come from the list and hold no blanks
  if ! (cd "$pieces" && cat $(awk '{ print $2 }' SHA256SUMS)) | tar -xzf - -C "$work"; then
    record assemble false $((SECONDS - begun)) "the pieces could not be unpacked into $work"
    return 1
  fi
  cp "$sums" "$work/SHA256SUMS"
  record assemble true $((SECONDS - begun)) ""
}

library_path=""
libraries() {
  [[ $device == cpu ]] && return
  local document=$parts/libraries.json
  timeout -k 5 60 python3 "$here/libraries.py" --links "$work/links" >"$document" 2>"$work/libraries.log" || say "libraries: some were not found; the checks say what that means"
  [[ -s $document ]] || { record libraries false 0 "$(tail -1 "$work/libraries.log")"; return; }
  library_path=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["libraryPath"])' "$document") || library_path=""
}

run() {
  local name=$1 left=$((end - SECONDS)) limit=${limits[$1]} begun=$SECONDS status=0
  rm -f "$parts/$name.json"
  if ((left < 15)); then record "$name" false 0 "not begun: the $budget s of --budget were used up"; return; fi
  ((limit < left)) || limit=$left
  say "$name (at most $limit s)"
  timeout -k 10 "$limit" python3 "$here/checks.py" "$name" --tool "$work/batcheval/batcheval" --device "$device" --library-path "$library_path" \
    --threads "$threads" --rounds "$rounds" --width "$width" --work "$work" --out "$parts/$name.json" "${options[@]}" >"$parts/$name.log" 2>&1 || status=$?
  if ((status == 124 || status == 137)); then
    record "$name" false $((SECONDS - begun)) "ended after $limit s, its limit; rows measured until then are kept"
  elif [[ ! -s $parts/$name.json ]]; then
    record "$name" false $((SECONDS - begun)) "ended with $status: $(tail -1 "$parts/$name.log" | cut -c1-400)"
  fi
}

export PYTHONUNBUFFERED=1
if [[ $device == cpu ]]; then export OMP_NUM_THREADS=$threads; fi
{
  echo "$(date -u +'%Y-%m-%d %H:%M') UTC, device $device, $(nproc --all) processors, load $(cut -d' ' -f1-3 /proc/loadavg)"
  if [[ -f $pieces/manifest.txt ]]; then sed 2q "$pieces/manifest.txt"; fi
} >"$work/header.txt"
if assemble; then
  libraries
  for name in "${names[@]}"; do run "$name"; done
fi
python3 "$here/report.py" "$work" "$out"
