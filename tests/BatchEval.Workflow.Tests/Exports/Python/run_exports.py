"""Executes every Python file of exported samplers:  run_exports.py pure|numpy|torch  < cases.json  > results.json

A case holds a folder of exported files, a formula network, start noise and the noise of the rows. "pure" needs nothing but Python; with numpy
or torch the loops run on their float32 arrays.
"""
import importlib.util
import inspect
import json
import math
import os
import pathlib
import sys
import types

import small
import stand_ins

MODE = sys.argv[1]
if MODE == "numpy":
    import numpy
elif MODE == "torch":
    import torch
else:
    stand_ins.torch()
stand_ins.diffusers()
stand_ins.comfy()
ADVERSE = {"use_karras_sigmas": True, "timestep_spacing": "trailing", "final_sigmas_type": "sigma_min", "interpolation_type": "log_linear", "lower_order_final": True,
           "euler_at_final": True, "use_exponential_sigmas": False, "use_beta_sigmas": False, "shift": 3.0, "use_dynamic_shifting": True, "sigma_schedule": "exponential",
           "thresholding": True, "variance_type": "learned_range", "use_flow_sigmas": True, "use_lu_lambdas": True, "solver_type": "heun", "rescale_betas_zero_snr": True, "clip_sample": True,
           "prediction_type": "sample", "sigma_data": 1.7, "algorithm_type": "dpmsolver", "solver_order": 3, "shift_terminal": 0.1, "invert_sigmas": True, "stochastic_sampling": True, "rho": 5.0}


def array(values, shape):
    if MODE == "numpy":
        return numpy.array(values, numpy.float32).reshape(shape)
    return torch.tensor(values, dtype=torch.float32).reshape(shape) if MODE == "torch" else small.Array(values, shape)


def flat(x):
    return [float(v) for v in x.reshape(-1)] if MODE != "pure" else x.tolist()


def network_of(case):
    k0, k1, k2, k3 = case["network"]
    tanh = {"numpy": lambda x: numpy.tanh(x), "torch": lambda x: torch.tanh(x), "pure": lambda x: x.tanh()}[MODE]

    def network(x, time, index=None):
        output = x * math.tanh(k1 * float(time) + k0) + k3 * tanh(2 * x + k2 * float(time))
        return {"numpy": lambda: numpy.concatenate, "torch": lambda: torch.cat}[MODE]()([output, tanh(x)], 1) if case["learned"] else output

    return network


def program(folder, name):
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class Pipe:
    """What a pipeline does with its scheduler: the list is set by the call, start noise is scaled, every step calls unet."""

    def __init__(self, network, noise, flow, edm):
        # a pipeline's own EDM scheduler knows its network
        own = {"prediction_type", "sigma_data"} if edm else set()
        self.scheduler, self.noise, self.flow, self.calls = types.SimpleNamespace(config={k: v for k, v in ADVERSE.items() if k not in own}), noise, flow, 0

        def forward(x, t):
            self.calls += 1
            return network(x, t)

        self.unet = types.SimpleNamespace(forward=forward)

    def __call__(self, prompt, num_inference_steps=None, timesteps=None, sigmas=None, latents=None, guidance_scale=None, guidance_rescale=None):
        given = {k: v for k, v in (("timesteps", timesteps), ("sigmas", sigmas)) if v is not None} or {"num_inference_steps": num_inference_steps}
        if timesteps is None and sigmas is None:
            self.scheduler.set_timesteps(num_inference_steps, device=None)
        else:
            self.scheduler.set_timesteps(**given)
        x = latents if latents is not None else self.noise if self.flow else self.noise * self.scheduler.init_noise_sigma
        for t in self.scheduler.timesteps:
            x = self.scheduler.step(self.unet.forward(self.scheduler.scale_model_input(x, t), t), t, x, return_dict=False)[0]
        return types.SimpleNamespace(images=[x], guidance=guidance_scale)


def run_diffusers(case, folder, document, network, noise, draws):
    if MODE == "numpy":
        return None
    model = document["model"]
    flow, plain = model["process"] == "flow", network
    if flow:  # flow pipelines get 1000 u and tell their network what it knows
        network = lambda x, t, index=None: plain(x, float(t) * model["timeScale"] / 1000)
    pipe, text = Pipe(network, noise, flow, model["process"] == "sigma" and model["sigmaData"] is None), (folder / case.get("diffusers", "diffusers.py")).read_text()
    names = {"pipe": pipe, "prompt": "", "noise": noise}
    sys.modules.pop("diffusers_scheduler", None)
    sys.path.insert(0, str(folder))
    here = os.getcwd()
    os.chdir(folder)
    try:
        own = "TableScheduler" in text
        if own:
            loaded = importlib.import_module("diffusers_scheduler")
            loaded.TableScheduler.noise = staticmethod(lambda x, row, generator: next(supply) if row["next"]["noise"] else None)
        supply = draws()
        # A class of diffusers is a stand-in that checks what it is given and computes nothing.
        exec(compile(text, "diffusers.py", "exec"), names)
        scheduler = pipe.scheduler
        if own:
            first = pipe.calls
            supply = draws()
            again = names["sample"](lambda x, t: network(x, t), noise)
            return {"own": True, "pipe": flat(names["image"]), "loop": flat(again), "calls": first, "order": scheduler.order, "timesteps": [float(t) for t in scheduler.timesteps]}
        given = scheduler.given
        names["sample"](lambda x, t: network(x, t), noise)
        return {"own": False, "class": type(scheduler).__qualname__, "options": {k: str(v) for k, v in scheduler.options.items()}, "given": given, "again": scheduler.given}
    finally:
        os.chdir(here)
        sys.path.remove(str(folder))


def run_comfy(case, folder, document, network, noise, draws):
    loaded = program(folder, "comfyui_node")
    try:
        sampler, sigmas = loaded.NODE_CLASS_MAPPINGS["BatchEvalSearchedSampler"]().load("sampler.json")
    except ValueError as refusal:
        return {"refused": str(refusal)}
    model = stand_ins.comfy_model(document, network, noise, case["ratios"])
    supply = draws()
    sys.modules["torch"].randn = lambda *_, **__: next(supply)
    seen = []
    x = sampler.function(model, noise * float(sigmas[0]), sigmas, extra_args={"seed": 1}, callback=lambda info: seen.append(info["i"]))
    if document["model"]["process"] == "flow":
        x = x / (1 - float(sigmas[-1]))
    return {"image": flat(x), "steps": seen, "sigmas": [float(s) for s in sigmas]}


def run_k_diffusion(folder, noise):
    called = []
    stand_ins.k_diffusion(called)
    if MODE == "numpy":
        return None
    names = {}
    exec(compile((folder / "k-diffusion.py").read_text(), "k-diffusion.py", "exec"), names)
    try:
        names["sample"](None, noise)
        return {"function": called[0][0], "options": {k: str(v) for k, v in called[0][1].items()}}
    except NotImplementedError as refusal:
        return {"refused": str(refusal)}


def check_workflow(folder):
    nodes, known = json.loads((folder / "comfyui-workflow.json").read_text()), dict(stand_ins.PEERS["comfyui"]["nodes"])
    known["BatchEvalSearchedSampler"] = {"inputs": {"file": "text"}, "outputs": ["SAMPLER", "SIGMAS"]}
    for name, node in nodes.items():
        kind = known[node["class_type"]]
        assert set(node["inputs"]) == set(kind["inputs"]), (node["class_type"], set(node["inputs"]) ^ set(kind["inputs"]))
        for key, value in node["inputs"].items():
            wanted = kind["inputs"][key]
            got = known[nodes[value[0]]["class_type"]]["outputs"][value[1]] if isinstance(value, list) else "text" if isinstance(value, str) else "number"
            assert got == wanted, (name, key, got, wanted)
    sampler = nodes["9"]["inputs"]["sampler"][0]
    return {"sampler": nodes[sampler]["class_type"], "inputs": {k: v for k, v in nodes[sampler]["inputs"].items()}, "sigmas": nodes.get("8", {}).get("inputs", {}).get("sigmas")}


def run(case):
    folder = pathlib.Path(case["folder"])
    document = json.loads((folder / "sampler.json").read_text())
    noise, network = array(case["noise"], case["shape"]), network_of(case)
    draws = lambda: iter([array(values, case["shape"]) for values in case["draws"]])
    supply, sampler = draws(), program(folder, "sampler")
    calls = []

    def counted(x, time, index):
        calls.append(len(index))
        return network(x, time)

    result = {"sampler": flat(sampler.sample(document, [counted] * len(document["networks"]), noise, lambda x: next(supply))), "calls": sum(calls)}
    if case.get("drops"):
        for name in ("diffusers_scheduler", "comfyui_node"):
            try:
                loaded = program(folder, name)
                loaded.TableScheduler(document) if name == "diffusers_scheduler" else loaded.SearchedSampler().load("sampler.json")
                result[name] = "accepted"
            except ValueError as refusal:
                result[name] = str(refusal)
    else:
        result["diffusers"] = run_diffusers(case, folder, document, network, noise, draws)
        result["comfyui"] = run_comfy(case, folder, document, network, noise, draws) if MODE == "pure" else None
        result["k_diffusion"] = run_k_diffusion(folder, noise)
    result["workflow"] = check_workflow(folder)
    return result


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
