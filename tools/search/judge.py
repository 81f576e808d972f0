"""Judges samplers by what a search on FID did not see: a Markdown table. Needs numpy, torch, onnx and PIL, and out/second-MODEL by second_network.py.

    python3 tools/search/judge.py digits "50 DDIM calls" ddim:50 "4 calls, searched" out/search/digits.json ...

A sampler is SOLVER:STEPS (trailing spacing of a thousand training steps), a result of experiments.py, or a candidate as a JSON file or as JSON. All are judged
on the same COUNT samples of seed 77, which no search has seen; features come from the ONNX files node by node (tools/networks/evaluate.py), and the formulas are
written out here again, so the table also checks the program's own. Contrast is the mean standard deviation within an image. OUT/judge-MODEL-NAME.png has the first 32
images. Options of `batcheval sample` go into the variable SAMPLE, for example SAMPLE="--label 3 --guidance 2".
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import numpy as np

from experiments import OUT, PROGRAM, ROOT

sys.path.insert(0, str(ROOT / "tools/networks"))
COUNT, SEED, GROUPS, NEIGHBOURS = int(os.environ.get("COUNT", 2000)), "77", 10, 3
COLUMNS = ("FID", "held-out FID", "FID, second network", "KID x100", "precision", "recall", "mean", "contrast")


def program(*words: str) -> dict:
    done = subprocess.run([*PROGRAM, *words, "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(words)}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def candidate(text: str) -> dict:
    if text.endswith(".json"):
        document = json.loads((ROOT / text).read_text())
        return document["best"]["candidate"] if "best" in document else document
    if text.startswith("{"):
        return json.loads(text)
    solver, steps = text.split(":")
    return {"solver": solver, "steps": [{"t": round(1000 - i * 1000 / int(steps)) - 1} for i in range(int(steps))]}


def images(model: str, chosen: dict) -> np.ndarray:
    extra = shlex.split(os.environ.get("SAMPLE", "--label random" if model == "glyphs" else ""))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "x.npy"
        program("sample", "--model", f"samples/{model}", "--count", str(COUNT), "--seed", SEED, "--candidate", json.dumps(chosen), "--out", str(path), *extra)
        return np.clip(np.rint((np.load(path) + 1) * 127.5), 0, 255).astype(np.uint8)


class Network:
    def __init__(self, path: pathlib.Path, output: str) -> None:
        import onnx
        self.path, self.index = path, [o.name for o in onnx.load(str(path)).graph.output].index(output)

    def features(self, pixels: np.ndarray) -> np.ndarray:
        import evaluate
        parts = [evaluate.run(self.path, {"images": part.astype(np.float32) / 127.5 - 1}) for part in np.array_split(pixels, max(1, len(pixels) // 250))]
        return np.concatenate([p[self.index] for p in parts]).astype(np.float64)


def jackknife(found: np.ndarray, reference: tuple) -> str:
    left_out = [frechet(moments(np.delete(found, part, 0)), reference) for part in np.array_split(np.arange(len(found)), GROUPS)]
    return f"{frechet(moments(found), reference):.2f} ± {np.sqrt((GROUPS - 1) * np.var(left_out)):.2f}"


def kid(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased squared MMD with the kernel (x.y / d + 1)^3, all pairs."""
    def mean(a: np.ndarray, b: np.ndarray, same: bool) -> float:
        k = (a @ b.T / a.shape[1] + 1) ** 3
        return (k.sum() - np.trace(k)) / (len(a) * (len(a) - 1)) if same else k.mean()
    return mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)


def inside(points: np.ndarray, others: np.ndarray) -> float:
    """Share of the points that lie in the ball of one of the others, which reaches to its third neighbour."""
    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0)
    radii = np.sort(distances(others, others), 1)[:, NEIGHBOURS]
    return float((distances(points, others) <= radii[None]).any(1).mean())


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return features.mean(0), np.cov(features.T)


def frechet(a: tuple, b: tuple) -> float:
    roots = np.sqrt(np.maximum(np.linalg.eigvals(a[1] @ b[1]).real, 0))
    return float(((a[0] - b[0]) ** 2).sum() + np.trace(a[1]) + np.trace(b[1]) - 2 * roots.sum())


def sheet(pixels: np.ndarray, path: pathlib.Path) -> None:
    from PIL import Image
    tiles = pixels[:32].transpose(0, 2, 3, 1)
    _, h, w, c = tiles.shape
    grid = tiles.reshape(4, 8, h, w, c).transpose(0, 2, 1, 3, 4).reshape(4 * h, 8 * w, c)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grid[..., 0] if c == 1 else grid).save(path)


def light(pixels: np.ndarray) -> str:
    return f"{pixels.mean():.1f} | {pixels.reshape(len(pixels), -1).std(1).mean():.1f}"


def main(model: str, *named: str) -> None:
    package, folder = ROOT / f"samples/{model}", ROOT / f"out/second-{model}"
    own = Network(package / "features.onnx", "features")
    second = Network(folder / "features.onnx", json.loads((folder / "features.json").read_text())["features"]["output"])
    data, stats = np.load(package / "data.npy"), np.load(package / "ref_stats.npz")
    known, other = own.features(data), moments(second.features(data))
    print("| sampler | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + f"|\n| training images | | | | | | | {light(data)} |", flush=True)
    for name, text in zip(named[::2], named[1::2]):
        pixels = images(model, candidate(text))
        sheet(pixels, OUT / f"judge-{model}-{name.replace(' ', '-').replace(',', '')}.png")
        found = own.features(pixels)
        print(f"| {name} | {jackknife(found, (stats['mu'], stats['sigma']))} | {jackknife(found, (stats['mu_test'], stats['sigma_test']))} "
              f"| {jackknife(second.features(pixels), other)} | {100 * kid(found, known):.2f} | {inside(found, known):.3f} | {inside(known, found):.3f} | {light(pixels)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
