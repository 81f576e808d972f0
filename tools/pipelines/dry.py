"""Every published architecture that the exporters know, without memory for weights: parameters and tensors against the published counts. Stops at the first that differs.

    /usr/bin/python3 dry.py      a minute of one core; needs PyTorch 1.13
"""
import export_adm
import export_ddpm
import export_dit
import export_edm
import export_ldm
from full_size import COUNTS as SD15
from full_size import build as sd15
from modules import AutoencoderKL, Transformer2DModel, UNet
from text import ClipText


def cross(depth):
    return lambda width: Transformer2DModel(width, width // 64, 64, 2048, 32, depth, True)


# What optimum exports, so that no exporter here knows it (pipelines.md 6.3).
OTHERS = {
    "Stable Diffusion 1.5, U-Net": (sd15, SD15),
    "SDXL, U-Net": (lambda: UNet(4, 4, (320, 640, 1280), 2, 32, lambda i: [None, cross(2), cross(10)][i], cross(10), {"pooled": 1280, "size_width": 256}), (2_567_463_684, 1680)),
    "Stable Diffusion and SDXL, autoencoder": (lambda: AutoencoderKL((128, 256, 512, 512), 2, 4, 32), (83_653_863, 248)),
    "CLIP-L, text": (lambda: ClipText(49408, 768, 12, 12, []), (123_060_480, 196)),
    "OpenCLIP bigG, text": (lambda: ClipText(49408, 1280, 32, 20, [], projection=1280), (694_659_840, 517)),
}


def others():
    export_adm.without_memory()
    for name, (build, published) in OTHERS.items():
        model = build()
        found = sum(p.numel() for p in model.parameters()), len(list(model.parameters()))
        print(f"{name}: {found[0]:,} parameters in {found[1]} tensors; published: {published[0]:,} in {published[1]}")
        assert found == published


if __name__ == "__main__":
    for run in (export_edm.dry, export_adm.dry, export_ldm.dry, export_dit.dry, export_ddpm.dry, others):
        run()
    print("all as published")
