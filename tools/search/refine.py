"""A searched candidate with more steps: each new one in the middle of the widest gap, with the means of its neighbours' numbers. Prints JSON for judge.py and `candidates`.

    python3 tools/search/refine.py out/search/digits.json 6
"""
import json
import sys

NEUTRAL = {"outputScale": 1, "firstDifference": 0, "secondDifference": 0, "state": 0, "data": 0}


def between(a: dict, b: dict) -> dict:
    time = (a["t"] + b["t"]) // 2
    left, right = a.get("numbers") or {}, b.get("numbers") or {}
    offset = (left.get("networkTime", a["t"]) - a["t"] + right.get("networkTime", b["t"]) - b["t"]) // 2
    means = {name: round((left.get(name, neutral) + right.get(name, neutral)) / 2, 5) for name, neutral in NEUTRAL.items()}
    numbers = {name: value for name, value in means.items() if value != NEUTRAL[name]}
    return {"t": time, "numbers": numbers | ({"networkTime": time + offset} if offset else {})}


def main(path: str, count: str) -> None:
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    candidate = document["best"]["candidate"] if "best" in document else document
    steps = candidate["steps"]
    while len(steps) < int(count):
        at = max(range(len(steps) - 1), key=lambda i: steps[i]["t"] - steps[i + 1]["t"])
        steps.insert(at + 1, between(steps[at], steps[at + 1]))
    print(json.dumps(candidate))


if __name__ == "__main__":
    main(*sys.argv[1:])
