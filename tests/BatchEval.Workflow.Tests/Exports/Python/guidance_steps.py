"""The functions that sampler.py makes of ONNX files, with a formula in the place of onnxruntime: guidance in full, positive alone, and with an earlier difference.

    python3 guidance_steps.py FOLDER     a folder with an exported sampler.py
"""
import pathlib
import sys
import types

import numpy as np

LABELS = np.array([1, 2])
calls = []


def formula(x, time, labels):
    return np.tanh(0.3 * x * (1 + np.array(labels)[:, None, None, None])) + 1e-4 * time


class Session:
    def __init__(self, *_, **__):
        pass

    def get_inputs(self):
        return [types.SimpleNamespace(name="x", shape=["B", 1, 2, 2], type="tensor(float)"), types.SimpleNamespace(name="t", shape=["B"], type="tensor(float)"),
                types.SimpleNamespace(name="y", shape=["B"], type="tensor(int64)")]

    def run(self, _, feeds):
        calls.append(len(feeds["y"]))
        return [formula(feeds["x"], feeds["t"][:, None, None, None], feeds["y"])]


sys.modules["onnxruntime"] = types.SimpleNamespace(InferenceSession=Session, get_available_providers=lambda: [])
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
import sampler  # noqa: E402

(folder / "n.onnx").write_bytes(b"")
document = {
    "networks": [{"file": "n.onnx"}], "guidance": {"scale": 2.5, "rescale": 0, "interval": None, "classifier": 0},
    "model": {"names": {"sample": "x", "time": "t", "labels": "y", "context": None, "output": "o"}, "contexts": None, "images": None, "timeFactor": 1, "packed": False, "nullLabel": 0},
    "rows": [{"time": 900, "sigma": 0.9, "alpha": 0.4}, {"time": 500, "sigma": 0.5, "alpha": 0.8}, {"time": 200, "sigma": 0.2, "alpha": 0.9}]}
network, random = sampler.onnx_networks(document, folder, LABELS)[0], np.random.default_rng(0)
a, b, c = (random.standard_normal((2, 1, 2, 2)).astype(np.float32) for _ in range(3))
difference = formula(a, 900, LABELS) - formula(a, 900, [0, 0])
full = network(a, 900, [0, 1])
assert np.allclose(full, formula(a, 900, [0, 0]) + 2.5 * difference, atol=1e-6)
cached = formula(b, 500, LABELS) + 1.5 * difference
assert np.allclose(network(b, 500, [0, 1], "cached"), cached, atol=1e-6)
assert np.allclose(network(b[1:], 500, [1], "cached"), cached[1:], atol=1e-6), "each sample has its own difference"
assert np.allclose(network(c, 200, [0, 1], "positive"), formula(c, 200, LABELS), atol=1e-6)
print(sum(calls))
