"""Builds samples/glyphs from nothing: draws the images, trains the three networks and exports the package.

    python3 build.py --out DIR                      draw and train everything (about two hours on two cores)
    python3 build.py --out DIR --features-from P    the same with the feature network and the distance of the package P
    python3 build.py --out DIR --from-package P     export again from the weights in the package P, no training
    python3 build.py --out DIR --images 1152 --steps 20 --feature-steps 20 --perceptual-comparisons 200     a smoke run of the same path
    python3 build.py --verify DIR                   digests, statistics, held-out loss and quality of the distance of a package
"""
import argparse
import json
import pathlib
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "training"))
import data  # noqa: E402
import denoiser  # noqa: E402
import features  # noqa: E402
import fonts  # noqa: E402
import perceptual  # noqa: E402
from shared_layers import Perceptual  # noqa: E402
from nets import NULL_LABEL, TAPS, Classifier, Unet  # noqa: E402
from packages import digest, export, export_perceptual, restore, restore_from_onnx, save, verify_digests  # noqa: E402

CHUNK, FEATURE_SEEDS, TRAINING_SEEDS, TEST_SEED, REFERENCE_SEED = 108000, (1, 2), (1, 2, 5, 6), 3, 4
TEST_IMAGES, REFERENCE_IMAGES, CLEAN_IMAGES = 21600, 36000, 720
FILES = ["unet.onnx", "features.onnx", "perceptual.onnx", "ref_stats.npz", "data.npy", "classifier_weights.npz", "perceptual_weights.npz"]


def draw(families, count, *seeds, drawing=data.MODEL):
    """`count` images from each seed, as tensors."""
    parts = [data.draw(families, count, seed, drawing) for seed in seeds]
    return {key: torch.tensor(np.concatenate([part[key] for part in parts])) for key in parts[0]}


# ---- the package ----------------------------------------------------------------------------------------------

def load_all(folder):
    unet = restore_from_onnx(Unet(), folder / "unet.onnx")
    classifier = restore(Classifier(), folder / "classifier_weights.npz")
    distance = Perceptual(classifier.f, TAPS).eval()
    restore(distance, folder / "perceptual_weights.npz", strict=False)
    return unet, classifier, distance


def statistics(classifier, images):
    """Mean and covariance (n - 1) of the features of images given as bytes."""
    found = features.extract(classifier, images)[0].double().numpy()
    return found.mean(0), np.cov(found.T)


@torch.no_grad()
def export_all(unet, classifier, distance, training, test, out):
    two = torch.zeros(2, 3, data.SIZE, data.SIZE)
    export(unet, (two, torch.zeros(2), torch.zeros(2, dtype=torch.int64)),
           ["sample", "timestep", "class_labels"], ["v"], out / "unet.onnx", 17)
    export(classifier, (two,), ["images"], ["features", "logits"], out / "features.onnx", 16)
    export_perceptual(distance, two, out / "perceptual.onnx")
    save(classifier, out / "classifier_weights.npz")
    save(distance, out / "perceptual_weights.npz", only="lin.")
    mu, sigma = statistics(classifier, draw(training, REFERENCE_IMAGES, REFERENCE_SEED)["images"])
    mu_test, sigma_test = statistics(classifier, draw(test, TEST_IMAGES, TEST_SEED)["images"])
    np.savez(out / "ref_stats.npz", mu=mu, sigma=sigma, mu_test=mu_test, sigma_test=sigma_test)
    np.save(out / "data.npy", data.draw(training, CLEAN_IMAGES, TRAINING_SEEDS[0])["images"])


def manifest(out):
    document = {
        "formatVersion": 1,
        "name": "glyphs",
        "description": "Capital letters and digits of free fonts in colour on coloured and textured grounds, 32x32: a class-conditional "
                       "v-prediction U-Net with 13 droppable blocks, with its own feature network, perceptual distance and reference statistics.",
        "kind": "class-conditional",
        "denoiser": {"file": "unet.onnx", "prediction": "v",
                     "inputs": {"sample": "sample", "time": "timestep", "labels": "class_labels"}, "output": "v"},
        "schedule": {"type": "cosine", "trainSteps": 1000, "maxBeta": 0.999},
        "sample": {"channels": 3, "height": data.SIZE, "width": data.SIZE, "range": [-1, 1], "clampDenoised": True},
        "labels": {"count": len(fonts.CHARACTERS), "null": NULL_LABEL, "names": list(fonts.CHARACTERS)},
        "features": {"file": "features.onnx", "input": "images", "output": "features", "logits": "logits",
                     "dimensions": Classifier.FEATURES, "preprocessing": "model-range"},
        "perceptual": {"file": "perceptual.onnx", "inputs": ["a", "b"], "output": "distance"},
        "reference": {"file": "ref_stats.npz", "mean": "mu", "covariance": "sigma", "count": REFERENCE_IMAGES,
                      "heldOut": {"mean": "mu_test", "covariance": "sigma_test", "count": TEST_IMAGES}},
        "data": {"file": "data.npy"},
        "digests": {name: digest(out / name) for name in FILES},
        "provenance": "Drawn and trained for this project by tools/glyphs/build.py: 432,000 images of 36 characters in the typefaces of "
                      "Debian's free font packages, named in README.md; fifteen packages were kept for testing and never trained on.",
        "license": {"data": "drawings of characters; the fonts themselves are not included, their licences are named in README.md",
                    "weights": "same terms as this repository"},
    }
    (out / "model.json").write_text(json.dumps(document, indent=2) + "\n")


# ---- verification ---------------------------------------------------------------------------------------------

def verify(folder):
    unet, classifier, distance = load_all(folder)
    verify_digests(folder, json.loads((folder / "model.json").read_text()))
    reference = draw(fonts.training(), REFERENCE_IMAGES, REFERENCE_SEED)
    test = draw(fonts.test(), TEST_IMAGES, TEST_SEED)
    with np.load(folder / "ref_stats.npz") as stored:
        for (mean, covariance), some in ((("mu", "sigma"), reference), (("mu_test", "sigma_test"), test)):
            mu, sigma = statistics(classifier, some["images"])
            print(f"statistics {mean}: {abs(mu - stored[mean]).max():.1e}, {covariance}: {abs(sigma - stored[covariance]).max():.1e}")
    print(f"denoiser: loss on fresh images of training fonts {denoiser.held_out_loss(unet, reference['images'][:7200], reference['labels'][:7200]):.5f}, "
          f"of test fonts {denoiser.held_out_loss(unet, test['images'][:7200], test['labels'][:7200]):.5f}")
    perceptual.report(distance, (data.scaled(test["images"][:720].float()), test["labels"][:720]))


def train_features(training_fonts, test_fonts, arguments):
    """(classifier, distance), trained on wider drawings than the denoiser's: what a sample gets wrong is often outside of its data."""
    training = draw(training_fonts, arguments.images, *FEATURE_SEEDS, drawing=data.WIDE)
    test = draw(test_fonts, min(7200, arguments.images), TEST_SEED, drawing=data.WIDE)
    classifier = features.train(training, test, arguments.feature_steps)
    classifier.requires_grad_(False)
    distance = perceptual.train(classifier.f, TAPS, (data.scaled(training["images"][:7200].float()), training["labels"][:7200]),
                                per_kind=arguments.perceptual_comparisons)
    return classifier, distance


def train_denoiser(training_fonts, test_fonts, arguments):
    training = draw(training_fonts, arguments.images, *TRAINING_SEEDS)
    test = draw(test_fonts, min(7200, arguments.images), TEST_SEED)
    return denoiser.train(training["images"], training["labels"], (test["images"], test["labels"]), arguments.steps)


def networks(training_fonts, test_fonts, arguments):
    """(denoiser, classifier, distance): taken from packages where the arguments name some, trained otherwise."""
    if arguments.from_package:
        return load_all(arguments.from_package)
    if arguments.features_from:
        _, classifier, distance = load_all(arguments.features_from)
    else:
        classifier, distance = train_features(training_fonts, test_fonts, arguments)
    return train_denoiser(training_fonts, test_fonts, arguments), classifier, distance


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--from-package", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--features-from", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--images", type=int, default=CHUNK, help="drawn from each training seed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=denoiser.STEPS, help="denoiser training steps")
    parser.add_argument("--feature-steps", type=int, default=features.STEPS)
    parser.add_argument("--perceptual-comparisons", type=int, default=4000, help="per family")
    parser.add_argument("--verify", type=pathlib.Path, metavar="DIR")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.verify:
        return verify(arguments.verify)
    if not arguments.out:
        parser.error("--out or --verify is needed")
    arguments.out.mkdir(parents=True, exist_ok=True)
    training_fonts, test_fonts = fonts.training(), fonts.test()
    export_all(*networks(training_fonts, test_fonts, arguments), training_fonts, test_fonts, arguments.out)
    manifest(arguments.out)
    print(f"package written to {arguments.out}")


if __name__ == "__main__":
    main()
