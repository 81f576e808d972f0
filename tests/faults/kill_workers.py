#!/usr/bin/env python3
"""Kills workers at random moments and checks that the result is the same bytes and that nothing is computed twice.

    ./run.sh --help >/dev/null                                # builds the tool once
    python3 tests/faults/kill_workers.py                      # local runner, one worker, two workers, and 20 kills of one of two
    python3 tests/faults/kill_workers.py --kills 3 --lease 4  # shorter

Needs what ./run.sh needs, and nothing else. Every line of the table is a run in a new storage account (Azurite: blob, queue and table services).
"""
import argparse, hashlib, json, os, random, re, signal, socket, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # published, the same in every emulator
REDUCED = os.path.join(ROOT, "tests/faults/reduced.json")


class Account:
    """Azurite on free ports, in memory. Its log tells how often a result was stored, and how often one came that was there already."""

    def __init__(self):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.ports = [s.getsockname()[1] for s in sockets]
        for s in sockets:
            s.close()
        arguments = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--loose"]
        for name, port in zip(("blob", "queue", "table"), self.ports):
            arguments += [f"--{name}Host", "127.0.0.1", f"--{name}Port", str(port)]
        script = os.path.join(ROOT, "artifacts/node/node_modules/azurite/dist/src/azurite.js")
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["node", script, *arguments], stdout=self.log, stderr=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        for port in self.ports:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port), 0.2).close()
                    break
                except OSError:
                    time.sleep(0.1)

    @property
    def connection(self):
        names = ("BlobEndpoint", "QueueEndpoint", "TableEndpoint")
        endpoints = ";".join(f"{name}=http://127.0.0.1:{port}/devstoreaccount1" for name, port in zip(names, self.ports))
        return f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};{endpoints}"

    def results(self):
        """(stored, computed although they were there): from the answers to attempts to write a result, which is never written over."""
        self.log.seek(0)
        answers = re.findall(r'"PUT /[^"?]*/_cells/[^"?]*/result\.json[^"]*" (\d+)', self.log.read())
        return answers.count("201"), len(answers) - answers.count("201")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class Worker:
    def __init__(self, options, account, folder, number):
        self.log = os.path.join(folder, f"worker-{number}.log")
        command = [*options.tool, "worker", "--store", account.connection, "--models", os.path.join(ROOT, "samples"), "--parallel", "1", "--lease", str(options.lease)]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        while "has joined" not in self.text() and self.process.poll() is None:
            time.sleep(0.05)

    def text(self):
        with open(self.log) as log:
            return log.read()

    def computed(self):
        return sum(int(n) for n in re.findall(r"(\d+) results computed", self.text()))

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def one_run(options, way, workers, kill_after=None):
    """One run in an account of its own: (way, digest of the leaderboard, counts, seconds)."""
    account, crew = Account(), []
    with tempfile.TemporaryDirectory() as folder:
        try:
            crew = [Worker(options, account, folder, n) for n in range(workers)]
            where = ["--on" if workers else "--store", account.connection]
            command = [*options.tool, "run", REDUCED, *where, "--out", "out", "--json"]
            began = time.monotonic()
            with open(os.path.join(folder, "run.log"), "w") as log:
                run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=folder, text=True)
                if kill_after is not None:
                    while time.monotonic() - began < kill_after and run.poll() is None:
                        time.sleep(0.02)
                    if run.poll() is not None:
                        way += " (it had ended)"
                    random.choice(crew).process.send_signal(signal.SIGKILL)
                output, _ = run.communicate(timeout=3600)
            seconds = time.monotonic() - began
            if run.returncode != 0:
                sys.exit(f"{way}: exit code {run.returncode}\n" + open(os.path.join(folder, "run.log")).read() + "".join(w.text() for w in crew))
            with open(os.path.join(folder, "out", "leaderboard.json"), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()[:12]
            counts = json.loads(output)["evaluations"]
            return way, digest, counts["computed"], counts["reused"], [w.computed() for w in crew], account.results(), seconds
        finally:
            for worker in crew:
                worker.end()
            account.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--lease", type=int, default=6, help="seconds that work is kept for a dead worker")
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments")
    parser.add_argument("--tool", nargs="+", default=["dotnet", os.path.join(ROOT, "artifacts/bin/BatchEval.Cli/release/batcheval.dll")])
    options = parser.parse_args()
    random.seed(options.seed)
    print("| way | leaderboard.json | results of the run | taken from other runs | reported by each worker | stored | computed twice | seconds |\n|---|---|---|---|---|---|---|---|")
    ways = [("local runner", 0, None), ("one worker", 1, None), ("two workers", 2, None)] + [("two workers, one killed", 2, "kill")] * options.kills
    length, reference, failed = 12.0, None, 0
    for way, workers, kill in ways:
        moment = None if kill is None else random.uniform(0.5, 0.9 * length)
        way, digest, results, reused, computed, (stored, twice), seconds = one_run(options, way if moment is None else f"{way} after {moment:.1f} s", workers, moment)
        # Several rounds use the same result, so the run counts more than are stored. What a killed worker stored last, it did not report.
        reference = reference or (digest, results, stored)
        # The machine is not equally busy all the time, and a kill after the end shows nothing.
        length = min(length, seconds) if workers else length
        faults = [word for word, true in (("differs", (digest, results, stored) != reference or reused != 0), ("computed twice", twice > 0)) if true]
        failed += bool(faults)
        remark = "".join(f" **{word}**" for word in faults)
        print(f"| {way} | `{digest}`{remark} | {results} | {reused} | {' + '.join(map(str, computed)) or '-'} | {stored} | {twice} | {seconds:.1f} |", flush=True)
    print(f"\n{failed} of {len(ways)} differ from the local runner or computed something twice.")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
