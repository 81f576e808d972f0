"""The searches behind the tables of docs/sampler-search.md, one command each. Standard library only.

    python3 tools/search/experiments.py run [NAME ...]     runs what has not run yet, in order, into out/search/NAME.json
    python3 tools/search/experiments.py show [NAME ...]    prints the commands
    python3 tools/search/experiments.py table [NAME ...]   prints the tables from the results
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = pathlib.Path(os.environ.get("OUT", ROOT / "out/search"))
PROGRAM = shlex.split(os.environ.get("BATCHEVAL", str(ROOT / "run.sh")))
COMMON = ["baselines=[]", "reference.samples=4"]


def rows() -> dict[str, list[str]]:
    def method(name: str, generations: int) -> list[str]:
        return [f"search.method={name}", "search.interval=4", f"search.generations={generations}", "search.patience=20"]

    def brief(*sets: str) -> list[str]:
        return [*sets, "search.generations=16"]

    return {
        "digits": [],
        "digits a tenth": ["search.generations=14"],
        "digits 3": brief("budget.networkCalls=3"),
        "digits 6": brief("budget.networkCalls=6"),
        "digits 10": brief("budget.networkCalls=10"),
        "digits ddim": brief("solver=ddim"),
        "digits unipc": brief("solver=unipc"),
        "digits evolution": method("evolution", 20),
        "digits random": method("random", 20),
        "digits pattern": method("pattern", 8),
        "digits half steps": ["search.generations=24", "search.stepSize=0.5"],
        "glyphs": [],
        "glyphs half steps": ["search.generations=24", "search.stepSize=0.5"],
    }


def command(name: str) -> list[str]:
    sets = COMMON + rows()[name]
    return ["run", f"samples/{name.split()[0]}/search.json", *(word for s in sets for word in ("--set", s))]


def result(name: str) -> pathlib.Path:
    return OUT / f"{name.replace(' ', '-')}.json"


def run(name: str) -> None:
    if not result(name).exists():
        OUT.mkdir(parents=True, exist_ok=True)
        print(name, flush=True)
        done = subprocess.run([*PROGRAM, *command(name), "--json", "--out", str(result(name).with_suffix(""))], cwd=ROOT, stdout=subprocess.PIPE)
        if done.returncode == 0:
            result(name).write_bytes(done.stdout)
        else:
            print(f"{name}: exit code {done.returncode}", flush=True)


def table(names: list[str]) -> None:
    done = {name: json.loads(result(name).read_text()) for name in names if result(name).exists()}
    columns = [("FID", "fid", 2), ("held-out FID", "fid-held-out", 2), ("KID x100", "kid", 2), ("precision", "precision", 3), ("recall", "recall", 3),
               ("FID, second network", "fid-second", 2), ("mean", "pixel-mean", 1), ("contrast", "contrast", 1)]
    print("| | " + " | ".join(title for title, _, _ in columns) + " | calls of the run |")
    print("|---" * (len(columns) + 2) + "|")
    for name, document in done.items():
        best = document["best"]
        cells = [value(best, member, digits, 100 if "100" in title else 1) for title, member, digits in columns]
        print(f"| {name} | " + " | ".join(cells) + f" | {document['evaluations']['networkCalls']:,} |")


def value(score: dict, metric: str, digits: int, factor: float) -> str:
    found = score["metrics"].get(metric)
    if found is None:
        return ""
    return f"{factor * found['value']:.{digits}f}" + (f" ± {factor * found['error']:.{digits}f}" if found.get("error") is not None else "")


def main(verb: str, *names: str) -> None:
    chosen = list(names) or list(rows())
    if verb == "run":
        for name in chosen:
            run(name)
    elif verb == "show":
        for name in chosen:
            print("./run.sh " + shlex.join(command(name)))
    else:
        table(chosen)


if __name__ == "__main__":
    main(*sys.argv[1:])
