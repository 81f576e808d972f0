"""Small pipelines with the architectures of the real ones and random weights, in the layout that exporters write, each with what a plain PyTorch loop samples.

    /usr/bin/python3 tiny.py [name ...]      writes tests/Golden/pipelines/; needs PyTorch 1.13
"""
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn as nn

from flux import FluxTransformer, image_ids, pack, unpack
from folders import export, folder, scheduler, text as json_text, write
from gradient import LogProbabilityGradient, Tape, Value
from joint import SD3Transformer
from loops import alphas, consistency, ddim, distilled, guide, leading, pseudo, tiled
from modules import Attention, AutoencoderKL, ResnetBlock2D, Transformer2DModel, UNet, UNet2DModel, VQModel, sinusoid
from text import ClipText, tokenizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from layers import randomise  # noqa: E402

torch.set_num_threads(1)
LATENT = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
PROMPT, NEGATIVE, SIDE = "a red cat", "blue dog", 8


def start(channels=4, side=SIDE, generator=None):
    return torch.randn(1, channels, side, side, generator=generator or torch.Generator().manual_seed(11))


class Condition(UNet):
    def forward(self, sample, timestep, encoder_hidden_states):
        return self.run(sample, timestep.expand(sample.shape[0]), encoder_hidden_states)


class Latent(UNet):
    def forward(self, sample, timestep, encoder_hidden_states, timestep_cond):
        return self.run(sample, timestep.expand(sample.shape[0]), encoder_hidden_states, cond=timestep_cond)


class Large(UNet):
    def forward(self, sample, timestep, encoder_hidden_states, text_embeds, time_ids):
        return self.run(sample, timestep.expand(sample.shape[0]), encoder_hidden_states, pooled=text_embeds, sizes=time_ids)


def cross(context, depth=1, linear=False):
    return lambda width: Transformer2DModel(width, 2, width // 2, context, 4, depth, linear)


def decoder(out, name="vae", factor=0.18215, seed=90, **more):
    vae = randomise(AutoencoderKL((8, 8, 8, 8), 1, 4, 4), seed)
    return vae, factor, lambda: export(vae, {"latent_sample": start()}, "sample", out / "vae_decoder",
                                       {"_class_name": "AutoencoderKL", "scaling_factor": factor, "block_out_channels": [8, 8, 8, 8], "latent_channels": 4, "out_channels": 3, **more}, sized=True)


def sd(name="sd15", guidance=None):
    out = folder(name, "LatentConsistencyModelPipeline" if guidance else "StableDiffusionPipeline", unet=["diffusers", "UNet2DConditionModel"], vae=["diffusers", "AutoencoderKL"],
                 text_encoder=["transformers", "CLIPTextModel"], tokenizer=["transformers", "CLIPTokenizer"], scheduler=["diffusers", "LCMScheduler" if guidance else "PNDMScheduler"], safety_checker=[None, None])
    (out / "safety_checker").mkdir(exist_ok=True)
    (out / "safety_checker" / "readme.txt").write_text("A real folder holds a network here. It is not run.\n")
    row, words = tokenizer(out / "tokenizer", "<|endoftext|>")
    clip = randomise(ClipText(words, 16, 2, 2, ["last_hidden_state", "pooler_output"]), 1)
    widths = (8, 8, 8, 8)
    make = Latent if guidance else Condition
    unet = randomise(make(4, 4, widths, 2 if not guidance else 1, 4, lambda i: cross(16) if i < 3 else None, cross(16), {"cond": 32} if guidance else None), 2)
    hidden, null = clip(row(PROMPT))[0], clip(row(NEGATIVE))[0]
    vae, factor, save = decoder(out)
    if guidance:
        w = 1000 * (guidance - 1)
        freqs = torch.exp(torch.arange(16) * -(math.log(10000) / 15))
        cond = torch.cat([torch.sin(w * freqs), torch.cos(w * freqs)])[None]
        generator = torch.Generator().manual_seed(11)
        latents = consistency(lambda x, t: unet(x, torch.tensor(float(t)), hidden, cond), start(generator=generator), distilled(4), alphas(), generator)
        scheduler(out, "LCMScheduler", **LATENT, clip_sample=False, set_alpha_to_one=True, steps_offset=0, timestep_spacing="leading", original_inference_steps=50, timestep_scaling=10.0)
    else:
        network = guide(lambda x, t, negative: unet(x, torch.tensor(float(t)), null if negative else hidden), 7.5)
        latents = pseudo(network, start(), leading(50, 1), alphas(), alphas()[0])
        scheduler(out, "PNDMScheduler", **LATENT, clip_sample=False, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1, timestep_spacing="leading")
    feeds = {"sample": start(), "timestep": torch.tensor(500.0), "encoder_hidden_states": hidden}
    if guidance:
        feeds["timestep_cond"] = cond
    export(unet, feeds, "out_sample", out / "unet", {"_class_name": "UNet2DConditionModel", "sample_size": SIDE, "in_channels": 4, "cross_attention_dim": 16, "time_cond_proj_dim": 32 if guidance else None})
    export(clip, {"input_ids": row(PROMPT)}, clip.names(), out / "text_encoder", {"_class_name": "CLIPTextModel"}, fixed=())
    save()
    more = {} if guidance else {"tiled": tiled(vae, latents / factor, 4)}
    write(out / "golden.npz", start=start(), latents=latents, image=vae(latents / factor), sequence=hidden, **more)


def sdxl():
    out = folder("sdxl", "StableDiffusionXLPipeline", unet=["diffusers", "UNet2DConditionModel"], vae=["diffusers", "AutoencoderKL"], text_encoder=["transformers", "CLIPTextModel"],
                 text_encoder_2=["transformers", "CLIPTextModelWithProjection"], tokenizer=["transformers", "CLIPTokenizer"], tokenizer_2=["transformers", "CLIPTokenizer"],
                 scheduler=["diffusers", "EulerDiscreteScheduler"], force_zeros_for_empty_prompt=True)
    (row, words), (row2, _) = tokenizer(out / "tokenizer", "<|endoftext|>"), tokenizer(out / "tokenizer_2", "!")
    clip = randomise(ClipText(words, 8, 3, 2, ["last_hidden_state", "pooler_output", "hidden_states"]), 3)
    big = randomise(ClipText(words, 16, 2, 2, ["text_embeds", "last_hidden_state", "hidden_states"], projection=12, quick=False), 4)
    unet = randomise(Large(4, 4, (8, 8, 16), 2, 4, lambda i: [None, cross(24, 1, True), cross(24, 2, True)][i], cross(24, 2, True), {"pooled": 12, "size_width": 8}), 5)
    encode = lambda words: (torch.cat([clip(row(words))[2 + 2], big(row2(words))[2 + 1]], dim=-1), big(row2(words))[0])
    hidden, pooled = encode(PROMPT)
    sizes = torch.tensor([[64.0, 64.0, 0.0, 0.0, 64.0, 64.0]])
    vae, factor, save = decoder(out, factor=0.13025, force_upcast=True)
    times, abar = leading(5, 1), alphas()
    sigmas = torch.cat([((1 - abar) / abar).sqrt()[times], torch.zeros(1)])
    # Euler in variance-exploding coordinates, as that scheduler computes it; the negative prompt is none: zeros
    x = start() * (sigmas[0] ** 2 + 1).sqrt()
    for i, t in enumerate(times):
        scaled = x / (sigmas[i] ** 2 + 1).sqrt()
        positive = unet(scaled, torch.tensor(float(t)), hidden, pooled, sizes)
        negative = unet(scaled, torch.tensor(float(t)), hidden * 0, pooled * 0, sizes)
        x = x + (sigmas[i + 1] - sigmas[i]) * (negative + 5.0 * (positive - negative))
    scheduler(out, "EulerDiscreteScheduler", **LATENT, steps_offset=1, timestep_spacing="leading", interpolation_type="linear", use_karras_sigmas=False)
    export(unet, {"sample": start(), "timestep": torch.tensor(500.0), "encoder_hidden_states": hidden, "text_embeds": pooled, "time_ids": sizes}, "out_sample", out / "unet",
           {"_class_name": "UNet2DConditionModel", "sample_size": SIDE, "in_channels": 4, "cross_attention_dim": 24})
    export(clip, {"input_ids": row(PROMPT)}, clip.names(), out / "text_encoder", None)
    export(big, {"input_ids": row2(PROMPT)}, big.names(), out / "text_encoder_2", None)
    save()
    write(out / "golden.npz", start=start(), latents=x, image=vae(x / factor), sequence=hidden, pooled=pooled)


def sd3():
    out = folder("sd3", "StableDiffusion3Pipeline", transformer=["diffusers", "SD3Transformer2DModel"], vae=["diffusers", "AutoencoderKL"], text_encoder=["transformers", "CLIPTextModelWithProjection"],
                 text_encoder_2=["transformers", "CLIPTextModelWithProjection"], text_encoder_3=[None, None], tokenizer=["transformers", "CLIPTokenizer"], tokenizer_2=["transformers", "CLIPTokenizer"],
                 scheduler=["diffusers", "FlowMatchEulerDiscreteScheduler"])
    (row, words), (row2, _) = tokenizer(out / "tokenizer", "<|endoftext|>"), tokenizer(out / "tokenizer_2", "!")
    clip = randomise(ClipText(words, 8, 2, 2, ["text_embeds", "last_hidden_state", "hidden_states"], projection=8), 6)
    big = randomise(ClipText(words, 12, 2, 2, ["text_embeds", "last_hidden_state", "hidden_states"], projection=12, quick=False), 7)
    transformer = randomise(SD3Transformer(SIDE, 2, 4, 16, 2, 2, joint=32, pooled=20), 8)

    def encode(words):
        a, b = clip(row(words)), big(row2(words))
        both = torch.cat([a[3], b[3]], dim=-1)
        both = torch.nn.functional.pad(both, (0, 32 - both.shape[-1]))
        return torch.cat([both, torch.zeros(1, 256, 32)], dim=1), torch.cat([a[0], b[0]], dim=-1)

    (hidden, pooled), (null, null_pooled) = encode(PROMPT), encode(NEGATIVE)
    shift = lambda u: 3 * u / (1 + 2 * u)
    grid = [shift(float(u)) for u in np.linspace(1.0, shift(1 / 1000), 5)] + [0.0]
    x = start()
    for u, next_u in zip(grid, grid[1:]):
        t = torch.tensor([1000 * u])
        negative, positive = transformer(x, null, null_pooled, t), transformer(x, hidden, pooled, t)
        x = x + (next_u - u) * (negative + 7.0 * (positive - negative))
    vae, factor, save = decoder(out, factor=1.5305, shift_factor=0.0609)
    scheduler(out, "FlowMatchEulerDiscreteScheduler", shift=3.0)
    export(transformer, {"hidden_states": start(), "encoder_hidden_states": hidden, "pooled_projections": pooled, "timestep": torch.tensor([500.0])}, "out_hidden_states", out / "transformer",
           {"_class_name": "SD3Transformer2DModel", "sample_size": SIDE, "in_channels": 4, "joint_attention_dim": 32, "pooled_projection_dim": 20}, opset=16)
    export(clip, {"input_ids": row(PROMPT)}, clip.names(), out / "text_encoder", None)
    export(big, {"input_ids": row2(PROMPT)}, big.names(), out / "text_encoder_2", None)
    save()
    write(out / "golden.npz", start=start(), latents=x, image=vae(x / factor + 0.0609), sequence=hidden, pooled=pooled, negative_sequence=null, negative_pooled=null_pooled)


def flux():
    """Embedded guidance, packed latents, times moved with the number of tokens; text from a file of embeddings."""
    out = folder("flux", "FluxPipeline", transformer=["diffusers", "FluxTransformer2DModel"], vae=["diffusers", "AutoencoderKL"], text_encoder=["transformers", "CLIPTextModel"],
                 text_encoder_2=["transformers", "T5EncoderModel"], scheduler=["diffusers", "FlowMatchEulerDiscreteScheduler"])
    transformer = randomise(FluxTransformer(16, 16, 2, 1, 2, joint=12, pooled=8, axes=(2, 2, 4)), 15)
    generator = torch.Generator().manual_seed(16)
    hidden, pooled = torch.randn(1, 6, 12, generator=generator), torch.randn(1, 8, generator=generator)
    ids, words, steps = image_ids(SIDE, SIDE), torch.zeros(6, 3, dtype=torch.int64), 4
    slope = (1.15 - 0.5) / (4096 - 256)
    shift = math.exp(slope * len(ids) + 0.5 - slope * 256)
    grid = [shift / (shift + (1 / float(u) - 1)) for u in np.linspace(1.0, 1 / steps, steps)] + [0.0]
    x, guidance = start(), torch.tensor([3.5])
    for u, next_u in zip(grid, grid[1:]):
        v = transformer(pack(x), hidden, pooled, torch.tensor([u]), ids, words, guidance)
        x = x + (next_u - u) * unpack(v, SIDE, SIDE)
    vae, factor, save = decoder(out, factor=0.3611, shift_factor=0.1159)
    scheduler(out, "FlowMatchEulerDiscreteScheduler", shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256, max_image_seq_len=4096)
    export(transformer, {"hidden_states": pack(start()), "encoder_hidden_states": hidden, "pooled_projections": pooled, "timestep": torch.tensor([0.5]), "img_ids": ids, "txt_ids": words,
                         "guidance": guidance}, "out_hidden_states", out / "transformer",
           {"_class_name": "FluxTransformer2DModel", "in_channels": 16, "sample_size": SIDE, "guidance_embeds": True, "joint_attention_dim": 12, "pooled_projection_dim": 8}, opset=16, fixed=("img_ids", "txt_ids"))
    save()
    write(out / "embeddings.npz", sequence=hidden, pooled=pooled)
    json_text(out / "batcheval.json", {"embeddings": "embeddings.npz"})
    write(out / "golden.npz", start=start(), latents=x, image=vae(x / factor + 0.1159))


def package(name, manifest):
    from folders import ROOT
    out = ROOT / name
    json_text(out / "model.json", {"formatVersion": 1, "name": name, "description": "random weights (tools/pipelines/tiny.py)", **manifest})
    return out


def ldm():
    """Latent diffusion on ImageNet: class table as context, VQ decoder, betas of that code."""
    unet = randomise(Condition(3, 3, (8, 8, 16), 1, 4, lambda i: cross(16), cross(16)), 9)
    table = torch.randn(11, 1, 16, generator=torch.Generator().manual_seed(10))
    vq = randomise(VQModel((8, 8, 8), 64, 1, 3, 4), 11)
    vq.embedding.weight.data = torch.randn(64, 3, generator=torch.Generator().manual_seed(12))
    out = package("ldm", {
        "kind": "class-conditional", "denoiser": {"file": "unet/model.onnx", "prediction": "epsilon", "inputs": {"sample": "sample", "time": "timestep", "context": "encoder_hidden_states"}, "output": "out_sample"},
        "schedule": {"type": "scaled-linear", "trainSteps": 1000, "betaStart": 0.0015, "betaEnd": 0.0195}, "sample": {"channels": 3, "height": 8, "width": 8, "clampDenoised": False},
        "labels": {"count": 10, "null": 10, "table": "classes.npy"},
        "decoder": {"file": "decoder/model.onnx", "input": "latent_sample", "output": "sample", "scalingFactor": 1, "image": {"channels": 3, "height": 32, "width": 32}}})
    np.save(out / "classes.npy", table.numpy())
    network = guide(lambda x, t, negative: unet(x, torch.tensor(float(t)), table[10:] if negative else table[4:5]), 3.0)
    abar = alphas(0.0015, 0.0195)
    latents = ddim(network, start(3), leading(5, 1), abar, abar[0])
    export(unet, {"sample": start(3), "timestep": torch.tensor(500.0), "encoder_hidden_states": table[:1]}, "out_sample", out / "unet", None)
    export(vq, {"latent_sample": latents}, "sample", out / "decoder", None)
    write(out / "golden.npz", start=start(3), latents=latents, image=vq(latents))


class Classifier(nn.Module):
    """The half of ADM's U-Net that goes down, with attention and pooling at its end."""

    def __init__(self, channels=3, width=8, classes=10):
        super().__init__()
        self.width = width
        self.time = nn.ModuleList([nn.Linear(width, 4 * width), nn.Linear(4 * width, 4 * width)])
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.norm1, self.conv1, self.emb = nn.GroupNorm(4, width), nn.Conv2d(width, width, 3, padding=1), nn.Linear(4 * width, width)
        self.norm2, self.conv2 = nn.GroupNorm(4, width), nn.Conv2d(width, width, 3, padding=1)
        self.down = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.norm3, self.q, self.k, self.v, self.out = nn.GroupNorm(4, width), *(nn.Conv1d(width, width, 1) for _ in range(4))
        self.norm4, self.head = nn.GroupNorm(4, width), nn.Linear(width, classes)

    def run(self, tape, x, t):
        emb = torch.nn.functional.silu(self.time[1](torch.nn.functional.silu(self.time[0](sinusoid(t, self.width).to(x.value.dtype)))))
        x = tape.conv(x, self.first)
        h = tape.shift(tape.conv(tape.silu(tape.group_norm(x, self.norm1)), self.conv1), self.emb(emb))
        x = tape.halve(tape.add(x, tape.conv(tape.silu(tape.group_norm(h, self.norm2)), self.conv2)))
        x = tape.conv(x, self.down)
        b, c, height, width = x.value.shape
        flat = tape.reshape(x, b, c, height * width)
        h = tape.group_norm(flat, self.norm3)
        h = tape.attention(tape.conv(h, self.q), tape.conv(h, self.k), tape.conv(h, self.v), c ** -0.5)
        x = tape.add(flat, tape.conv(h, self.out))
        return tape.linear(tape.pool(tape.silu(tape.group_norm(x, self.norm4))), self.head)


class Learned(UNet):
    def forward(self, x, timesteps, y):
        return self.run(x, timesteps, labels=y)


def adm():
    """ADM with learned variances and classifier guidance in its order: clip, then the gradient, not clipped again."""
    attention = lambda width: Attention(width, 1, width, bias=True, groups=4)
    unet = randomise(Learned(3, 6, (8, 16), 1, 4, lambda i: attention if i else None, attention, {"classes": 10}), 13)
    classifier = randomise(Classifier(), 14)
    gradient = LogProbabilityGradient(classifier)

    def autograd(x, t, y):
        with torch.enable_grad():
            x = x.detach().double().requires_grad_()
            twin = Classifier().double()
            twin.load_state_dict(classifier.double().state_dict())
            logits = twin.run(Tape(), Value(x), t).value
            classifier.float()
            return torch.autograd.grad(torch.log_softmax(logits, dim=1)[0, y[0]], x)[0]

    x, y = start(3), torch.tensor([4])
    exact = autograd(x, torch.tensor([321.0]), y)
    gap = (gradient(x, torch.tensor([321.0]), y).double() - exact).abs().max() / exact.abs().max()
    print(f"  gradient against autograd in double precision: {gap:.1e} of the largest")
    assert gap < 1e-5
    scale, abar = 6.0, torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)
    times = leading(5, 0)
    for i, t in enumerate(times):
        a, b = abar[t], abar[times[i + 1]] if i + 1 < len(times) else torch.tensor(1.0)
        tt = torch.tensor([float(t)])
        eps = unet(x, tt, y)[:, :3]
        x0 = ((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-1, 1)
        eps = (x - a.sqrt() * x0) / (1 - a).sqrt() - (1 - a).sqrt() * scale * gradient(x, tt, y)
        x0 = (x - (1 - a).sqrt() * eps) / a.sqrt()
        x = b.sqrt() * x0 + (1 - b).sqrt() * eps
    out = package("adm", {
        "kind": "class-conditional", "denoiser": {"file": "unet/model.onnx", "prediction": "epsilon", "inputs": {"sample": "x", "time": "timesteps", "labels": "y"}, "output": "out"},
        "schedule": {"type": "linear", "trainSteps": 1000, "betaStart": 0.0001, "betaEnd": 0.02}, "sample": {"channels": 3, "height": 8, "width": 8, "range": [-1, 1], "clampDenoised": True, "rounding": "truncate"},
        "labels": {"count": 10}, "classifier": {"file": "classifier_gradient/model.onnx", "inputs": {"sample": "x", "time": "t", "labels": "y"}, "output": "gradient"}})
    export(unet, {"x": start(3), "timesteps": torch.tensor([500.0]), "y": y}, "out", out / "unet", None)
    export(gradient, {"x": start(3), "t": torch.tensor([500.0]), "y": y}, "gradient", out / "classifier_gradient", None)
    write(out / "golden.npz", start=start(3), latents=x, image=x)


BUILDERS = {"sd15": sd, "lcm": lambda: sd("lcm", 8.5), "sdxl": sdxl, "sd3": sd3, "ldm": ldm, "adm": adm, "flux": flux}

if __name__ == "__main__":
    with torch.no_grad():
        for name in sys.argv[1:] or BUILDERS:
            print(name)
            BUILDERS[name]()
