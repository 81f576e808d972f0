"""How well few samples, and other scores, order candidates around a searched one: Spearman's rank correlation with FID and KID on fresh samples.

    python3 tools/search/order.py glyphs out/search/glyphs.json 30 2048

Disturbs the candidate's numbers by half of the search's first steps (docs/sampler-search.md), scores all on 64 and on 256 common samples, with LPIPS and PSNR to 50 DDIM calls, and on
2048 samples of another seed. About five minutes of one core for 20 candidates and 1024 samples of glyphs.
"""
import json
import random
import sys

from experiments import ROOT
from judge import program

SCALES = {"outputScale": 0.03, "firstDifference": 0.12, "secondDifference": 0.08, "state": 0.04, "data": 0.03}
TIME, TOLD, START, SHARE = 30, 20, 0.05, 0.5


def disturbed(candidate: dict) -> dict:
    def moved(value: float, scale: float) -> float:
        return round(value + SHARE * scale * random.gauss(0, 1), 5)

    steps, before = [], 1000
    for i, step in enumerate(candidate["steps"]):
        numbers = dict(step.get("numbers") or {})
        time = min(before - 1, max(0, round(moved(step["t"], TIME))))
        told = numbers.get("networkTime", step["t"]) - step["t"]
        numbers |= {name: moved(numbers.get(name, 1 if name == "outputScale" else 0), scale) for name, scale in SCALES.items()
                    if not (name == "firstDifference" and i < 1 or name == "secondDifference" and i < 2)}
        numbers["networkTime"] = min(999, max(0, time + round(moved(told, TOLD))))
        if numbers["networkTime"] == time:
            del numbers["networkTime"]
        steps.append({"t": time, "numbers": numbers})
        before = time
    return {"solver": candidate["solver"], "steps": steps, "startScale": moved(candidate.get("startScale", 1), START)}


def scores(model: str, candidates: list[dict], seed: int, samples: int, compared: int) -> list[dict]:
    sets = ["name=order", f"seed={seed}", "search.method=none", "baselines=[]", f"candidates={json.dumps(candidates)}", f"final.samples={samples}", "final.images=0",
            'final.metrics=["kid"]', f"reference.samples={compared}"]
    document = program("run", f"samples/{model}/search.json", *(word for s in sets for word in ("--set", s)))
    found = {tuple(s["t"] for s in score["candidate"]["steps"]) + (score["candidate"].get("startScale", 1),): score
             for score in [document["best"], *document["others"], *document["baselines"]] if score}
    return [found[tuple(s["t"] for s in c["steps"]) + (c["startScale"],)] for c in candidates]


def measured(found: list[dict], metric: str) -> list[float]:
    return [score["metrics"][metric]["value"] for score in found]


def ranks(values: list[float]) -> list[float]:
    return [sum(w < v for w in values) + (sum(w == v for w in values) - 1) / 2 for v in values]


def spearman(a: list[float], b: list[float]) -> float:
    x, y, middle = ranks(a), ranks(b), (len(a) - 1) / 2
    return sum((p - middle) * (q - middle) for p, q in zip(x, y)) / (sum((p - middle) ** 2 for p in x) * sum((q - middle) ** 2 for q in y)) ** 0.5


def main(model: str, path: str, count: str, fresh: str) -> None:
    random.seed(1)
    document = json.loads((ROOT / path).read_text())
    around = document["best"]["candidate"] if "best" in document else document
    candidates = [disturbed(around) for _ in range(int(count))]
    many = scores(model, candidates, 2, int(fresh), 0)
    few, some = scores(model, candidates, 1, 64, 0), scores(model, candidates, 1, 256, 256)
    values, kids = measured(many, "fid"), measured(many, "kid")
    print(f"{count} candidates, FID {min(values):.2f} to {max(values):.2f} on {fresh} fresh samples\n| ordered by | Spearman with FID | with KID |\n|---|---|---|")
    for name, found, member, sign in (("FID, 64 samples", few, "fid", 1), ("FID, 256", some, "fid", 1), ("KID, 64", few, "kid", 1), ("KID, 256", some, "kid", 1),
                                      ("LPIPS to 50 DDIM calls, 256 pairs", some, "lpips", 1), ("PSNR to 50 DDIM calls, 256 pairs", some, "psnr", -1)):
        ordered = [sign * v for v in measured(found, member)]
        print(f"| {name} | {spearman(ordered, values):.2f} | {spearman(ordered, kids):.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
