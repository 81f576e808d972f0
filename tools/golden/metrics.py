"""Scores of synthetic feature sets and images, in double precision; SciPy and scikit-image as second opinions."""
import math

import numpy as np
import scipy.linalg

import common


def features(n, d, seed, shift):
    """float32 [n,d] from the generator in common.lcg; the recipe is repeated in the JSON file."""
    u = common.lcg(3 * n * d, seed).reshape(3, n, d)
    z = u[0] + u[1] + u[2] - 1.5
    j = np.arange(d)
    return ((1 + 0.5 * np.sin(j)) * z + 0.5 * np.roll(z, -1, axis=1) + shift * np.cos(j)).astype(np.float32)


RECIPE = ("u = lcg(3*n*d, seed) read as [3,n,d]; z = u[0]+u[1]+u[2]-1.5; "
          "x[i,j] = float32((1 + 0.5*sin(j))*z[i,j] + 0.5*z[i,(j+1) mod d] + shift*cos(j)). "
          "lcg: s = seed; repeat s = s*6364136223846793005 + 1442695040888963407 (mod 2^64), value ((s >> 11) + 0.5) / 2^53")


def moments(x):
    x = x.astype(np.float64)
    return x.mean(0), np.cov(x, rowvar=False)


def frechet(a, b):
    """Root trace three ways: symmetric eigenvalues, singular values of the centred product, SciPy's square root."""
    (m1, s1), (m2, s2) = moments(a), moments(b)
    base = float((m1 - m2) @ (m1 - m2) + np.trace(s1) + np.trace(s2))
    w, v = np.linalg.eigh(s1)
    half = (v * np.sqrt(np.clip(w, 0, None))) @ v.T
    symmetric = np.sqrt(np.clip(np.linalg.eigvalsh(half @ s2 @ half), 0, None)).sum()
    c1, c2 = (a - m1) / math.sqrt(len(a) - 1), (b - m2) / math.sqrt(len(b) - 1)
    low_rank = np.linalg.svd(c1 @ c2.T, compute_uv=False).sum()
    root = scipy.linalg.sqrtm(s1 @ s2)
    return base - 2 * low_rank, base - 2 * symmetric, base - 2 * float(np.trace(root).real), float(abs(np.imag(root)).max())


def kernel(x, y):
    return (x.astype(np.float64) @ y.astype(np.float64).T / x.shape[1] + 1) ** 3


def kid(x, y):
    m, n = len(x), len(y)
    kxx, kyy, kxy = kernel(x, x), kernel(y, y), kernel(x, y)
    return float((kxx.sum() - np.trace(kxx)) / (m * (m - 1)) + (kyy.sum() - np.trace(kyy)) / (n * (n - 1)) - 2 * kxy.mean())


def manifold(real, fake, k, inclusive):
    """Precision, recall, density, coverage; a ball's radius is the distance to the k-th other point of its set."""
    def distances(x, y):
        return np.sqrt(((x[:, None].astype(float) - y[None].astype(float)) ** 2).sum(-1))
    inside = (lambda d, r: d <= r) if inclusive else (lambda d, r: d < r)
    rr, ff, rf = distances(real, real), distances(fake, fake), distances(real, fake)
    r_real, r_fake = np.sort(rr, 1)[:, k], np.sort(ff, 1)[:, k]
    hits = inside(rf, r_real[:, None])
    return {"precision": hits.any(0).mean(), "recall": inside(rf, r_fake[None]).any(1).mean(),
            "density": hits.sum(0).mean() / k, "coverage": inside(rf.min(1), r_real).mean()}


def inception_score(logits, splits):
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    values = []
    for part in np.array_split(p, splits):
        values.append(math.exp((part * (np.log(part) - np.log(part.mean(0)))).sum(1).mean()))
    return values


# ---- images ---------------------------------------------------------------------------------------------------

def window():
    g = np.exp(-np.arange(-5, 6) ** 2 / (2 * 1.5 ** 2))
    return g / g.sum()


def blur(x):
    g = window()
    rows = sum(g[i] * x[i:x.shape[0] - 10 + i] for i in range(11))
    return sum(g[i] * rows[:, i:x.shape[1] - 10 + i] for i in range(11))


def ssim_parts(x, y, span):
    """Means over valid windows of the full index and of its contrast-structure part."""
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    mx, my = blur(x), blur(y)
    sxx, syy, sxy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    cs = (2 * sxy + c2) / (sxx + syy + c2)
    return float(((2 * mx * my + c1) / (mx * mx + my * my + c1) * cs).mean()), float(cs.mean())


def ms_ssim(x, y, span):
    product = 1.0
    for level, weight in enumerate([0.0448, 0.2856, 0.3001, 0.2363, 0.1333]):
        full, cs = ssim_parts(x, y, span)
        product *= max(full if level == 4 else cs, 0.0) ** weight
        if level == 4:
            return product
        x, y = ((v[0::2, 0::2] + v[1::2, 0::2] + v[0::2, 1::2] + v[1::2, 1::2]) / 4 for v in (x, y))


def psnr(x, y, span):
    return 10 * math.log10(span ** 2 / float(((x - y) ** 2).mean()))


def picture(side, phase):
    r, c = np.mgrid[0:side, 0:side] / side
    return 127.5 + 60 * np.sin(9 * r + phase) * np.cos(7 * c) + 50 * np.sin(21 * (r - c) ** 2 + phase) + 15 * ((r * 8).astype(int) % 2)


def images():
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity
    arrays, rows = {}, []
    random = np.random.RandomState(7)
    for name, side, change in (("16-noise", 16, "noise"), ("32-noise", 32, "noise"), ("32-shift", 32, "shift"), ("32-contrast", 32, "contrast"),
                               ("32-inverted", 32, "inverted"), ("176-noise", 176, "noise"), ("176-blur", 176, "blur"), ("17x40-noise", (17, 40), "noise")):
        a = picture(40, 0.3)[:17] if side == (17, 40) else picture(side, 0.3)
        b = {"noise": lambda: a + 18 * random.randn(*a.shape), "shift": lambda: np.roll(a, 1, 1), "contrast": lambda: 0.6 * a + 30,
             "inverted": lambda: 255 - a,
             "blur": lambda: (a + np.roll(a, 1, 0) + np.roll(a, 2, 1) + np.roll(a, -3, 0) + np.roll(a, -2, 1)) / 5}[change]()
        a, b = (np.clip(np.round(v), 0, 255).astype(np.uint8) for v in (a, b))
        arrays[name + "-a"], arrays[name + "-b"] = a, b
        x, y = a.astype(float), b.astype(float)
        row = {"name": name, "psnr": psnr(x, y, 255), "ssim": ssim_parts(x, y, 255)[0], "contrastStructure": ssim_parts(x, y, 255)[1]}
        if min(a.shape) >= 176:
            row["msSsim"] = ms_ssim(x, y, 255)
        other = structural_similarity(x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
        print(f"  {name}: psnr {row['psnr']:.6f} ({peak_signal_noise_ratio(x, y, data_range=255) - row['psnr']:+.1e}), "
              f"ssim {row['ssim']:.8f} (scikit-image {other - row['ssim']:+.1e}), ms-ssim {row.get('msSsim')}")
        assert abs(other - row["ssim"]) < 1e-9
        rows.append(row)
    np.savez_compressed(common.folder("metrics") / "images.npz", **arrays)
    # Three channels in [-1, 1]: the mean over channels; and the two ways to pool PSNR over several images.
    red, green, blue = (arrays[f"32-{n}-a"].astype(float) / 127.5 - 1 for n in ("noise", "shift", "contrast"))
    r2, g2, b2 = (arrays[f"32-{n}-b"].astype(float) / 127.5 - 1 for n in ("noise", "shift", "contrast"))
    a, b = np.stack([red, green, blue]), np.stack([r2, g2, b2])
    colour = {"channels": ["32-noise", "32-shift", "32-contrast"], "scale": "value / 127.5 - 1", "range": 2,
              "psnr": psnr(a, b, 2.0), "ssim": float(np.mean([ssim_parts(u, v, 2.0)[0] for u, v in zip(a, b)])),
              "perChannelPsnrMean": float(np.mean([psnr(u, v, 2.0) for u, v in zip(a, b)]))}
    pooled = {"images": [r["name"] for r in rows if r["name"].startswith("32-")]}
    pairs = [(arrays[n + "-a"].astype(float), arrays[n + "-b"].astype(float)) for n in pooled["images"]]
    pooled["meanOfPsnr"] = float(np.mean([psnr(u, v, 255) for u, v in pairs]))
    pooled["psnrOfMeanError"] = psnr(np.stack([u for u, _ in pairs]), np.stack([v for _, v in pairs]), 255)
    known = {"a": [[0, 1], [2, 3]], "b": [[3, 2], [1, 0]], "range": 3}
    known["psnr"] = psnr(np.array(known["a"]), np.array(known["b"]), 3)
    assert abs(known["psnr"] - 2.5527) < 1e-4
    common.write(common.folder("metrics") / "images.json", {
        "source": "tools/golden/metrics.py; SSIM checked against scikit-image to 1e-9", "tolerance": 1e-9,
        "convention": "images.npz holds NAME-a and NAME-b as uint8; range 255; Gaussian window 11x11 sigma 1.5, K1 0.01, K2 0.03, "
                      "population moments, mean over windows that lie inside; MS-SSIM: five scales, 2x2 means between them, "
                      "weights .0448 .2856 .3001 .2363 .1333",
        "pairs": rows, "colour": colour, "pooled": pooled, "publishedExample": known})


def sets():
    rows = []
    for name, n1, n2, d, shift, second in (("full-rank", 500, 500, 64, 0.1, 12), ("fewer-samples-than-dimensions", 100, 100, 256, 0.1, 12),
                                   ("small-against-large", 100, 500, 256, 0.05, 12), ("same-distribution", 300, 300, 32, 0.0, 12),
                                           ("itself", 100, 100, 256, 0.0, 11)):
        a, b = features(n1, d, 11, 0.0), features(n2, d, second, shift)
        low, symmetric, root, imaginary = frechet(a, b)
        rows.append({"name": name, "a": {"n": n1, "d": d, "seed": 11, "shift": 0.0}, "b": {"n": n2, "d": d, "seed": second, "shift": shift},
                     "firstValues": a[0, :4].astype(float), "sumA": float(a.astype(float).sum()), "sumB": float(b.astype(float).sum()),
                     "frechet": low, "kernelDistance": kid(a, b), "scipySquareRoot": root, "scipyImaginary": imaginary})
        print(f"  {name}: frechet {low:.10f} (symmetric {symmetric - low:+.1e}, scipy {root - low:+.1e}, imaginary {imaginary:.1e}), "
              f"kernel distance {rows[-1]['kernelDistance']:.10f}")
        assert abs(symmetric - low) < 1e-4
    a, b = features(500, 64, 11, 0.0), features(500, 64, 12, 0.1)
    random = np.random.RandomState(2020)
    subsets = [(random.choice(500, 50, replace=False), random.choice(500, 50, replace=False)) for _ in range(10)]
    values = [kid(a[i], b[j]) for i, j in subsets]
    kernel_subsets = {"sets": "full-rank", "a": [i for i, _ in subsets], "b": [j for _, j in subsets], "values": values,
                      "mean": float(np.mean(values)), "std": float(np.std(values))}
    real, fake = features(60, 8, 21, 0.0), features(50, 8, 22, 0.25)
    tied = (np.array([[0, 0], [1, 0], [2, 0], [0, 1], [0, 3], [3, 3.0]]), np.array([[1, 1], [0, 0], [2, 2], [3, 0], [0, 2.0]]))
    neighbours = {"real": {"n": 60, "d": 8, "seed": 21, "shift": 0.0}, "fake": {"n": 50, "d": 8, "seed": 22, "shift": 0.25},
                  "values": {str(k): manifold(real, fake, k, False) for k in (1, 3, 5)},
                  "ties": {"real": tied[0], "fake": tied[1], "k": 2, "strict": manifold(*tied, 2, False), "inclusive": manifold(*tied, 2, True)}}
    for k, v in neighbours["values"].items():
        print(f"  k={k}:", {n: round(float(x), 4) for n, x in v.items()})
    print("  ties:", neighbours["ties"]["strict"], neighbours["ties"]["inclusive"])
    logits = features(200, 10, 31, 0.0).astype(float) * 3
    scores = {str(s): inception_score(logits, s) for s in (1, 10)}
    closed = {"note": "means 0 and 1, both covariances the identity, 2048 dimensions", "frechet": 2048.0}
    common.write(common.folder("metrics") / "sets.json", {
        "source": "tools/golden/metrics.py; Frechet distance from singular values of the centred product, confirmed by SciPy's matrix root",
        "tolerance": {"frechet": "1e-7 relative", "kernelDistance": "1e-9", "neighbours": "exact up to rounding of the mean", "scipySquareRoot":
                      "only informative: where there are fewer samples than dimensions the matrix root itself is inexact"},
        "recipe": RECIPE, "lcgSeed11": common.lcg(4, 11), "closedForm": closed, "sets": rows, "kernelSubsets": kernel_subsets,
        "neighbours": neighbours,
        "inceptionScore": {"logits": {"n": 200, "d": 10, "seed": 31, "shift": 0.0, "times": 3}, "perSplit": scores}})


if __name__ == "__main__":
    sets()
    images()
