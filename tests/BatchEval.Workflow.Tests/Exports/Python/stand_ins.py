"""Modules in the place of torch, diffusers, k_diffusion and comfy where they are not installed: names and parameters are those recorded in peers.json."""
import inspect
import json
import math
import pathlib
import sys
import types

import small

PEERS = json.loads(pathlib.Path(__file__).with_name("peers.json").read_text())


def module(name, **members):
    created = types.ModuleType(name)
    vars(created).update(members)
    sys.modules[name] = created
    if "." in name:
        setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], created)
    return created


def torch():
    flat = lambda values, **_: small.Array(values, (len(values),))
    module("torch", tensor=flat, FloatTensor=flat, float32="float32", float64="float64", cat=small.concatenate, Generator=lambda **_: types.SimpleNamespace(manual_seed=lambda _: None))


def recorded(name, known):
    """A scheduler class that takes what the real one takes, and nothing else."""
    def from_config(config, **options):
        unknown = set(options) - set(known["options"])
        assert not unknown, f"{name} has no {unknown}"
        bent = [o for o in config if o in known["options"] and o not in options]
        assert not bent, f"{name} inherits {bent} from the pipeline"
        return Scheduler(options)

    class Scheduler:
        init_noise_sigma = 1.0

        def __init__(self, options):
            self.options, self.given, self.timesteps = options, None, []

        def set_timesteps(self, **given):
            assert set(given) <= set(known["set_timesteps"]), f"{name}.set_timesteps has no {set(given) - set(known['set_timesteps'])}"
            self.given = {key: [float(v) for v in value] for key, value in given.items()}
            self.timesteps = next(iter(self.given.values()))

        def scale_model_input(self, sample, timestep):
            return sample

        def step(self, output, t, x, **given):
            assert set(given) <= set(known["step"]), f"{name}.step has no {set(given) - set(known['step'])}"
            return (x,)

    Scheduler.__qualname__ = name
    return type(name, (), {"from_config": staticmethod(from_config)})


def diffusers():
    module("diffusers", **{name: recorded(name, known) for name, known in PEERS["diffusers"]["classes"].items()})


def k_diffusion(called):
    def function(name, parameters):
        def call(*arguments, **options):
            inspect.Signature([inspect.Parameter(p, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None) for p in parameters]).bind(*arguments, **options)
            called.append((name, options))
            return arguments[1]

        return call

    module("k_diffusion")
    module("k_diffusion.sampling", **{name: function(name, parameters) for name, parameters in PEERS["k_diffusion"]["functions"].items()})


class Const:
    pass


class Ksampler:
    def __init__(self, function):
        self.function = function


def comfy():
    module("comfy")
    module("comfy.samplers", KSAMPLER=Ksampler)
    module("comfy.model_sampling", CONST=Const)


def comfy_model(document, network, noise, ratios):
    """A model as ComfyUI wraps it: model(x, sigma) is the clean image; discrete models round their time to a whole one."""
    model = document["model"]
    flow, discrete = model["process"] == "flow", model["process"] == "discrete"

    class Sampling(Const if flow else object):
        def timestep(self, sigma):
            s = sigma[0]
            value = s * model["timeScale"] if flow else min(range(len(ratios)), key=lambda t: abs(math.log(s / ratios[t]))) if discrete else 0.25 * math.log(s)
            return sigma.map(lambda _: value)

    sampling = Sampling()

    class Wrapped:
        latent_image = None
        inner_model = types.SimpleNamespace(inner_model=types.SimpleNamespace(model_sampling=sampling))

        def __call__(self, x, sigma, **_):
            s, t = sigma[0], float(sampling.timestep(sigma)[0])
            if flow:
                return x - s * network(x, t)
            if model["sigmaData"]:
                d = model["sigmaData"]
                w = (s * s + d * d) ** 0.5
                return x * (d * d / (w * w)) + network(x / w, t) * ((s * d if model["prediction"] == "edm" else -s) / w)
            if not discrete:
                return network(x, math.exp(4 * t))
            output = network(x / (s * s + 1) ** 0.5, t)
            return x - s * output if model["prediction"] == "epsilon" else x / (s * s + 1) - output * (s / (s * s + 1) ** 0.5)

    Wrapped.noise = noise
    return Wrapped()
