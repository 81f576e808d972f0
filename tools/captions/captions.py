"""The data: a coloured character on a coloured ground, 32x32, and its caption, drawn from a seed.

Typefaces, glyphs, their placing and the patterns are those of tools/glyphs; colours have names here, because captions say them.
"""
import itertools
import sys
import pathlib
import zlib

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "glyphs"))
import data  # noqa: E402
import fonts  # noqa: E402

COLOURS = {"red": (0.85, 0.10, 0.12), "orange": (0.96, 0.55, 0.08), "yellow": (0.97, 0.90, 0.15), "green": (0.08, 0.58, 0.20),
           "cyan": (0.25, 0.85, 0.90), "blue": (0.12, 0.22, 0.85), "purple": (0.50, 0.12, 0.65), "pink": (0.98, 0.58, 0.75),
           "brown": (0.42, 0.24, 0.08), "gray": (0.52, 0.52, 0.52), "white": (0.97, 0.97, 0.97), "black": (0.04, 0.04, 0.04)}
GROUNDS = ["plain", "stripes", "checks", "dots"]
FORMS = ["{a} {ink} {character} on {ground}"] * 3 + ["{a} {ink} {what} {character} on {ground}"]
PARTS = ["{a} {ink} {character}", "{article} {character} on {ground}", "{ground}"]
PACKAGES = "fonts-cabin fonts-cantarell fonts-dejavu-core fonts-firacode fonts-go fonts-lato fonts-liberation fonts-open-sans fonts-roboto-slab".split()
DRAWING = data.Drawing(scale=(0.30, 0.35), turn=0.06, slant=0.06, shift=1.0, period=(7, 10), shadow=0.0, chance=(0.25,) * 4)
APART, JITTER, PARTIAL = 0.5, 0.04, 0.15


def partner(rgb):
    """The second colour of a pattern: paler, or darker where the first is light already."""
    rgb = np.asarray(rgb)
    return rgb + 0.45 * (1 - rgb) if rgb @ data.LUMINANCE < 0.5 else 0.7 * rgb


def legible(ink, ground, kind):
    """Whether a colour can be told from a ground: by distance in RGB, and a little by luminance."""
    near = [COLOURS[ground]] + ([] if kind == "plain" else [partner(COLOURS[ground])])
    ink = np.asarray(COLOURS[ink])
    return all(np.linalg.norm(ink - other) > APART and abs((ink - other) @ data.LUMINANCE) > 0.05 for other in near)


def scenes():
    """Everything that can be drawn: (ink, ground, kind of ground)."""
    return [s for s in itertools.product(COLOURS, COLOURS, GROUNDS) if s[0] != s[1] and legible(*s)]


def held_out(character, ink, ground, kind):
    """One scene in ten of every character is never trained on."""
    return zlib.crc32(f"{character} {ink} {ground} {kind}".encode()) % 10 == 0


def article(word):
    """Of a colour, or of a character as it is spoken."""
    return "an" if (word in "AEFHILMNORSX8" if len(word) == 1 else word[0] in "aeiou") else "a"


def caption(form, character, ink, ground, kind):
    named = ground if kind == "plain" else f"{ground} {kind}"
    return form.format(a=article(ink), article=article(character), ink=ink, character=character, ground=named,
                       what="digit" if character.isdigit() else "letter")


def paint(coverage, ink, ground, kind, random):
    """The image [3, 32, 32] in 0..1."""
    colour = lambda name: np.clip(np.asarray(COLOURS[name]) + random.uniform(-JITTER, JITTER, 3), 0, 1)
    first, inked = colour(ground), colour(ink)
    share = data.ground(kind, DRAWING, random)
    image = first[:, None, None] + (partner(first) - first)[:, None, None] * share
    return image * (1 - coverage) + inked[:, None, None] * coverage


def draw(families, count, seed, unseen=False):
    """`count` images [N,3,32,32] u1, their captions and their characters; `unseen` draws only what training leaves out."""
    names, random, every = sorted(families), np.random.default_rng(seed), scenes()
    images, texts, characters = np.empty((count, 3, data.SIZE, data.SIZE), np.uint8), [], np.empty(count, np.int64)
    for index in range(count):
        label = index % len(fonts.CHARACTERS)
        character = fonts.CHARACTERS[label]
        while held_out(character, *(scene := every[random.integers(len(every))])) != unseen:
            pass
        faces = families[names[random.integers(len(names))]]
        coverage = data.mask(faces[random.integers(len(faces))][label], DRAWING, random)
        images[index] = np.round(paint(coverage, *scene, random) * 255)
        form = (PARTS if not unseen and random.uniform() < PARTIAL else FORMS)
        texts.append(caption(form[random.integers(len(form))], character, *scene))
        characters[index] = label
    return images, texts, characters


def typefaces():
    return fonts.load(PACKAGES)


def words():
    """Every word that captions may have, with a weight for the order of merges."""
    forms = " ".join(FORMS + PARTS)
    plain = [w for w in forms.split() if "{" not in w]
    return sorted({*plain, *COLOURS, *GROUNDS[1:], "a", "an", "letter", "digit", *fonts.CHARACTERS.lower()})
