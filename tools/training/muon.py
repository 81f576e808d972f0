"""Muon (Jordan et al. 2024): momentum whose update is replaced by the nearest orthogonal matrix, for the weights that are matrices."""
import torch


def orthogonalised(matrices, iterations=5):
    """The matrices [N, rows, columns] with all singular values near 1, by Newton-Schulz iterations of fifth order in bfloat16."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = (x / (x.flatten(1).norm(dim=1).view(-1, 1, 1) + 1e-7)).bfloat16()
    for _ in range(iterations):
        product = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * product + 2.0315 * product @ product) @ x
    return (x.transpose(1, 2) if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised over [out, everything else] and scaled to the size of an Adam update (Liu et al. 2025, section 2.2)."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    buffer = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                    buffer.mul_(group["momentum"]).add_(weight.grad)
                    step = weight.grad.add(buffer, alpha=group["momentum"])
                    shapes.setdefault((len(weight), weight[0].numel()), []).append((weight, step.flatten(1)))
            for (rows, columns), pairs in shapes.items():
                steps = orthogonalised(torch.stack([step for _, step in pairs])) * 0.2 * max(rows, columns) ** 0.5
                for (weight, _), step in zip(pairs, steps):
                    weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(step.view_as(weight), alpha=group["lr"])
