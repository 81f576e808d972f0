"""What the exporters of EDM, DDPM and DiT make of random weights in the published layouts, each with what a plain PyTorch loop samples.

    /usr/bin/python3 exported.py [name ...]      writes tests/Golden/pipelines/{edm-song,edm-song-ve,edm-adm,ddpm,dit-official}
"""
import sys

import torch

import export_ddpm
import export_dit
import export_edm
from folders import ROOT, write
from loops import ddim, guide
from tiny import start

SIGMAS, TIMES = [80.0, 20.0, 5.0, 1.0, 0.2], [800, 600, 400, 200, 0]


def betas():
    return torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)


def edm(kind):
    """Euler's method in sigma."""
    model, arguments = export_edm.small(kind)
    out = ROOT / f"edm-{kind}"
    export_edm.package(out, f"edm-{kind}", model, arguments)
    labels = torch.eye(10)[4:5] if arguments["label_dim"] else None
    x = start(3) * SIGMAS[0]
    for sigma, following in zip(SIGMAS, [*SIGMAS[1:], 0.0]):
        clean = model(x, torch.tensor([sigma]), labels)
        x = clean + following / sigma * (x - clean)
    write(out / "golden.npz", start=start(3) * SIGMAS[0], latents=x, image=x)


def ddpm():
    out = ROOT / "ddpm"
    model = export_ddpm.small(out)
    x = ddim(lambda x, t: model(x, torch.tensor([t])), start(3), TIMES, betas(), 1.0, clip=1.0)
    write(out / "golden.npz", start=start(3), latents=x, image=x)


def dit():
    out = ROOT / "dit-official"
    model, stage = export_dit.small()
    export_dit.package(out, "dit-official", model, stage, 32)
    network = guide(lambda x, t, negative: model(x, torch.tensor([float(t)]), torch.tensor([10 if negative else 4]))[:, :4], 4.0)
    x = ddim(network, start(), TIMES, betas(), 1.0)
    write(out / "golden.npz", start=start(), latents=x, image=stage(x / export_dit.FACTOR))


BUILDERS = {"edm-song": lambda: edm("song"), "edm-song-ve": lambda: edm("song-ve"), "edm-adm": lambda: edm("adm"), "ddpm": ddpm, "dit-official": dit}

if __name__ == "__main__":
    with torch.no_grad():
        for name in sys.argv[1:] or BUILDERS:
            print(name)
            BUILDERS[name]()
