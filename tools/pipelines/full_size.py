"""The U-Net of Stable Diffusion 1.5 in full size with random weights, 3.4 GB in single precision beside the graph, as a diffusers folder without text and decoder.

    /usr/bin/python3 full_size.py <target folder>      needs about 8 GB of memory and of disk for some minutes
    batcheval model inspect <target folder> --no-timing
"""
import pathlib
import sys

import onnx
import torch

from folders import folder, scheduler, text
from modules import Transformer2DModel, UNet

# Parameters and tensors.
COUNTS = 859_520_964, 686


class Condition(UNet):
    def forward(self, sample, timestep, encoder_hidden_states):
        return self.run(sample, timestep.expand(sample.shape[0]), encoder_hidden_states)


def build():
    cross = lambda width: Transformer2DModel(width, 8, width // 8, 768, 32)
    return Condition(4, 4, (320, 640, 1280, 1280), 2, 32, lambda i: cross if i < 3 else None, cross).eval()


@torch.no_grad()
def main(target):
    unet = build()
    # The exporter writes equal tensors once, and fresh normalisations are all ones and zeros: 180,480 numbers fewer. In a trained network none is like another.
    for number, norm in enumerate(m for m in unet.modules() if isinstance(m, (torch.nn.GroupNorm, torch.nn.LayerNorm))):
        norm.weight.add_(1e-4 * (number + 1))
        norm.bias.add_(1e-4 * (number + 1))
    counts = sum(p.numel() for p in unet.parameters()), len(list(unet.parameters()))
    print(f"{counts[0]:,} parameters in {counts[1]} tensors")
    assert counts == COUNTS
    out = folder(pathlib.Path(target).name, "StableDiffusionPipeline", root=pathlib.Path(target).resolve().parent)
    scheduler(out, "DDIMScheduler", beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    parts = out / "unet" / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    feeds = {"sample": torch.randn(1, 4, 64, 64), "timestep": torch.tensor(500.0), "encoder_hidden_states": torch.randn(1, 77, 768)}
    torch.onnx.export(unet, tuple(feeds.values()), str(parts / "model.onnx"), input_names=list(feeds), output_names=["out_sample"], opset_version=17,
                      dynamic_axes={"sample": {0: "batch_size", 2: "height", 3: "width"}, "encoder_hidden_states": {0: "batch_size", 1: "sequence_length"}, "out_sample": {0: "batch_size"}})
    del unet
    # As optimum does: one file for all weights, named model.onnx_data.
    model = onnx.load(str(parts / "model.onnx"))
    onnx.save_model(model, str(out / "unet" / "model.onnx"), save_as_external_data=True, all_tensors_to_one_file=True, location="model.onnx_data", size_threshold=100)
    for file in parts.iterdir():
        file.unlink()
    parts.rmdir()
    text(out / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", "sample_size": 64, "in_channels": 4, "cross_attention_dim": 768})
    print(f"{(out / 'unet' / 'model.onnx_data').stat().st_size:,} bytes of weights")


if __name__ == "__main__":
    main(sys.argv[1])
