"""One small picture resized in the three named ways: Pillow, PyTorch, and TensorFlow 1's rule written out in NumPy."""
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import common


def tf1_bilinear(x, height, width):
    """source = target * (in / out) in float32, no half-pixel shift; the upper neighbour stops at the edge."""
    def positions(size, target):
        at = np.arange(target, dtype=np.float32) * np.float32(np.float32(size) / np.float32(target))
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, size - 1), (at - low.astype(np.float32)).astype(np.float32)
    (y0, y1, v), (x0, x1, u) = positions(x.shape[0], height), positions(x.shape[1], width)
    u, v = u[None, :, None], v[:, None, None]
    top = x[y0][:, x0] + (x[y0][:, x1] - x[y0][:, x0]) * u
    bottom = x[y1][:, x0] + (x[y1][:, x1] - x[y1][:, x0]) * u
    return top + (bottom - top) * v


def half_pixel(x, height, width):
    planes = torch.from_numpy(x).permute(2, 0, 1)[None]
    return F.interpolate(planes, (height, width), mode="bilinear", align_corners=False)[0].permute(1, 2, 0).numpy()


def bicubic(x, height, width):
    planes = [np.asarray(Image.fromarray(x[..., c], mode="F").resize((width, height), Image.Resampling.BICUBIC)) for c in range(3)]
    return np.stack(planes, -1).clip(0, 255)


def main():
    image = np.floor(common.lcg(7 * 5 * 3, 77).reshape(5, 7, 3) * 256).astype(np.uint8)
    rows = []
    for height, width in ((5, 7), (11, 13), (3, 4), (2, 9), (1, 1), (5, 3)):
        for name, method in (("tf1-bilinear", tf1_bilinear), ("half-pixel-bilinear", half_pixel), ("antialiased-bicubic", bicubic)):
            values = method(image.astype(np.float32), height, width).astype(float)
            rows.append({"method": name, "height": height, "width": width, "values": np.round(values, 5).transpose(2, 0, 1).ravel()})
    common.write(common.folder("metrics") / "resizing.json", {
        "source": "tools/golden/resizing.py: Pillow on float planes, torch.nn.functional.interpolate, TensorFlow 1's rule in NumPy", "tolerance": 5e-5,
        "convention": "values are [C, H, W]; pixels are [H, W, C]", "image": {"height": 5, "width": 7, "pixels": image.ravel()}, "results": rows})


if __name__ == "__main__":
    main()
