"""The gradient of a classifier's log-probability as a network: each operation hands back its vector-Jacobian product, written as forward operations, so that
it exports. (Exporting a module that calls autograd fails.)
"""
import torch
import torch.nn.functional as F


class Tape:
    """Operations on values whose gradient is wanted; `backward` walks them from the last to the first."""

    def __init__(self):
        self.steps = []

    def record(self, inputs, value, pull):
        out = Value(value)
        self.steps.append((inputs, out, pull))
        return out

    def backward(self, last, seed):
        last.grad = seed
        for inputs, out, pull in reversed(self.steps):
            for value, grad in zip(inputs, pull(out.grad)):
                value.grad = grad if value.grad is None else value.grad + grad

    def conv(self, x, layer):
        stride, padding = layer.stride[0], layer.padding[0]
        value = F.conv2d(x.value, layer.weight, layer.bias, stride, padding) if layer.weight.dim() == 4 else F.conv1d(x.value, layer.weight, layer.bias)
        if layer.weight.dim() == 3:
            return self.record([x], value, lambda g: [F.conv_transpose1d(g, layer.weight)])
        extra = stride - 1 if stride > 1 else 0
        return self.record([x], value, lambda g: [F.conv_transpose2d(g, layer.weight, None, stride, padding, extra)])

    def linear(self, x, layer):
        return self.record([x], F.linear(x.value, layer.weight, layer.bias), lambda g: [g @ layer.weight])

    def silu(self, x):
        s = torch.sigmoid(x.value)
        return self.record([x], x.value * s, lambda g: [g * s * (1 + x.value * (1 - s))])

    def group_norm(self, x, layer):
        b, c = x.value.shape[:2]
        flat = x.value.reshape(b, layer.num_groups, -1)
        mean = flat.mean(-1, keepdim=True)
        inverse = 1 / torch.sqrt(((flat - mean) ** 2).mean(-1, keepdim=True) + layer.eps)
        normal = (flat - mean) * inverse
        shape = [1, c] + [1] * (x.value.dim() - 2)
        weight, bias = layer.weight.reshape(shape), layer.bias.reshape(shape)

        def pull(g):
            g = (g * weight).reshape(flat.shape)
            return [(inverse * (g - g.mean(-1, keepdim=True) - normal * (g * normal).mean(-1, keepdim=True))).reshape(x.value.shape)]

        return self.record([x], normal.reshape(x.value.shape) * weight + bias, pull)

    def add(self, x, y):
        return self.record([x, y], x.value + y.value, lambda g: [g, g])

    def attention(self, q, k, v, scale):
        """[B, C, N] each, one head."""
        logits = torch.matmul(q.value.transpose(1, 2), k.value) * scale
        w = torch.softmax(logits, dim=-1)

        def pull(g):
            gw = torch.matmul(g.transpose(1, 2), v.value)
            gl = w * (gw - (gw * w).sum(-1, keepdim=True)) * scale
            return [torch.matmul(k.value, gl.transpose(1, 2)), torch.matmul(q.value, gl), torch.matmul(g, w)]

        return self.record([q, k, v], torch.matmul(v.value, w.transpose(1, 2)), pull)

    def scale_and_shift(self, x, scale, shift):
        """x (1 + scale) + shift per channel; both are constants [B, C]."""
        factor = (1 + scale)[:, :, None, None]
        return self.record([x], x.value * factor + shift[:, :, None, None], lambda g: [g * factor])

    def part(self, x, index, parts):
        """One of equal parts of the channels."""
        size = x.value.shape[1] // parts

        def pull(g):
            zeros = torch.zeros_like(g)
            return [torch.cat([g if i == index else zeros for i in range(parts)], dim=1)]

        return self.record([x], x.value[:, index * size:(index + 1) * size], pull)

    def with_mean(self, x):
        """The mean over positions as a first position, [B, C, N + 1]."""
        n = x.value.shape[2]
        return self.record([x], torch.cat([x.value.mean(-1, keepdim=True), x.value], dim=-1), lambda g: [g[:, :, 1:] + g[:, :, :1] / n])

    def plus(self, x, constant):
        return self.record([x], x.value + constant, lambda g: [g])

    def first(self, x):
        """The first position, [B, C]."""
        n = x.value.shape[2]
        return self.record([x], x.value[:, :, 0], lambda g: [torch.cat([g[:, :, None], torch.zeros_like(g)[:, :, None].expand(-1, -1, n - 1)], dim=2)])

    def pool(self, x):
        """Average over all positions, [B, C]."""
        b, c, n = x.value.shape[0], x.value.shape[1], x.value[0, 0].numel()
        return self.record([x], x.value.reshape(b, c, n).mean(-1), lambda g: [(g / n).reshape(b, c, *[1] * (x.value.dim() - 2)).expand(x.value.shape)])

    def halve(self, x):
        """2 x 2 average pooling."""
        return self.record([x], F.avg_pool2d(x.value, 2), lambda g: [F.interpolate(g, scale_factor=2.0, mode="nearest") / 4])

    def reshape(self, x, *shape):
        return self.record([x], x.value.reshape(*shape), lambda g: [g.reshape(x.value.shape)])

    def shift(self, x, y):
        """Adds [B, C] to every position; y is a constant."""
        return self.record([x], x.value + y[:, :, None, None], lambda g: [g])


class Value:
    def __init__(self, value):
        self.value, self.grad = value, None


class LogProbabilityGradient(torch.nn.Module):
    """classifier.run(tape, x, t) gives logits; the forward of this module is grad_x log softmax(logits)[y]."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, x, t, y):
        tape, start = Tape(), Value(x)
        logits = self.classifier.run(tape, start, t)
        seed = F.one_hot(y, logits.value.shape[1]).to(x.dtype) - torch.softmax(logits.value, dim=1)
        tape.backward(logits, seed)
        return start.grad
