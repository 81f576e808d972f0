"""A feature network that no search has used, as a feature package: for judging what was searched on the FID of the model's own.

    python3 tools/search/second_network.py digits OUT      trains one with another seed: half a minute of one core
    python3 tools/search/second_network.py digits OUT --with-model      OUT is a copy of samples/digits that brings it, so that runs have fid-second
    python3 tools/search/second_network.py glyphs OUT      the mean activations of an inner layer of the model's own network: its training images have to be drawn first

Needs torch and onnx, and scikit-learn for the digits.
"""
import json
import pathlib
import shutil
import sys

import onnx
from onnx import TensorProto, helper

TOOLS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS / "features"), str(TOOLS / "training")]
import package  # noqa: E402
sys.path.insert(0, str(TOOLS / "digits"))

STEPS, SEED = 800, 7


def trained_digits(path: pathlib.Path) -> str:
    import build
    import data
    import torch
    training, held_out = data.load()
    network = build.train_classifier(training, held_out, STEPS, SEED)
    torch.onnx.export(network.eval(), torch.zeros(2, 1, 16, 16), str(path), input_names=["images"], output_names=["features", "logits"], opset_version=16,
                      dynamic_axes={"images": {0: "B"}, "features": {0: "B"}, "logits": {0: "B"}})
    return f"tools/digits/build.py's classifier trained for {STEPS} steps with seed {SEED}"


def inner_layer(source: pathlib.Path, path: pathlib.Path) -> str:
    """Means over positions of the activations before the last pooling."""
    model = onnx.load(str(source))
    graph = model.graph
    pooling = [node for node in graph.node if node.op_type == "MaxPool"][-1]
    graph.node.append(helper.make_node("ReduceMean", [pooling.input[0]], ["inner"], axes=[2, 3], keepdims=0))
    width = next(tuple(i.dims)[0] for n in graph.node if n.op_type == "Conv" for i in graph.initializer if i.name == n.input[1] and path_to(graph, n, pooling))
    graph.output.append(helper.make_tensor_value_info("inner", TensorProto.FLOAT, ["B", width]))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return f"the {width} mean activations before the last pooling of {source.name}"


def path_to(graph, node, pooling) -> bool:
    """Whether the convolution feeds the pooling through its rectifier."""
    return any(r.op_type == "Relu" and r.input[0] == node.output[0] and r.output[0] == pooling.input[0] for r in graph.node)


def main(model: str, target: str, option: str = "") -> None:
    out = pathlib.Path(target)
    if option == "--with-model":
        shutil.copytree(TOOLS.parent / "samples" / model, out, dirs_exist_ok=True)
        manifest = json.loads((out / "model.json").read_text())
        (out / "model.json").write_text(json.dumps(manifest | {"secondFeatures": "second"}, indent=2) + "\n")
        out /= "second"
    out.mkdir(parents=True, exist_ok=True)
    path = out / "features.onnx"
    if model == "digits":
        made, output, channels, side = trained_digits(path), "features", 1, 16
    else:
        made, output, channels, side = inner_layer(TOOLS.parent / f"samples/{model}/features.onnx", path), "inner", 3, 32
    shape = next(o for o in onnx.load(str(path)).graph.output if o.name == output).type.tensor_type.shape.dim
    package.write_manifest(out, {
        "name": f"{model}-second", "description": made,
        "features": {"file": path.name, "input": "images", "output": output, "dimensions": shape[1].dim_value},
        "image": {"channels": channels, "height": side, "width": side, "resize": "none", "mean": [127.5] * channels, "std": [127.5] * channels},
    })


if __name__ == "__main__":
    main(*sys.argv[1:])
