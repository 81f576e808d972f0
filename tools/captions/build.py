"""Builds samples/captions from nothing: draws captioned images, trains autoencoder, CLIP-like pair, denoiser with its text encoder, and exports a diffusers folder.

    python3 build.py --out DIR --work WORK      trains what WORK does not hold yet (half an hour of one core), writes the folder DIR
    python3 build.py --out DIR --work WORK --images 720 --steps 0.01      a smoke run of the same path

Feature network and perceptual distance are those of samples/glyphs, which know such images; statistics are taken here.
"""
import argparse
import functools
import json
import pathlib
import shutil

import numpy as np
import torch

import captions
import fitting
import autoencoder
import data
import latent
import pair
from folders import folder, scheduler, text as json_text
from nets import Classifier
from packages import digest, restore
from vocabulary import LENGTH, Vocabulary

GLYPHS = fitting.ROOT.parent / "samples" / "glyphs"
IMAGES, UNSEEN, REFERENCE, PROMPTS, JUDGED = 48_000, 3600, 36_000, 144, 216
SEEDS = {"training": 1, "unseen": 2, "reference": 3, "prompts": 4}
OPSET = 17


def stage(work, name, models, train):
    """Takes weights from WORK where they lie there, trains and stores them otherwise."""
    path = work / f"{name}.pt"
    if path.exists():
        for model, state in zip(models, torch.load(path)):
            model.load_state_dict(state)
            model.eval()
        return models
    models = train()
    torch.save([model.state_dict() for model in models], path)
    return models


class Training:
    """Images, token rows and latents to train on, made when they are first asked for."""

    def __init__(self, families, vocabulary, count):
        self.families, self.vocabulary, self.count = families, vocabulary, count

    @functools.cached_property
    def drawn(self):
        images, texts, _ = captions.draw(self.families, self.count, SEEDS["training"])
        print(f"{len(images)} images, {len(set(texts))} captions, {len(self.vocabulary.ids)} tokens", flush=True)
        return torch.tensor(images), self.vocabulary.rows(texts)


def train_all(given, vocabulary, families):
    training, tokens, count = Training(families, vocabulary, given.images), len(vocabulary.ids), lambda steps: max(2, round(given.steps * steps))
    coder, = stage(given.work, "autoencoder", [autoencoder.build()], lambda: [autoencoder.train(training.drawn[0], count(autoencoder.STEPS))])
    file = given.work / "factor.txt"
    if not file.exists():
        means, deviations = autoencoder.encode(coder, training.drawn[0])
        file.write_text(f"{1 / float((means.var() + deviations.square().mean()).sqrt()):.5f}\n")
        print(f"scaling factor {file.read_text().strip()}, mean deviation of a posterior {float(deviations.mean()):.4f}", flush=True)
    factor = float(file.read_text())

    def denoiser():
        return latent.train(*autoencoder.encode(coder, training.drawn[0]), factor, training.drawn[1], vocabulary.rows([""]), tokens, count(latent.STEPS))

    both = stage(given.work, "denoiser", latent.build(tokens), denoiser)
    clip = stage(given.work, "pair", pair.build(tokens), lambda: pair.train(*training.drawn, tokens, count(pair.STEPS)))
    return coder, factor, clip, both


def report(coder, factor, clip, both, vocabulary, families, log=print):
    """On scenes that training left out; sampled images are judged by the feature network's own character and by the pair."""
    images, texts, characters = captions.draw(families, UNSEEN, SEEDS["unseen"], unseen=True)
    images, rows = torch.tensor(images), vocabulary.rows(texts)
    means, _ = autoencoder.encode(coder, images)
    log(f"autoencoder: PSNR {10 * np.log10(4 / autoencoder.error(coder, images)):.2f} dB")
    log(f"pair: own caption nearest of 100 for {pair.right(*clip, images, rows):.3f}")
    log(f"denoiser: loss {latent.held_out_loss(*both, factor * means, rows):.4f}")
    judge = restore(Classifier(), GLYPHS / "classifier_weights.npz")
    with torch.no_grad():
        for guidance in (1.0, 2.0, 4.0, 7.5):
            drawn = coder(latent.sample(*both, rows[:JUDGED], vocabulary.rows([""]), guidance=guidance) / factor)
            drawn = ((drawn.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            seen = judge(data.scaled(drawn.float()))[1].argmax(1).numpy()
            log(f"guidance {guidance}: character right {float((seen == characters[:JUDGED]).mean()):.3f} (of drawings "
                f"{float((judge(data.scaled(images[:JUDGED].float()))[1].argmax(1).numpy() == characters[:JUDGED]).mean()):.3f}), "
                f"own caption nearest of 100 {pair.right(*clip, drawn, rows[:JUDGED]):.3f}", flush=True)


@torch.no_grad()
def export(module, feeds, outputs, path):
    """Every axis but the batch is fixed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(module, tuple(feeds.values()), str(path), input_names=list(feeds), output_names=outputs, opset_version=OPSET,
                      dynamic_axes={name: {0: "batch_size"} for name in [*feeds, *outputs]})


def write_pipeline(out, coder, factor, both, vocabulary):
    unet, text = both
    folder(out.name, "StableDiffusionPipeline", out.parent, unet=["diffusers", "UNet2DConditionModel"], vae=["diffusers", "AutoencoderKL"], text_encoder=["transformers", "CLIPTextModel"],
           tokenizer=["transformers", "CLIPTokenizer"], scheduler=["diffusers", "DDIMScheduler"], safety_checker=[None, None], feature_extractor=[None, None], requires_safety_checker=False)
    scheduler(out, "DDIMScheduler", **latent.NOISE, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    vocabulary.write(out / "tokenizer")
    rows, latents = vocabulary.rows(["a red A", "a blue B on white dots"]), torch.zeros(2, 4, 8, 8)
    export(text, {"input_ids": rows}, ["last_hidden_state", "pooler_output"], out / "text_encoder" / "model.onnx")
    json_text(out / "text_encoder" / "config.json", {"architectures": ["CLIPTextModel"], "hidden_size": latent.CONTEXT, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 4 * latent.CONTEXT,
                                                     "hidden_act": "quick_gelu", "max_position_embeddings": LENGTH, "vocab_size": len(vocabulary.ids), "eos_token_id": len(vocabulary.ids) - 1})
    export(unet, {"sample": latents, "timestep": torch.tensor([1.0, 500.0]), "encoder_hidden_states": text(rows)[0]}, ["out_sample"], out / "unet" / "model.onnx")
    json_text(out / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", "sample_size": 8, "in_channels": 4, "out_channels": 4, "cross_attention_dim": latent.CONTEXT,
                                             "block_out_channels": list(latent.WIDTHS), "layers_per_block": 1, "attention_head_dim": 4, "norm_num_groups": 8})
    export(coder, {"latent_sample": latents}, ["sample"], out / "vae_decoder" / "model.onnx")
    json_text(out / "vae_decoder" / "config.json", {"_class_name": "AutoencoderKL", "scaling_factor": factor, "block_out_channels": list(autoencoder.LEVELS), "latent_channels": autoencoder.LATENT,
                                                    "in_channels": 3, "out_channels": 3, "sample_size": data.SIZE, "norm_num_groups": 8})


def write_pair(out, clip, vocabulary):
    image, text = clip
    vocabulary.write(out / "tokenizer")
    export(image, {"images": torch.zeros(2, 3, data.SIZE, data.SIZE)}, ["embedding"], out / "clip.onnx")
    export(text, {"input_ids": vocabulary.rows(["a red A", "a blue B"])}, ["embedding"], out / "text.onnx")
    json_text(out / "features.json", {
        "formatVersion": 1, "name": "captions-clip", "description": "Image and caption embedded into one space, for CLIP scores of coloured characters.",
        "features": {"file": "clip.onnx", "input": "images", "output": "embedding", "dimensions": pair.DIMENSIONS, "layer": "embedding"},
        "image": {"channels": 3, "height": data.SIZE, "width": data.SIZE, "resize": "none", "mean": [127.5] * 3, "std": [127.5] * 3},
        "text": {"file": "text.onnx", "input": "input_ids", "output": "embedding", "tokenizer": "tokenizer"},
        "provenance": "Trained for this project by tools/captions/build.py.", "digests": {name: digest(out / name) for name in ("clip.onnx", "text.onnx")}})


def write_rest(out, families):
    """Feature network, distance, statistics, prompts, and the file that names them."""
    for name in ("features.onnx", "perceptual.onnx"):
        shutil.copyfile(GLYPHS / name, out / name)
    judge = restore(Classifier(), GLYPHS / "classifier_weights.npz")
    images = torch.tensor(captions.draw(families, REFERENCE, SEEDS["reference"])[0])
    with torch.no_grad():
        found = torch.cat([judge(data.scaled(x.float()))[0] for x in images.split(512)]).double().numpy()
    np.savez(out / "ref_stats.npz", mu=found.mean(0), sigma=np.cov(found.T))
    texts = captions.draw(families, 4 * PROMPTS, SEEDS["prompts"])[1]
    (out / "prompts.txt").write_text("\n".join([t for t in texts if " on " in t and t.split()[1] in captions.COLOURS][:PROMPTS]) + "\n")
    json_text(out / "batcheval.json", {
        "name": "captions", "provenance": "Drawn and trained for this project by tools/captions/build.py.", "prompts": "prompts.txt", "clip": "clip",
        "features": json.loads((GLYPHS / "model.json").read_text())["features"], "perceptual": {"file": "perceptual.onnx", "inputs": ["a", "b"], "output": "distance"},
        "reference": {"file": "ref_stats.npz", "mean": "mu", "covariance": "sigma", "count": REFERENCE}})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="weights between the trainings")
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--steps", type=float, default=1.0, help="factor on the steps of every training")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.work.mkdir(parents=True, exist_ok=True)
    families, vocabulary = captions.typefaces(), Vocabulary(captions.words())
    coder, factor, clip, both = train_all(given, vocabulary, families)
    report(coder, factor, clip, both, vocabulary, families)
    out = given.out.resolve()
    write_pipeline(out, coder, factor, both, vocabulary)
    write_pair(out / "clip", clip, vocabulary)
    write_rest(out, families)
    print(f"written to {out}")


if __name__ == "__main__":
    main()
