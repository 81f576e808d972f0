"""Trains the feature network on five tasks at once, so that all of its 64 features stay alive and see more than the character."""
import time

import torch
import torch.nn.functional as F

import data
from nets import Classifier, Heads

STEPS, BATCH, RATE = 5000, 128, 2e-3


def batch_loss(model, heads, drawn, index):
    x = data.scaled(drawn["images"][index].float())
    with torch.autocast("cpu", torch.bfloat16):
        features, logits = model(x)
        image, colours = heads.image(features), heads.colours(features)
        ground, family = heads.ground(features), heads.family(features)
    return (F.cross_entropy(logits.float(), drawn["labels"][index]) + 6 * F.mse_loss(image.float(), x.flatten(1))
            + 6 * F.mse_loss(colours.float(), drawn["colours"][index])
            + 0.7 * F.cross_entropy(ground.float(), drawn["ground"][index])
            + 0.4 * F.cross_entropy(family.float(), drawn["family"][index]))


def train(drawn, held_out, steps=STEPS, seed=0, log=print):
    """AdamW with cosine decay; `drawn` and `held_out` are what data.draw returns, as tensors."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Classifier().train()
    heads = Heads(len(data.GROUNDS), int(drawn["family"].max()) + 1)
    optimiser = torch.optim.AdamW([*model.parameters(), *heads.parameters()], lr=RATE, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    started = time.time()
    for step in range(steps):
        index = torch.randint(len(drawn["images"]), (BATCH,), generator=generator)
        loss = batch_loss(model, heads, drawn, index)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
        if (step + 1) % max(1, steps // 10) == 0:
            log(f"  features step {step + 1}/{steps}: loss {float(loss):.4f}, {time.time() - started:.0f} s", flush=True)
    report(model.eval(), heads.eval(), drawn, held_out, log)
    return model


@torch.no_grad()
def report(model, heads, drawn, held_out, log):
    """Right answers and the spread of the features; the typeface is not asked of test fonts, which are none of the known ones."""
    for name, some in (("training", drawn), ("test fonts", held_out)):
        features, logits = extract(model, some["images"][:7200])
        ground = heads.ground(features).argmax(1)
        family = heads.family(features).argmax(1)
        spread = torch.linalg.eigvalsh(torch.cov(features.double().T)).flip(0)
        effective = float(torch.exp(-(spread / spread.sum() * (spread / spread.sum()).log()).sum()))
        log(f"  features {name}: character {float((logits.argmax(1) == some['labels'][:7200]).float().mean()):.4f}, "
            f"ground {float((ground == some['ground'][:7200]).float().mean()):.4f}, "
            f"family {float((family == some['family'][:7200]).float().mean()):.4f}, "
            f"effective rank {effective:.1f} of 64, smallest eigenvalue {float(spread[-1]):.2e}", flush=True)


@torch.no_grad()
def extract(model, images):
    """(features [N, 64], logits [N, 36]) of images given as bytes."""
    parts = [model(data.scaled(some.float())) for some in images.split(512)]
    return torch.cat([f for f, _ in parts]), torch.cat([g for _, g in parts])
