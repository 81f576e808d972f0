"""Draws sampling trajectories of an exact 1-D Gaussian mixture under three schedules as one SVG. Needs NumPy.

    python3 tools/curves/trajectories.py docs/images/trajectories.svg

Grey: the probability-flow ODE in 2000 steps. Coloured: 8 DDIM steps (dots) of the same starts, and how far they end from the exact end.
The KLUB schedule is the dynamic program over a pairwise denoiser table (stochastic DDIM's bound), its smallest sigma 0.05: the bound
alone over the full range spends nearly all its steps below that (docs/schedules.md).
"""
import sys

import numpy as np

MEANS, STD = np.array([-2.0, -0.6, 0.7, 1.9]), 0.12
HIGH, LOW, STEPS = 20.0, 0.02, 8
PANEL, HEIGHT, MARGIN, TOP, BOTTOM = 300, 260, 16, 44, 34


def denoise(x, sigma):
    """E[x0 | x] = sum_k w_k (s^2 x + sigma^2 m_k) / (s^2 + sigma^2), w_k by the density of x under mode k."""
    variance = STD**2 + sigma**2
    log_weight = -((x[..., None] - MEANS) ** 2) / (2 * variance)
    weight = np.exp(log_weight - log_weight.max(-1, keepdims=True))
    weight /= weight.sum(-1, keepdims=True)
    return (weight * (STD**2 * x[..., None] + sigma**2 * MEANS) / variance).sum(-1)


def ddim(start, sigmas):
    """All states; x' = (r'/r) x + (1 - r'/r) D."""
    states = [start]
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        states.append(then / now * states[-1] + (1 - then / now) * denoise(states[-1], now))
    return np.array(states)


def edm(n):
    ramp = np.linspace(0, 1, n + 1)
    return (HIGH ** (1 / 7) + ramp * (LOW ** (1 / 7) - HIGH ** (1 / 7))) ** 7


def log_snr(n):
    return np.exp(np.linspace(np.log(HIGH), np.log(LOW), n + 1))


def klub(n, knots=80, paths=4000):
    """min over grids of sum_steps int sigma^-3 E |D(x_t) - D(x_step)|^2 dt, by dynamic programming on a log grid."""
    rng = np.random.default_rng(0)
    grid = np.exp(np.linspace(np.log(0.05), np.log(HIGH), knots))
    x = MEANS[rng.integers(0, len(MEANS), paths)] + STD * rng.standard_normal(paths)
    outputs, previous = [], 0.0
    for sigma in grid:
        x = x + np.sqrt(sigma**2 - previous**2) * rng.standard_normal(paths)
        outputs.append(denoise(x, sigma))
        previous = sigma
    outputs = np.array(outputs)
    distance = ((outputs[:, None, :] - outputs[None, :, :]) ** 2).mean(-1)
    width = np.gradient(grid)
    cost = np.full((knots, knots), np.inf)
    for top in range(1, knots):
        for bottom in range(top):
            cost[top, bottom] = (grid[bottom:top] ** -3.0 * distance[bottom:top, top] * width[bottom:top]).sum()
    best = np.full((n, knots), np.inf)
    best[0, knots - 1] = 0
    back = np.zeros((n, knots), int)
    for step in range(1, n):
        total = best[step - 1][:, None] + cost
        best[step], back[step] = total.min(0), total.argmin(0)
    path = [0]
    for step in range(n - 1, 0, -1):
        path.append(back[step, path[-1]])
    return np.concatenate([grid[path[::-1]], [LOW]])


def panel(index, title, sigmas, start, exact):
    left = MARGIN + index * (PANEL + MARGIN)
    to_x = lambda sigma: left + PANEL * np.log(HIGH / sigma) / np.log(HIGH / LOW)
    # Positions are drawn divided by the spread of all states at that noise level, so that early steps fit.
    to_y = lambda state, sigma: TOP + (HEIGHT - TOP - BOTTOM) * (0.5 - state / (2.6 * np.sqrt(3.0 + 4 * sigma**2)))
    fine = np.exp(np.linspace(np.log(HIGH), np.log(LOW), exact.shape[0]))
    few = ddim(start, sigmas)
    error = np.abs(few[-1] - exact[-1]).mean()
    out = [f'<text x="{left}" y="20" font-size="13" font-weight="600">{title}</text>',
           f'<text x="{left}" y="36" fill="#666">mean distance to the exact ends {error:.3f}</text>']
    for k in range(start.size):
        grey = " ".join(f"{to_x(s):.1f},{to_y(v, s):.1f}" for v, s in zip(exact[::20, k], fine[::20]))
        out.append(f'<polyline points="{grey}" fill="none" stroke="#bbb" stroke-width="1.4"/>')
        dots = [(to_x(s), to_y(v, s)) for v, s in zip(few[:, k], sigmas)]
        out.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in dots)}" fill="none" stroke="#c2410c" stroke-width="1"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2" fill="#c2410c"/>' for a, b in dots]
    for tick in (10, 1, 0.1):
        out.append(f'<text x="{to_x(tick):.1f}" y="{HEIGHT - 14}" text-anchor="middle" fill="#666">{tick:g}</text>')
    out.append(f'<text x="{left + PANEL}" y="{HEIGHT - 2}" text-anchor="end" fill="#666">sigma</text>')
    return out


def main(target):
    start = HIGH * np.linspace(-1.6, 1.6, 13)
    exact = ddim(start, np.exp(np.linspace(np.log(HIGH), np.log(LOW), 2001)))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * (PANEL + MARGIN) + MARGIN} {HEIGHT}" font-family="system-ui, sans-serif" font-size="11" fill="#222">',
           '<rect width="100%" height="100%" fill="#fff"/>']
    for index, (title, sigmas) in enumerate([("EDM, rho 7", edm(STEPS)), ("log-SNR", log_snr(STEPS)), ("KLUB, dynamic program", klub(STEPS))]):
        out += panel(index, title, sigmas, start, exact)
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join([*out, "</svg>"]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
