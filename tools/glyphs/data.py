"""The images: one character in a free font, coloured, on a coloured or textured ground, 32x32, drawn from a seed.

Nothing here is stored: `draw(families, count, seed)` is the data set, as long as anybody wants it.
"""
import dataclasses

import numpy as np
from PIL import Image, ImageFilter

import fonts

SIZE, OVERSAMPLING = 32, 3
GROUNDS = ["plain", "ramp", "radial", "stripes", "checks", "dots", "blobs", "grain"]
LUMINANCE = np.array([0.299, 0.587, 0.114])


@dataclasses.dataclass(frozen=True)
class Drawing:
    """How far drawings vary: ranges, or largest amounts to either side. Lengths in pixels, angles in radians."""

    scale: tuple  # of the font, whose em is fonts.EM
    turn: float
    slant: float
    shift: float
    period: tuple  # of stripes, checks and dots
    shadow: float  # chance of one
    chance: tuple  # of each of GROUNDS


MODEL = Drawing(scale=(0.27, 0.36), turn=0.1, slant=0.15, shift=1.5, period=(7, 11), shadow=0.0,
                chance=(0.2, 0.2, 0.15, 0.15, 0.15, 0.15, 0.0, 0.0))
WIDE = Drawing(scale=(0.25, 0.36), turn=0.14, slant=0.2, shift=2.0, period=(3.5, 9), shadow=0.2,
               chance=(0.14, 0.16, 0.12, 0.14, 0.12, 0.1, 0.12, 0.1))


def mask(glyph, drawing, random):
    """Coverage [32, 32] of a glyph at a random size, slant, turn and place."""
    fine = SIZE * OVERSAMPLING
    scale = random.uniform(*drawing.scale) * OVERSAMPLING
    angle, shear = random.uniform(-drawing.turn, drawing.turn), random.uniform(-drawing.slant, drawing.slant)
    shift = random.uniform(-drawing.shift, drawing.shift, 2) * OVERSAMPLING
    forward = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array([[1, shear], [0, 1]])
    back = np.linalg.inv(forward)
    offset = np.full(2, fonts.SIDE / 2) - back @ (np.full(2, fine / 2) + shift)
    image = Image.fromarray(glyph).filter(ImageFilter.BoxBlur(0.7)).transform(
        (fine, fine), Image.Transform.AFFINE, (*back[0], offset[0], *back[1], offset[1]), Image.Resampling.BILINEAR)
    return np.asarray(image.reduce(OVERSAMPLING), np.float32) / 255


def smooth(values, passes=1):
    """A 3x3 binomial blur with wrapped edges, over the last two axes."""
    for _ in range(passes):
        for axis in (-1, -2):
            values = 0.25 * np.roll(values, 1, axis) + 0.5 * values + 0.25 * np.roll(values, -1, axis)
    return values


def ground(kind, drawing, random):
    """A pattern [32, 32] with values in 0..1: how much of the second colour is where."""
    y, x = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2).astype(np.float32)
    angle, phase = random.uniform(0, 2 * np.pi), random.uniform(0, 2 * np.pi, 2)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    if kind == "plain":
        return np.zeros_like(x)
    if kind == "ramp":
        return np.clip(u / SIZE + 0.5, 0, 1)
    if kind == "radial":
        centre = random.uniform(-8, 8, 2)
        return np.clip(np.hypot(x - centre[0], y - centre[1]) / 22, 0, 1)
    period = random.uniform(*drawing.period)
    a, b = np.sin(2 * np.pi * u / period + phase[0]), np.sin(2 * np.pi * v / period + phase[1])
    if kind == "stripes":
        return 0.5 + 0.5 * np.clip(2.5 * a, -1, 1)
    if kind == "checks":
        return 0.5 + 0.5 * np.clip(4 * a * b, -1, 1)
    if kind == "dots":
        return np.clip(2.5 * (a + b) - 1.8, 0, 1)
    if kind == "blobs":
        field = smooth(random.standard_normal((SIZE, SIZE)).astype(np.float32), 7)
        return 0.5 + 0.5 * np.clip(2 * field / field.std(), -1, 1)
    return np.clip(0.5 + 0.25 * random.standard_normal((SIZE, SIZE)).astype(np.float32), 0, 1)


def colour(random, low, high):
    """A random colour of a luminance between `low` and `high`."""
    while True:
        rgb = random.uniform(0, 1, 3)
        rgb = np.clip(rgb + random.uniform(-0.5, 0.35) * (rgb - rgb.mean()), 0, 1)
        if low <= rgb @ LUMINANCE <= high:
            return rgb


def paint(coverage, drawing, random):
    """(image [3, 32, 32] in 0..1, index of the ground, the four colours): the glyph coloured on its ground."""
    dark = (0.0, 0.38)
    light = (0.62, 1.0)
    under, over = (dark, light) if random.uniform() < 0.5 else (light, dark)
    first, ink, second_ink = colour(random, *under), colour(random, *over), colour(random, *over)
    kind = random.choice(len(GROUNDS), p=drawing.chance)
    other = colour(random, *under)
    second = first + (other - first) * min(1, random.uniform(0.25, 0.5) / (np.abs(other - first).mean() + 1e-6))
    if random.uniform() < 0.5:
        second_ink = ink
    share = ground(GROUNDS[kind], drawing, random)
    image = first[:, None, None] + (second - first)[:, None, None] * share
    if drawing.shadow and random.uniform() < drawing.shadow:
        shade = smooth(np.roll(coverage, (2, 2), (0, 1)), 1)
        image = image * (1 - 0.55 * shade) if over is light else image + (1 - image) * 0.55 * shade
    along = ground("ramp", drawing, random)
    inked = ink[:, None, None] + (second_ink - ink)[:, None, None] * along
    return np.clip(image * (1 - coverage) + inked * coverage, 0, 1), kind, np.concatenate([first, second, ink, second_ink])


def draw(families, count, seed, drawing=MODEL):
    """`count` images from a seed: dictionary of images [N,3,32,32] u1, labels, family, ground, colours [N,12]."""
    names = sorted(families)
    random = np.random.default_rng(seed)
    out = {"images": np.empty((count, 3, SIZE, SIZE), np.uint8), "labels": np.empty(count, np.int64),
           "family": np.empty(count, np.int64), "ground": np.empty(count, np.int64), "colours": np.empty((count, 12), np.float32)}
    for index in range(count):
        label, family = index % len(fonts.CHARACTERS), random.integers(len(names))
        faces = families[names[family]]
        image, kind, colours = paint(mask(faces[random.integers(len(faces))][label], drawing, random), drawing, random)
        out["images"][index] = np.round(image * 255)
        out["labels"][index], out["family"][index], out["ground"][index], out["colours"][index] = label, family, kind, colours
    return out


def scaled(images):
    """Bytes to the range [-1, 1] of the networks (NumPy or PyTorch)."""
    return images / 127.5 - 1
