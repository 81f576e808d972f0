"""The published loop of AutoDiffusion (arXiv 2309.10438, the authors' script for 4 steps) on digits, scored by `batcheval run`, beside a search of ours.

    python3 tools/search/autodiffusion.py 11                    50 candidates and 10 generations of 50: 2.2 million network calls, about half an hour of one core
    python3 tools/search/autodiffusion.py 2 out/search/digits.json   the first two populations, and a result of experiments.py on the same fresh samples

As published: genes are an unsorted list of 4 distinct steps of 1000, so a set in another order is another candidate; crossover may repeat a step, which is then
one step less; survivors are never scored again; 10 survivors, 25 mutants (each gene with chance 0.25), 15 crossovers, the rest drawn at random; 1000 samples, DDIM.
One thing is kinder than published: the candidates of one population share their noise. Each population is one run, so the program goes on where it stopped.
"""
import json
import random
import sys

from judge import program
from experiments import COMMON, ROOT

STEPS, KEPT, POPULATION, MUTANTS, CROSSOVERS, CHANCE, SAMPLES = 4, 10, 50, 25, 15, 0.25, 1000
TRIES = 10


def candidate(genes: list[int]) -> dict:
    return {"solver": "ddim", "steps": [{"t": t} for t in sorted(set(genes), reverse=True)]}


def mutant(parent: list[int], chance: float) -> list[int]:
    child = list(parent)
    for i in range(len(child)):
        if random.random() < chance:
            child[i] = random.choice([t for t in range(1000) if t not in child])
    return child


def drawn() -> list[int]:
    return random.sample(range(1000), STEPS)


def fill(children: list, seen: set, target: int, make, limited: bool = True) -> None:
    """Adds unseen children until there are so many, or until ten tries per child are used up."""
    tries = TRIES * (target - len(children))
    while len(children) < target and (tries > 0 or not limited):
        tries -= 1
        child = make()
        if str(child) not in seen:
            seen.add(str(child))
            children.append(child)


def scores(candidates: list[dict], seed: int, samples: int) -> dict[str, tuple[float, float]]:
    distinct = list({json.dumps(c): c for c in candidates}.values())
    sets = [*COMMON, "name=autodiffusion", f"seed={seed}", "search.method=none", f"candidates={json.dumps(distinct)}", f"final.samples={samples}", "final.images=0"]
    document = program("run", "samples/digits/search.json", *(word for s in sets for word in ("--set", s)))
    found = [s for s in [document["best"], *document["others"], *document["baselines"]] if s]
    return {key(s["candidate"]): (s["metrics"]["fid"]["value"], s["metrics"]["fid"]["error"]) for s in found}


def key(c: dict) -> str:
    return json.dumps([c["solver"], [[s["t"], s.get("numbers")] for s in c["steps"]], c.get("startScale")], sort_keys=True)


def main(populations: str, *ours: str) -> None:
    random.seed(1)
    uniform, seen, top, calls = [0, 250, 500, 750], set(), [], 0
    population: list[list[int]] = []
    fill(population, seen, 1, lambda: list(uniform))
    fill(population, seen, POPULATION // 2 + 1, drawn, limited=False)
    fill(population, seen, POPULATION, lambda: mutant(uniform, 0.1), limited=False)
    for epoch in range(int(populations)):
        known = scores([candidate(g) for g in population], 1000 + epoch, SAMPLES)
        scored = [(known[key(candidate(g))][0], g) for g in population]
        calls += sum(len(set(g)) for g in population) * SAMPLES
        top = sorted(top + scored, key=lambda s: s[0])[:KEPT]
        print(f"population {epoch}: {POPULATION * (epoch + 1)} evaluations, {calls:,} network calls, best {top[0][0]:.3f} on its own samples, {sorted(top[0][1], reverse=True)}", flush=True)
        parents = [g for _, g in top]
        population = []
        fill(population, seen, MUTANTS, lambda: mutant(random.choice(parents), CHANCE))
        fill(population, seen, len(population) + CROSSOVERS, lambda: [random.choice(pair) for pair in zip(random.choice(parents), random.choice(parents))])
        fill(population, seen, POPULATION, drawn, limited=False)
    named = [("published loop", candidate(top[0][1]))] + [(path, json.loads((ROOT / path).read_text())["best"]["candidate"]) for path in ours]
    fresh = scores([c for _, c in named], 77, 2000)
    for name, chosen in named:
        value, error = fresh[key(chosen)]
        print(f"{name}: {value:.2f} ± {error:.2f} on 2000 fresh samples")


if __name__ == "__main__":
    main(*sys.argv[1:])
