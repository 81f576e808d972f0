"""Small image files of every kind that is read, with the pixels that Pillow's convert("RGB") makes of them (libjpeg-turbo, libwebp, zlib)."""
import base64
import io
import subprocess
import zlib

import numpy as np
from PIL import Image, features

import common

WIDTH, HEIGHT = 27, 19


def picture(seed):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = np.stack([128 + 100 * np.sin(x / 2.3 + y / 7), 128 + 100 * np.cos(x / 5 - y / 2.1), 128 + 90 * np.sin((x + y) / 3)], -1)
    noise = common.lcg(HEIGHT * WIDTH * 3, seed).reshape(HEIGHT, WIDTH, 3)
    return Image.fromarray(np.clip(waves + 40 * (noise - 0.5), 0, 255).astype(np.uint8))


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def cjpeg(image, *options):
    return subprocess.run(["cjpeg", *options], input=saved(image, "PPM"), stdout=subprocess.PIPE, check=True).stdout


def ycck(image):
    file = bytearray(saved(image.convert("CMYK"), "JPEG", quality=90))
    file[file.index(b"Adobe") + 11] = 2  # the colour transform of the Adobe marker
    return bytes(file)


def interlaced(image):
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    a = np.asarray(image)
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in a[y::dy, x::dx])
    header = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes([8, 2, 0, 0, 1])
    gamma = chunk(b"gAMA", (100000).to_bytes(4, "big"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + gamma + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main():
    image, other = picture(1), picture(2)
    grey, palette = image.convert("L"), image.convert("P")
    alpha = image.copy()
    alpha.putalpha(Image.fromarray((common.lcg(HEIGHT * WIDTH, 3).reshape(HEIGHT, WIDTH) * 256).astype(np.uint8)))
    files = {}
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        files[f"jpeg {name}"] = saved(image, "JPEG", quality=90, subsampling=subsampling)
        files[f"jpeg {name} progressive"] = saved(image, "JPEG", quality=75, subsampling=subsampling, progressive=True)
    files |= {
        "jpeg 440": cjpeg(image, "-sample", "1x2"), "jpeg 411": cjpeg(image, "-sample", "4x1"), "jpeg rgb": cjpeg(image, "-rgb"),
        "jpeg arithmetic": cjpeg(image, "-arithmetic"), "jpeg restarts": cjpeg(image, "-restart", "1"), "jpeg grey": saved(grey, "JPEG", quality=90),
        "jpeg cmyk": saved(image.convert("CMYK"), "JPEG", quality=90), "jpeg ycck": ycck(image),
        "png rgb": saved(image, "PNG"), "png grey": saved(grey, "PNG"), "png palette": saved(palette, "PNG"), "png bits": saved(image.convert("1"), "PNG"),
        "png alpha": saved(alpha, "PNG"), "png transparent colour": saved(palette, "PNG", transparency=palette.getpixel((0, 0))),
        "png interlaced gamma": interlaced(image), "png animated": saved(image, "PNG", save_all=True, append_images=[other]),
        "webp lossy": saved(image, "WEBP", quality=80), "webp lossless": saved(image, "WEBP", lossless=True),
        "webp alpha": saved(alpha, "WEBP", lossless=True, exact=True), "webp animated": saved(image, "WEBP", save_all=True, append_images=[other], lossless=True),
        "bmp rgb": saved(image, "BMP"), "bmp grey": saved(grey, "BMP"), "bmp palette": saved(palette, "BMP"), "bmp bits": saved(image.convert("1"), "BMP"),
        "gif": saved(image, "GIF"), "gif animated": saved(image, "GIF", save_all=True, append_images=[other]),
    }
    rows = [{"name": name, "file": base64.b64encode(file).decode(), "pixels": base64.b64encode(Image.open(io.BytesIO(file)).convert("RGB").tobytes()).decode()}
            for name, file in files.items()]
    versions = {name: features.version(name) for name in ("pil", "libjpeg_turbo", "webp", "zlib")}
    common.write(common.folder("images") / "decoded.json", {
        "source": "tools/golden/images.py: Pillow's Image.open(file).convert('RGB')", "versions": versions, "tolerance": 1,
        "width": WIDTH, "height": HEIGHT, "convention": "file and pixels in base64; pixels are [H, W, 3]", "results": rows})


if __name__ == "__main__":
    main()
