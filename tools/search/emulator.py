"""Optimisers compared at no network cost: an emulator of FID around the base of the digits search with 4 calls. Needs torch and numpy.

    python3 tools/search/emulator.py build OUT.npz       54 samplers x 640 samples through the network: two minutes of one core
    python3 tools/search/emulator.py compare OUT.npz     runs CMA-ES with several first step sizes, and prints the FID of its centre

The features of each sample are those of the base plus, for each of the 26 numbers, a linear and a quadratic term from the values one unit to both sides (units as in
docs/sampler-search.md). Products of two numbers are left out; on six random points half a unit away the emulated FID is within 8 % of the measured one, which `build` prints.
As in a search, a generation is compared on 96 common samples with the centre as control variate, measured on all 640 every fourth generation.
"""
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE, NUMBERS, SAMPLES, SEEDS = [649, 535, 325, 114], "tnsab tnswab tnswuab tnswuab k", 640, 8
SCALES = {"t": 30, "n": 20, "s": 0.03, "w": 0.12, "u": 0.08, "a": 0.04, "b": 0.03, "k": 0.05}
KINDS = NUMBERS.replace(" ", "")
STATISTICS = np.load(ROOT / "samples/digits/ref_stats.npz")


def features_of_samplers():
    """The function from 26 numbers in units to features [640, 64] of fixed samples."""
    sys.path[:0] = [str(ROOT / "tools/digits"), str(ROOT / "tools/training")]
    import nets
    import torch

    def load(network, file):
        with np.load(ROOT / "samples/digits" / file) as weights:
            network.load_state_dict({k: torch.tensor(weights[k]) for k in weights.files})
        return network.eval()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    unet, classifier = load(nets.Unet(), "unet_weights.npz"), load(nets.Classifier(), "classifier_weights.npz")
    bars = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    ratio = [np.sqrt(bars[t] / (1 - bars[t])) for t in BASE]
    noise = torch.randn(SAMPLES, 1, 16, 16)

    @torch.no_grad()
    def features(units: np.ndarray) -> np.ndarray:
        steps, at = [dict.fromkeys(SCALES, 0.0) for _ in range(5)], 0
        for i, group in enumerate(NUMBERS.split()):
            for kind in group:
                share = 0.5 if kind in "ab" and i == 3 else min(1, ratio[i]) if kind == "s" else 1
                steps[i][kind] = units[at] * SCALES[kind] * share
                at += 1
        times = [int(np.clip(round(t + s["t"]), 0, 999)) for t, s in zip(BASE, steps)]
        alpha, sigma = [*np.sqrt(bars[times]), 1.0], [*np.sqrt(1 - bars[times]), 0.0]
        logs = [np.log(a / s) if s else np.inf for a, s in zip(alpha, sigma)]
        x, known = noise * (1 + steps[4]["k"]), []
        for i, s in enumerate(steps[:4]):
            told = torch.full((SAMPLES,), float(np.clip(round(times[i] + s["n"]), 0, 999)))
            known.insert(0, ((x - sigma[i] * (1 + s["s"]) * unet(x, told, torch.full((SAMPLES,), 10))) / alpha[i]).clamp(-1, 1))
            phi = alpha[i + 1] * -np.expm1(-(logs[i + 1] - logs[i]))
            half = 0 if i in (0, 3) else 0.5 * (logs[i + 1] - logs[i]) / (logs[i] - logs[i - 1])
            mixed = known[0] + (half * (known[0] - known[1]) if half else 0)
            mixed = mixed + (s["w"] * (known[0] - known[1]) if i > 0 else 0) + (s["u"] * (known[0] - 2 * known[1] + known[2]) if i > 1 else 0)
            x = (sigma[i + 1] / sigma[i] * (1 + s["a"]) if i < 3 else s["a"]) * x + (1 + s["b"]) * phi * mixed
        return classifier(torch.round((x.clamp(-1, 1) + 1) * 127.5) / 127.5 - 1)[0].numpy()

    return features


def moments(features):
    return features.mean(0), np.cov(features.T)


def fid(mean, covariance, factor=np.linalg.cholesky(STATISTICS["sigma"])):
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(factor.T @ covariance @ factor), 0))
    return float(((mean - STATISTICS["mu"]) ** 2).sum() + np.trace(covariance) + np.trace(STATISTICS["sigma"]) - 2 * roots.sum())


class Emulator:
    def __init__(self, f: np.ndarray) -> None:
        f = f.astype(np.float64)
        below, above = f[1::2], f[2::2]
        self.base, self.terms = f[0], np.concatenate([(above - below) / 2, (above + below) / 2 - f[0]])

    def features(self, units, some=slice(None)):
        quadratic = np.minimum(units * units, 4 * np.abs(units))
        return self.base[some] + np.tensordot(np.concatenate([units, quadratic]), self.terms[:, some], 1)

    def fid(self, units):
        return fid(*moments(self.features(units)))


def search(emulator, seed, sigma=1.0, scales=None, population=12, generations=24, samples=96):
    """CMA-ES as Core/Search/Optimisers has it, without bounds and grids; (evaluations, FID of the centre) per generation."""
    random, n = np.random.default_rng(seed), len(KINDS)
    mean, path, step_path, out = np.zeros(n), np.zeros(n), np.zeros(n), []
    covariance = np.diag([(scales or {}).get(kind, (scales or {}).get("*", 1)) ** 2 for kind in KINDS])
    raw, mu = np.log((population + 1) / 2) - np.log(np.arange(1, population + 1)), population // 2
    good, bad = raw[:mu], raw[mu:]
    effective, negative = good.sum() ** 2 / (good ** 2).sum(), bad.sum() ** 2 / (bad ** 2).sum()
    cs = (effective + 2) / (n + effective + 5)
    damping, cc = 1 + 2 * max(0, np.sqrt((effective - 1) / (n + 1)) - 1) + cs, (4 + effective / n) / (n + 4 + 2 * effective / n)
    c1 = 2 / ((n + 1.3) ** 2 + effective)
    cm = min(1 - c1, 2 * (0.25 + effective + 1 / effective - 2) / ((n + 2) ** 2 + effective))
    least = min(1 + c1 / cm, 1 + 2 * negative / (effective + 2), (1 - c1 - cm) / (n * cm))
    weights = np.where(np.arange(population) < mu, raw / good.sum(), least * np.minimum(raw, 0) / -bad.sum())
    expected = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    for g in range(generations):
        if g % 4 == 0:
            control = mean
            many = moments(emulator.features(control))
        values, vectors = np.linalg.eigh(covariance)
        roots = np.sqrt(np.maximum(values, 1e-20))
        deviations = (random.normal(size=(population, n)) * roots) @ vectors.T
        some = random.permutation(SAMPLES)[:samples]
        few = moments(emulator.features(control, some))
        points = [moments(emulator.features(np.clip(mean + sigma * d, -8, 8), some)) for d in deviations]
        ranked = deviations[np.argsort([fid(p[0] + many[0] - few[0], p[1] + many[1] - few[1]) for p in points])]
        moved = weights[:mu] @ ranked[:mu]
        mean = mean + sigma * moved
        step_path = (1 - cs) * step_path + np.sqrt(cs * (2 - cs) * effective) * (vectors @ ((vectors.T @ moved) / roots))
        length = np.linalg.norm(step_path)
        steady = length / np.sqrt(1 - (1 - cs) ** (2 * (g + 1))) < (1.4 + 2 / (n + 1)) * expected
        sigma *= np.exp(min(1, cs / damping * (length / expected - 1)))
        path = (1 - cc) * path + (np.sqrt(cc * (2 - cc) * effective) * moved if steady else 0)
        white = (((ranked @ vectors) / roots) ** 2).sum(1)
        factors = cm * weights * np.where(weights >= 0, 1, n / white)
        covariance = (1 + (0 if steady else c1 * cc * (2 - cc)) - c1 - cm * weights.sum()) * covariance + c1 * np.outer(path, path) + (ranked.T * factors) @ ranked
        out.append(((g + 1) * population, emulator.fid(mean)))
    return out


def build(target: str) -> None:
    features, n = features_of_samplers(), len(KINDS)
    f = [features(np.zeros(n))] + [features(sign * unit) for unit in np.eye(n) for sign in (-1, 1)]
    np.savez(target, f=np.array(f))
    for point in np.random.default_rng(0).normal(size=(6, n)) * 0.5:
        print(f"emulated {Emulator(np.array(f)).fid(point):.3f}, measured {fid(*moments(features(point))):.3f}")


def compare(source: str) -> None:
    emulator = Emulator(np.load(source)["f"])
    print(f"base {emulator.fid(np.zeros(len(KINDS))):.3f}\n| CMA-ES, first steps | 48 evaluations | 96 | 192 | 288 |\n|---|---|---|---|---|")
    small = {"t": 0.3, "n": 0.3, "*": 0.7}
    variants = {
        "1 (the default)": {}, "0.5": {"sigma": 0.5}, "0.3": {"sigma": 0.3}, "0.5, population 8": {"sigma": 0.5, "population": 8, "generations": 36},
        "0.5, 256 samples": {"sigma": 0.5, "samples": 256}, "0.3 of both times, 0.7 of the others": {"scales": small},
        "the same, population 8, 256 samples": {"scales": small, "population": 8, "generations": 36, "samples": 256},
    }
    for name, options in variants.items():
        runs = [dict(search(emulator, seed, **options)) for seed in range(SEEDS)]
        cells = [np.array([run[count] for run in runs]) for count in (48, 96, 192, 288)]
        print(f"| {name} | " + " | ".join(f"{c.mean():.2f} ± {c.std(ddof=1) / np.sqrt(SEEDS):.2f}" for c in cells) + " |", flush=True)


if __name__ == "__main__":
    (build if sys.argv[1] == "build" else compare)(sys.argv[2])
