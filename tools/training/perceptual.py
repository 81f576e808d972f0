"""Learns the per-channel weights of the perceptual distance.

There are no human judgements for these images, so the weights are learned from comparisons whose answer is
known by construction: of two distorted copies of one image the one distorted more strongly is farther away;
an image of another class is farther away than another one of the same class; and another class is farther away than a
mild distortion. The loss is the logistic loss on the difference of the logarithms of the two distances.
"""
import torch
import torch.nn.functional as F

from distortions import KINDS, distort
from shared_layers import Perceptual


def comparisons(images, labels, count, generator):
    """(reference, nearer, farther) image triples, each with its family's name."""
    result = []
    for kind in KINDS:
        x = images[torch.randint(len(images), (count,), generator=generator)]
        low = torch.rand(count, generator=generator) * 0.85
        high = low + 0.1 + torch.rand(count, generator=generator) * (0.9 - low)
        result.append((kind, x, distort(x, kind, low, generator), distort(x, kind, high, generator)))

    def partner(index, same):
        choice = torch.empty_like(index)
        for j, i in enumerate(index.tolist()):
            while True:
                k = int(torch.randint(len(labels), (1,), generator=generator))
                if k != i and bool(labels[k] == labels[i]) == same:
                    choice[j] = k
                    break
        return images[choice]

    index = torch.randint(len(images), (count,), generator=generator)
    result.append(("same class / other class", images[index], partner(index, True), partner(index, False)))
    index = torch.randint(len(images), (count,), generator=generator)
    kinds = torch.randint(len(KINDS), (count,), generator=generator)
    mild = 0.05 + 0.25 * torch.rand(count, generator=generator)
    near = torch.cat([distort(images[i:i + 1], KINDS[k], mild[j:j + 1], generator)
                      for j, (i, k) in enumerate(zip(index.tolist(), kinds.tolist()))])
    result.append(("mild distortion / other class", images[index], near, partner(index, False)))
    return result


@torch.no_grad()
def table(model, triples):
    """The tap differences of all comparisons, so that learning `lin` is a tiny convex-like problem."""
    def differences(a, b):
        return torch.cat([torch.cat(model.differences(x, y), 1) for x, y in zip(a.split(250), b.split(250))])

    near = torch.cat([differences(x, a) for _, x, a, _ in triples])
    far = torch.cat([differences(x, b) for _, x, _, b in triples])
    return near, far


def weights(raw):
    return F.softplus(raw)


def train(trunk, taps, training, seed=0, per_kind=4000, epochs=24, log=print):
    generator = torch.Generator().manual_seed(seed)
    model = Perceptual(trunk, taps).eval()
    near, far = table(model, comparisons(*training, per_kind, generator))
    scale = 1 / far.mean(0).clamp(min=1e-6)  # start: every channel contributes the same on average
    raw = torch.full((near.shape[1],), -3.0, requires_grad=True)
    optimiser = torch.optim.Adam([raw], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(near), generator=generator).split(512):
            share = weights(raw)
            w = share * scale
            margin = 4 * ((far[rows] @ w + 1e-6).log() - (near[rows] @ w + 1e-6).log())
            # A pull to equal shares, so that no tap is thrown away for a fraction of a percent.
            loss = F.softplus(-margin).mean() + 0.01 * (share / share.mean().detach() - 1).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss) * len(rows)
        schedule.step()
        if epoch % 8 == 7:
            log(f"  perceptual epoch {epoch + 1}: loss {total / len(near):.4f}")
    w = weights(raw.detach()) * scale
    # Scale: the mean distance between training images of two different classes is 1.
    x, y = training[0][:750], training[0][750:1500]
    other = training[1][:750] != training[1][750:1500]
    unit = (torch.cat(model.differences(x[other], y[other]), 1).detach() @ w).mean()
    for parameter, part in zip(model.lin, (w / unit).split(list(taps.values()))):
        parameter.data = part.clone()
    return model


@torch.no_grad()
def report(model, held_out, seed=1, log=print):
    """Measured on images that were never trained on."""
    generator = torch.Generator().manual_seed(seed)
    images, labels = held_out
    numbers = {}
    numbers["self"] = float(model(images, images).abs().max())
    turned = images.flip(0)
    numbers["asymmetry"] = float((model(images, turned) - model(turned, images)).abs().max())
    for name, x, a, b in comparisons(images, labels, 2000, generator):
        mse = lambda u: (x - u).square().mean((1, 2, 3))
        numbers[f"2AFC {name}"] = (float((model(x, a) < model(x, b)).float().mean()), float((mse(a) < mse(b)).float().mean()))
    for kind in KINDS:
        levels = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0]
        numbers[f"mean {kind}"] = [float(model(images, distort(images, kind, torch.full((len(images),), s), generator)).mean())
                                   for s in levels]
    n = len(images)
    i, j = torch.triu_indices(n, n, 1)
    pick = torch.randperm(len(i), generator=generator)[:4000]
    i, j = i[pick], j[pick]
    same = labels[i] == labels[j]
    d = model(images[i], images[j])
    numbers["same class"], numbers["other class"] = float(d[same].mean()), float(d[~same].mean())
    for key, value in numbers.items():
        log(f"  {key}: " + (" ".join(f"{v:.4g}" for v in value) if isinstance(value, (list, tuple)) else f"{value:.4g}"))
    return numbers
