"""The test loops that a widely used diffusion library publishes values for, recomputed from formulas, and the random streams
they need. Prints the comparison; records inputs, streams and results.

The loops: sample = arange(768) / 768 shaped (3,8,8,4) and permuted to (4,3,8,8); network(x, t) = x * t / (t + 1); 10 steps
(DDPM: 1000). Reported are the sum and the mean of absolute values of the last sample.
"""
import math

import numpy as np

import common


class TorchCpuRandom:
    """The stream of PyTorch's CPU generator: MT19937 seeded by the classic recurrence."""

    def __init__(self, seed):
        self.source = np.random.RandomState(seed)

    def words(self, n):
        return self.source.randint(0, 2 ** 32, size=n, dtype=np.uint64)

    def uniform(self, n):
        return ((self.words(n) & 0xFFFFFF).astype(np.float64) / 2 ** 24).astype(np.float32)

    def normal(self, n):
        """float32 normals; blocks of 16 when n >= 16, else pairs from doubles."""
        if n >= 16:
            def block(u):
                with np.errstate(divide="ignore"):
                    r = np.sqrt(np.float32(-2) * np.log(np.float32(1) - u[:8])).astype(np.float32)
                angle = np.float32(2 * math.pi) * u[8:]
                return np.concatenate([r * np.cos(angle), r * np.sin(angle)]).astype(np.float32)

            u = self.uniform(n)
            out = np.empty(n, np.float32)
            for i in range(0, n - 15, 16):
                out[i:i + 16] = block(u[i:i + 16])
            if n % 16:
                out[-16:] = block(self.uniform(16))
            return out
        out = []
        while len(out) < n:
            def double():
                high, low = (int(w) for w in self.words(2))
                return (((high << 32) | low) & (2 ** 53 - 1)) / 2 ** 53
            u1, u2 = double(), double()
            r = math.sqrt(-2 * math.log1p(-u2))
            out += [r * math.cos(2 * math.pi * u1), r * math.sin(2 * math.pi * u1)]
        return np.array(out[:n], np.float32)


def start():
    return (np.arange(768).reshape(3, 8, 8, 4) / 768).transpose(3, 0, 1, 2)


def network(x, t):
    return x * t / (t + 1)


def summary(x):
    return {"sum": float(abs(x).sum()), "mean": float(abs(x).mean())}


def ddim(bars, prediction="epsilon", final=1.0):
    x = start()
    for t in range(900, -1, -100):
        a, b = bars[t], (bars[t - 100] if t >= 100 else final)
        out = network(x, t)
        if prediction == "epsilon":
            e, x0 = out, (x - math.sqrt(1 - a) * out) / math.sqrt(a)
        else:
            x0, e = math.sqrt(a) * x - math.sqrt(1 - a) * out, math.sqrt(a) * out + math.sqrt(1 - a) * x
        x = math.sqrt(b) * np.clip(x0, -1, 1) + math.sqrt(1 - b) * e
    return x


def ddpm(bars, random):
    x = start()
    for t in range(999, -1, -1):
        a, b = bars[t], (bars[t - 1] if t else 1.0)
        x0 = np.clip((x - math.sqrt(1 - a) * network(x, t)) / math.sqrt(a), -1, 1)
        x = math.sqrt(b) * (1 - a / b) / (1 - a) * x0 + math.sqrt(a / b) * (1 - b) / (1 - a) * x
        if t:
            x = x + math.sqrt((1 - b) / (1 - a) * (1 - a / b)) * random.normal(768).astype(float).reshape(4, 3, 8, 8)
    return x


def dpmpp_2m(bars):
    grid = np.round(np.linspace(0, 999, 11))[::-1][:-1].astype(int)
    sigma = np.append(np.sqrt((1 - bars[grid]) / bars[grid]), math.sqrt((1 - bars[0]) / bars[0]))
    alpha = 1 / np.sqrt(1 + sigma ** 2)
    lam = -np.log(sigma)
    x, m = start(), []
    for k, t in enumerate(grid):
        m.append((x - sigma[k] * alpha[k] * network(x, int(t))) / alpha[k])
        h = lam[k + 1] - lam[k]
        b = alpha[k + 1] * math.expm1(-h)
        x = sigma[k + 1] * alpha[k + 1] / (sigma[k] * alpha[k]) * x - b * m[-1]
        if k:
            x = x - 0.5 * b * (m[-1] - m[-2]) * h / (lam[k] - lam[k - 1])
    return x, grid, sigma


def main():
    bars, single = common.alpha_bar(), common.alpha_bar(single=True)
    try:
        import torch
        torch.manual_seed(0)
        worst = abs(torch.rand(7).numpy() - TorchCpuRandom(0).uniform(7)).max()
        for n in (6, 16, 20, 768):
            torch.manual_seed(5)
            worst = max(worst, abs(torch.randn(n).numpy() - TorchCpuRandom(5).normal(n)).max())
        print(f"random streams against PyTorch itself: largest difference {worst:.1e}")
        assert worst < 1e-6
    except ImportError:
        print("PyTorch is not installed: streams not compared")
    x2m, grid, sigma = dpmpp_2m(bars)
    rows = []

    def row(name, x, published_sum, published_mean, derived):
        result = summary(x)
        rows.append({"name": name, "publishedSum": published_sum, "publishedMean": published_mean, **result,
                     "last": x.ravel()[:8]})
        ok = abs(result["mean"] - published_mean) < 1e-3 and (published_sum is None or abs(result["sum"] - published_sum) < 1e-2)
        print(f"  {name}: {result['sum']:.7f} / {result['mean']:.7f}, published {published_sum} / {published_mean}, "
              f"earlier derivation {derived}: {'ok' if ok else 'DIFFERENT'}")
        assert ok, name

    row("ddim-no-noise", ddim(bars), 172.0067, 0.223967, 172.0065222)
    row("ddim-v-prediction", ddim(bars, "v"), 52.5302, 0.0684, 52.53012385)
    row("ddim-beta-start-0.01", ddim(common.alpha_bar(start=0.01)), 149.8295, 0.1951, 149.8294595)
    row("ddpm-1000-steps-seed-0", ddpm(bars, TorchCpuRandom(0)), 258.9606, 0.3372, 258.959056)
    row("ddpm-1000-steps-seed-0-float32-betas", ddpm(single, TorchCpuRandom(0)), 258.9606, 0.3372, None)
    row("dpmpp-2m-10-steps", x2m, None, 0.3301, 253.552879)

    variance = lambda t, p: max((1 - bars[p]) / (1 - bars[t]) * (1 - bars[t] / bars[p]), 0) if t != p else 0.0
    expected = {(420, 400): 0.14771, (980, 960): 0.32460, (487, 486): 0.00979, (999, 998): 0.02}
    variances = []
    for (t, p), value in expected.items():
        got = variance(t, p)
        variances.append({"t": t, "previous": p, "published": value, "value": got})
        print(f"  variance({t},{p}) = {got:.7f}, published {value}")
        assert abs(got - value) < 1e-5
    common.write(common.folder("published") / "loops.json", {
        "source": "tools/golden/published.py; published values: tests of the diffusers library (Apache-2.0), facts only",
        "tolerance": {"sum": 1e-2, "mean": 1e-3, "againstOurDoubles": 1e-6},
        "setup": "sample[b,c,h,w] = (((c * 8 + h) * 8 + w) * 4 + b) / 768, shape (4,3,8,8); network(x,t) = x*t/(t+1); data prediction "
                 "clamped to [-1,1] in the ddim and ddpm rows; ddim: t = 900,800..0, last transition to alpha-bar 1; ddpm: t = 999..0 with "
                 "noise from the stream, none at t = 0; dpmpp-2m: grid and sigmas below, midpoint, first step of order 1, all others 2",
        "dpmppGrid": grid, "dpmppSigmas": sigma, "loops": rows, "variances": variances})
    streams = {"uniform7Seed0": TorchCpuRandom(0).uniform(7), "normal6Seed0": TorchCpuRandom(0).normal(6),
               "normal16Seed0": TorchCpuRandom(0).normal(16), "normal20Seed0": TorchCpuRandom(0).normal(20),
               "normal35Seed1234": TorchCpuRandom(1234).normal(35)}
    common.write(common.folder("published") / "torch_random.json",
                 {"source": "tools/golden/published.py, equal to PyTorch 1.13 CPU to 1e-6", "tolerance": 1e-6,
                  **{k: v.astype(float) for k, v in streams.items()}})


if __name__ == "__main__":
    main()
