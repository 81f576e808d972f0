"""The KL autoencoder: 32x32 pixels to 8x8 latents of four channels and back."""
import torch
import torch.nn.functional as F

import data
import fitting
from modules import AutoencoderKL

STEPS, LEVELS, LATENT, KL_WEIGHT = 2200, (16, 32, 64), 4, 1e-4


def build():
    return AutoencoderKL(LEVELS, 1, LATENT, 8)


def posterior(model, images):
    """Mean and logarithm of the variance of latents of images in [-1, 1]."""
    mean, logarithm = model.quant_conv(model.encoder(images)).float().chunk(2, dim=1)
    return mean, logarithm.clamp(-12, 8)


def edges(images):
    return torch.cat([(images[..., 1:, :] - images[..., :-1, :]).flatten(1), (images[..., 1:] - images[..., :-1]).flatten(1)], 1)


def train(images, steps=STEPS, seed=0):
    """Squared error, absolute error of edges, and a little of the divergence from a standard normal distribution."""
    torch.manual_seed(seed)
    model = build().train()

    def loss_of(generator):
        x = data.scaled(images[torch.randint(len(images), (fitting.BATCHES["autoencoder"],), generator=generator)].float())
        mean, logarithm = posterior(model, x)
        z = mean + (0.5 * logarithm).exp() * torch.randn(mean.shape, generator=generator)
        y = model(z).float()
        divergence = 0.5 * (mean.square() + logarithm.exp() - 1 - logarithm).mean()
        return F.mse_loss(y, x) + 0.5 * (edges(y) - edges(x)).abs().mean() + KL_WEIGHT * divergence

    fitting.fit("autoencoder", [model], loss_of, steps, ("conv_in", "conv_out", "quant_conv"), seed)
    return model


@torch.no_grad()
def encode(model, images):
    """(means, deviations) [N, 4, 8, 8] of images given as bytes."""
    parts = [posterior(model, data.scaled(some.float())) for some in images.split(256)]
    return torch.cat([m for m, _ in parts]), torch.cat([(0.5 * v).exp() for _, v in parts])


@torch.no_grad()
def error(model, images):
    """Mean squared error of the images back, in units of [-1, 1]."""
    parts = [(model(posterior(model, x)[0]) - x).square().mean((1, 2, 3)) for x in data.scaled(images.float()).split(256)]
    return float(torch.cat(parts).mean())
