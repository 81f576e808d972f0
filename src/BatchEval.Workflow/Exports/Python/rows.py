import json
import math
import sys


def load(path):
    """Reads sampler.json."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    if document.get("format") != 1:
        raise ValueError(f"{path}: format {document.get('format')!r} is unknown; this program reads format 1.")
    return document


def concatenate(parts):
    if len(parts) == 1:
        return parts[0]
    module = sys.modules[type(parts[0]).__module__.split(".")[0]]
    return (getattr(module, "cat", None) or module.concatenate)(parts)


def log_snr(row):
    """lambda = ln(alpha / sigma); -inf where nothing of the image is left."""
    return math.log(row["alpha"] / row["sigma"]) if row["alpha"] > 0 else -math.inf


def norm(a, power=2):
    a = a.double() if hasattr(a, "double") else a.astype("float64")
    return float((a * a).sum()) ** 0.5 if power == 2 else float(abs(a).sum())


def limited(document, data):
    """Data predictions clamped, or thresholded: each sample to the quantile of its magnitudes, at least 1, and divided by it."""
    rule = document.get("thresholding")
    if not rule:
        return data.clip(*document["clamp"]) if document["clamp"] else data
    module, parts = sys.modules[type(data).__module__.split(".")[0]], [data[i : i + 1] for i in range(len(data))]
    limits = [min(max(float(module.quantile(abs(part).reshape(-1), rule["ratio"])), 1.0), rule["max"]) for part in parts]
    return concatenate([part.clip(-s, s) / s for part, s in zip(parts, limits)])


class Outputs:
    """Earlier network outputs of a trajectory and their Lagrange extrapolation in lambda, of the given order."""

    def __init__(self, order):
        self.order, self.known = order, []

    def add(self, at, output):
        self.known = [(at, output)] + [k for k in self.known if k[0] != at][: self.order]

    def at(self, at):
        if len(self.known) == 1:
            return self.known[0][1]
        return sum(self.weight(j, at) * output for j, (_, output) in enumerate(self.known))

    def weight(self, j, at):
        here, others = self.known[j][0], [k[0] for m, k in enumerate(self.known) if m != j]
        if here == -math.inf:
            return 0.0
        return math.prod(1.0 if u == -math.inf else (at - u) / (here - u) for u in others)


class Policy:
    """The run-time skip rule of a trajectory: whether the network is called at the next step (docs/skipping.md has the rules)."""

    def __init__(self, rule, steps, most, x):
        self.rule, self.steps, self.most = rule, steps, math.inf if most is None else most
        self.step = self.decisions = self.in_row = 0
        self.gap, self.rate, self.states = 1, math.nan, [x]

    def decide(self, planned):
        warm = self.step < self.rule["warmup"]
        run = planned and (warm or self.step >= self.steps - self.rule["guard"] or ((self.forced() or not self.calm()) and self.affords()))
        self.decisions += not warm
        self.gap, self.in_row = self.in_row + 1, 0 if run else self.in_row + 1
        self.most -= run
        self.step += 1
        return run

    def missed(self, relative):
        self.rate = relative / self.gap ** (self.rule["order"] + 1)

    def observe(self, x):
        self.states = [x] + self.states[:3]

    def forced(self):
        limit = self.rule["maxConsecutive"]
        if self.rule["criterion"] == "adaptive-released":
            return self.decisions > 4 and self.in_row >= min(limit, self.decisions)
        return self.in_row >= limit

    def calm(self):
        if self.rule["criterion"] == "output":
            return self.rate * (self.in_row + 1) ** (self.rule["order"] + 1) < self.rule["threshold"]
        if len(self.states) < 4:
            return False
        d = [a - b for a, b in zip(self.states, self.states[1:])]
        if self.rule["criterion"] == "adaptive-released":
            m = [norm(change, 1) for change in d]
            return abs((m[0] + m[2]) / 2 - m[1]) <= self.rule["threshold"] * m[1]
        return norm(d[0] - 2 * d[1] + d[2]) < self.rule["threshold"] * norm(d[1])

    def affords(self):
        free = self.steps - self.rule["guard"] - self.step - 1
        return self.most - 1 >= self.rule["guard"] + free // (self.rule["maxConsecutive"] + 1)


class Trajectory:
    """Executes the rows on a batch, or on one sample where the skip policy decides per sample."""

    def __init__(self, document, x):
        self.document, self.rows, self.reuse, self.depth = document, document["rows"], document["reuse"], document["history"]
        self.learned = any(row.get("learnedNoise") is not None for row in self.rows)
        rule = document["skip"]
        self.x = self.anchor = x
        self.history, self.outputs = [], Outputs(rule["order"] if rule else 0)
        self.policy = Policy(rule, len(self.reuse), document["mostComputedSteps"], x) if rule else None
        self.decided, self.runs = None, True

    def needs_call(self, r):
        step = self.rows[r]["step"]
        if step != self.decided:
            planned = not self.reuse[step]
            self.decided, self.runs = step, self.policy.decide(planned) if self.policy else planned
        return self.runs

    def advance(self, r, output, noise):
        """Takes row r; output is the network's, or None for an earlier one; noise(x) gives standard normal numbers like x."""
        row = self.rows[r]
        at = log_snr(row)
        if output is not None and output.shape[1] > self.x.shape[1] and not self.learned:
            output = output[:, : self.x.shape[1]]
        if output is not None:
            first = r == 0 or self.rows[r - 1]["step"] != row["step"]
            if self.policy and self.policy.rule["criterion"] == "output" and self.outputs.known and first:
                self.policy.missed(norm(output - self.outputs.at(at)) / norm(output))
            self.outputs.add(at, output)
        output, widths = split(row, self.outputs.at(at), self.x)
        raw = row["predict"]["state"] * self.x + row["predict"]["network"] * output
        data = limited(self.document, raw)
        kept = row["remember"]
        if kept:
            data = kept["state"] * self.x + kept["raw"] * raw + kept["data"][0] * data
        self.history = [data] + self.history[: self.depth - 1]
        z = noise(self.x) * widths if row["next"]["noise"] else None
        following = self.combine(row["next"], raw, z)
        self.anchor = self.combine(row["nextAnchor"], raw, z) if row["nextAnchor"] else self.anchor
        self.x = following
        if self.policy and (r + 1 == len(self.rows) or self.rows[r + 1]["step"] != row["step"]):
            self.policy.observe(self.x)
        return raw

    def combine(self, c, raw, z):
        terms = [(c["state"], self.x), (c["anchor"], self.anchor), (c["raw"], raw), *zip(c["data"], self.history), (c["noise"], z)]
        return sum(factor * term for factor, term in terms if factor)


def split(row, output, x):
    """The prediction, and the factors on the noise that follow from the variances behind it, where there are some."""
    channels, spread = x.shape[1], row.get("learnedNoise")
    if output.shape[1] == channels:
        if spread is not None:
            raise ValueError(f"learned: {2 * channels} channels are needed, the second half of them variances; the network gave {channels}.")
        return output, 1
    exp = sys.modules[type(output).__module__.split(".")[0]].exp
    return output[:, :channels], 1 if spread is None else exp(spread * (output[:, channels:] + 1) / 2)


def trajectories_of(document, x):
    alone = document["skip"] and document["skip"]["threshold"] > 0
    return [Trajectory(document, x[i : i + 1]) for i in range(len(x))] if alone else [Trajectory(document, x)]
