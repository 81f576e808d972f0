"""Exports EDM's published networks (NVlabs/edm, pickles) as packages whose time is sigma and whose output is the clean image.

    python3 export_edm.py edm-cifar10-32x32-uncond-vp.pkl --out edm-cifar10
    python3 export_edm.py --dry                       the published architectures: parameters against the paper's and guided-diffusion's counts
    python3 export_edm.py --random song --out tiny-edm       a small one with random weights (song, song-ve or adm), written as such a pickle and read from it

The pickles carry the source of their classes. None of it is run here: objects are read as names with values, and tensors, names and arguments taken from them. The weights are of
the moving average ("ema"); a missing or unknown key is refused by name. Their licence (CC BY-NC-SA 4.0) covers the exported file, too.
"""
import argparse
import collections
import io
import json
import pathlib
import pickle
import sys
import tempfile
import types

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from edm import Denoiser, Network  # noqa: E402
from export_adm import write  # noqa: E402
from layers import randomise  # noqa: E402

SONG = {"model_type": "SongUNet", "augment_dim": 9, "model_channels": 128}
VE = {"embedding_type": "fourier", "encoder_type": "residual", "channel_mult_noise": 2, "resample_filter": [1, 3, 3, 1]}
CIFAR, FACES = {**SONG, "img_resolution": 32, "channel_mult": [2, 2, 2]}, {**SONG, "img_resolution": 64, "channel_mult": [1, 2, 2, 2]}
# Guided-diffusion's ADM-64 predicts variances, too: three output channels of 192 x 3 x 3 weights and a bias more.
# Papers give one decimal for the others, and none was found for NCSN++ (VE) of these sizes.
PUBLISHED = {"CIFAR-10, VP": (CIFAR, 55.7), "CIFAR-10, VE": ({**CIFAR, **VE}, None), "FFHQ and AFHQ, VP": (FACES, 61.8), "FFHQ and AFHQ, VE": ({**FACES, **VE}, None),
             "ImageNet-64": ({"model_type": "DhariwalUNet", "img_resolution": 64, "label_dim": 1000, "model_channels": 192, "channel_mult": [1, 2, 3, 4]}, (295_904_454 - 3 * (192 * 9 + 1)) / 1e6)}
SMALL = {"img_resolution": 8, "model_channels": 8, "channel_mult": [1, 2], "num_blocks": 1, "attn_resolutions": [4]}
RANDOM = {"song": {**SMALL, "model_type": "SongUNet", "augment_dim": 9, "label_dim": 10}, "song-ve": {**SMALL, **VE, "model_type": "SongUNet", "augment_dim": 9},
          "adm": {**SMALL, "model_type": "DhariwalUNet", "label_dim": 10}}
CONTAINERS = {("collections", "OrderedDict"): collections.OrderedDict, ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
              ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter, ("numpy.core.multiarray", "scalar"): np.core.multiarray.scalar, ("numpy", "dtype"): np.dtype}


class Named:
    """An object of a pickle as a name with values; its class is not imported."""

    def __init__(self, *given):
        self.given, self.state = given, {}

    def __setstate__(self, state):
        self.state = state

    def __setitem__(self, key, value):
        self.state[key] = value


def persistent(meta):
    """What torch_utils.persistence stores: the class's source, which is not run, its name and the object's members."""
    made = Named()
    made.name, made.state = meta["class_name"], dict(meta["state"])
    return made


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("torch_utils.persistence", "_reconstruct_persistent_obj"):
            return persistent
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            return lambda data: torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if (module, name) == ("dnnlib.util", "EasyDict"):
            return dict
        return CONTAINERS.get((module, name)) or type(name, (Named,), {"name": name})


def tensors(module, prefix=""):
    """The state dictionary of a module read by Reader."""
    found = {}
    for kind in ("_parameters", "_buffers"):
        found.update({prefix + name: value.detach().float() for name, value in module.state.get(kind, {}).items() if value is not None})
    for name, child in module.state.get("_modules", {}).items():
        if child is not None:
            found.update(tensors(child, f"{prefix}{name}."))
    return found


def denoiser(given):
    """A network by the arguments of the published class."""
    given = dict(given)
    kind, channels = given.pop("model_type", "DhariwalUNet"), given.pop("img_channels", 3)
    data = given.pop("sigma_data", 0.5)
    for name in ("use_fp16", "sigma_min", "sigma_max"):
        given.pop(name, None)
    if kind not in ("SongUNet", "DhariwalUNet"):
        raise SystemExit(f"The file holds a {kind}; SongUNet and DhariwalUNet are known here.")
    return Denoiser(Network(given.pop("img_resolution"), channels, song=kind == "SongUNet", **given), data)


def read(path):
    """(denoiser, its arguments) of a pickle."""
    with open(path, "rb") as file:
        content = Reader(file).load()
    ema = content["ema"] if isinstance(content, dict) and "ema" in content else content
    if getattr(ema, "name", None) != "EDMPrecond":
        raise SystemExit(f"{path} holds {getattr(ema, 'name', type(ema).__name__)}; EDMPrecond is exported here. The 'baseline' files have other preconditionings.")
    arguments = dict(ema.state["_init_kwargs"])
    model = denoiser(arguments)
    model.load_state_dict(tensors(ema))
    return model.eval(), arguments


def dry():
    for name, (arguments, published) in PUBLISHED.items():
        model = denoiser(arguments)
        parameters, count = sum(p.numel() for p in model.parameters()), len(list(model.parameters()))
        print(f"{name}: {parameters:,} parameters in {count} tensors; published: {f'{published:.9g} million' if published else 'not found'}")
        assert published is None or abs(parameters / 1e6 - published) < (0.05 if published < 100 else 1e-7)
        assert {"model.map_layer0.weight", f"model.enc.{arguments['img_resolution']}x{arguments['img_resolution']}_conv.weight", "model.dec.8x8_in0.qkv.weight"} <= set(model.state_dict())


@torch.no_grad()
def package(out, name, model, arguments):
    side, channels, labels = arguments["img_resolution"], arguments.get("img_channels", 3), arguments.get("label_dim", 0)
    feeds = {"x": torch.randn(2, channels, side, side), "sigma": torch.tensor([1.0, 40.0]), **({"labels": torch.eye(labels)[:2]} if labels else {})}
    write(model, feeds, "denoised", out / "denoiser")
    document = {
        "formatVersion": 1, "name": name, "kind": "class-conditional" if labels else "unconditional",
        "denoiser": {"file": "denoiser/model.onnx", "prediction": "sample", "inputs": {"sample": "x", "time": "sigma", **({"labels": "labels"} if labels else {})}, "output": "denoised"},
        "schedule": {"type": "sigma", "sigmaMin": 0.002, "sigmaMax": 80}, "sample": {"channels": channels, "height": side, "width": side, "range": [-1, 1], "rounding": "half-up"},
        **({"labels": {"count": labels}} if labels else {})}
    (out / "model.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"{out}: model.json")


class Pickled:
    """Stands in a pickle as an object of a class with its source does."""

    def __init__(self, name, **state):
        self.name, self.members = name, state

    def __reduce__(self):
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, ({"type": "class", "version": 6, "module_src": "raise SystemExit('source was run')", "class_name": self.name, "state": self.members},)


def pickled(module, name, **more):
    children = {key: pickled(child, type(child).__name__) for key, child in module.named_children()}
    return Pickled(name, _parameters=dict(module._parameters), _buffers=dict(module._buffers), _modules=children, **more)


def small(kind):
    """A small network with random weights, written as a pickle of the published layout and read from there."""
    persistence = types.ModuleType("torch_utils.persistence")

    def _reconstruct_persistent_obj(meta):
        raise AssertionError("never called: the name alone is stored")

    _reconstruct_persistent_obj.__module__, _reconstruct_persistent_obj.__qualname__ = "torch_utils.persistence", "_reconstruct_persistent_obj"
    persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj
    sys.modules.update({"torch_utils": types.ModuleType("torch_utils"), "torch_utils.persistence": persistence})
    arguments = {"img_channels": 3, "label_dim": 0, "use_fp16": True, "dropout": 0.1, **RANDOM[kind]}
    model = randomise(denoiser(arguments), 1)
    for name, buffer in model.named_buffers():
        if name.endswith("freqs"):
            buffer.copy_(torch.randn(buffer.shape, generator=torch.Generator().manual_seed(2)))
    with tempfile.NamedTemporaryFile(suffix=".pkl") as file:
        pickle.dump({"ema": pickled(model, "EDMPrecond", _init_kwargs=arguments), "dataset_kwargs": {}}, file)
        file.flush()
        return read(pathlib.Path(file.name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--random", choices=list(RANDOM))
    given = parser.parse_args()
    if given.dry:
        return dry()
    if not given.out or not (given.random or given.weights):
        parser.error("give a pickle, or --random, with --out; or --dry")
    package(given.out, *((f"edm-random-{given.random}", *small(given.random)) if given.random else (given.weights.stem, *read(given.weights))))


if __name__ == "__main__":
    main()
