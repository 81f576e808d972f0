"""The denoiser of latents with cross attention on the text encoder's states, both trained together: v-prediction, captions dropped for guidance."""
import torch
import torch.nn.functional as F
from torch import nn

import fitting
from modules import Transformer2DModel, UNet
from text import ClipText
from vocabulary import LENGTH

STEPS, WIDTHS, CONTEXT, DROPPED = 2500, (48, 64), 64, 0.1
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "v_prediction"}


class Denoiser(UNet):
    """Two levels of one residual block; transformer blocks at 4x4. A time for all or one for each sample."""

    def __init__(self):
        cross = lambda width: Transformer2DModel(width, 4, width // 4, CONTEXT, 8)
        super().__init__(4, 4, WIDTHS, 1, 8, lambda level: cross if level else None, cross)
        for name, module in self.named_modules():
            if name.endswith((".conv2", ".proj_out")):
                nn.init.zeros_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.run(sample, timestep.expand(sample.shape[0]), encoder_hidden_states)


def build(tokens):
    return Denoiser(), ClipText(tokens, CONTEXT, 2, 4, ["last_hidden_state", "pooler_output"], length=LENGTH)


def alpha_bars():
    return torch.cumprod(1 - torch.linspace(NOISE["beta_start"] ** 0.5, NOISE["beta_end"] ** 0.5, 1000) ** 2, 0)


def noised(latents, t, generator):
    """(z_t, v) of scaled latents: z_t = a z + s eps, v = a eps - s z."""
    bar = alpha_bars()[t].view(-1, 1, 1, 1)
    a, s, noise = bar.sqrt(), (1 - bar).sqrt(), torch.randn(latents.shape, generator=generator)
    return a * latents + s * noise, a * noise - s * latents


def train(means, deviations, factor, rows, empty, tokens, steps=STEPS, seed=0):
    """`empty`: the row of no caption, which takes the place of one in ten."""
    torch.manual_seed(seed)
    unet, text = (model.train() for model in build(tokens))

    def loss_of(generator):
        count = fitting.BATCHES["denoiser"]
        index = torch.randint(len(means), (count,), generator=generator)
        latents = factor * (means[index] + deviations[index] * torch.randn(means[index].shape, generator=generator))
        given = torch.where(torch.rand(count, 1, generator=generator) < DROPPED, empty, rows[index])
        t = torch.randint(1000, (count,), generator=generator)
        state, target = noised(latents, t, generator)
        return F.mse_loss(unet(state, t.float(), text(given)[0]).float(), target)

    fitting.fit("denoiser", [unet, text], loss_of, steps, ("conv_in", "conv_out"), seed, average=0.999)
    return unet, text


@torch.no_grad()
def held_out_loss(unet, text, latents, rows):
    """The same loss in single precision on scenes that were never trained on."""
    generator, losses = torch.Generator().manual_seed(7), []
    for z, given in zip(latents.split(256), rows.split(256)):
        t = torch.randint(1000, (len(z),), generator=generator)
        state, target = noised(z, t, generator)
        losses.append(F.mse_loss(unet(state, t.float(), text(given)[0]), target, reduction="none").mean((1, 2, 3)))
    return float(torch.cat(losses).mean())


@torch.no_grad()
def sample(unet, text, rows, empty, steps=20, guidance=4.0, seed=0):
    """Scaled latents by DDIM with trailing times: a look at what was learned, without the product."""
    abar, hidden, null = alpha_bars(), text(rows)[0], text(empty)[0].expand(len(rows), -1, -1)
    x = torch.randn(len(rows), 4, 8, 8, generator=torch.Generator().manual_seed(seed))
    times = [round(1000 - i * 1000 / steps) - 1 for i in range(steps)]
    for i, t in enumerate(times):
        a, b = abar[t], abar[times[i + 1]] if i + 1 < steps else torch.tensor(1.0)
        v = unet(torch.cat([x, x]), torch.tensor(float(t)), torch.cat([null, hidden]))
        negative, positive = v.chunk(2)
        v = negative + guidance * (positive - negative)
        clean, noise = a.sqrt() * x - (1 - a).sqrt() * v, a.sqrt() * v + (1 - a).sqrt() * x
        x = b.sqrt() * clean + (1 - b).sqrt() * noise
    return x
