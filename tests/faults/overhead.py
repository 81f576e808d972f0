#!/usr/bin/env python3
"""What the engine adds to an activity, on Azurite: runs whose results all exist already, locally, with one worker and with two.

    python3 tests/faults/overhead.py

The first run computes; the others, under other names, find every result, so that each of their activities is a few reads of the storage.
"""
import argparse, os, re, subprocess, tempfile, time

from kill_workers import ROOT, REDUCED, Account, Worker

SMALL_UNITS = ["execution.unitEvaluations=1", "execution.cellSamples=8"]


def run(options, account, folder, name, on_workers):
    changes = [word for change in [*SMALL_UNITS, f"name={name}"] for word in ("--set", change)]
    where = ["--on" if on_workers else "--store", account.connection]
    began = time.monotonic()
    subprocess.run([*options.tool, "run", REDUCED, *changes, *where, *([] if on_workers else ["--parallel", "1"])],
                   check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lease", type=int, default=30)
    parser.add_argument("--tool", nargs="+", default=["dotnet", os.path.join(ROOT, "artifacts/bin/BatchEval.Cli/release/batcheval.dll")])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        account, other, crew = Account(), Account(), []
        try:
            alone = run(options, other, folder, "alone", False)
            crew.append(Worker(options, account, folder, 0))
            real = run(options, account, folder, "real", True)
            lines = re.findall(r"round (\d+), unit \d+: \d+ results computed", crew[0].text())
            found_here = run(options, account, folder, "here", False)
            found_one = run(options, account, folder, "one", True)
            crew.append(Worker(options, account, folder, 1))
            found_two = run(options, account, folder, "two", True)
        finally:
            for worker in crew:
                worker.end()
            account.close()
            other.close()
    activities = len(lines) + 2 * (int(lines[-1][0] if isinstance(lines[-1], tuple) else lines[-1]) + 1) + 1
    print(f"{activities} activities ({len(lines)} units)")
    print(f"all results found: local runner {found_here:.1f} s, one worker {found_one:.1f} s, two workers {found_two:.1f} s")
    print(f"overhead per activity: one worker {(found_one - found_here) / activities * 1000:.0f} ms, two workers {(found_two - found_here) / activities * 1000:.0f} ms")
    print(f"a search that computes: local runner {alone:.1f} s, one worker {real:.1f} s: {(real - alone) / real:.0%} is the engine's")


if __name__ == "__main__":
    main()
