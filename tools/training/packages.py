"""Weights to archives and back, networks to ONNX, files to digests."""
import hashlib

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from shared_layers import Perceptual


def save(model, path, only=None):
    np.savez_compressed(path, **{k: v.numpy() for k, v in model.state_dict().items() if only is None or k.startswith(only)})


def restore(model, path, strict=True):
    with np.load(path) as archive:
        model.load_state_dict({k: torch.tensor(archive[k]) for k in archive.files}, strict=strict)
    return model.eval()


def export(model, inputs, names, outputs, path, opset):
    torch.onnx.export(model, inputs, str(path), input_names=names, output_names=outputs, opset_version=opset,
                      dynamic_axes={name: {0: "B"} for name in names + outputs})


def fused(trunk):
    """The trunk with batch normalisation folded into the convolutions (the same function, half the nodes)."""
    layers = []
    for layer in trunk:
        if isinstance(layer, torch.nn.BatchNorm2d):
            layers[-1] = torch.nn.utils.fusion.fuse_conv_bn_eval(layers[-1], layer)
            layers.append(torch.nn.Identity())
        else:
            layers.append(layer)
    return torch.nn.Sequential(*layers)


def export_perceptual(distance, images, path):
    """A perceptual distance of two images shaped like `images`, its batch normalisation folded."""
    folded = Perceptual(fused(distance.trunk), distance.at).eval()
    folded.lin = distance.lin
    images = torch.rand(images.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert (folded(images, images.flip(0)) - distance(images, images.flip(0))).abs().max() < 1e-5
    export(folded, (images, images.flip(0)), ["a", "b"], ["distance"], path, 17)


def digest(path):
    """SHA-256 as the manifest writes it."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def verify_digests(folder, document):
    """Every file named in the manifest's digests is the file it says."""
    for name, expected in document["digests"].items():
        assert expected == digest(folder / name), f"{name} is not the file that model.json names"
    print(f"digests: {len(document['digests'])} files match model.json")


def restore_from_onnx(model, path):
    """Reads the weights of `model` back from its exported graph.

    The exporter keeps the names of weights, but for those of normalisations, which it reshapes and renames;
    the node that uses such a one still carries the name of its module.
    """
    graph = onnx.load(str(path)).graph
    stored, renamed = {one.name: numpy_helper.to_array(one) for one in graph.initializer}, {}
    for node in graph.node:
        for name in node.input:
            if node.op_type in ("Mul", "Add") and name.startswith("onnx::") and name in stored:
                module = node.name.rsplit("/", 1)[0].strip("/").replace("/", ".")
                renamed[f".{module}.{'weight' if node.op_type == 'Mul' else 'bias'}"] = stored[name].reshape(-1)

    def weight(key):
        return stored[key] if key in stored else next(value for name, value in renamed.items() if f".{key}".endswith(name))

    state = {key: torch.tensor(weight(key)) for key in model.state_dict()}
    model.load_state_dict(state)
    return model.eval()
