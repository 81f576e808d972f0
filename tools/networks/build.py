"""Exports three small U-Nets with random weights and records what they answer, whole and with blocks left out.

    python3 build.py          writes tests/Golden/networks/
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper

import evaluate
from adm import Adm
from diffusers_like import BasicTransformerBlock, UNet2D, UNet2DCondition
from half import half_graph
from layers import Block, randomise

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import common  # noqa: E402

torch.set_num_threads(1)
MASKS = 50


def inputs_of(name, batch, generator):
    noise = lambda *shape: torch.randn(*shape, generator=generator)
    if name == "adm":
        return {"x": noise(batch, 1, 32, 32), "timesteps": torch.tensor([713.0, 88.5][:batch]), "y": torch.tensor([4, 9][:batch])}
    if name == "unet2d":
        return {"sample": noise(batch, 3, 16, 16), "timestep": torch.tensor([713, 88][:batch])}
    return {"sample": noise(batch, 4, 16, 16), "timestep": torch.tensor(713.0), "encoder_hidden_states": noise(batch, 5, 12)}


NETWORKS = {"adm": (Adm, 1, "output"), "unet2d": (UNet2D, 2, "out_sample"), "unet2d-condition": (UNet2DCondition, 3, "out_sample")}


def execution_order(model, feeds):
    """Blocks in the order in which they run: for all three networks also the order of construction."""
    order, hooks = [], []
    for name, module in model.named_modules():
        if isinstance(module, Block):
            hooks.append(module.register_forward_hook(lambda m, i, o, name=name: order.append((name, m))))
    model(**feeds)
    for hook in hooks:
        hook.remove()
    return order


def multiply_adds(model, feeds):
    """Per module with weights or matrix products, by hooks: name -> multiply-adds of this call."""
    found, hooks = {}, []

    def count(name):
        def hook(module, _, output):
            if isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d)):
                found[name] = output.numel() * module.weight[0].numel()
            elif isinstance(module, torch.nn.Linear):
                found[name] = output.numel() * module.in_features
            elif hasattr(module, "product_macs"):
                found[name + ".products"] = module.product_macs
        return hook

    for name, module in model.named_modules():
        hooks.append(module.register_forward_hook(count(name)))
    model(**feeds)
    for hook in hooks:
        hook.remove()
    return found


def inside(name, prefix):
    return name == prefix or name.startswith(prefix + ".")


def export(model, feeds, output, path, opset):
    axes = {k: {0: "batch"} for k, v in feeds.items() if v.dim() > 0}
    if "encoder_hidden_states" in axes:
        axes["encoder_hidden_states"][1] = "sequence"
    torch.onnx.export(model, tuple(feeds.values()), str(path), input_names=list(feeds), output_names=[output],
                      dynamic_axes={**axes, output: {0: "batch"}}, opset_version=opset)
    onnx.checker.check_model(onnx.load(str(path)))


def half_weights(source, target):
    """Weights stored as float16, each behind a Cast to float32: arithmetic as before."""
    model = onnx.load(str(source))
    casts = []
    for initializer in model.graph.initializer:
        if initializer.data_type == TensorProto.FLOAT:
            name = initializer.name
            value = numpy_helper.to_array(initializer).astype(np.float16)
            initializer.CopyFrom(numpy_helper.from_array(value, name + "_half"))
            casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], name=f"/cast/{name}", to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


@torch.no_grad()
def build(name):
    make, seed, output = NETWORKS[name]
    model = randomise(make(), seed)
    generator = torch.Generator().manual_seed(1000 + seed)
    feeds = inputs_of(name, 1, generator)
    pair = inputs_of(name, 2, generator)
    blocks = execution_order(model, feeds)
    constructed = [n for n, m in model.named_modules() if isinstance(m, Block)]
    assert name != "adm" or ([n for n, _ in blocks] == constructed and len(blocks) == 58)
    macs = multiply_adds(model, feeds)

    def answer(skipped=(), feeds=feeds):
        for k, (_, module) in enumerate(blocks):
            module.skip = k in skipped
        result = model(**feeds).numpy().copy()
        for _, module in blocks:
            module.skip = False
        return result

    full = answer()
    single = np.concatenate([answer({k}) for k in range(len(blocks))])
    random = np.random.RandomState(seed)
    masks = []
    for i in range(MASKS):
        size = random.randint(2, max(3, len(blocks) // (1 if i % 5 == 0 else 3)) + 1)
        masks.append(sorted(random.choice(len(blocks), size, replace=False).tolist()))
    masks[-1] = list(range(len(blocks)))
    several = np.concatenate([answer(set(m)) for m in masks])
    change = abs(single - full).max((1, 2, 3))
    print(f"{name}: {len(blocks)} blocks, outputs of size {abs(full).max():.3f}, smallest effect of one block {change.min():.4f}")
    assert change.min() > 1e-3

    out = common.folder(f"networks/{name}")
    arrays = {**{k: v.numpy() for k, v in feeds.items()}, "full": full, "single": single, "masked": several,
              **{f"pair_{k}": v.numpy() for k, v in pair.items()}, "pair_full": answer(feeds=pair)}
    rows = []
    for k, (path, module) in enumerate(blocks):
        kept = f"{path}.{module.shortcut_module}" if module.shortcut_module else None
        gone = sum(v for n, v in macs.items() if inside(n, path) and not (kept and inside(n, kept)))
        weights = sum(p.numel() for n, p in model.named_parameters() if inside(n, path) and not (kept and inside(n, kept)))
        rows.append({"id": k, "module": path, "kind": module.kind, "shortcut": module.shortcut, "macs": gone, "parameters": weights,
                     "effect": round(float(change[k]), 5)})
    document = {
        "source": "tools/networks/build.py: PyTorch 1.13 on CPU, random weights",
        "meaning": "id: order of execution (and of construction in adm); macs, parameters: what goes when the block is dropped, its shortcut "
                   "kept; macs at batch 1; effect: largest change of the output when it alone is dropped. golden.npz: the inputs by name, "
                   "full, single[id], masked[i] for masks[i] below, pair_*: a batch of two",
        "tolerance": "1e-4 times the largest output for float32",
        "largestOutput": float(abs(full).max()),
        "model": {"inputs": {k: {"shape": list(v.shape), "type": str(v.dtype).replace("torch.", "")} for k, v in feeds.items()}, "output": output},
        "totalMacs": sum(macs.values()), "totalParameters": sum(p.numel() for p in model.parameters()),
        "blocks": rows, "masks": masks}

    nested = [(n, m, part) for n, m in model.named_modules() if isinstance(m, BasicTransformerBlock) for part in m.PARTS]
    if nested:
        found, entries = [], []
        for path, module, part in nested:
            module.drop = {part}
            found.append(answer())
            module.drop = set()
            norm = {"attn1": "norm1", "attn2": "norm2", "ff": "norm3"}[part]
            entries.append({"module": f"{path}.{part}", "norm": f"{path}.{norm}", "inside": next(k for k, (b, _) in enumerate(blocks) if inside(path, b)),
                            "macs": sum(v for n, v in macs.items() if inside(n, f"{path}.{part}"))})
        arrays["nested"] = np.concatenate(found)
        document["nested"] = entries
        document["nestedMeaning"] = "residual parts inside a transformer block, each dropped alone (its x + f(norm(x)) becomes x): nested[i]"

    export(model, feeds, output, out / "model.onnx", 17)
    variants = {"model.onnx": 1e-4}
    if name == "unet2d":
        for opset in (13, 16):
            export(model, feeds, output, out / f"model.opset{opset}.onnx", opset)
            variants[f"model.opset{opset}.onnx"] = 1e-4
        half_weights(out / "model.onnx", out / "model.half-weights.onnx")
        half_graph(out / "model.onnx", out / "model.half.onnx")
        variants.update({"model.half-weights.onnx": 1e-2, "model.half.onnx": 3e-2})
    document["files"] = []
    for file, tolerance in variants.items():
        plain = {k: v.numpy() for k, v in feeds.items()}
        got = evaluate.run(out / file, plain)[0]
        two = evaluate.run(out / file, {k: v.numpy() for k, v in pair.items()})[0]
        gap = max(abs(got - full).max(), abs(two - arrays["pair_full"]).max()) / abs(full).max()
        print(f"  {file}: {(out / file).stat().st_size} bytes, against PyTorch {gap:.1e} of the largest output")
        assert gap < tolerance
        document["files"].append({"file": file, "opset": onnx.load(str(out / file)).opset_import[0].version, "relativeTolerance": tolerance})
    np.savez_compressed(out / "golden.npz", **arrays)
    common.write(out / "blocks.json", document)
    kinds = {}
    for row in rows:
        kinds[row["kind"], row["shortcut"]] = kinds.get((row["kind"], row["shortcut"]), 0) + 1
    print(f"  kinds {kinds}; {document['totalParameters']} parameters, {document['totalMacs']} multiply-adds, "
          f"{sum(r['macs'] for r in rows) / document['totalMacs']:.3f} of them in blocks")


if __name__ == "__main__":
    for network in sys.argv[1:] or NETWORKS:
        build(network)
