"""Draws samples with a searched sampler.

    python sampler.py [count] [label, or random] [guidance scale] [seed]     writes samples.npy; needs numpy and onnxruntime

runs the ONNX files that sampler.json names (they lie beside it, or are copied there from the model package). From Python, with any
network that takes and gives arrays, numpy and torch alike:

    import sampler
    document = sampler.load("sampler.json")
    images = sampler.sample(document, network, noise)       # noise: standard normal, [n, C, H, W]

network(x, time, index) gets the noisy samples x as the model was trained on them, the time as one number, and index, the positions of
these samples in the batch (for labels and prompts), and returns the network's output, guidance included. Where sampler.json lists more
than one network (blocks are dropped), give a list of functions in that order. Where steps differ in their guidance (row["guidance"]), it is
given as a fourth argument: "positive" for the positive evaluation alone, "cached" for that with the difference of the last full one. Steps that reuse an output and calls that the skip
policy leaves out are not made. Everything else that sampler.json holds is done here: endings, clamping, noise, output scales.
"""
from rows import concatenate, trajectories_of, load, sys  # replaced by rows.py itself where this file is handed over


def normal_like(x):
    module = sys.modules[type(x).__module__.split(".")[0]]
    return module.randn_like(x) if hasattr(module, "randn_like") else module.random.standard_normal(x.shape).astype(x.dtype)


def sample(document, networks, noise, random=normal_like):
    """Samples from standard normal noise; random(x) gives fresh normal numbers like x, for samplers that add noise."""
    networks = networks if isinstance(networks, (list, tuple)) else [networks]
    if len(networks) != len(document["networks"]):
        raise ValueError(f"{len(document['networks'])} networks are needed, {len(networks)} were given: {document['networks']}")
    trajectories = trajectories_of(document, document["startScale"] * noise)
    everyone = list(range(len(noise)))
    for r, row in enumerate(document["rows"]):
        calling = [i for i, trajectory in enumerate(trajectories) if trajectory.needs_call(r)]
        outputs = {}
        if calling:
            batch = concatenate([trajectories[i].x for i in calling])
            told = () if row["guidance"] == "full" else (row["guidance"],)
            result = networks[row["network"]](batch, row["time"], everyone if len(trajectories) == 1 else calling, *told)
            outputs = {calling[0]: result} if len(trajectories) == 1 else {i: result[k : k + 1] for k, i in enumerate(calling)}
        for i, trajectory in enumerate(trajectories):
            trajectory.advance(r, outputs.get(i), random)
    return concatenate([trajectory.x for trajectory in trajectories])


def onnx_networks(document, folder, labels):
    """The networks of sampler.json as functions, by onnxruntime, with classifier-free guidance."""
    import numpy as np
    import onnxruntime

    model, types = document["model"], {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32}
    names, guidance = model["names"], document["guidance"]
    context = np.load(folder / model["contexts"]) if model["contexts"] else None
    images = np.load(folder / model["images"]) if model.get("images") else None
    ratios = {row["time"]: row["sigma"] / row["alpha"] if row["alpha"] else float("inf") for row in document["rows"]}
    if guidance["classifier"] or model["packed"]:
        raise ValueError("classifier guidance and packed latents: write the network as a function and call sample().")

    differences = {}

    def guided(time):
        low, high = guidance["interval"] or (-1, float("inf"))
        return guidance["scale"] != 1 and low < ratios[time] <= high

    def function(path):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: copy it there from the model package.")
        session = onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())

        def call(x, time, chosen, index):
            feeds, told = {}, time * model["timeFactor"]
            for spec in session.get_inputs():
                values = {
                    names["sample"]: lambda: x if images is None else np.concatenate([x, images[np.array(index) % len(images)]], axis=1),
                    names["time"]: lambda: np.full(len(x), told) if spec.shape else np.array(told),
                    names["labels"]: lambda: chosen,
                    names["context"]: lambda: context[np.array(index) % len(context)],
                }
                if spec.name not in values:
                    raise ValueError(f"The network also takes '{spec.name}': write it as a function and call sample().")
                feeds[spec.name] = np.asarray(values[spec.name](), types[spec.type])
            return session.run([names["output"]], feeds)[0].astype(np.float32)

        def network(x, time, index, how="full"):
            output = call(x, time, labels[index], index)
            if not guided(time) or how == "positive":
                return output
            if how == "full" or any(i not in differences for i in index):
                free = call(x, time, np.full(len(index), model["nullLabel"]), index)
                differences.update(zip(index, output - free))
            else:
                free = output - np.stack([differences[i] for i in index])
            mixed = free + np.float32(guidance["scale"]) * (output - free)
            if guidance["rescale"]:
                axes = tuple(range(1, mixed.ndim))
                kept = output.std(axis=axes, keepdims=True) / mixed.std(axis=axes, keepdims=True)
                mixed = mixed * (1 + np.float32(guidance["rescale"]) * (kept - 1))
            return mixed

        return network

    return [function(folder / n["file"]) for n in document["networks"]]


def main(arguments):
    import pathlib

    import numpy as np

    folder = pathlib.Path(__file__).resolve().parent
    document = load(folder / "sampler.json")
    count, label, scale, seed = (arguments + [None] * 4)[:4]
    random, model, count = np.random.default_rng(int(seed or 0)), document["model"], int(count or 4)
    label = {-1: "random", None: model["nullLabel"] or 0}.get(model["label"], model["label"]) if label is None else label
    labels = random.integers(model["classes"], size=count) if label == "random" else np.full(count, int(label))
    document["guidance"]["scale"] = float(scale or document["guidance"]["scale"])
    noise = random.standard_normal((count, *model["shape"])).astype(np.float32)
    images = sample(document, onnx_networks(document, folder, labels), noise, lambda x: random.standard_normal(x.shape).astype(np.float32))
    np.save("samples.npy", images)
    print("samples.npy", images.shape, "from", images.min(), "to", images.max())


if __name__ == "__main__":
    main(sys.argv[1:])
