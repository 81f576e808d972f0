"""Plain PyTorch loops of the published samplers, guidance, and decoding in tiles; written from the papers."""
import math

import torch


def alphas(start=0.00085, end=0.012):
    return torch.cumprod(1 - torch.linspace(start ** 0.5, end ** 0.5, 1000) ** 2, 0)


def leading(steps, offset):
    return [int(v) * (1000 // steps) + offset for v in reversed(range(steps))]


def ddim(network, x, times, abar, final, clip=None):
    for i, t in enumerate(times):
        a, b = abar[t], abar[times[i + 1]] if i + 1 < len(times) else torch.tensor(float(final))
        eps = network(x, t)
        x0 = (x - (1 - a).sqrt() * eps) / a.sqrt()
        x0 = x0 if clip is None else x0.clamp(-clip, clip)
        x = b.sqrt() * x0 + (1 - b).sqrt() * eps
    return x


def pseudo(network, x, times, abar, final):
    """Pseudo linear multistep (Liu et al. 2022, equations 9 to 12) as Stable Diffusion runs it: one more call, at the second level, makes the first step Heun's."""
    slopes, h = [], times[0] - times[1]

    def move(x, eps, t):
        a, b = abar[t], abar[t - h] if t >= h else torch.tensor(float(final))
        return (b / a).sqrt() * x - (b - a) / (a * (1 - b).sqrt() + (a * (1 - a) * b).sqrt()) * eps

    for i, t in enumerate(times):
        slopes = [network(x, t), *slopes][:4]
        if i == 0:
            x = move(x, (slopes[0] + network(move(x, slopes[0], t), times[1])) / 2, t)
        else:
            weights = {2: [3 / 2, -1 / 2], 3: [23 / 12, -16 / 12, 5 / 12], 4: [55 / 24, -59 / 24, 37 / 24, -9 / 24]}[len(slopes)]
            x = move(x, sum(w * e for w, e in zip(weights, slopes)), t)
    return x


def consistency(network, x, times, abar, generator, scaling=10.0, deviation=0.5):
    """Latent consistency sampling (Luo et al. 2023, algorithm 3): f = c_skip x + c_out x0, then fresh noise at the next level."""
    for i, t in enumerate(times):
        x0 = (x - (1 - abar[t]).sqrt() * network(x, t)) / abar[t].sqrt()
        s = scaling * t
        x = deviation ** 2 / (s ** 2 + deviation ** 2) * x + s / math.sqrt(s ** 2 + deviation ** 2) * x0
        if i + 1 < len(times):
            x = abar[times[i + 1]].sqrt() * x + (1 - abar[times[i + 1]]).sqrt() * torch.randn(x.shape, generator=generator)
    return x


def distilled(steps, original=50):
    """Levels of the distillation from above: every 20th training index, as evenly as whole numbers allow."""
    grid = [(1000 // original) * (i + 1) - 1 for i in range(original)][::-1]
    return [grid[int(i * original / steps)] for i in range(steps)]


def guide(network, w):
    """network(x, t, negative) -> prediction."""
    def guided(x, t):
        negative, positive = network(x, t, True), network(x, t, False)
        return negative + w * (positive - negative)
    return guided


def tiled(vae, z, side, factor=8):
    """Decodes in tiles of side positions, a quarter of each shared with the next; weights rise linearly over the shared rows, then over the shared columns, of tiles that are mixed already."""
    step, shared = side - side // 4, side // 4 * factor
    tiles, image = {}, torch.zeros(1, 3, factor * z.shape[2], factor * z.shape[3])
    for i, top in enumerate(range(0, z.shape[2], step)):
        for j, left in enumerate(range(0, z.shape[3], step)):
            tile = vae(z[:, :, top:top + side, left:left + side]).clone()
            for axis, before in ((2, tiles.get((i - 1, j))), (3, tiles.get((i, j - 1)))):
                if before is not None:
                    n = min(shared, tile.shape[axis], before.shape[axis])
                    rise = (torch.arange(n) / n).reshape((n, 1) if axis == 2 else (1, n))
                    own = tile.narrow(axis, 0, n)
                    own.copy_(before.narrow(axis, before.shape[axis] - n, n) * (1 - rise) + own * rise)
            tiles[i, j] = tile
            kept = tile[:, :, :step * factor, :step * factor]
            image[:, :, top * factor:top * factor + kept.shape[2], left * factor:left * factor + kept.shape[3]] = kept
    return image
