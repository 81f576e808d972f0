"""Arrays in plain Python, with what the exported programs ask of numpy and torch. Double precision."""
import math


class Array:
    def __init__(self, values, shape):
        self.values, self.shape, self.ndim, self.dtype, self.device = list(values), tuple(shape), len(shape), float, "cpu"

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, key):
        size = len(self.values) // self.shape[0]
        if isinstance(key, slice):
            low, high, _ = key.indices(self.shape[0])
            return Array(self.values[low * size : high * size], (max(0, high - low), *self.shape[1:]))
        return self.values[key] if self.ndim == 1 else Array(self.values[key * size : (key + 1) * size], self.shape[1:])

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def map(self, function):
        return Array([function(v) for v in self.values], self.shape)

    def with_(self, other, function):
        if not isinstance(other, Array):
            return self.map(lambda v: function(v, other))
        if len(other.values) == self.shape[0] != len(self.values):
            size = len(self.values) // self.shape[0]
            return Array([function(v, other.values[i // size]) for i, v in enumerate(self.values)], self.shape)
        assert len(self.values) == len(other.values), (self.shape, other.shape)
        return Array([function(a, b) for a, b in zip(self.values, other.values)], self.shape)

    def __add__(self, other):
        return self.with_(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self.with_(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self.map(lambda v: other - v)

    def __mul__(self, other):
        return self.with_(other, lambda a, b: a * b)

    def __truediv__(self, other):
        return self.with_(other, lambda a, b: a / b)

    __radd__, __rmul__ = __add__, __mul__

    def __abs__(self):
        return self.map(abs)

    def clip(self, low, high):
        return self.map(lambda v: min(max(v, low), high))

    def sum(self):
        return math.fsum(self.values)

    def tanh(self):
        return self.map(math.tanh)

    def astype(self, _):
        return self

    def to(self, *_, **__):
        return self

    def reshape(self, *shape):
        return Array(self.values, (len(self.values),)) if shape == (-1,) else Array(self.values, shape)

    def new_ones(self, shape):
        return Array([1.0] * math.prod(shape), shape)

    def tolist(self):
        return self.values


def quantile(array, share):
    values = sorted(array.values)
    at = share * (len(values) - 1)
    low = int(at)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (at - low)


def concatenate(parts):
    return Array([v for part in parts for v in part.values], (sum(len(p) for p in parts), *parts[0].shape[1:]))
