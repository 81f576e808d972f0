"""Prints what measure.sh found as Markdown: a table per solver, heuristics by steps, each "default ends / best ends".

    python3 tools/glyphs/tables.py OUT
"""
import json
import pathlib
import re
import sys

HEURISTICS = ["leading", "trailing", "linspace", "quadratic", "beta", "karras", "log-snr", "arctan"]
STEPS = [2, 3, 4, 6, 10, 20, 50, 100]


def read(folder, solver):
    """(steps -> name -> line) of one solver."""
    found = {}
    for steps in STEPS:
        path = folder / f"{solver}-{steps}.json"
        if path.exists():
            found[steps] = {line["name"]: line for line in json.loads(path.read_text())["comparison"]}
    return found


def value(line):
    return f"{line['fid']:.2f} ± {line['standardError']:.2f}" if line else "-"


def named(lines, pattern):
    return next((line for name, line in lines.items() if re.match(pattern, name)), None)


def table(found):
    steps = list(found)
    yield "| schedule, FID at default ends / best ends | " + " | ".join(str(n) for n in steps) + " |"
    yield "|---" * (len(steps) + 1) + "|"
    for name in HEURISTICS:
        cells = []
        for n in steps:
            best = named(found[n], re.escape(name) + ", best")
            cells.append(f"{value(found[n].get(name))}" + (f" / {value(best)}" if best else ""))
        yield f"| {name} | " + " | ".join(cells) + " |"
    for title, pattern in (("published list, best", "ays, best"), ("computed alone, best (KLUB, GITS, score-optimal)", "(klub-dp|gits|score-optimal), best"),
                           ("blend, best", "blend, best"), ("**chosen by the contest**", ".*<-$")):
        cells = [value(min((line for name, line in found[n].items() if re.match(pattern, name)), key=lambda line: line["fid"], default=None))
                 if n < 50 else "-" for n in steps]
        yield f"| {title} | " + " | ".join(cells) + " |"


def main():
    folder = pathlib.Path(sys.argv[1])
    for solver in ("ddim", "dpmpp-2m"):
        found = read(folder, solver)
        if found:
            print(f"**{solver}**, samples per cell: " + ", ".join(f"{n}: {next(iter(lines.values()))['samples']}" for n, lines in found.items()) + "\n")
            print("\n".join(table(found)) + "\n")
            for n, lines in found.items():
                chosen = named(lines, ".*<-$")
                print(f"* {n} calls: {chosen['name'].removesuffix(' <-')}, times {' '.join(map(str, chosen['timesteps'])) if n <= 10 else '...'}")
            print()


if __name__ == "__main__":
    main()
