"""Images per second against PyTorch, eager and torch.compile, with the same weights in the same run, programs in turns.

Two things are timed: single network calls whose values lie on the device ("call"), and whole sampling loops of DDIM with the coefficients that
batcheval itself states ("loop": random start state in, images out). Every row says how often it was timed; ratios are taken within each round."""
import statistics
import time
import warnings

import networks
import numpy as np
import torch
from tool import Failure, Monitor

WARM_UPS = 2
warnings.filterwarnings("ignore")


class Clock:
    """Repeats something for a while and returns the median, with the moments between which it ran. One thread on a processor is timed by its
    processor time, as batcheval does, so that other work on the machine counts for neither; all else by the wall clock."""

    def __init__(self, device, seconds, calls=3):
        self.device, self.seconds, self.calls = device, seconds, calls
        self.now = time.thread_time if device == "cpu" and torch.get_num_threads() == 1 else time.perf_counter

    def time(self, work):
        for _ in range(WARM_UPS):
            work()
        self.wait()
        times, begun = [], time.time()
        while len(times) < self.calls or time.time() - begun < self.seconds:
            start = self.now()
            work()
            self.wait()
            times.append(self.now() - start)
        return statistics.median(times), begun, time.time()

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()


def loop(model, name, batch, dtype, device, steps, start=None):
    """The sampling loop as one writes it in PyTorch: state in single precision on the device."""
    element = getattr(torch, dtype)
    labels = torch.zeros(batch, dtype=torch.int64, device=device)
    shape = networks.feeds(name, 1, dtype, "cpu")[0].shape[1:]

    def work():
        state = torch.randn((batch, *shape), device=device) if start is None else start.to(device)
        for step in steps:
            output = model(state.to(element), torch.full((batch,), step["time"], device=device), labels).float()
            raw = step["fromState"] * state + step["fromNetwork"] * output
            state = step["state"] * state + step["raw"] * raw + step["data"] * raw.clamp(-1, 1)
        return state.cpu()
    return work


def call(model, name, batch, dtype, device):
    inputs = networks.feeds(name, batch, dtype, device)
    return lambda: model(*inputs)


def modes(context):
    """(dtype, TF32 allowed, label); TF32 is a matter of CUDA only."""
    if context.cuda:
        return [("float32", False, "float32"), ("float32", True, "float32 (TF32)"), ("float16", True, "float16")]
    return [("float32", True, "float32"), ("float16", True, "float16")] if context.small else [("float32", True, "float32")]


def plan(context, name):
    """Batches, seconds per row and rounds; large calls are timed once, because a GPU of one's own is quiet."""
    if context.small:
        return [2], 0.2, 2
    if not context.cuda:
        return [1, 64] if name == "digits" else [1], 2.0, context.rounds
    return ([1, 64, 1024], 1.0, context.rounds) if name == "digits" else ([1, 64, 1024], 2.0, 1)


def has_loop(context, name, batch):
    """Loops of the large network at the largest batch take longer than a GPU is lent for."""
    return not (context.cuda and name == "large" and batch > 64)


class Table:
    """Collects rates by (mode, batch, what, program) and round."""

    def __init__(self):
        self.rates, self.busy, self.failures = {}, {}, {}

    def add(self, key, rate, busy=None):
        self.rates.setdefault(key, []).append(rate)
        self.busy.setdefault(key, []).append(busy)

    def fail(self, key, error):
        self.failures[key] = str(error).split("\n")[0][:400]

    def rows(self):
        found = []
        for key in dict.fromkeys([*self.rates, *self.failures]):
            mode, batch, what, program = key
            rates = self.rates.get(key, [])
            eager = self.rates.get((mode, batch, what, "PyTorch eager"), [])
            busy = [b for b in self.busy.get(key, []) if b is not None]
            found.append({"mode": mode, "batch": batch, "what": what, "program": program, "images/s": statistics.median(rates) if rates else None,
                          "of PyTorch eager": statistics.median([a / b for a, b in zip(rates, eager)]) if rates and eager else None,
                          "GPU busy %": round(statistics.mean(busy), 1) if busy else None, "rounds": len(rates), "failure": self.failures.get(key)})
        return found


def ours(context, name, label, dtype, tf32, batches, seconds, table, monitor):
    """batcheval's own rows; returns the coefficients of the loop."""
    programs = {"bound": ("call", "BatchEval, bound"), "engine": ("loop", "BatchEval, engine"), "device-loop": ("loop", "BatchEval, device loop")}
    loops = [b for b in batches if has_loop(context, name, b)]
    for measures, sizes in (("bound", batches), ("engine,device-loop" if context.cuda or context.small else "engine", loops)):
        document = context.tool.benchmark(context.package(name, dtype), "--measure", measures, "--batch", ",".join(map(str, sizes)), "--seconds", seconds,
                                          *([] if tf32 else ["--no-tf32"]), limit=280)
        for row in document["timings"]:
            key = (label, row["batch"], *programs[row["measure"]])
            if row["failure"]:
                table.fail(key, row["failure"])
            else:
                table.add(key, row["perSecond"], monitor.busy(row["begun"], row["ended"]))
    return document["steps"]


def theirs(context, name, label, dtype, model, program, batch, steps, seconds, table, monitor):
    device = "cuda" if context.cuda else "cpu"
    clock = Clock(device, seconds)
    for what, work in (("call", call(model, name, batch, dtype, device)), ("loop", loop(model, name, batch, dtype, device, steps))):
        key = (label, batch, what, program)
        if key in table.failures or (what == "loop" and not has_loop(context, name, batch)):
            continue
        try:
            with torch.inference_mode():
                median, begun, ended = clock.time(work)
            table.add(key, batch / median, monitor.busy(begun, ended))
        except Exception as error:  # Out of memory at one batch must not cost the other rows.
            table.fail(key, f"{type(error).__name__}: {error}")
            if context.cuda:
                torch.cuda.empty_cache()


def compiled(context, name, table, monitor, models, steps, batches, seconds, save):
    """torch.compile last, because compiling takes longest; each batch is compiled for its own shape."""
    if not hasattr(torch, "compile"):
        for _, _, label in modes(context):
            table.fail((label, batches[0], "call", "PyTorch compile"), f"PyTorch {torch.__version__} has no torch.compile")
        return
    for batch in sorted(batches, key=lambda b: abs(b - 64)):
        for dtype, tf32, label in modes(context):
            if label not in models:
                continue
            allow_tf32(tf32)
            torch.compiler.reset()
            model = torch.compile(models[label], dynamic=False)
            for _ in range(plan(context, name)[2]):
                theirs(context, name, label, dtype, model, "PyTorch compile", batch, steps, seconds, table, monitor)
            save()


def allow_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def agreement(context, name, dtype, tf32, label, model, steps):
    """The same start states through both programs: whether they run the same network, and how far apart they end."""
    device = "cuda" if context.cuda else "cpu"
    shape = networks.feeds(name, 1, dtype, "cpu")[0].shape[1:]
    start = torch.randn((2, *shape), generator=torch.Generator().manual_seed(5))
    files = [context.work / f"{name}-{dtype}-{end}.npy" for end in ("start", "end")]
    np.save(files[0], start.numpy())
    context.tool.run("sample", "--model", context.package(name, dtype), "--solver", "ddim", "--steps", len(steps), "--start", files[0], "--label", 0,
                     "--device", context.device, "--out", files[1], environment=None if tf32 else {"NVIDIA_TF32_OVERRIDE": "0"}, limit=200)
    allow_tf32(tf32)
    with torch.inference_mode():
        expected = loop(model, name, 2, dtype, device, steps, start)().numpy()
    return {"network": name, "mode": label, "parameters": sum(p.numel() for p in model.parameters()),
            "largest difference of two samples": float(np.abs(np.load(files[1]) - expected).max())}


def compare(context, name):
    device = "cuda" if context.cuda else "cpu"
    torch.set_num_threads(context.tool.threads)
    torch.backends.cudnn.benchmark = True
    batches, seconds, rounds = plan(context, name)
    table, models, facts, steps = Table(), {}, [], None

    def result():
        return {"PyTorch": torch.__version__, "threads": context.tool.threads, "clock": "processor time" if device == "cpu" and context.tool.threads == 1 else "wall clock", "networks": facts, "rows": table.rows()}

    def save():
        context.partial(result())

    with Monitor() as monitor:
        for dtype, tf32, label in modes(context):
            try:
                models[label] = networks.module(name, dtype, device, context.width)
                with torch.inference_mode():
                    models[label](*networks.feeds(name, 1, dtype, device))
            except RuntimeError as error:
                models.pop(label, None)
                table.fail((label, batches[0], "call", "PyTorch eager"), error)
        for number in range(rounds):
            for dtype, tf32, label in modes(context):
                allow_tf32(tf32)
                if context.cuda:
                    torch.cuda.empty_cache()
                try:
                    steps = ours(context, name, label, dtype, tf32, batches, seconds, table, monitor)
                except Failure as error:
                    table.fail((label, batches[0], "call", "BatchEval, bound"), error)
                for batch in batches:
                    if label in models and steps:
                        theirs(context, name, label, dtype, models[label], "PyTorch eager", batch, steps, seconds, table, monitor)
                save()
        for dtype, tf32, label in modes(context):
            if label in models and steps:
                try:
                    facts.append(agreement(context, name, dtype, tf32, label, models[label], steps))
                except Failure as error:
                    facts.append({"network": name, "mode": label, "failure": str(error)})
        if steps:
            compiled(context, name, table, monitor, models, steps, batches, seconds, save)
    if not table.rates:
        raise Failure(next(iter(table.failures.values()), "nothing could be timed"))
    return result()
