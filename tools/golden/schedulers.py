"""Grids of diffusers' schedulers for published configurations, and whole loops of its schedulers and of k-diffusion's samplers on a toy network.

    python3 tools/golden/schedulers.py DIFFUSERS K_DIFFUSION COMFYUI/comfy/k_diffusion/sampling.py tests/Golden/schedulers

DIFFUSERS and K_DIFFUSION are checkouts, of ComfyUI one file is enough; their files are imported as they are, with the few modules that they need beside torch, numpy and scipy
replaced by stand-ins. Nothing of them is copied: only numbers are written. Loops run in double precision (single precision is redirected to it).
"""
import ast, importlib, inspect, json, math, os, sys, types

import numpy as np
import torch


def module(name, **members):
    m = types.ModuleType(name)
    m.__dict__.update(members)
    sys.modules[name] = m
    return m


class Config(dict):
    def __getattr__(self, name):
        if name in self:
            return self[name]
        raise AttributeError(name)

    __setattr__ = dict.__setitem__


class ConfigMixin:
    def register_to_config(self, **values):
        self.__dict__.setdefault("config", Config()).update(values)


def register_to_config(init):
    def create(self, **given):
        names = list(inspect.signature(init).parameters.items())[1:]
        self.register_to_config(**{n: given.get(n, p.default) for n, p in names})
        init(self, **{n: v for n, v in given.items() if n in dict(names)})
    create.__signature__ = inspect.signature(init)
    return create


NOISE = []


def noise_like(shape, *_, **__):
    return NOISE.pop(0).clone().reshape(tuple(shape))


def stand_ins(diffusers, k_diffusion):
    quiet = types.SimpleNamespace(get_logger=lambda *_: types.SimpleNamespace(warning=print, warn=print, info=lambda *_: None))
    root = module("diffusers", __path__=[os.path.join(diffusers, "src", "diffusers")])
    module("diffusers.configuration_utils", ConfigMixin=ConfigMixin, register_to_config=register_to_config)
    module("diffusers.utils", __path__=[], BaseOutput=object, deprecate=lambda *_, **__: None, logging=quiet, PushToHubMixin=object,
           is_scipy_available=lambda: True, is_torchsde_available=lambda: False, is_torch_version=lambda *_: False)
    module("diffusers.utils.torch_utils", randn_tensor=noise_like, maybe_adjust_dtype_for_device=lambda d, *_: d)
    module("diffusers.schedulers", __path__=[os.path.join(diffusers, "src", "diffusers", "schedulers")])
    module("huggingface_hub"), module("huggingface_hub.utils", validate_hf_hub_args=lambda f: f)
    module("torchsde"), module("torchdiffeq", odeint=None)
    tqdm = module("tqdm"); module("tqdm.auto", trange=lambda n, **_: range(n), tqdm=lambda x, **_: x); tqdm.auto = sys.modules["tqdm.auto"]
    module("k_diffusion", __path__=[os.path.join(k_diffusion, "k_diffusion")])
    module("k_diffusion.utils", append_dims=lambda x, n: x[(...,) + (None,) * (n - x.ndim)])


def scheduler(file, name, **config):
    return getattr(importlib.import_module(f"diffusers.schedulers.scheduling_{file}"), name)(**config)


FILES = {"DDIMScheduler": "ddim", "DDPMScheduler": "ddpm", "PNDMScheduler": "pndm", "LCMScheduler": "lcm", "TCDScheduler": "tcd", "EulerDiscreteScheduler": "euler_discrete",
         "EulerAncestralDiscreteScheduler": "euler_ancestral_discrete", "HeunDiscreteScheduler": "heun_discrete", "LMSDiscreteScheduler": "lms_discrete",
         "DPMSolverMultistepScheduler": "dpmsolver_multistep", "UniPCMultistepScheduler": "unipc_multistep", "DEISMultistepScheduler": "deis_multistep",
         "FlowMatchEulerDiscreteScheduler": "flow_match_euler_discrete", "FlowMatchHeunDiscreteScheduler": "flow_match_heun_discrete", "EDMEulerScheduler": "edm_euler",
         "SASolverScheduler": "sasolver"}

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
FOREIGN = {"clip_sample": False, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1}

# name, class, fields, steps, arguments of set_timesteps; written from the tables of fields of the models' own files
CONFIGURATIONS = [
    ("SD 1.5", "PNDMScheduler", {**SD, "skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1, "clip_sample": False, "trained_betas": None}, 50, {}),
    ("SD 1.5, DDIM", "DDIMScheduler", {**SD, **FOREIGN}, 50, {}),
    ("SD 1.5, DPM++ from its file", "DPMSolverMultistepScheduler", {**SD, **FOREIGN}, 20, {}),
    ("SD 2.1 v", "DDIMScheduler", {**SD, **FOREIGN, "prediction_type": "v_prediction"}, 50, {}),
    ("SDXL", "EulerDiscreteScheduler", {**SD, **FOREIGN, "timestep_spacing": "leading", "interpolation_type": "linear", "use_karras_sigmas": False, "sample_max_value": 1.0}, 30, {}),
    ("SDXL, Karras", "EulerDiscreteScheduler", {**SD, **FOREIGN, "timestep_spacing": "leading", "use_karras_sigmas": True}, 20, {}),
    ("SDXL, DPM++ 2M", "DPMSolverMultistepScheduler", {**SD, **FOREIGN, "timestep_spacing": "leading"}, 25, {}),
    ("SDXL, UniPC", "UniPCMultistepScheduler", {**SD, **FOREIGN, "timestep_spacing": "leading"}, 20, {}),
    ("SDXL-Turbo", "EulerAncestralDiscreteScheduler", {**SD, **FOREIGN, "timestep_spacing": "trailing"}, 4, {}),
    ("SDXL-Lightning", "EulerDiscreteScheduler", {**SD, **FOREIGN, "timestep_spacing": "trailing"}, 8, {}),
    ("LCM", "LCMScheduler", {**SD, "original_inference_steps": 50, "timestep_scaling": 10.0, "set_alpha_to_one": True}, 4, {}),
    ("Hyper-SD", "TCDScheduler", {**SD, "original_inference_steps": 50}, 4, {}),
    ("SD 3", "FlowMatchEulerDiscreteScheduler", {"num_train_timesteps": 1000, "shift": 3.0}, 28, {}),
    ("Flux dev, 1024", "FlowMatchEulerDiscreteScheduler", {"num_train_timesteps": 1000, "shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15,
                                                       "base_image_seq_len": 256, "max_image_seq_len": 4096}, 28, {"tokens": 4096}),
    ("Flux dev, 512", "FlowMatchEulerDiscreteScheduler", {"num_train_timesteps": 1000, "use_dynamic_shifting": True}, 28, {"tokens": 1024}),
    ("Flux schnell", "FlowMatchEulerDiscreteScheduler", {"num_train_timesteps": 1000, "shift": 1.0}, 4, {"even": True}),
    ("LTX-Video", "FlowMatchEulerDiscreteScheduler", {"num_train_timesteps": 1000, "use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05, "base_image_seq_len": 1024,
                                                      "max_image_seq_len": 4096, "shift_terminal": 0.1}, 20, {"tokens": 2048}),
    ("Sana", "DPMSolverMultistepScheduler", {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0, "num_train_timesteps": 1000}, 20, {}),
    ("SVD", "EulerDiscreteScheduler", {**SD, "use_karras_sigmas": True, "sigma_min": 0.002, "sigma_max": 700.0, "timestep_type": "continuous", "prediction_type": "v_prediction",
                                      "timestep_spacing": "leading", "steps_offset": 1, "interpolation_type": "linear"}, 25, {}),
    ("I2VGen-XL", "DDIMScheduler", {"beta_schedule": "squaredcos_cap_v2", "rescale_betas_zero_snr": True, "set_alpha_to_one": True, "clip_sample": False, "steps_offset": 1,
                                    "timestep_spacing": "leading", "prediction_type": "v_prediction"}, 50, {}),
    ("ModelScope", "DDIMScheduler", {**SD, "steps_offset": 1, "clip_sample": False, "set_alpha_to_one": False}, 50, {}),
    ("LDM-4", "DDIMScheduler", {"beta_start": 0.0015, "beta_end": 0.0195, "beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}, 20, {}),
    ("DDPM CIFAR-10", "DDPMScheduler", {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "variance_type": "fixed_large"}, 1000, {}),
    ("DiT-XL/2", "DDIMScheduler", {"beta_start": 0.0001, "beta_end": 0.02, "clip_sample": False, "set_alpha_to_one": True}, 250, {}),
    ("DiT-XL/2, DPM++", "DPMSolverMultistepScheduler", {"beta_start": 0.0001, "beta_end": 0.02, "variance_type": "learned_range"}, 25, {}),
    ("IF stage 1", "DDPMScheduler", {"beta_schedule": "squaredcos_cap_v2", "thresholding": True, "dynamic_thresholding_ratio": 0.95, "sample_max_value": 1.5, "variance_type": "learned_range"}, 100, {}),
    ("SD, zero SNR, Euler trailing", "EulerDiscreteScheduler", {**SD, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing"}, 10, {}),
    ("DEIS", "DEISMultistepScheduler", {**SD, **FOREIGN, "solver_order": 3}, 12, {}),
    ("Heun", "HeunDiscreteScheduler", {**SD, **FOREIGN}, 10, {}),
    ("LMS", "LMSDiscreteScheduler", {**SD, **FOREIGN}, 12, {}),
    ("EDM", "EDMEulerScheduler", {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5, "rho": 7.0}, 18, {}),
    ("SD 1.5, DPM++ Karras", "DPMSolverMultistepScheduler", {**SD, **FOREIGN, "use_karras_sigmas": True}, 20, {}),
    ("cosine, DPM++ clipped", "DPMSolverMultistepScheduler", {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, 20, {}),
]


def grid(label, name, fields, steps, arguments):
    s = scheduler(FILES[name], name, **{k: v for k, v in fields.items() if k in inspect.signature(getattr(importlib.import_module(f"diffusers.schedulers.scheduling_{FILES[name]}"), name).__init__).parameters})
    extra = {}
    if arguments:
        extra["sigmas"] = np.linspace(1.0, 1 / steps, steps)
        if "tokens" in arguments:
            b, m, lo, hi = s.config.base_shift, s.config.max_shift, s.config.base_image_seq_len, s.config.max_image_seq_len
            extra["mu"] = b + (arguments["tokens"] - lo) * (m - b) / (hi - lo)
    s.set_timesteps(steps, **extra)
    times = [float(t) for t in s.timesteps]
    if hasattr(s, "sigmas") and name != "LCMScheduler":
        sigmas = [float(v) for v in s.sigmas]
    else:
        a = s.alphas_cumprod.double()
        last = float(s.final_alpha_cumprod) if hasattr(s, "final_alpha_cumprod") else 1.0
        sigmas = [math.sqrt((1 - float(a[int(t)])) / float(a[int(t)])) if a[int(t)] > 0 else None for t in times] + [math.sqrt((1 - last) / last)]
    return {"name": label, "configuration": {"_class_name": name, **fields}, "steps": steps, **arguments, "times": times, "sigmas": sigmas, "initNoiseSigma": float(getattr(s, "init_noise_sigma", 1.0))}


X = torch.tensor([-1.8, -0.9, -0.35, 0.0, 0.2, 0.65, 1.3, 2.4], dtype=torch.float64)
STEPS = 12


def network(x, t):
    return 0.8 * torch.sin(x) + 0.1 * float(t) / 1000


def draws(n):
    return [torch.tensor([math.sin(1.7 * k + 0.9 * i) * 1.3 for i in range(8)], dtype=torch.float64) for k in range(n)]


def loop(label, name, fields, flow=False, steps=STEPS, **kwargs):
    """A scheduler's own loop from the variance-preserving start X (flow: X itself)."""
    NOISE[:] = draws(200)
    s = scheduler(FILES[name], name, **fields)
    s.set_timesteps(steps)
    start = 1.0
    if not flow and name in ("EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "LMSDiscreteScheduler"):
        start = math.sqrt(float(s.sigmas[0]) ** 2 + 1)
    x, states = X * start, []
    for t in s.timesteps:
        if hasattr(s, "scale_model_input"):
            scaled = s.scale_model_input(x, t)
        else:
            scaled = x
        shaped = x.reshape(1, 8, 1, 1)
        out = network(scaled, t).reshape(1, 8, 1, 1)
        if fields.get("variance_type") == "learned_range":
            out = torch.cat([out, torch.tanh(shaped)], 1)
        x = s.step(out, t, shaped, **kwargs).prev_sample.reshape(8)
        states.append([float(v) for v in x])
    times = [float(t) for t in s.timesteps]
    return {"name": label, "times": times, "sigmas": [float(v) for v in getattr(s, "sigmas", [])] , "final": states[-1]}


def comfy(path, *names):
    """Functions of ComfyUI's file alone, which imports the whole program."""
    k = importlib.import_module("k_diffusion.sampling")
    space = {"torch": torch, "trange": lambda n, **_: range(n), "to_d": k.to_d, "get_ancestral_step": k.get_ancestral_step, "default_noise_sampler": None,
             "offset_first_sigma_for_snr": lambda s, *_: s, "sigma_to_half_log_snr": lambda s, *_, **__: s.log().neg()}
    tree = ast.parse(open(path).read())
    wanted = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in names]
    exec(compile(ast.Module(body=wanted, type_ignores=[]), path, "exec"), space)
    return types.SimpleNamespace(**{n: space[n] for n in names})


def k_loop(label, function, sampling=None, **kwargs):
    """A sampler of k-diffusion on the same network, in sigma over the table of the linear betas, noise by call."""
    sampling = sampling or importlib.import_module("k_diffusion.sampling")
    times = [float(round(t)) for t in np.linspace(999, 60, STEPS)]
    sigmas = torch.tensor([table_sigma(t) for t in times] + [0.0], dtype=torch.float64)

    def denoise(x, sigma, **_):
        s = float(sigma.reshape(-1)[0])
        return x - s * network(x / math.sqrt(s * s + 1), table_time(s))
    denoise.inner_model = types.SimpleNamespace(model_patcher=types.SimpleNamespace(get_model_object=lambda *_: None))
    NOISE[:] = draws(200)
    if "noise_sampler" in inspect.signature(getattr(sampling, function)).parameters:
        kwargs["noise_sampler"] = lambda a, b: NOISE.pop(0).reshape(1, 8)
    torch.randn_like = lambda x, **_: NOISE.pop(0).reshape(x.shape)
    x = getattr(sampling, function)(denoise, (X * math.sqrt(float(sigmas[0]) ** 2 + 1)).reshape(1, 8), sigmas, disable=True, **kwargs)
    return {"name": label, "times": times, "final": [float(v) for v in x.reshape(8)]}


def table_sigma(t):
    low = min(int(math.floor(t)), 998)
    return math.exp(LOG[low] + (t - low) * (LOG[low + 1] - LOG[low]))


def table_time(sigma):
    return float(np.interp(math.log(sigma), LOG, np.arange(1000)))


LOG = np.log(np.sqrt(1 / np.cumprod(1 - np.linspace(1e-4, 0.02, 1000)) - 1))
LINEAR = {"beta_start": 1e-4, "beta_end": 0.02}


def loops(comfy_file):
    multistep = {**LINEAR, "timestep_spacing": "trailing"}
    yield loop("plms", "PNDMScheduler", {**LINEAR, "skip_prk_steps": True, "set_alpha_to_one": True, "timestep_spacing": "leading", "steps_offset": 1})
    yield loop("pndm", "PNDMScheduler", {**LINEAR, "skip_prk_steps": False, "set_alpha_to_one": True, "timestep_spacing": "leading", "steps_offset": 1}, steps=10)
    yield loop("lcm", "LCMScheduler", {**LINEAR, "beta_schedule": "linear", "clip_sample": False})
    for eta in (0.0, 0.3):
        yield loop(f"tcd(eta={eta:g})", "TCDScheduler", {**LINEAR, "beta_schedule": "linear", "clip_sample": False}, eta=eta)
    for order in (1, 2, 3):
        yield loop(f"deis(order={order})", "DEISMultistepScheduler", {**multistep, "solver_order": order})
        yield loop(f"dpm-{order}m", "DPMSolverMultistepScheduler", {**multistep, "solver_order": order, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"})
    yield loop("dpmpp-2m(heun=1)", "DPMSolverMultistepScheduler", {**multistep, "solver_type": "heun"})
    yield loop("sde-dpmpp-2m(heun=1)", "DPMSolverMultistepScheduler", {**multistep, "solver_type": "heun", "algorithm_type": "sde-dpmsolver++"})
    yield loop("dpmpp-3m(diffusers=1)", "DPMSolverMultistepScheduler", {**multistep, "solver_order": 3})
    for order in (1, 2):
        yield loop(f"sde-dpm-{order}{'m' if order > 1 else ''}", "DPMSolverMultistepScheduler", {**multistep, "solver_order": order, "algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min"})
    yield loop("sde-dpm-2m(heun=1)", "DPMSolverMultistepScheduler", {**multistep, "solver_type": "heun", "algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min"})
    yield loop("unipc(uncorrected=3)", "UniPCMultistepScheduler", {**multistep, "disable_corrector": [0, 1, 2], "final_sigmas_type": "sigma_min"})
    yield loop("ddpm(learned=1)", "DDPMScheduler", {**LINEAR, "variance_type": "learned_range", "clip_sample": False, "timestep_spacing": "leading"})
    yield loop("lms", "LMSDiscreteScheduler", multistep)
    for order in (1, 2, 3):
        yield loop(f"unipc(bh=1,order={order})", "UniPCMultistepScheduler", {**multistep, "solver_order": order, "solver_type": "bh1", "final_sigmas_type": "sigma_min"})
        yield loop(f"unipc(noise=1,order={order})", "UniPCMultistepScheduler", {**multistep, "solver_order": order, "predict_x0": False, "final_sigmas_type": "sigma_min"})
    for p, c in ((1, 1), (2, 2), (3, 3)):
        yield loop(f"sa-solver({p},{c})", "SASolverScheduler", {**multistep, "predictor_order": p, "corrector_order": c, "tau_func": lambda t: 1 if 200 <= float(t) <= 800 else 0})
    yield loop("flow euler", "FlowMatchEulerDiscreteScheduler", {"shift": 3.0}, flow=True)
    yield loop("flow heun", "FlowMatchHeunDiscreteScheduler", {"shift": 3.0}, flow=True)
    yield k_loop("dpmpp-2s", "sample_dpmpp_2s_ancestral", eta=0.0)
    yield k_loop("dpmpp-2s-ancestral", "sample_dpmpp_2s_ancestral", eta=1.0)
    yield k_loop("dpmpp-2s-ancestral(eta=0.5,s-noise=0.9)", "sample_dpmpp_2s_ancestral", eta=0.5, s_noise=0.9)
    yield k_loop("dpmpp-sde", "sample_dpmpp_sde", eta=1.0)
    yield k_loop("dpmpp-sde(eta=0.4,s-noise=0.9)", "sample_dpmpp_sde", eta=0.4, s_noise=0.9)
    yield k_loop("sde-dpmpp-2m", "sample_dpmpp_2m_sde", eta=1.0)
    yield k_loop("sde-dpmpp-2m(eta=0.4,heun=1,s-noise=0.9)", "sample_dpmpp_2m_sde", eta=0.4, s_noise=0.9, solver_type="heun")
    yield k_loop("sde-dpmpp-3m", "sample_dpmpp_3m_sde", eta=1.0)
    yield k_loop("sde-dpmpp-3m(eta=0.4,s-noise=0.9)", "sample_dpmpp_3m_sde", eta=0.4, s_noise=0.9)
    yield k_loop("lms k-diffusion", "sample_lms", order=4)
    yield k_loop("euler churn", "sample_euler", s_churn=3.0, s_tmin=0.5, s_tmax=50.0, s_noise=1.003)
    ui = comfy(comfy_file, "sample_er_sde", "res_multistep", "sample_ipndm", "sample_gradient_estimation")
    for order in (1, 2, 3):
        yield k_loop(f"er-sde(order={order})", "sample_er_sde", ui, max_stage=order)
    yield k_loop("er-sde(s-noise=0)", "sample_er_sde", ui, s_noise=0.0)
    yield k_loop("res-multistep", "res_multistep", ui, eta=0.0)
    yield k_loop("res-multistep-ancestral", "res_multistep", ui, eta=1.0)
    yield k_loop("res-multistep-ancestral(eta=0.5,s-noise=0.9)", "res_multistep", ui, eta=0.5, s_noise=0.9)
    for order in (1, 2, 3, 4):
        yield k_loop(f"ipndm(order={order})", "sample_ipndm", ui, max_order=order) if order > 1 else k_loop("ipndm(order=1)", "sample_euler")
    yield k_loop("gradient-estimation", "sample_gradient_estimation", ui)
    yield k_loop("gradient-estimation(gamma=1.5)", "sample_gradient_estimation", ui, ge_gamma=1.5)


def main(diffusers, k_diffusion, comfy_file, target):
    stand_ins(diffusers, k_diffusion)
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(target, "grids.json"), "w") as f:
        json.dump({"source": "diffusers, torch " + torch.__version__, "grids": [grid(*c) for c in CONFIGURATIONS]}, f, indent=0)
    torch.float32, np.float32 = torch.float64, np.float64
    torch.set_default_dtype(torch.float64)
    for m in [m for m in sys.modules if m.startswith("diffusers.schedulers.")]:
        del sys.modules[m]
    with open(os.path.join(target, "loops.json"), "w") as f:
        json.dump({"source": "diffusers, k-diffusion and ComfyUI in double precision, torch " + torch.__version__, "start": X.tolist(), "noise": [d.tolist() for d in draws(30)], "loops": list(loops(comfy_file))}, f, indent=0)


if __name__ == "__main__":
    main(*sys.argv[1:5])
