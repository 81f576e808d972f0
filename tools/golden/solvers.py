"""Trajectories of every solver on a toy denoiser, in double precision, one step list, states after every step.

Every solver is written here as the direct formula on states, histories and log-SNR, not as a table of coefficients.
All states are recorded in the variance-preserving form x = alpha * x0 + sigma * noise with alpha^2 + sigma^2 = 1.
"""
import math

import numpy as np

import common

STEPS = [951, 820, 640, 455, 300, 130, 22]


def denoiser(x, t):
    """The toy network: smooth, nonlinear, takes the variance-preserving state and the training index."""
    return 0.8 * np.sin(x) + 0.1 * t / 1000.0


class Problem:
    """Noise levels of one step list: index k is the k-th step, index n the clean end (alpha 1, sigma 0)."""

    def __init__(self, steps, bars, start, noise, network=denoiser):
        self.t, self.n = list(steps), len(steps)
        self.bar = np.append(bars[np.array(steps)], 1.0)
        self.alpha, self.sigma = np.sqrt(self.bar), np.sqrt(1 - self.bar)
        with np.errstate(divide="ignore"):
            self.lam = np.log(self.alpha) - np.log(self.sigma)
        self.ve = self.sigma / self.alpha
        self.start, self.noise, self.calls, self.network = np.array(start, float), noise, 0, network

    def eps(self, x, k):
        self.calls += 1
        return self.network(x, self.t[k])

    def data(self, x, k, clamp=False):
        x0 = (x - self.sigma[k] * self.eps(x, k)) / self.alpha[k]
        return np.clip(x0, -1, 1) if clamp else x0


def ddim(p, eta=0.0, clamp=None):
    x, states = p.start, []
    for k in range(p.n):
        a, b = p.bar[k], p.bar[k + 1]
        e = p.eps(x, k)
        x0 = (x - math.sqrt(1 - a) * e) / math.sqrt(a)
        if clamp:
            x0 = np.clip(x0, -1, 1)
            if clamp == "recompute":
                e = (x - math.sqrt(a) * x0) / math.sqrt(1 - a)
        s = eta * math.sqrt((1 - b) / (1 - a) * (1 - a / b))
        x = math.sqrt(b) * x0 + math.sqrt(1 - b - s * s) * e + s * p.noise[k]
        states.append(x)
    return states, None


def ddpm(p, clamp=False):
    x, states = p.start, []
    for k in range(p.n):
        a, b = p.bar[k], p.bar[k + 1]
        step = a / b
        x0 = p.data(x, k, clamp)
        mean = math.sqrt(b) * (1 - step) / (1 - a) * x0 + math.sqrt(step) * (1 - b) / (1 - a) * x
        x = mean + (math.sqrt((1 - b) / (1 - a) * (1 - step)) * p.noise[k] if k < p.n - 1 else 0)
        states.append(x)
    return states, None


def euler(p, ancestral=False):
    y, states = p.start / p.alpha[0], []
    for k in range(p.n):
        s, n = p.ve[k], p.ve[k + 1]
        d = p.eps(y * p.alpha[k], k)
        up = math.sqrt(n * n * (s * s - n * n) / (s * s)) if ancestral else 0.0
        down = math.sqrt(n * n - up * up)
        y = y + d * (down - s) + (up * p.noise[k] if ancestral else 0)
        states.append(y * p.alpha[k + 1])
    return states, None


def heun(p):
    y, states = p.start / p.alpha[0], []
    for k in range(p.n):
        s, n = p.ve[k], p.ve[k + 1]
        d = p.eps(y * p.alpha[k], k)
        guess = y + d * (n - s)
        if k < p.n - 1:
            d = (d + p.eps(guess * p.alpha[k + 1], k + 1)) / 2
        y = y + d * (n - s)
        states.append(y * p.alpha[k + 1])
    return states, None


def dpmpp(p, order, variant="midpoint", lower_order_final=False, stochastic=False, clamp=False,
          second=1.0):
    """`second` scales the second difference of order 3. Published programs use 1 (as recorded in "dpmpp-3m"); the Taylor
    expansion asks for 2, and only with 2 the solver is of third order (see the convergence check below)."""
    x, states, orders, m = p.start, [], [], []
    for k in range(p.n):
        m.append(p.data(x, k, clamp))
        if k == p.n - 1:
            q = 1
        elif lower_order_final and k == p.n - 2:
            q = min(order, 2, k + 1)
        else:
            q = min(order, k + 1)
        orders.append(q)
        if k == p.n - 1:
            x = m[-1]  # the limit of every formula below at sigma -> 0
            states.append(x)
            continue
        h = p.lam[k + 1] - p.lam[k]
        an, sn, s = p.alpha[k + 1], p.sigma[k + 1], p.sigma[k]
        d0 = m[-1]
        if q >= 2:
            r0 = (p.lam[k] - p.lam[k - 1]) / h
            d1 = (m[-1] - m[-2]) / r0
        if stochastic:
            x = sn / s * math.exp(-h) * x + an * (1 - math.exp(-2 * h)) * d0 + sn * math.sqrt(1 - math.exp(-2 * h)) * p.noise[k]
            if q == 2 and variant == "midpoint":
                x = x + 0.5 * an * (1 - math.exp(-2 * h)) * d1
            elif q == 2:
                x = x + an * ((1 - math.exp(-2 * h)) / (-2 * h) + 1) * d1
        else:
            x = sn / s * x - an * math.expm1(-h) * d0
            if q == 2 and variant == "midpoint":
                x = x - 0.5 * an * math.expm1(-h) * d1
            elif q == 2:
                x = x + an * (math.expm1(-h) / h + 1) * d1
            elif q == 3:
                r1 = (p.lam[k - 1] - p.lam[k - 2]) / h
                d11 = (m[-2] - m[-3]) / r1
                first = d1 + r0 / (r0 + r1) * (d1 - d11)
                curve = second * (d1 - d11) / (r0 + r1)
                x = x + an * (math.expm1(-h) / h + 1) * first - an * ((math.expm1(-h) + h) / (h * h) - 0.5) * curve
        states.append(x)
    return states, orders


def unipc(p, order, corrector=True, bh="bh2"):
    """Predictor at every step; the corrector redoes the previous step once the network has seen its result (no extra call)."""
    def system(q, ratios, hh, big):
        phi, factorial, rows, right = math.expm1(hh) / hh - 1, 1.0, [], []
        for i in range(1, q + 1):
            rows.append([r ** (i - 1) for r in ratios])
            right.append(phi * factorial / big)
            factorial *= i + 1
            phi = phi / hh - 1 / factorial
        return np.array(rows), np.array(right)

    x, states, corrected, orders, m = p.start, [], [], [], []
    before, used = None, 0
    for k in range(p.n):
        fresh = p.data(x, k)
        if corrector and k > 0:
            h = p.lam[k] - p.lam[k - 1]
            hh = -h
            big = math.expm1(hh) if bh == "bh2" else hh
            ratios = [(p.lam[k - 1 - i] - p.lam[k - 1]) / h for i in range(1, used)] + [1.0]
            slopes = [(m[-1 - i] - m[-1]) / ratios[i - 1] for i in range(1, used)] + [fresh - m[-1]]
            rows, right = system(used, ratios, hh, big)
            rho = np.array([0.5]) if used == 1 else np.linalg.solve(rows, right)
            x = p.sigma[k] / p.sigma[k - 1] * before - p.alpha[k] * math.expm1(hh) * m[-1] \
                - p.alpha[k] * big * sum(r * d for r, d in zip(rho, slopes))
        corrected.append(x)
        m.append(fresh)
        q = min(order, p.n - k, k + 1)
        before, used = x, q
        orders.append(q)
        if k == p.n - 1:
            x = m[-1]
            states.append(x)
            continue
        h = p.lam[k + 1] - p.lam[k]
        hh = -h
        big = math.expm1(hh) if bh == "bh2" else hh
        ratios = [(p.lam[k - i] - p.lam[k]) / h for i in range(1, q)] + [1.0]
        slopes = [(m[-1 - i] - m[-1]) / ratios[i - 1] for i in range(1, q)]
        rows, right = system(q, ratios, hh, big)
        rho = [] if q == 1 else [0.5] if q == 2 else np.linalg.solve(rows[:-1, :-1], right[:-1])
        x = p.sigma[k + 1] / p.sigma[k] * x - p.alpha[k + 1] * math.expm1(hh) * m[-1] \
            - p.alpha[k + 1] * big * sum((r * d for r, d in zip(rho, slopes)), np.zeros_like(x))
        states.append(x)
    return states, orders, corrected


CASES = [
    ("ddim", ddim, {}),
    ("ddim-eta1", ddim, {"eta": 1.0}),
    ("ddim-eta0.5", ddim, {"eta": 0.5}),
    ("ddim-clamp", ddim, {"clamp": "keep"}),
    ("ddim-clamp-recompute", ddim, {"clamp": "recompute"}),
    ("ddpm", ddpm, {}),
    ("ddpm-clamp", ddpm, {"clamp": True}),
    ("euler", euler, {}),
    ("euler-ancestral", euler, {"ancestral": True}),
    ("heun", heun, {}),
    ("dpmpp-1", dpmpp, {"order": 1}),
    ("dpmpp-2m", dpmpp, {"order": 2}),
    ("dpmpp-2m-clamp", dpmpp, {"order": 2, "clamp": True}),
    ("dpmpp-2m-heun", dpmpp, {"order": 2, "variant": "heun"}),
    ("dpmpp-3m", dpmpp, {"order": 3}),
    ("dpmpp-3m-lower-order-final", dpmpp, {"order": 3, "lower_order_final": True}),
    ("dpmpp-3m-exact", dpmpp, {"order": 3, "second": 2.0}),
    ("sde-dpmpp-1", dpmpp, {"order": 1, "stochastic": True}),
    ("sde-dpmpp-2m", dpmpp, {"order": 2, "stochastic": True}),
    ("sde-dpmpp-2m-heun", dpmpp, {"order": 2, "stochastic": True, "variant": "heun"}),
    ("unipc-1", unipc, {"order": 1}),
    ("unipc-2", unipc, {"order": 2}),
    ("unipc-3", unipc, {"order": 3}),
    ("unipc-2-predictor-only", unipc, {"order": 2, "corrector": False}),
    ("unipc-3-predictor-only", unipc, {"order": 3, "corrector": False}),
    ("unipc-2-bh1", unipc, {"order": 2, "bh": "bh1"}),
]


def check(result):
    """Identities that must hold between independent formulas."""
    def same(a, b, tolerance=1e-12):
        gap = max(float(abs(x - y).max()) for x, y in zip(result[a], result[b]))
        print(f"  {a} = {b}: {gap:.1e}")
        assert gap < tolerance
    same("ddim", "euler")
    same("ddim", "dpmpp-1")
    same("ddim-eta1", "ddpm")
    same("ddim-eta1", "euler-ancestral")
    same("ddim-eta1", "sde-dpmpp-1")


def convergence():
    """Orders of accuracy, on a smooth path of log-SNR between two noise levels (the last step to clean left out)."""
    def error(method, options, n, reference=None):
        # The first two steps are tiny, or their low order would hide that of the rest.
        tiny = (4.5 / n) ** 3
        lam = np.concatenate([[-2.0, -2.0 + tiny], np.linspace(-2.0 + 2 * tiny, 2.5, n - 1)])
        bars = 1 / (1 + np.exp(-2 * lam))
        p = Problem(list(range(n + 1)), bars, [0.3, -0.7, 1.1], np.zeros((n + 1, 3)), lambda x, k: np.tanh(x) * 0.7 + 0.1 * np.cos(2 * lam[k]))
        outcome = method(p, **options)
        state = outcome[2][n] if len(outcome) > 2 else outcome[0][n - 1]
        return state if reference is None else float(abs(state - reference).max())
    exact = error(heun, {}, 40000)
    for name, method, options, expected in (("ddim", ddim, {}, 1), ("heun", heun, {}, 2), ("dpmpp-2m", dpmpp, {"order": 2}, 2),
                                            ("dpmpp-2m-heun", dpmpp, {"order": 2, "variant": "heun"}, 2),
                                            ("dpmpp-3m", dpmpp, {"order": 3}, 2), ("dpmpp-3m-exact", dpmpp, {"order": 3, "second": 2.0}, 3),
                                            ("unipc-2 predictor", unipc, {"order": 2, "corrector": False}, 2),
                                            ("unipc-3 predictor", unipc, {"order": 3, "corrector": False}, 3),
                                            ("unipc-2", unipc, {"order": 2}, 3), ("unipc-3", unipc, {"order": 3}, 4)):
        a, b = error(method, options, 60, exact), error(method, options, 120, exact)
        print(f"  {name}: error {a:.2e} -> {b:.2e}, observed order {math.log2(a / b):.2f} (theory {expected})")


def main():
    bars = common.alpha_bar()
    start = np.array([-1.8, -0.9, -0.35, 0.0, 0.2, 0.65, 1.3, 2.4])
    random = np.random.RandomState(20240)
    noise = np.round(random.randn(len(STEPS), len(start)), 6)
    cases, states = [], {}
    for name, method, options in CASES:
        problem = Problem(STEPS, bars, start, noise)
        outcome = method(problem, **options)
        states[name] = outcome[0]
        case = {"name": name, "options": options, "networkCalls": problem.calls}
        if outcome[1]:
            case["orders"] = outcome[1]
        case["states"] = outcome[0]
        if len(outcome) > 2:
            case["corrected"] = outcome[2]
        cases.append(case)
    print("identities"), check(states)
    print("convergence"), convergence()
    index = np.array(STEPS)
    common.write(common.folder("solvers") / "solvers.json", {
        "source": "tools/golden/solvers.py: direct formulas in double precision",
        "schedule": {"type": "linear", "betaStart": 1e-4, "betaEnd": 0.02, "trainSteps": 1000},
        "network": "eps(x, t) = 0.8 * sin(x) + 0.1 * t / 1000, x in variance-preserving form",
        "timesteps": STEPS,
        "alphaBar": bars[index],
        "alphaBarFloat32Betas": common.alpha_bar(single=True)[index],
        "start": start, "noise": noise,
        "cases": cases})
    x0, e, bar = np.array([-0.9, 0.1, 0.7]), np.array([0.4, -1.2, 0.05]), bars[455]
    x = math.sqrt(bar) * x0 + math.sqrt(1 - bar) * e
    sigma = math.sqrt((1 - bar) / bar)
    common.write(common.folder("solvers") / "predictions.json", {
        "timestep": 455, "alphaBar": bar, "sigma": sigma, "lambda": -math.log(sigma), "x": x, "xVarianceExploding": x / math.sqrt(bar),
        "data": x0, "epsilon": e, "v": math.sqrt(bar) * e - math.sqrt(1 - bar) * x0})


if __name__ == "__main__":
    main()
