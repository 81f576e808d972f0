"""What the three trainings share: optimisers, rates, a moving average, half precision, progress."""
import pathlib
import sys
import time

import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[len(sys.path):] = [str(ROOT / "training"), str(ROOT / "networks"), str(ROOT / "pipelines"), str(ROOT / "features"), str(ROOT / "glyphs")]
from muon import Muon  # noqa: E402

BATCHES = {"autoencoder": 32, "pair": 128, "denoiser": 64}


def rate_at(step, steps, warm_up=100, decay_from=0.4):
    """Of the full rate: a linear warm-up, a plateau and a straight line to zero."""
    return min(1, (step + 1) / warm_up, (1 - step / steps) / (1 - decay_from))


def optimisers(models, ends, rate=2e-3, matrix_rate=4e-3):
    """Muon for matrices and convolutions but the first and the last ones, AdamW for these, embeddings, gains and biases."""
    named = [(name, p) for model in models for name, p in model.named_parameters()]
    inner = lambda name, p: p.ndim >= 2 and not any(end in name for end in ends) and "embedding" not in name
    return [Muon([p for name, p in named if inner(name, p)], lr=matrix_rate, weight_decay=0.02),
            torch.optim.AdamW([p for name, p in named if not inner(name, p)], lr=rate, weight_decay=1e-3, betas=(0.9, 0.99))]


def single_precision_norms(models):
    """Hooks by which normalisations take single precision between layers in bfloat16; returns what removes them."""
    kinds = (nn.GroupNorm, nn.LayerNorm, nn.BatchNorm2d, nn.BatchNorm1d)
    return [m.register_forward_pre_hook(lambda m, given: (given[0].float(),)) for model in models for m in model.modules() if isinstance(m, kinds)]


def fit(name, models, loss_of, steps, ends, seed=0, average=0.998, log=print):
    """Minimises loss_of(generator) for some steps; leaves the models with the moving average of their weights."""
    generator = torch.Generator().manual_seed(seed)
    both, hooks = optimisers(models, ends), single_precision_norms(models)
    rates = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: rate_at(step, steps)) for one in both]
    means = [{k: v.clone() for k, v in model.state_dict().items()} for model in models]
    started, used, smooth = time.time(), time.process_time(), None
    for step in range(steps):
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(generator)
        for one in both:
            one.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for model in models for p in model.parameters()], 1.0)
        for one in (*both, *rates):
            one.step()
        decay = min(average, (1 + step) / (10 + step))
        with torch.no_grad():
            for model, mean in zip(models, means):
                for key, value in model.state_dict().items():
                    mean[key].lerp_(value, 1 - decay) if value.is_floating_point() else mean[key].copy_(value)
        smooth = float(loss) if smooth is None else 0.99 * smooth + 0.01 * float(loss)
        if (step + 1) % max(1, steps // 40) == 0:
            log(f"  {name} step {step + 1}/{steps}: loss {smooth:.5f}, {time.process_time() - used:.0f} s of processor time, {time.time() - started:.0f} s", flush=True)
    for hook in hooks:
        hook.remove()
    for model, mean in zip(models, means):
        model.load_state_dict(mean)
        model.eval()
