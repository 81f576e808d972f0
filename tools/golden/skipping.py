"""The released skipping rule of AdaptiveDiffusion on a recorded trajectory: a plain transcription of its description.

Input: latents L[0..T-1] after every scheduler update (the start noise is not among them), one tensor per step. Because the
trajectory is recorded, it does not depend on the decisions: only the decision rule itself is under test. A second set of
cases runs the rule in the loop, where a skipped step reuses the last prediction and so changes what follows.
"""
import math

import numpy as np

import common

WARM_UP = 4  # steps 0..3 always run


class Rule:
    """Decides, after each step, whether the network runs at the next one."""

    def __init__(self, threshold, most):
        self.threshold, self.most = threshold, most
        self.latents, self.mask = [], []

    def after_step(self, latent):
        self.latents.append(latent)
        if len(self.latents) < WARM_UP:
            return True
        change = [float(np.mean(np.abs(b - a))) for a, b in zip(self.latents[-4:-1], self.latents[-3:])]
        oldest, previous, current = change
        if len(self.mask) > 4 and not any(self.mask[-self.most:]):
            run = True
        elif abs((current + oldest) / 2 - previous) <= previous * self.threshold:
            run = False
        else:
            run = True
        self.mask.append(run)
        return run


def decide(latents, threshold, most):
    """Which steps run the network: the first four, then what the rule said after the step before."""
    rule, runs, run = Rule(threshold, most), [], True
    for latent in latents:
        runs.append(run)
        run = rule.after_step(latent)
    return runs


def recorded(steps=50, size=64):
    """A smooth synthetic trajectory: exponential approach plus slow waves plus a little grain."""
    random = np.random.RandomState(99)
    start, end, phase = random.randn(size), 0.6 * random.randn(size), random.rand(size) * 6.28
    out = []
    for k in range(steps):
        u = (k + 1) / steps
        mix = 0.5 - 0.5 * math.cos(math.pi * u)
        wave = 0.12 * np.sin(2.5 * math.pi * u + phase) + 0.03 * np.sin(9 * math.pi * u * u + 2 * phase)
        out.append(((1 - mix) * start + mix * end + wave + 0.0015 * random.randn(size)).astype(np.float32))
    return np.stack(out)


def in_loop(threshold, most, steps=50):
    """DDIM on the toy network of solvers.py; a skipped step uses the last prediction with the current state and time."""
    bars = common.alpha_bar()
    grid = np.round(np.arange(1000, 0, -1000 / steps)).astype(int) - 1
    x = np.array([-1.8, -0.9, -0.35, 0.0, 0.2, 0.65, 1.3, 2.4])
    rule, run, runs, kept = Rule(threshold, most), True, [], None
    for k, t in enumerate(grid):
        a, b = bars[t], (bars[grid[k + 1]] if k + 1 < steps else 1.0)
        if run:
            kept = 0.8 * np.sin(x) + 0.1 * t / 1000.0
        runs.append(run)
        x = math.sqrt(b) * (x - math.sqrt(1 - a) * kept) / math.sqrt(a) + math.sqrt(1 - b) * kept
        run = rule.after_step(x)
    return runs, x


def main():
    latents = recorded()
    np.save(common.folder("skipping") / "latents.npy", latents)
    bits = lambda runs: "".join("1" if r else "0" for r in runs)
    cases, loops = [], []
    for threshold in (0.0005, 0.002, 0.004, 0.01, 0.03, 0.1, 10.0):
        for most in (1, 2, 4, 6):
            runs = decide(latents.astype(np.float64), threshold, most)
            cases.append({"threshold": threshold, "maxConsecutive": most, "calls": sum(runs), "runs": bits(runs)})
            print(f"  threshold {threshold} most {most}: {bits(runs)} {sum(runs)}")
    for threshold, most in ((0.01, 4), (0.03, 4), (0.1, 2), (0.3, 6)):
        runs, x = in_loop(threshold, most)
        loops.append({"threshold": threshold, "maxConsecutive": most, "calls": sum(runs), "runs": bits(runs), "final": x})
        print(f"  in the loop, threshold {threshold} most {most}: {bits(runs)} {sum(runs)}")
    common.write(common.folder("skipping") / "masks.json", {
        "source": "tools/golden/skipping.py: the rule as released (scalar mean-absolute step sizes, factor 1/2, four warm-up steps, the forced "
                  "refresh only once more than four decisions were made), over the whole tensor",
        "tolerance": "masks exact, final states 1e-9", "latents": "latents.npy: [50, 64] float32, row k after step k; computed in double",
        "notation": "runs: one character per step, 1 = the network runs", "recorded": cases,
        "loop": {"solver": "ddim, no clamp", "schedule": "linear 1e-4 to 0.02, T = 1000", "timesteps": "trailing, 50: 999, 979 .. 19, then clean",
                 "network": "0.8 * sin(x) + 0.1 * t / 1000", "start": [-1.8, -0.9, -0.35, 0.0, 0.2, 0.65, 1.3, 2.4], "cases": loops}})


if __name__ == "__main__":
    main()
