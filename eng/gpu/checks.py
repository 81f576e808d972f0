"""The checks, one per call, so that none can take another with it.

    checks.py NAME --tool PROGRAM --device cpu|cuda --work DIR --out FILE.json [--small]

Each returns a dictionary; "rows" of it become a table in the report. throughput.py has those that need PyTorch.
"""
import argparse
import json
import pathlib
import sys
import time

import libraries
from tool import Failure, Tool, device_facts

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGITS = ROOT / "samples" / "digits"


class Context:
    def __init__(self, options):
        self.tool = Tool(options.tool, options.device, options.library_path, options.threads)
        self.device, self.small, self.work, self.rounds = options.device, options.small, pathlib.Path(options.work), options.rounds
        self.cuda = options.device.startswith("cuda")
        self.width = options.width or (4 if self.small else 128)

    def package(self, name, dtype):
        """The network's package, exported by PyTorch the first time; digits in float32 need no PyTorch."""
        if (name, dtype) == ("digits", "float32"):
            return DIGITS
        import networks
        return networks.package(name, dtype, self.work / "packages", self.width)


def load(context):
    """Does the provider load, on what, and with which libraries?"""
    found = libraries.find(libraries.folders())
    result = {"device": device_facts(), "libraries": {n: e["full"] for n, e in found.items()}}
    document = context.tool.benchmark(DIGITS, "--measure", "calls", "--batch", 1, "--seconds", 0, limit=170)
    row = document["timings"][0]
    if row["failure"]:
        raise Failure(row["failure"])
    opened = f"session opened in {document['openMilliseconds']:.0f} ms, first timed call {row['milliseconds']:.2f} ms"
    return {**result, "runtime": document["runtime"], "rows": [{"provider": context.device, "ONNX Runtime": document["runtime"], "outcome": opened}]}


def sample(context, device, count, folder, environment=None):
    options = ["--model", DIGITS, "--solver", "ddim", "--steps", 10, "--count", count, "--label", "random", "--device", device]
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.time()
    context.tool.run("sample", *options, "--out", folder / "raw.npy", environment=environment, limit=400)
    seconds = time.time() - begun
    context.tool.run("sample", *options, "--out", folder / "images", environment=environment, limit=400)
    # The features come from the processor both times, so that the sampler is all that differs.
    answer = json.loads(context.tool.run("fid", folder / "images", DIGITS / "ref_stats.npz", "--features", DIGITS, "--json", limit=400))
    return folder / "raw.npy", answer["fid"], seconds


def accuracy(context):
    """The same noise on the processor and on the device: largest difference, difference of the FID."""
    import numpy as np
    count = 24 if context.small else 1000
    base, fid, seconds = sample(context, "cpu", count, context.work / "accuracy" / "cpu")
    reference = np.load(base)
    rows = [{"sampler": "cpu", "images": count, "largest difference": None, "mean difference": None, "FID": fid, "FID difference": None, "seconds with start": round(seconds, 1)}]
    for name, variables in [(context.device, {}), (f"{context.device}, no TF32", {"NVIDIA_TF32_OVERRIDE": "0"})]:
        raw, other, seconds = sample(context, context.device, count, context.work / "accuracy" / name.replace(", ", "-").replace(" ", "-"), variables)
        difference = np.abs(np.load(raw).astype(np.float64) - reference)
        rows.append({"sampler": name, "images": count, "largest difference": float(difference.max()), "mean difference": float(difference.mean()),
                     "FID": other, "FID difference": other - fid, "seconds with start": round(seconds, 1)})
    if not all(np.isfinite(r["FID"]) for r in rows):
        raise Failure(f"an FID is not finite: {[r['FID'] for r in rows]}")
    return {"rows": rows}


def subjects(context):
    """What the smaller checks run on: digits always, the large network where PyTorch can export it."""
    yield "digits", DIGITS
    try:
        yield "large", context.package("large", "float32")
    except ImportError as error:
        print(f"without the large network: {error}", file=sys.stderr)


def binding(context):
    """What bound values save, call by call and in whole loops, and whether anything is copied on the way."""
    rows = []
    for name, package in subjects(context):
        batches = "2" if context.small else "1,64" if name == "large" else "1,64,1024"
        seconds = 0.2 if context.small else 1.5
        document = context.tool.benchmark(package, "--measure", "calls,bound,engine,device-loop", "--batch", batches, "--seconds", seconds, "--profile", limit=280)
        profiles = {p["measure"]: p for p in document["profiles"]}
        for row in document["timings"]:
            p = profiles.get(row["measure"])
            rows.append({"network": name, "batch": row["batch"], "measure": row["measure"], "ms": row["milliseconds"], "samples/s": row["perSecond"],
                         "copies in the graph per call": p and p["copies"], "operators by provider": p and p["nodes"], "failure": row["failure"]})
    return {"rows": rows}


def branches(context):
    """What gates (operators If) cost against the plain network, and copies that they bring."""
    rows = []
    for name, package in subjects(context):
        batch = 2 if context.small else 64
        rounds = 3 if context.small else 15
        for row in json.loads(context.tool.run("model", "compare", package, "--batch", batch, "--rounds", rounds, "--device", context.device, "--json", limit=280)):
            rows.append({"network": name, "batch": batch, "execution": row["execution"], "ms": row["milliseconds"], "of plain": row["ratio"]})
        document = context.tool.benchmark(package, "--measure", "calls,bound", "--batch", batch, "--seconds", 0, "--gated", "--profile", limit=280)
        for p in document["profiles"]:
            rows.append({"network": name, "batch": batch, "execution": f"gated, profile of {p['measure']}", "branches per call": p["branches"],
                         "copies in the graph per call": p["copies"], "operators by provider": p["nodes"]})
    return {"rows": rows}


def sessions(context):
    """Memory in use before and after two sessions on the same network, with weights shared in three ways."""
    rows = []
    for name, package in subjects(context):
        document = context.tool.benchmark(package, "--measure", "calls", "--batch", 1, "--seconds", 0, "--memory", "none,host,device", limit=280)
        for entry in document["memory"]:
            readings = {r["when"]: r["mebibytes"] for r in entry["readings"]}
            failure = next((r["failure"] for r in entry["readings"] if r["failure"]), None)
            start = readings.get("before", readings.get("weights read"))
            first, second = readings.get("session 1 called"), readings.get("session 2 called")
            rows.append({"network": name, "weights shared": entry["sharing"], "MiB at the start": start, "after session 1": first, "after session 2": second,
                         "second session takes": second - first if first is not None and second is not None else None, "failure": failure})
    return {"rows": rows}


def graphs(context):
    """What CUDA graphs buy; without CUDA the same calls without them, so that the rest of the way is walked."""
    rows = []
    for name, package in subjects(context):
        batches = "2" if context.small else "1,64"
        common = ["--measure", "bound", "--batch", batches, "--seconds", 0.2 if context.small else 1.5]
        plain = context.tool.benchmark(package, *common, limit=140)["timings"]
        try:
            recorded = context.tool.benchmark(package, *common, *(["--cuda-graph"] if context.cuda else []), limit=140)["timings"]
        except Failure as error:
            rows += [{"network": name, "batch": p["batch"], "bound, ms": p["milliseconds"], "failure": str(error)} for p in plain]
            continue
        for p, r in zip(plain, recorded):
            gain = p["milliseconds"] / r["milliseconds"] if not p["failure"] and not r["failure"] else None
            rows.append({"network": name, "batch": p["batch"], "bound, ms": p["milliseconds"], "CUDA graph, ms": r["milliseconds"] if context.cuda else None,
                         "gain": gain if context.cuda else None, "failure": p["failure"] or r["failure"] or (None if context.cuda else "needs CUDA")})
    return {"rows": rows}


def throughput(name):
    def check(context):
        """Images per second against PyTorch with the same weights, programs in turns; medians, and ratios within each round."""
        import throughput as torch_side
        return torch_side.compare(context, name)
    return check


CHECKS = {"load": load, "accuracy": accuracy, "throughput-digits": throughput("digits"), "throughput-large": throughput("large"),
          "binding": binding, "branches": branches, "sessions": sessions, "graphs": graphs}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("name", choices=CHECKS)
    arguments.add_argument("--tool", required=True)
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--library-path", default="")
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--width", type=int, default=0)
    arguments.add_argument("--work", required=True)
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--small", action="store_true")
    options = arguments.parse_args()
    out = pathlib.Path(options.out)
    context = Context(options)
    context.partial = lambda result: out.write_text(json.dumps({"check": options.name, "ok": False, "error": "stopped before its end", **result}, indent=1))
    begun = time.time()
    try:
        result = {"ok": True, "error": None, **CHECKS[options.name](context)}
        failed = [r["failure"] for r in result.get("rows", []) if r.get("failure") and r["failure"] != "needs CUDA"]
        if failed:
            result["error"] = f"{len(failed)} rows failed: {failed[0][:300]}"
    except Exception as error:  # Whatever it is, it belongs into the report and must not stop the other checks.
        known = json.loads(out.read_text()) if out.exists() else {}
        result = {**known, "ok": False, "error": str(error) if isinstance(error, Failure) else f"{type(error).__name__}: {error}"}
    out.write_text(json.dumps({"check": options.name, "what": CHECKS[options.name].__doc__, "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime(begun)), "seconds": round(time.time() - begun, 1), **result}, indent=1))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
