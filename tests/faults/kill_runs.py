#!/usr/bin/env python3
"""kill -9 at random moments of runs of every kind, on the local runner and on workers, and a storage that stands still for a minute.

    python3 tests/faults/kill_runs.py                               # 200 kills
    python3 tests/faults/kill_runs.py --kills 10 --kinds skip       # fewer, one kind
    python3 tests/faults/kill_runs.py --kills 0 --pause 60          # no kills; the storage stops for 60 s in the middle of every run

Every kind runs once undisturbed. After that its runs are killed again and again until they end, and must end in the same leaderboard.json, with every
result stored once. Milliseconds of a network call are left out: every account measures them once, and every run here has an account of its own. Counted are kills of a process that was alive. Needs what ./run.sh needs, and the release build of the command line.
"""
import argparse, hashlib, os, random, re, signal, subprocess, sys, tempfile, time

from kill_workers import ROOT, REDUCED, Account, Worker

SAMPLES = os.path.join(ROOT, "samples/digits")
KINDS = {
    "times": (REDUCED, []),
    "sampler": (os.path.join(SAMPLES, "search.json"), [
        "search.population=6", "search.generations=2", "search.rungs=[16,32]", "search.patience=2", "validation.samples=48", "validation.elites=1", "final.samples=96",
        "final.images=2", "reference.steps=10", "reference.samples=32", 'baselines=["trailing"]', "execution.unitEvaluations=100", "budget.networkCalls=3"]),
    "joint": (os.path.join(SAMPLES, "joint.json"), [
        "search.population=4", "search.generations=1", "search.rungs=[16,32]", "validation.samples=24", "final.samples=48", "final.images=2", "reference.steps=10",
        "reference.samples=8", 'baselines=["random-search"]', "execution.unitEvaluations=100", 'budget={"macs":{"share":0.6,"ofSteps":4}}']),
    "skip": (REDUCED, ['search.genes=["times","skip"]']),
    "klub-dp": (REDUCED, ["search.method=klub-dp", "search.rungs=[16,32]", "validation.samples=24", 'baselines=["trailing"]']),
}


class Run:
    """One run in an account of its own, which is begun again as often as it is killed."""

    def __init__(self, options, kind, workers):
        self.options, self.kind, self.folder = options, kind, tempfile.TemporaryDirectory()
        self.account, self.began, self.process = Account(), time.monotonic(), None
        self.crew = [Worker(options, self.account, self.folder.name, n) for n in range(workers)]
        self.started = workers
        self.begin()

    def begin(self):
        file, changes = KINDS[self.kind]
        words = [word for change in changes for word in ("--set", change)]
        where = ["--on" if self.crew else "--store", self.account.connection]
        with open(os.path.join(self.folder.name, "run.log"), "a") as log:
            self.process = subprocess.Popen([*self.options.tool, "run", file, *words, *where, "--out", "out", "--json"],
                                            stdout=subprocess.DEVNULL, stderr=log, cwd=self.folder.name)

    def ended(self):
        return self.process.poll() is not None

    def kill(self):
        """Kills a worker and sends another in its place, or kills the run and begins it again."""
        if not self.crew:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.begin()
            return
        victim = random.randrange(len(self.crew))
        self.crew[victim].end()
        self.crew[victim] = Worker(self.options, self.account, self.folder.name, self.started)
        self.started += 1

    def stand_still(self, seconds):
        """A storage that accepts connections and does not answer, as one that is overloaded."""
        self.account.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.account.process.send_signal(signal.SIGCONT)

    def wait(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        return self.ended()

    def outcome(self):
        """(digest of the leaderboard, results stored, results computed twice)."""
        if not self.wait(3600) or self.process.returncode != 0:
            log = open(os.path.join(self.folder.name, "run.log")).read()
            sys.exit(f"{self.kind}: {self.process.poll()}\n{log}\n" + "".join(w.text() for w in self.crew))
        with open(os.path.join(self.folder.name, "out", "leaderboard.json")) as file:
            measured = re.compile(r' *"milliseconds": [0-9.]+,?\n')
            return (hashlib.sha256(measured.sub("", file.read()).encode()).hexdigest()[:12], *self.account.results())

    def close(self):
        for worker in self.crew:
            worker.end()
        if not self.ended():
            self.process.kill()
            self.process.wait()
        self.account.close()
        self.folder.cleanup()


def disturbed(options, kind, workers, length, allowance):
    """(kills, outcome) of one run."""
    run, kills = Run(options, kind, workers), 0
    try:
        if options.pause:
            if not run.wait(random.uniform(0.2, 0.6) * length):
                run.stand_still(options.pause)
                kills = 1
        else:
            while kills < allowance and not run.wait(random.uniform(0.2, max(2.0, length / 2))):
                run.kill()
                kills += 1
        return kills, run.outcome()
    finally:
        run.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--each", type=int, default=10, help="most kills of one run")
    parser.add_argument("--pause", type=float, default=0, help="instead of kills: seconds for which the storage stands still, once in each run")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--lease", type=int, default=4, help="seconds that work is kept for a dead worker")
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments")
    parser.add_argument("--tool", nargs="+", default=["dotnet", os.path.join(ROOT, "artifacts/bin/BatchEval.Cli/release/batcheval.dll")])
    options = parser.parse_args()
    random.seed(options.seed)
    ways, references, failed, done = [("local runner", 0), ("two workers", 2)], {}, 0, 0
    print("| kind | way | disturbed | leaderboard.json | stored | computed twice | seconds |\n|---|---|---|---|---|---|---|", flush=True)
    while True:
        for kind in options.kinds:
            if kind not in references:
                began, run = time.monotonic(), Run(options, kind, 0)
                try:
                    references[kind] = (run.outcome(), time.monotonic() - began)
                finally:
                    run.close()
                (digest, stored, twice), length = references[kind]
                print(f"| {kind} | local runner | no | `{digest}` | {stored} | {twice} | {length:.1f} |", flush=True)
            for way, workers in ways:
                (digest, stored, _), length = references[kind]
                began = time.monotonic()
                kills, (got, results, twice) = disturbed(options, kind, workers, length, min(options.each, options.kills - done))
                done += kills
                wrong = (got, results, twice) != (digest, stored, 0)
                failed += wrong
                how = f"stood still {options.pause:.0f} s" if options.pause else f"{kills} kills"
                print(f"| {kind} | {way} | {how} | `{got}`{' **wrong**' if wrong else ''} | {results} | {twice} | {time.monotonic() - began:.1f} |", flush=True)
                if done >= options.kills and not options.pause:
                    break
        if options.pause or done >= options.kills:
            break
    print(f"\n{done} {'pauses' if options.pause else 'kills'}; {failed} runs differ from the undisturbed one or computed something twice.")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
