"""Builds samples/digits from nothing: trains the three networks and exports the package.

    python3 build.py --out DIR                      train everything (about 45 minutes on one core)
    python3 build.py --out DIR --from-weights W     export again from the weight archives in W, no training
    python3 build.py --out DIR --steps 20 ...       a smoke run of the same path
    python3 build.py --verify DIR [--golden FILE]   check digests, statistics and recorded outputs of a package
"""
import argparse
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "training"))
import data  # noqa: E402
import perceptual  # noqa: E402
from shared_layers import Perceptual  # noqa: E402
from nets import BLOCKS, NULL_LABEL, TAPS, Classifier, Unet  # noqa: E402
from packages import digest, export, export_perceptual, restore, save, verify_digests  # noqa: E402

torch.set_num_threads(1)
STEPS, CLASSIFIER_STEPS = 8500, 2500
FILES = ["unet.onnx", "features.onnx", "perceptual.onnx", "ref_stats.npz", "data.npy"]
ARCHIVES = {"unet": "unet_weights.npz", "classifier": "classifier_weights.npz", "perceptual": "perceptual_weights.npz"}


# ---- training -------------------------------------------------------------------------------------------------

def alpha_bar():
    return torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0).float()


def train_unet(training, held_out, steps, seed=0):
    """Noise prediction; AdamW 1e-3, cosine after 200 warm-up steps; exponential moving average 0.999."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model, bars = Unet(dropout=0.1).train(), alpha_bar()
    average = {k: v.clone() for k, v in model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1, (s + 1) / 200) * 0.5 * (1 + math.cos(math.pi * s / steps)))
    images, labels = training
    started, smooth = time.time(), None
    for step in range(steps):
        index = torch.randint(len(images), (64,), generator=generator)
        x = data.affine(images[index], 4, 0.04, 0.035, generator, probability=0.5)
        y = torch.where(torch.rand(64, generator=generator) < 0.12, torch.tensor(NULL_LABEL), labels[index])
        t = torch.randint(1000, (64,), generator=generator)
        noise, bar = torch.randn(x.shape, generator=generator), bars[t].view(-1, 1, 1, 1)
        loss = F.mse_loss(model(bar.sqrt() * x + (1 - bar).sqrt() * noise, t.float(), y), noise)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rate.step()
        decay = min(0.999, (1 + step) / (10 + step))
        for key, value in model.state_dict().items():
            average[key].lerp_(value, 1 - decay)
        smooth = float(loss) if smooth is None else 0.99 * smooth + 0.01 * float(loss)
        if (step + 1) % max(1, steps // 20) == 0:
            print(f"  unet step {step + 1}/{steps}: loss {smooth:.4f}, {time.time() - started:.0f} s", flush=True)
    model.load_state_dict(average)
    print(f"  unet held-out loss {denoising_loss(model.eval(), *held_out):.4f}")
    return model


@torch.no_grad()
def denoising_loss(model, images, labels, repeats=8):
    generator, total = torch.Generator().manual_seed(7), 0.0
    for _ in range(repeats):
        t = torch.randint(1000, (len(images),), generator=generator)
        noise, bar = torch.randn(images.shape, generator=generator), alpha_bar()[t].view(-1, 1, 1, 1)
        total += float(F.mse_loss(model(bar.sqrt() * images + (1 - bar).sqrt() * noise, t.float(), labels), noise))
    return total / repeats


def train_classifier(training, held_out, steps, seed=0):
    """Digits, plus a reconstruction head that exists only while training: it keeps all 64 features alive."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Classifier().train()
    head = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 256))
    parameters = list(model.parameters()) + list(head.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    images, labels = training
    for step in range(steps):
        index = torch.randint(len(images), (64,), generator=generator)
        x = data.affine(images[index], 8, 0.05, 0.04, generator)
        features, logits = model(x)
        loss = F.cross_entropy(logits, labels[index]) + 2 * F.mse_loss(head(features), x.flatten(1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    model.eval()
    with torch.no_grad():
        for name, (x, y) in (("training", training), ("held-out", held_out)):
            features, logits = model(x)
            print(f"  classifier {name}: {float((logits.argmax(1) == y).float().mean()):.4f} right, "
                  f"feature rank {int(torch.linalg.matrix_rank(torch.cov(features.T), atol=1e-3))}")
    return model


# ---- the package ----------------------------------------------------------------------------------------------

def load_all(folder):
    unet = restore(Unet(), folder / ARCHIVES["unet"])
    classifier = restore(Classifier(), folder / ARCHIVES["classifier"])
    distance = Perceptual(classifier.f, TAPS).eval()
    restore(distance, folder / ARCHIVES["perceptual"], strict=False)
    return unet, classifier, distance


@torch.no_grad()
def export_all(unet, classifier, distance, out, which=FILES):
    two = torch.zeros(2, 1, 16, 16)
    if "unet.onnx" in which:
        export(unet, (two, torch.zeros(2), torch.zeros(2, dtype=torch.int64)),
               ["sample", "timestep", "class_labels"], ["eps"], out / "unet.onnx", 17)
    if "features.onnx" in which:
        export(classifier, (two,), ["images"], ["features", "logits"], out / "features.onnx", 16)
    if "perceptual.onnx" in which:
        export_perceptual(distance, torch.zeros(2, 1, 16, 16), out / "perceptual.onnx")
    if "ref_stats.npz" in which:
        (a, _), (b, _) = data.load()
        f, g = (classifier(x)[0].double().numpy() for x in (a, b))
        np.savez(out / "ref_stats.npz", mu=f.mean(0), sigma=np.cov(f.T), mu_test=g.mean(0), sigma_test=np.cov(g.T))
    if "data.npy" in which:
        save_data(out / "data.npy")


def save_data(path):
    """The training images as bytes, for schedules that need clean samples (KLUB)."""
    (images, _), _ = data.load()
    np.save(path, ((images.numpy() + 1) * 127.5).round().astype(np.uint8))


def manifest(out):
    (a, _), (b, _) = data.load()
    archives = [name for name in ARCHIVES.values() if (out / name).exists()]
    document = {
        "formatVersion": 1,
        "name": "digits",
        "description": "Handwritten digits, 16x16 grey: a class-conditional noise-prediction U-Net with 13 droppable blocks, "
                       "with its own feature network, perceptual distance and reference statistics.",
        "kind": "class-conditional",
        "denoiser": {"file": "unet.onnx", "prediction": "epsilon",
                     "inputs": {"sample": "sample", "time": "timestep", "labels": "class_labels"}, "output": "eps"},
        "schedule": {"type": "linear", "trainSteps": 1000, "betaStart": 0.0001, "betaEnd": 0.02},
        "sample": {"channels": 1, "height": 16, "width": 16, "range": [-1, 1], "clampDenoised": True},
        "labels": {"count": 10, "null": NULL_LABEL, "names": [str(i) for i in range(10)]},
        "features": {"file": "features.onnx", "input": "images", "output": "features", "logits": "logits",
                     "dimensions": 64, "preprocessing": "model-range"},
        "perceptual": {"file": "perceptual.onnx", "inputs": ["a", "b"], "output": "distance"},
        "reference": {"file": "ref_stats.npz", "mean": "mu", "covariance": "sigma", "count": len(a),
                      "heldOut": {"mean": "mu_test", "covariance": "sigma_test", "count": len(b)}},
        "data": {"file": "data.npy"},
        "digests": {name: digest(out / name) for name in FILES + archives},
        "provenance": "Trained for this project by tools/digits/build.py on scikit-learn's load_digits (8x8, 17 grey levels; the test "
                      "part of UCI 'Optical Recognition of Handwritten Digits', E. Alpaydin and C. Kaynak), resized to 16x16 by "
                      "bicubic interpolation. 1500 images for training, 297 never trained on. See README.md.",
        "license": {"data": "CC-BY-4.0 (UCI Machine Learning Repository, Optical Recognition of Handwritten Digits, 1998)",
                    "weights": "same terms as this repository"},
    }
    (out / "model.json").write_text(json.dumps(document, indent=2) + "\n")


# ---- verification ---------------------------------------------------------------------------------------------

@torch.no_grad()
def verify(folder, golden):
    unet, classifier, distance = load_all(folder)
    document = json.loads((folder / "model.json").read_text())
    verify_digests(folder, document)
    (a, _), (b, _) = data.load()
    with np.load(folder / "ref_stats.npz") as stats:
        for (mean, cov), x in ((("mu", "sigma"), a), (("mu_test", "sigma_test"), b)):
            f = classifier(x)[0].double().numpy()
            print(f"statistics {mean}: {abs(f.mean(0) - stats[mean]).max():.1e}, {cov}: {abs(np.cov(f.T) - stats[cov]).max():.1e}")
    if golden:
        with np.load(golden) as g:
            inputs = [torch.tensor(g[k]) for k in ("sample", "timestep", "class_labels")]
            worst = abs(unet(*inputs).numpy() - g["full"]).max()
            for name, expected in zip(g["single_names"], g["single"]):
                unet.dropped = frozenset([str(name)])
                worst = max(worst, abs(unet(*inputs).numpy() - expected).max())
            unet.dropped = frozenset(["u8_attn", "d16_res1", "mid_res0"])
            worst = max(worst, abs(unet(*inputs).numpy() - g["dropped_u8_attn_d16_res1_mid_res0"]).max())
            assert sorted(map(str, g["single_names"])) == sorted(BLOCKS)
            print(f"recorded outputs (full, 13 single, one triple): largest difference {worst:.2e}")
            assert worst < 1e-4
    perceptual.report(distance, (b, data.load()[1][1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--from-weights", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--only", nargs="+", choices=FILES, default=FILES, help="export only these files")
    parser.add_argument("--steps", type=int, default=STEPS, help="U-Net training steps")
    parser.add_argument("--classifier-steps", type=int, default=CLASSIFIER_STEPS)
    parser.add_argument("--perceptual-comparisons", type=int, default=4000, help="per family")
    parser.add_argument("--verify", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--golden", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.verify:
        return verify(arguments.verify, arguments.golden)
    if not arguments.out:
        parser.error("--out or --verify is needed")
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.from_weights:
        unet, classifier, distance = load_all(arguments.from_weights)
    else:
        training, held_out = data.load()
        classifier = train_classifier(training, held_out, arguments.classifier_steps)
        classifier.requires_grad_(False)
        distance = perceptual.train(classifier.f, TAPS, training, per_kind=arguments.perceptual_comparisons)
        unet = train_unet(training, held_out, arguments.steps)
    save(unet, arguments.out / ARCHIVES["unet"])
    save(classifier, arguments.out / ARCHIVES["classifier"])
    save(distance, arguments.out / ARCHIVES["perceptual"], only="lin.")
    export_all(unet, classifier, distance, arguments.out, arguments.only)
    if all((arguments.out / name).exists() for name in FILES):
        manifest(arguments.out)
    print(f"package written to {arguments.out}")


if __name__ == "__main__":
    main()
