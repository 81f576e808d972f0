"""Trains the denoiser: v-prediction (Salimans and Ho 2022) under the cosine schedule (Nichol and Dhariwal 2021)."""
import math
import time

import torch
import torch.nn.functional as F

import data
from muon import Muon
from nets import NULL_LABEL, Unet

STEPS, BATCH, LABEL_DROPOUT, DEPTH_DROPOUT, AVERAGE = 15000, 128, 0.1, 0.03, 0.9995
RATE, MATRIX_RATE, WARM_UP, DECAY_FROM = 1e-3, 3e-3, 200, 0.5


def alpha_bars(steps=1000, offset=0.008, max_beta=0.999):
    """The products of 1 - beta_t of the cosine schedule, betas clipped at 0.999."""
    position = torch.arange(steps + 1, dtype=torch.float64) / steps
    curve = torch.cos((position + offset) / (1 + offset) * math.pi / 2).square()
    return torch.cumprod(1 - (1 - curve[1:] / curve[:-1]).clamp(max=max_beta), 0).float()


def noised(images, t, generator):
    """(x_t, v) of images in [-1, 1]: x_t = a x + s eps, v = a eps - s x."""
    bar = alpha_bars()[t].view(-1, 1, 1, 1)
    a, s = bar.sqrt(), (1 - bar).sqrt()
    noise = torch.randn(images.shape, generator=generator)
    return a * images + s * noise, a * noise - s * images


def optimisers(model):
    """Muon for every matrix and convolution between the first and the last one, AdamW for these two, embeddings, gains and biases."""
    ends = ("inp.", "out.", "y.")
    matrices = [p for name, p in model.named_parameters() if p.ndim >= 2 and not name.startswith(ends)]
    others = [p for name, p in model.named_parameters() if p.ndim < 2 or name.startswith(ends)]
    return [Muon(matrices, lr=MATRIX_RATE, weight_decay=0.02),
            torch.optim.AdamW(others, lr=RATE, weight_decay=1e-3, betas=(0.9, 0.99))]


def rate_at(step, steps):
    """Of the full rate: a linear warm-up, a plateau, and from DECAY_FROM of the steps a straight line to zero."""
    return min(1, (step + 1) / WARM_UP, (1 - step / steps) / (1 - DECAY_FROM))


def train(images, labels, held_out, steps=STEPS, seed=0, checkpoint=None, log=print):
    """Minimises the squared error of v; returns the moving average of the weights. Convolutions in bfloat16."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Unet(DEPTH_DROPOUT).train()
    average = {k: v.clone() for k, v in model.state_dict().items()}
    both = optimisers(model)
    rates = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: rate_at(step, steps)) for one in both]
    started, smooth, report = time.time(), None, max(1, steps // 44)
    for step in range(steps):
        index = torch.randint(len(images), (BATCH,), generator=generator)
        x = data.scaled(images[index].float())
        y = torch.where(torch.rand(BATCH, generator=generator) < LABEL_DROPOUT, torch.tensor(NULL_LABEL), labels[index])
        t = torch.randint(1000, (BATCH,), generator=generator)
        state, target = noised(x, t, generator)
        with torch.autocast("cpu", torch.bfloat16):
            predicted = model(state, t.float(), y)
        loss = F.mse_loss(predicted.float(), target)
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for one in (*both, *rates):
            one.step()
        with torch.no_grad():
            decay = min(AVERAGE, (1 + step) / (10 + step))
            for key, value in model.state_dict().items():
                average[key].lerp_(value, 1 - decay)
        smooth = float(loss) if smooth is None else 0.99 * smooth + 0.01 * float(loss)
        if (step + 1) % report == 0:
            log(f"  denoiser step {step + 1}/{steps}: loss {smooth:.5f}, {time.time() - started:.0f} s", flush=True)
            if checkpoint:
                torch.save({k: v.clone() for k, v in average.items()}, checkpoint)
    model.load_state_dict(average)
    log(f"  denoiser: loss on test fonts {held_out_loss(model.eval(), *held_out):.5f}", flush=True)
    return model


@torch.no_grad()
def held_out_loss(model, images, labels):
    """The same loss in single precision on images never trained on, one draw of time and noise for each."""
    generator, losses = torch.Generator().manual_seed(7), []
    for x, y in zip(images.split(256), labels.split(256)):
        t = torch.randint(1000, (len(x),), generator=generator)
        state, target = noised(data.scaled(x.float()), t, generator)
        losses.append(F.mse_loss(model(state, t.float(), y), target, reduction="none").mean((1, 2, 3)))
    return float(torch.cat(losses).mean())
