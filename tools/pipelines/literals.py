"""Four end-to-end results of diffusers' own tests, whose random weights PyTorch's CPU generator makes again: writes the pipelines as folders of ONNX files.

    /usr/bin/python3 literals.py      writes tests/Golden/pipelines/{ddim,ddpm-literal,dit,super-resolution}, and ddim-half with the first network in half precision; needs PyTorch 1.13
"""
import pathlib
import random
import shutil
import sys

import numpy as np
import torch

from folders import export, folder, scheduler, text, write
from modules import AutoencoderKL, DiT, UNet2DModel, VQModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from half import half_graph  # noqa: E402

DDIM = [0.0, .9979, 0.0, .9999, .9986, .9991, 7.106e-4, 0.0, 0.0]
DDPM = [0.0, 0.9996672, 0.00329116, 1.0, 0.9995991, 1.0, 0.0060907, 0.00115037, 0.0]
SUPER = [0.8678, 0.8245, 0.6381, 0.6830, 0.4385, 0.5599, 0.4641, 0.6201, 0.5150]
DIT = [.2946, .6601, .4329, .3296, .4144, .5319, .7273, .5013, .4457]


def alphas():
    return torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float32), 0)


def ddim(network, x, times):
    abar = alphas()
    for i, t in enumerate(times):
        a, b = abar[t], abar[times[i + 1]] if i + 1 < len(times) else torch.tensor(1.0)
        eps = network(x, t)
        x0 = ((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-1, 1)
        x = b.sqrt() * x0 + (1 - b).sqrt() * eps
    return x


def ancestral(network, x, times, generator):
    """Ho et al. 2020 with the smaller variance, over every 500th level; data predictions are clipped."""
    abar, image = alphas(), x
    for i, t in enumerate(times):
        a, b = abar[t], abar[times[i + 1]] if i + 1 < len(times) else torch.tensor(1.0)
        x0 = ((image - (1 - a).sqrt() * network(image, t)) / a.sqrt()).clamp(-1, 1)
        beta = 1 - a / b
        mean = b.sqrt() * beta / (1 - a) * x0 + (a / b).sqrt() * (1 - b) / (1 - a) * image
        image = mean if i + 1 == len(times) else mean + (beta * (1 - b) / (1 - a)).sqrt() * torch.randn(x.shape, generator=generator)
    return image


def show(name, image, expected, parameters):
    got = (image / 2 + 0.5).clamp(0, 1)[0, -1, -3:, -3:].flatten().numpy()
    print(f"{name}: {parameters} parameters, largest difference {abs(got - np.array(expected)).max():.1e}: {np.round(got, 4).tolist()}")
    assert abs(got - np.array(expected)).max() < 1e-3


@torch.no_grad()
def build_ddim():
    torch.manual_seed(0)
    unet = UNet2DModel().eval()
    start = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    image = ddim(lambda x, t: unet(x, torch.tensor([t])), start, [500, 0])
    show("DDIM", image, DDIM, sum(p.numel() for p in unet.parameters()))
    out = folder("ddim", "DDIMPipeline", unet=["diffusers", "UNet2DModel"], scheduler=["diffusers", "DDIMScheduler"])
    scheduler(out, "DDIMScheduler")
    export(unet, {"sample": start, "timestep": torch.tensor([500])}, "out_sample", out / "unet",
           {"_class_name": "UNet2DModel", "sample_size": 8, "in_channels": 3, "out_channels": 3, "block_out_channels": [4, 8]})
    write(out / "golden.npz", start=start, image=image)
    half = folder("ddim-half", "DDIMPipeline", unet=["diffusers", "UNet2DModel"], scheduler=["diffusers", "DDIMScheduler"])
    for name in ("unet/config.json", "scheduler/scheduler_config.json"):
        (half / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(out / name, half / name)
    half_graph(out / "unet" / "model.onnx", half / "unet" / "model.onnx")


@torch.no_grad()
def build_ddpm():
    """The network of DDIM with another scheduler: its folder holds no network of its own."""
    torch.manual_seed(0)
    unet, generator = UNet2DModel().eval(), torch.Generator().manual_seed(0)
    start = torch.randn(1, 3, 8, 8, generator=generator)
    image = ancestral(lambda x, t: unet(x, torch.tensor([t])), start, [500, 0], generator)
    show("DDPM", image, DDPM, sum(p.numel() for p in unet.parameters()))
    out = folder("ddpm-literal", "DDPMPipeline", unet=["diffusers", "UNet2DModel"], scheduler=["diffusers", "DDPMScheduler"])
    scheduler(out, "DDPMScheduler", clip_sample=True, clip_sample_range=1.0, variance_type="fixed_small", timestep_spacing="leading", steps_offset=0)
    (out / "unet").mkdir(exist_ok=True)
    for name in ("config.json", "model.onnx"):
        shutil.copyfile(out.parent / "ddim" / "unet" / name, out / "unet" / name)
    write(out / "golden.npz", start=start, image=image)


@torch.no_grad()
def build_super_resolution():
    """An image of 32 x 32 behind the state, and a decoder that takes the nearest code vectors; nothing is divided by a factor."""
    torch.manual_seed(0)
    unet = UNet2DModel(3, (32, 64), 2, 32, more=3).eval()
    torch.manual_seed(0)
    vq = VQModel((32, 64), 256, 1, 3, 32).eval()
    values = random.Random(0)
    low = torch.tensor([values.random() for _ in range(3 * 32 * 32)]).reshape(1, 3, 32, 32)
    start = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    latents = ddim(lambda x, t: unet(torch.cat([x, low], dim=1), torch.tensor([t])), start, [500, 0])
    image = vq(latents)
    show("latent super-resolution", image, SUPER, [sum(p.numel() for p in m.parameters()) for m in (unet, vq)])
    out = folder("super-resolution", "LDMSuperResolutionPipeline", unet=["diffusers", "UNet2DModel"], vqvae=["diffusers", "VQModel"], scheduler=["diffusers", "DDIMScheduler"])
    scheduler(out, "DDIMScheduler")
    export(unet, {"sample": torch.cat([start, low], dim=1), "timestep": torch.tensor([500])}, "out_sample", out / "unet",
           {"_class_name": "UNet2DModel", "sample_size": 32, "in_channels": 6, "out_channels": 3, "block_out_channels": [32, 64]})
    export(vq, {"latent_sample": latents}, "sample", out / "vqvae", {"_class_name": "VQModel", "block_out_channels": [32, 64], "latent_channels": 3, "out_channels": 3, "scaling_factor": 0.18215})
    np.save(out / "low.npy", low.numpy())
    text(out / "batcheval.json", {"images": "low.npy"})
    write(out / "golden.npz", start=start, latents=latents, image=image)


@torch.no_grad()
def build_dit():
    torch.manual_seed(0)
    transformer, vae = DiT().eval(), AutoencoderKL().eval()
    start = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))

    def guided(x, t):
        out = transformer(torch.cat([x, x]), torch.tensor([t, t]), torch.tensor([1, 1000]))[:, :4]
        return out[1:] + 4.0 * (out[:1] - out[1:])

    latents = ddim(guided, start, [500, 0])
    image = vae(latents / 0.18215)
    show("DiT", image, DIT, [sum(p.numel() for p in m.parameters()) for m in (transformer, vae)])
    out = folder("dit", "DiTPipeline", transformer=["diffusers", "Transformer2DModel"], vae=["diffusers", "AutoencoderKL"], scheduler=["diffusers", "DDIMScheduler"])
    scheduler(out, "DDIMScheduler")
    export(transformer, {"hidden_states": torch.cat([start, start]), "timestep": torch.tensor([500, 0]), "class_labels": torch.tensor([1, 1000])}, "out_hidden_states",
           out / "transformer", {"_class_name": "Transformer2DModel", "sample_size": 16, "in_channels": 4, "out_channels": 8, "num_embeds_ada_norm": 1000}, opset=16)
    export(vae, {"latent_sample": latents}, "sample", out / "vae_decoder",
           {"_class_name": "AutoencoderKL", "scaling_factor": 0.18215, "block_out_channels": [64], "latent_channels": 4, "out_channels": 3})
    write(out / "golden.npz", start=start, latents=latents, image=image)


BUILDERS = {"ddim": build_ddim, "ddpm": build_ddpm, "dit": build_dit, "super-resolution": build_super_resolution}

if __name__ == "__main__":
    for name in sys.argv[1:] or BUILDERS:
        BUILDERS[name]()
