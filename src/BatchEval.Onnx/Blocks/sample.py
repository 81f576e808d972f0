"""Draws samples with the searched schedule:  python sample.py [count] [label] [guidance]  writes samples.npy

Needs numpy and onnxruntime only. schedule.json holds one row per network call: which file to run at which time, how its
output becomes a prediction of the clean data (state * x + network * output), and the linear combination of state, second
state, predictions and fresh noise that is the next state. Rows without a file take the last output instead of a call; calls that
a skip policy would leave out at run time are all made.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime

FOLDER = pathlib.Path(__file__).resolve().parent
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def call(session, names, x, time, label, context):
    feeds = {}
    for spec in session.get_inputs():
        if spec.name == names["sample"]:
            value = x
        elif spec.name == names["time"]:
            value = np.full(len(x), time) if spec.shape else np.array(time)
        elif spec.name == names.get("labels"):
            value = np.full(len(x), label)
        elif spec.name == names.get("context"):
            value = np.resize(context, (len(x),) + context.shape[1:])
        else:
            continue
        feeds[spec.name] = np.asarray(value, TYPES[spec.type])
    return session.run([names["output"]], feeds)[0].astype(np.float32)


def combine(c, x, anchor, raw, history, random):
    result = c["state"] * x + c["anchor"] * anchor + c["raw"] * raw
    for weight, data in zip(c["data"], history):
        result = result + weight * data
    return result + (c["noise"] * random.standard_normal(x.shape) if c["noise"] else 0)


def sample(plan, count, label, guidance, seed=0):
    random = np.random.default_rng(seed)
    sessions = {f: onnxruntime.InferenceSession(str(FOLDER / f), providers=onnxruntime.get_available_providers()) for f in plan["files"]}
    names, context = plan["names"], np.load(FOLDER / plan["contexts"]) if plan["contexts"] else None
    x = plan["startScale"] * random.standard_normal((count, *plan["shape"]))
    anchor, history, output = x, [], None
    for row in plan["rows"]:
        if row["file"]:
            output = call(sessions[row["file"]], names, x, row["time"], label, context)
            if guidance != 1:
                null = call(sessions[row["file"]], names, x, row["time"], plan["nullLabel"], context)
                output = null + guidance * (output - null)
        raw = row["predict"]["state"] * x + row["predict"]["network"] * output
        history = [np.clip(raw, *plan["clamp"]) if plan["clamp"] else raw] + history[: plan["history"] - 1]
        following = combine(row["next"], x, anchor, raw, history, random)
        anchor = combine(row["nextAnchor"], x, anchor, raw, history, random) if row["nextAnchor"] else anchor
        x = following
    return x.astype(np.float32)


if __name__ == "__main__":
    schedule = json.loads((FOLDER / "schedule.json").read_text())["sampler"]
    arguments = sys.argv[1:] + [None] * 3
    chosen = int(arguments[1]) if arguments[1] else schedule["nullLabel"] or 0
    images = sample(schedule, int(arguments[0] or 4), chosen, float(arguments[2] or 1))
    np.save("samples.npy", images)
    print("samples.npy", images.shape, "range", images.min(), images.max())
