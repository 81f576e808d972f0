#!/usr/bin/env bash
# Uses the program in unusual environments and prints one line each: tests/faults/interruptions.sh [ROW...]
# Takes some minutes; needs a built command line (dotnet build src/BatchEval.Cli) and eng/restore.sh. The row "full" needs the right to mount a tmpfs.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$root/artifacts/bin/BatchEval.Cli/debug/batcheval.dll
work=$(mktemp -d)
trap 'mountpoint -q "$work/disk" && umount "$work/disk"; rm -rf "$work"' EXIT
unset BATCHEVAL_STORE AzureWebJobsStorage
spec() { # FILE NAME MODEL
  cat >"$1" <<JSON
{ "name": "$2", "model": "$3", "seed": 3, "budget": { "networkCalls": 3 },
  "search": { "population": 4, "generations": 4, "elites": 2, "mutants": 2, "crossovers": 1, "rungs": [64] },
  "validation": { "samples": 64, "elites": 1 }, "final": { "samples": 64, "images": 2 },
  "reference": { "steps": 4, "samples": 8 }, "baselines": ["trailing"], "execution": { "unitEvaluations": 300, "cellSamples": 16, "batchSize": 16 } }
JSON
}
batcheval() { dotnet "$program" "$@"; }
say() { printf '| %s | %s |\n' "$1" "$2"; }
wanted() { [[ $# -gt 0 && ( ${#rows[@]} -eq 0 || " ${rows[*]} " == *" $1 "* ) ]]; }
rows=("$@")
cd "$work" || exit 1
spec spec.json interruptions "$root/samples/digits"
export BATCHEVAL_DATA=$work/data
batcheval run spec.json --out expected >expected.log 2>&1 || { cat expected.log; exit 1; }
same() { cmp -s "$work/expected/leaderboard.json" "$1/leaderboard.json" && cmp -s "$work/expected/best/schedule.json" "$1/best/schedule.json"; }
traces() { grep -qE '^   at |Unhandled exception' "$@"; }
verdict() { # EXPECTED CODE FOLDER LOGS...
  local expected=$1 code=$2 folder=$3; shift 3
  [[ $code == "$expected" ]] || { echo "FAILED: exit code $code in place of $expected"; return; }
  traces "$@" && { echo "FAILED: a stack trace"; return; }
  [[ -z $folder ]] || same "$folder" || { echo "FAILED: another result"; return; }
  echo "exit code $code${folder:+, the same bytes}"
}

if wanted twice; then
  export BATCHEVAL_DATA=$work/twice
  batcheval run spec.json --out a >a.log 2>&1 & one=$!
  batcheval run spec.json --out b >b.log 2>&1; second=$?
  wait $one; first=$?
  say "the same run started twice at once" "$(verdict 0 $((first + second)) a a.log b.log); $(verdict 0 0 b b.log); $(grep -ohE '[0-9]+ units done' a.log b.log | paste -sd+ | sed 's/+/ and /')"
fi

if wanted two; then
  export BATCHEVAL_DATA=$work/two
  spec other.json other "$root/samples/digits"
  batcheval run spec.json --out a >a.log 2>&1 & one=$!
  batcheval run other.json --set seed=4 --out b >b.log 2>&1; second=$?
  wait $one; first=$?
  say "two runs at once in one checkout" "$(verdict 0 $((first + second)) a a.log b.log)"
fi

if wanted home; then
  HOME=/dev/null/none DOTNET_CLI_HOME=/dev/null/none BATCHEVAL_DATA=$work/home batcheval run spec.json --out h >h.log 2>&1
  say "a home that cannot be written" "$(verdict 0 $? h h.log)"
  BATCHEVAL_DATA=/proc/batcheval batcheval run spec.json >h.log 2>&1
  say "a data folder that cannot be made" "$(verdict 2 $? "" h.log): \`$(grep -m1 '^error' h.log)\`"
fi

if wanted unicode; then
  strange="$work/ein Ördner ✓ '\$x'"
  mkdir -p "$strange" && cp -r "$root/samples/digits" "$strange/digits ß" && spec "$strange/spec ü.json" interruptions "digits ß"
  (cd "$strange" && BATCHEVAL_DATA="$strange/data 数" batcheval run "spec ü.json" --out "out ñ") >u.log 2>&1
  say "spaces, quotes and Unicode in every path" "$(verdict 0 $? "$strange/out ñ" u.log)"
fi

if wanted directory; then
  mkdir -p deep/er && spec deep/spec.json interruptions ../digits && ln -s "$root/samples/digits" digits
  (cd deep/er && batcheval run ../spec.json --out ../../c) >c.log 2>&1
  say "another working directory, relative paths" "$(verdict 0 $? c c.log)"
  (cd / && batcheval run "$work/spec.json" --out "$work/d") >d.log 2>&1
  say "working directory /" "$(verdict 0 $? d d.log)"
fi

if wanted pipes; then
  export BATCHEVAL_DATA=$work/data
  NO_COLOR=1 script -qec "dotnet '$program' show latest" /dev/null >n.log 2>&1 </dev/null
  say "NO_COLOR on a terminal" "$(verdict 0 $? "" n.log), $(grep -qP '\x1b\[[0-9;]*3[0-9]m' n.log && echo "FAILED: colours" || echo "no colours")"
  batcheval show latest --json 2>p.log | head -c 10 >/dev/null
  say "a pipe that is closed early" "$(verdict 0 0 "" p.log)$([[ -s p.log ]] && echo ", says: $(head -c 200 p.log)")"
  batcheval show latest </dev/null 2>&1 | cat >q.log
  say "output into a pipe" "$(verdict 0 0 "" q.log), $(grep -q $'\x1b' q.log && echo "FAILED: control codes" || echo "no control codes")"
fi

if wanted interrupt; then
  # After that many seconds, or when a line comes by that names the stage.
  for stage in 0.3 "Networks run" "Starting run" reference "search, generation 1" "search, generation 3" validation final; do
    export BATCHEVAL_DATA=$work/int
    rm -rf "$BATCHEVAL_DATA" i i.log
    : >i.log
    # A background job of a script ignores SIGINT otherwise.
    env --default-signal=INT dotnet "$program" run spec.json --out i >>i.log 2>&1 & one=$!
    if [[ $stage =~ ^[0-9.]+$ ]]; then sleep "$stage"; else until grep -q "$stage" i.log || ! kill -0 $one 2>/dev/null; do sleep 0.02; done; fi
    kill -INT $one 2>/dev/null || { wait $one; say "Ctrl-C at '$stage'" "over before it was seen"; continue; }
    wait $one; code=$?
    traces i.log && say "Ctrl-C at '$stage'" "FAILED: a stack trace"
    batcheval run spec.json --out i >j.log 2>&1
    say "Ctrl-C at '$stage'" "exit code $code: \`$(grep -v '%' i.log | tail -1 | sed 's/run surr[^ ]*/run …/')\`; the same command: $(verdict 0 $? i j.log)"
  done
fi

if wanted serve; then
  export BATCHEVAL_DATA=$work/serve
  env --default-signal=INT dotnet "$program" serve --port 0 --models "$root/samples" >s.out 2>s.log & one=$!
  until grep -q Listening s.out; do sleep 0.1; done
  address=$(awk '{ print $3 }' s.out)
  sed 's|"model": "[^"]*"|"model": "digits"|' spec.json | curl -s -H 'Content-Type: application/json' --data-binary @- "${address%/}/api/runs" >posted.json
  until grep -q begins s.log; do sleep 0.05; done
  kill -9 "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["pid"])' "$BATCHEVAL_DATA/batcheval.json")"
  until grep -qE 'has finished|^error' s.log || ! kill -0 $one 2>/dev/null; do sleep 0.2; done
  kill -INT $one; wait $one; code=$?
  say "serve whose Azurite is killed in the midst of a run, then Ctrl-C" "$(verdict 0 $code "" s.log): \`$(grep -m1 'Azurite' s.log)\` $(grep -o 'has finished' s.log)"
fi

if wanted full; then
  mkdir -p disk
  if mount -t tmpfs -o size=2400k tmpfs disk 2>/dev/null; then
    export BATCHEVAL_DATA=$work/disk/data
    head -c 2000k /dev/zero >disk/filler
    batcheval run spec.json --out f >f.log 2>&1; code=$?
    say "a disk that fills up" "$(verdict 1 $code "" f.log): \`$(grep -m1 'refuses' f.log | sed 's/_cells[^:]*/…/')\`"
    rm disk/filler
    batcheval run spec.json --out f >g.log 2>&1
    say "the same command after space was made" "$(verdict 0 $? f g.log)"
  else
    say "a disk that fills up" "not tried: no right to mount a tmpfs"
  fi
fi
