"""Outputs of the bundled digits package, from PyTorch with the shipped weights: noise predictions, one whole sampling run,
features, and perceptual distances from a transcription that shares no code with the exported network."""
import importlib.util
import math
import pathlib
import sys

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F

import common
from counting import multiply_adds

TOOLS = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = TOOLS.parent / "samples" / "digits"
sys.path[:0] = [str(TOOLS / "digits"), str(TOOLS / "networks"), str(TOOLS / "training")]
import data  # noqa: E402
import evaluate  # noqa: E402
from distortions import distort  # noqa: E402

build_file = importlib.util.spec_from_file_location("digits_build", TOOLS / "digits" / "build.py")
build = importlib.util.module_from_spec(build_file)
build_file.loader.exec_module(build)
torch.set_num_threads(1)


def lpips(a, b):
    """Distance of two batches of images straight from the weight archives."""
    net, lin = (dict(np.load(PACKAGE / f"{name}_weights.npz")) for name in ("classifier", "perceptual"))
    net = {k: torch.tensor(v).double() for k, v in net.items() if v.dtype.kind == "f"}

    def taps(x):
        for tap, (conv, norm) in enumerate(((0, 1), (3, 4), (7, 8), (10, 11))):
            if tap == 2:
                x = F.max_pool2d(x, 2)
            x = F.conv2d(x, net[f"f.{conv}.weight"], net[f"f.{conv}.bias"], padding=1)
            mean, var = net[f"f.{norm}.running_mean"], net[f"f.{norm}.running_var"]
            scale = net[f"f.{norm}.weight"] / torch.sqrt(var + 1e-5)
            x = torch.relu((x - mean[:, None, None]) * scale[:, None, None] + net[f"f.{norm}.bias"][:, None, None])
            yield x

    total = torch.zeros(len(a), dtype=torch.float64)
    for tap, (u, v) in enumerate(zip(taps(a), taps(b))):
        u, v = (t / (torch.sqrt((t * t).sum(1, keepdim=True)) + 1e-10) for t in (u, v))
        weight = torch.tensor(lin[f"lin.{tap}"]).double()
        total += torch.einsum("bchw,c->bhw", (u - v) ** 2, weight).mean((1, 2))
    return total


@torch.no_grad()
def main():
    out = common.folder("digits")
    unet, classifier, distance = build.load_all(PACKAGE)
    _, (images, labels) = data.load()

    generator = torch.Generator().manual_seed(404)
    x = torch.randn(4, 1, 16, 16, generator=generator)
    t, y = torch.tensor([999.0, 640.5, 301.0, 3.0]), torch.tensor([10, 0, 7, 10])
    np.savez_compressed(out / "eps.npz", sample=x.numpy(), timestep=t.numpy(), class_labels=y.numpy(), eps=unet(x, t, y).numpy())

    steps, bars = [999, 899, 799, 699, 599, 499, 399, 299, 199, 99], common.alpha_bar()
    start = torch.randn(4, 1, 16, 16, generator=generator)
    y, state, states = torch.tensor([10, 10, 3, 8]), start.double().numpy(), []
    for k, step in enumerate(steps):
        a, b = bars[step], (bars[steps[k + 1]] if k + 1 < len(steps) else 1.0)
        e = unet(torch.tensor(state).float(), torch.full((4,), float(step)), y).double().numpy()
        x0 = np.clip((state - math.sqrt(1 - a) * e) / math.sqrt(a), -1, 1)
        e = (state - math.sqrt(a) * x0) / math.sqrt(1 - a)
        state = math.sqrt(b) * x0 + math.sqrt(1 - b) * e
        states.append(state.astype(np.float32))
    np.savez_compressed(out / "ddim10.npz", start=start.numpy(), class_labels=y.numpy(), timesteps=np.array(steps),
                        states=np.stack(states), final=states[-1])
    print("final images: digit", classifier(torch.tensor(states[-1]))[1].argmax(1).tolist(), "asked", y.tolist())

    few = images[:16]
    features, logits = classifier(few)
    np.savez_compressed(out / "features.npz", images=few.numpy(), labels=labels[:16].numpy(), features=features.numpy(), logits=logits.numpy())

    full = torch.full((1,), 0.3)
    a = images[20:28].clone()
    b = torch.cat([a[:1], distort(a[1:2], "noise", full, generator), distort(a[2:3], "blur", full, generator),
                   distort(a[3:4], "shift", full, generator), distort(a[4:5], "contrast", full, generator),
                   images[30:31], torch.randn(1, 1, 16, 16, generator=generator).clamp(-1, 1), -torch.ones(1, 1, 16, 16)])
    expected = lpips(a.double(), b.double()).numpy()
    gap = abs(distance(a, b).numpy() - expected).max()
    print(f"perceptual: {np.round(expected, 5)}, the trained network differs by {gap:.1e}")
    assert gap < 1e-4
    np.savez_compressed(out / "perceptual.npz", a=a.numpy(), b=b.numpy(), distance=expected)

    for file, archive, outputs in (("unet.onnx", "eps", ["eps"]), ("features.onnx", "features", ["features", "logits"]),
                                   ("perceptual.onnx", "perceptual", ["distance"])):
        recorded = dict(np.load(out / f"{archive}.npz"))
        got = evaluate.run(PACKAGE / file, {k: v for k, v in recorded.items() if k not in outputs + ["labels"]})
        gap = max(abs(g - recorded[o]).max() for g, o in zip(got, outputs))
        print(f"{file}, node by node: {gap:.1e}")
        assert gap < 1e-4

    with np.load(PACKAGE / "ref_stats.npz") as s:
        root = scipy.linalg.sqrtm(s["sigma"] @ s["sigma_test"])
        d = s["mu"] - s["mu_test"]
        value = float(d @ d + np.trace(s["sigma"]) + np.trace(s["sigma_test"]) - 2 * np.trace(root).real)
    print(f"held-out against training images: {value:.6f}")
    macs = multiply_adds(unet, build.BLOCKS, 1, 16)
    print(f"multiply-adds: {macs['total']}, {sum(macs['blocks'].values()) / macs['total']:.3f} in blocks")
    common.write(out / "digits.json", {
        "source": "tools/golden/digits.py: PyTorch 1.13 on CPU, float32 networks, float64 sampling arithmetic",
        "tolerance": {"eps": 1e-4, "ddim10": 2e-3, "features": 1e-3, "perceptual": 1e-4, "frechetHeldOut": 1e-6},
        "ddim10": "10 steps, eta 0; data prediction clamped to [-1,1] and the noise recomputed from it; linear 1e-4 to 0.02, last step to clean",
        "frechetHeldOut": value,
        "multiplyAdds": macs})


if __name__ == "__main__":
    main()
