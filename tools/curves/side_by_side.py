"""Contact sheets next to each other, each under its title, doubled in size.

    python3 tools/curves/side_by_side.py OUT.png SHEET.png "title" [SHEET.png "title" ...]
"""
import sys

from PIL import Image, ImageDraw, ImageFont

GAP, HEAD, ZOOM = 16, 28, 2
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def main():
    target, pairs = sys.argv[1], list(zip(sys.argv[2::2], sys.argv[3::2]))
    sheets = [Image.open(path).convert("RGB") for path, _ in pairs]
    sheets = [sheet.resize((sheet.width * ZOOM, sheet.height * ZOOM), Image.Resampling.NEAREST) for sheet in sheets]
    width = sum(sheet.width for sheet in sheets) + GAP * (len(sheets) - 1)
    out = Image.new("RGB", (width, HEAD + max(sheet.height for sheet in sheets)), "white")
    pen, font, left = ImageDraw.Draw(out), ImageFont.truetype(FONT, 16), 0
    for sheet, (_, title) in zip(sheets, pairs):
        pen.text((left, 4), title, fill="black", font=font)
        out.paste(sheet, (left, HEAD))
        left += sheet.width + GAP
    out.save(target, optimize=True)


if __name__ == "__main__":
    main()
