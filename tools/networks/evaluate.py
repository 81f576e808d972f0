"""Runs an exported graph with PyTorch operations, node by node: enough operators for the networks of this repository.
A check of the files themselves where no ONNX runtime is at hand; half-precision tensors are computed in single precision."""
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


def tensor(proto):
    return torch.tensor(np.array(numpy_helper.to_array(proto)))


def symmetric(attr):
    pads = attr.get("pads", [0] * 4)
    assert pads[:2] == pads[2:]
    return pads[:2]


def run(path, feeds):
    graph = onnx.load(str(path)).graph
    values = {i.name: tensor(i) for i in graph.initializer}
    values.update({k: torch.tensor(np.array(v)) for k, v in feeds.items()})
    wide = lambda v: v.float() if v is not None and v.dtype == torch.float16 else v
    for node in graph.node:
        attr = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        x = [wide(values[n]) if n else None for n in node.input]
        op, ints = node.op_type, lambda v: [int(i) for i in v]

        def axes(default=None):
            return ints(x[1]) if len(x) > 1 and x[1] is not None else attr.get("axes", default)

        if op == "Constant":
            out = tensor(attr["value"])
        elif op in ("Conv",):
            pads, dims = attr.get("pads", [0] * 4), x[0].dim() - 2
            assert pads[:dims] == pads[dims:]
            out = (F.conv1d if dims == 1 else F.conv2d)(x[0], x[1], x[2] if len(x) > 2 else None, attr["strides"], pads[:dims], attr["dilations"], attr["group"])
        elif op == "Gemm":
            assert attr.get("transB", 0) == 1 and attr.get("alpha", 1.0) == attr.get("beta", 1.0) == 1.0
            out = x[0] @ x[1].T + x[2]
        elif op in ("Add", "Sub", "Mul", "Div"):
            out = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul,
                   "Div": lambda a, b: a / b if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")}[op](x[0], x[1])
        elif op in ("Sin", "Cos", "Sqrt", "Sigmoid", "Relu", "Exp", "Erf"):
            out = getattr(torch, op.lower())(x[0])
        elif op == "MatMul":
            out = x[0] @ x[1]
        elif op == "Einsum":
            out = torch.einsum(attr["equation"].decode(), *x)
        elif op == "Pow":
            out = x[0] ** x[1]
        elif op == "Softmax":
            out = x[0].softmax(attr.get("axis", -1))
        elif op == "InstanceNormalization":
            out = F.instance_norm(x[0], weight=x[1], bias=x[2], eps=attr["epsilon"])
        elif op == "LayerNormalization":
            out = F.layer_norm(x[0], x[1].shape, x[1], x[2], attr["epsilon"])
        elif op == "BatchNormalization":
            out = F.batch_norm(x[0], x[3], x[4], x[1], x[2], eps=attr["epsilon"])
        elif op == "AveragePool":
            out = F.avg_pool2d(x[0], attr["kernel_shape"], attr["strides"], symmetric(attr), count_include_pad=bool(attr.get("count_include_pad", 0)))
        elif op == "Pad":
            assert not any(ints(x[1])), "only the empty padding that average pooling is exported with"
            out = x[0]
        elif op == "MaxPool":
            out = F.max_pool2d(x[0], attr["kernel_shape"], attr["strides"], symmetric(attr), ceil_mode=bool(attr.get("ceil_mode", 0)))
        elif op == "Resize":
            assert attr["mode"] == b"nearest"
            size = ints(x[3]) if len(x) > 3 and x[3] is not None else [int(s * f) for s, f in zip(x[0].shape, x[2])]
            out = F.interpolate(x[0], size[2:], mode="nearest")
        elif op == "DepthToSpace":
            assert attr["mode"] == b"CRD"
            out = F.pixel_shuffle(x[0], attr["blocksize"])
        elif op == "Cast":
            out = x[0].to({1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float32, 11: torch.float64}[attr["to"]])
        elif op == "Shape":
            out = torch.tensor(x[0].shape)
        elif op == "Reshape":
            target = [x[0].shape[i] if s == 0 and not attr.get("allowzero", 0) else s for i, s in enumerate(ints(x[1]))]
            out = x[0].reshape(target)
        elif op == "Flatten":
            out = x[0].flatten(attr.get("axis", 1))
        elif op == "Transpose":
            out = x[0].permute(attr["perm"])
        elif op == "Concat":
            out = torch.cat(x, attr["axis"])
        elif op == "Gather":
            axis = attr.get("axis", 0)
            out = x[0].index_select(axis, x[1].reshape(-1) % x[0].shape[axis]).reshape(list(x[0].shape[:axis]) + list(x[1].shape) + list(x[0].shape[axis + 1:]))
        elif op == "Split":
            out = x[0].split(ints(x[1]) if len(x) > 1 else attr["split"] if "split" in attr else x[0].shape[attr["axis"]] // len(node.output), attr.get("axis", 0))
        elif op == "Slice":
            out, steps = x[0], ints(x[4]) if len(x) > 4 else None
            assert not steps or all(s == 1 for s in steps)
            for a, b, axis in zip(ints(x[1]), ints(x[2]), ints(x[3])):
                out = out.narrow(axis, a, max(0, min(b, out.shape[axis]) - a))
        elif op == "Unsqueeze":
            out = x[0]
            for axis in sorted(axes()):
                out = out.unsqueeze(axis)
        elif op == "Squeeze":
            out = x[0].squeeze(axes()[0])
        elif op == "ConstantOfShape":
            value = tensor(attr["value"])
            out = torch.full(ints(x[0]), value.item(), dtype=value.dtype)
        elif op == "Equal":
            out = x[0] == x[1]
        elif op == "ArgMax":
            assert not attr.get("select_last_index", 0)
            out = x[0].argmax(attr["axis"], bool(attr.get("keepdims", 1)))
        elif op == "Where":
            out = torch.where(x[0], x[1], x[2])
        elif op == "Expand":
            out = x[0] * torch.ones(ints(x[1]), dtype=x[0].dtype)
        elif op in ("ReduceMean", "ReduceSum"):
            out = (torch.mean if op == "ReduceMean" else torch.sum)(x[0], dim=axes(), keepdim=bool(attr.get("keepdims", 1)))
        elif op == "Identity":
            out = x[0]
        else:
            raise NotImplementedError(op)
        for name, value in zip(node.output, out if isinstance(out, (tuple, list)) else [out]):
            values[name] = value
    return [values[o.name].numpy() for o in graph.output]
