"""The typefaces: Debian's free font packages, checked glyph by glyph and split by package into training and test."""
import pathlib
import subprocess

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
EM = 96  # pixels: the size at which glyphs are drawn once; images use them at a fifth to a third of it
SIDE = 144  # of the square that holds one glyph
PACKAGES = """
fonts-adf-accanthis fonts-adf-baskervald fonts-adf-berenis fonts-adf-gillius fonts-adf-romande fonts-adf-universalis
fonts-adf-verana fonts-allerta fonts-arapey fonts-averia-sans-gwf fonts-averia-serif-gwf fonts-b612 fonts-bebas-neue
fonts-cabin fonts-cantarell fonts-clear-sans fonts-cmu fonts-comfortaa fonts-comic-neue fonts-courier-prime
fonts-crosextra-caladea fonts-crosextra-carlito fonts-dejavu-core fonts-dejavu-extra fonts-dosis fonts-ebgaramond
fonts-fanwood fonts-fantasque-sans fonts-firacode fonts-freefont-ttf fonts-gfs-didot fonts-gfs-neohellenic fonts-go
fonts-goudybookletter fonts-hack fonts-humor-sans fonts-inconsolata fonts-jetbrains-mono fonts-junction fonts-jura
fonts-karla fonts-lato fonts-league-spartan fonts-leckerli-one fonts-liberation fonts-lindenhill fonts-linuxlibertine
fonts-lobster fonts-lobstertwo fonts-manrope fonts-monofur fonts-mononoki fonts-national-park fonts-oldstandard
fonts-open-sans fonts-opendyslexic fonts-oxygen fonts-paratype fonts-play fonts-prociono fonts-quattrocento
fonts-quicksand fonts-roboto-slab fonts-roboto-unhinted fonts-sil-andika fonts-sil-charis fonts-sil-doulos
fonts-sil-gentiumplus fonts-sora fonts-texgyre fonts-tiresias fonts-tuffy fonts-urw-base35 fonts-vollkorn
fonts-yanone-kaffeesatz
""".split()
TEST_PACKAGES = """
fonts-averia-serif-gwf fonts-cabin fonts-comfortaa fonts-comic-neue fonts-courier-prime fonts-ebgaramond fonts-fantasque-sans
fonts-goudybookletter fonts-karla fonts-leckerli-one fonts-national-park fonts-opendyslexic fonts-play fonts-roboto-slab
fonts-vollkorn
""".split()
UNSUITABLE = ("symbol", "dingbat", "math", "d050000l", "keyboard", "ornament", "initials", "hairline")
THINNEST, BOLDEST = 0.035, 0.30  # mean ink of the 36 characters in their squares


def files(packages):
    """The packages' font files, by name; refuses to go on when packages are missing, and names them."""
    missing = [p for p in packages if subprocess.run(["dpkg", "-s", p], capture_output=True).returncode != 0]
    if missing:
        raise SystemExit(f"these font packages are not installed: {' '.join(missing)}\n"
                         f"install them: apt-get install --no-install-recommends {' '.join(missing)}")
    listed = subprocess.run(["dpkg", "-L", *packages], capture_output=True, text=True, check=True).stdout.split("\n")
    found = {pathlib.Path(line).resolve() for line in listed if line.lower().endswith((".ttf", ".otf"))}
    return sorted(found, key=lambda path: path.name)


def glyph(font, character):
    """One character, white on black, its ink box centred in a square of SIDE pixels; None when it cannot serve."""
    box = font.getbbox(character)
    width, height = box[2] - box[0], box[3] - box[1]
    if not (4 <= width <= SIDE and 0.4 * EM <= height <= SIDE):
        return None
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).text(((SIDE - width) / 2 - box[0], (SIDE - height) / 2 - box[1]), character, fill=255, font=font)
    pixels = np.asarray(image)
    return pixels if pixels.max() > 200 else None


def alphabet(path):
    """(family, glyphs [36, SIDE, SIDE]) of a font, or None: not every font has every character, or draws it apart."""
    try:
        font = ImageFont.truetype(str(path), EM)
        family = font.getname()[0] or path.stem
        if any(word in f"{family} {path.stem}".lower() for word in UNSUITABLE):
            return None
        drawn = [glyph(font, character) for character in CHARACTERS]
    except (OSError, ValueError):
        return None
    if any(one is None for one in drawn):
        return None
    drawn = np.stack(drawn)
    if not THINNEST <= drawn.mean() / 255 <= BOLDEST:
        return None
    apart = {one.tobytes() for one in drawn}
    return (family, drawn) if len(apart) >= len(CHARACTERS) - 2 else None


def load(packages):
    """The families of these packages: a dictionary from a family's name to its faces' glyphs [36, SIDE, SIDE]."""
    families = {}
    for path in files(packages):
        found = alphabet(path)
        if found:
            families.setdefault(found[0], []).append(found[1])
    return families


def training():
    """The typefaces of the training images."""
    return load([package for package in PACKAGES if package not in TEST_PACKAGES])


def test():
    """The typefaces that no network of this package has seen: whole packages, so that no cut of a family is on both sides."""
    return load(TEST_PACKAGES)
