"""Runs batcheval, and watches the GPU while something runs."""
import json
import os
import shutil
import subprocess
import threading
import time


class Failure(Exception):
    """A check that could not be made; the text is what goes into the report."""


class Tool:
    """The program under test. Only it gets the library path: PyTorch has its own."""

    def __init__(self, program, device, library_path="", threads=1):
        self.program, self.device, self.library_path, self.threads = program, device, library_path, threads

    def run(self, *arguments, environment=None, limit=600):
        """Runs a command and returns its standard output; raises with its last words otherwise."""
        variables = {**os.environ, **(environment or {})}
        if self.library_path:
            variables["LD_LIBRARY_PATH"] = ":".join(p for p in [self.library_path, os.environ.get("LD_LIBRARY_PATH", "")] if p)
        command = [self.program, *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=variables)
        except subprocess.TimeoutExpired:
            raise Failure(f"'{' '.join(command[1:3])}' did not end within {limit} s") from None
        if done.returncode not in (0, 1) or (done.returncode == 1 and not done.stdout.startswith(("{", "["))):
            words = [line for line in done.stderr.strip().splitlines() if line.startswith("error:")] or done.stderr.strip().splitlines()[-3:]
            raise Failure(f"'batcheval {' '.join(command[1:3])}' ended with {done.returncode}: {' '.join(words)[:2000]}")
        return done.stdout

    def benchmark(self, package, *arguments, device=None, limit=600):
        options = ["--device", device or self.device, "--threads", self.threads, "--json"]
        return json.loads(self.run("benchmark", "--model", package, *options, *arguments, limit=limit))


class Monitor:
    """Samples nvidia-smi in the background; without it every answer is None."""

    def __init__(self):
        self.samples, self.process = [], None

    def __enter__(self):
        program = shutil.which("nvidia-smi")
        if program:
            command = [program, "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-lms", "100", "-i", "0"]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            threading.Thread(target=self.read, daemon=True).start()
        return self

    def __exit__(self, *error):
        if self.process:
            self.process.terminate()
            self.process.wait()

    def read(self):
        for line in self.process.stdout:
            try:
                busy, memory = line.split(",")
                self.samples.append((time.time(), float(busy), float(memory)))
            except ValueError:
                continue

    def busy(self, begun, ended):
        """Share of the time in which a kernel ran, in percent, or None."""
        values = [b for t, b, _ in self.samples if begun <= t <= ended]
        return round(sum(values) / len(values), 1) if values else None


def device_facts():
    """What the GPU and its driver call themselves."""
    program = shutil.which("nvidia-smi")
    if not program:
        return None
    query = "name,driver_version,memory.total,compute_cap"
    done = subprocess.run([program, f"--query-gpu={query}", "--format=csv,noheader", "-i", "0"], capture_output=True, text=True, timeout=30)
    return dict(zip(query.split(","), [v.strip() for v in done.stdout.split(",")])) if done.returncode == 0 else None
