"""What the exporters share: checksums, ONNX export with a self-check, and the manifest."""
import hashlib
import json
import pathlib
import sys

import numpy as np
import onnx
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
import evaluate  # noqa: E402

OPSET = 17


def digest(path):
    with open(path, "rb") as file:
        sha = hashlib.sha256()
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def require(path, prefix, name):
    """Refuses a file whose SHA-256 does not begin as that of the published one."""
    found = digest(path)
    if not found.startswith(prefix):
        raise SystemExit(f"{path} has SHA-256 {found}; the published {name} has {prefix}{'...' if len(prefix) < 64 else ''}. "
                         "It is another file or damaged; --any-checksum goes on nevertheless.")


def load(path):
    """A state dictionary, without running pickled code."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    return state.get("state_dict", state)


@torch.no_grad()
def export(network, inputs, input_names, output_names, path, dynamic):
    network.eval()
    torch.onnx.export(network, inputs, str(path), input_names=input_names, output_names=output_names, opset_version=OPSET,
                      dynamic_axes=dynamic, do_constant_folding=True)
    model = onnx.load(str(path))
    for field in ("producer_name", "producer_version"):
        model.ClearField(field)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


@torch.no_grad()
def check(network, path, input_names, samples, tolerance=1e-4):
    """Runs the file and the framework on the same inputs; with ONNX Runtime where it is installed, else node by node with PyTorch's operators."""
    try:
        import onnxruntime
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        run, engine = (lambda feeds: session.run(None, feeds)), "ONNX Runtime"
    except ImportError:
        run, engine = (lambda feeds: evaluate.run(path, feeds)), "node by node"
    worst = 0.0
    for inputs in samples:
        expected = network(*inputs)
        expected = expected if isinstance(expected, tuple) else (expected,)
        found = run({name: value.numpy() for name, value in zip(input_names, inputs)})
        for a, b in zip(expected, found):
            worst = max(worst, float(np.abs(a.numpy() - b).max() / max(1e-12, float(a.abs().max()))))
    print(f"self-check ({engine}): largest difference {worst:.1e} of the largest output")
    if not worst <= tolerance:
        raise SystemExit("The exported file does not compute what the framework computes.")


def write_manifest(folder, manifest):
    files = [entry["file"] for entry in (manifest.get("features"), manifest.get("perceptual"), manifest.get("text")) if entry]
    manifest = {"formatVersion": 1, **manifest, "digests": {name: f"sha256:{digest(folder / name)}" for name in files}}
    (folder / "features.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{folder}: {', '.join(files)}, features.json")
