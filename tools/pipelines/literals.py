"""Two end-to-end results of diffusers' own tests, whose random weights PyTorch's CPU generator makes again: writes the pipelines as folders of ONNX files.

    /usr/bin/python3 literals.py      writes tests/Golden/pipelines/{ddim,dit}, and ddim-half with the first network in half precision; needs PyTorch 1.13
"""
import pathlib
import shutil
import sys

import numpy as np
import torch

from folders import export, folder, scheduler, write
from modules import AutoencoderKL, DiT, UNet2DModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from half import half_graph  # noqa: E402

DDIM = [0.0, .9979, 0.0, .9999, .9986, .9991, 7.106e-4, 0.0, 0.0]
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


if __name__ == "__main__":
    build_ddim()
    build_dit()
