"""What the recorders share: where files go, and the noise schedule in double precision."""
import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "Golden"


def folder(name):
    path = GOLDEN / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def plain(value):
    """Arrays and NumPy scalars as JSON values; Python prints doubles so that they read back exactly."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return value


def write(path, document):
    def lines(value, indent):
        # Objects and lists of containers one entry per line, lists of numbers on one line.
        pad = "  " * indent
        if isinstance(value, dict) and value:
            return "{\n" + ",\n".join(f"{pad}  {json.dumps(k)}: {lines(v, indent + 1)}" for k, v in value.items()) + f"\n{pad}}}"
        if isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
            return "[\n" + ",\n".join(f"{pad}  {lines(v, indent + 1)}" for v in value) + f"\n{pad}]"
        return json.dumps(value)

    path.write_text(lines(plain(document), 0) + "\n")
    print(f"{path.relative_to(GOLDEN.parent.parent)}: {path.stat().st_size} bytes")


def alpha_bar(start=1e-4, end=0.02, count=1000, single=False):
    """Cumulative products of 1 - beta, linear betas. `single`: betas rounded to float32 first, as some libraries do."""
    if single:
        beta = np.linspace(start, end, count).astype(np.float32)
        return np.cumprod((np.float32(1) - beta).astype(np.float64))
    return np.cumprod(1 - np.linspace(start, end, count))


def lcg(count, seed):
    """Uniform doubles in (0,1), reproducible in any language: s = (s * 6364136223846793005 + 1442695040888963407) mod 2^64,
    starting from s = seed; each value is ((s >> 11) + 0.5) / 2^53, taken after the update."""
    s, out = seed, np.empty(count)
    for i in range(count):
        s = (s * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        out[i] = ((s >> 11) + 0.5) / 2.0 ** 53
    return out
