"""Puts the checks' JSON files into one document and one Markdown page.

    report.py WORK OUT     reads WORK/checks/*.json and WORK/header.txt, writes OUT/gpu.json and OUT/gpu.md
"""
import json
import pathlib
import sys

ORDER = ["assemble", "libraries", "load", "accuracy", "throughput-digits", "throughput-large", "binding", "branches", "sessions", "graphs"]


def text(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{k.replace('ExecutionProvider', '')} {text(v)}" for k, v in value.items())
    return str(value).replace("|", "\\|").replace("\n", " ")


def table(rows):
    columns = [c for c in dict.fromkeys(k for row in rows for k in row) if any(row.get(c) is not None for row in rows)]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(text(row.get(c)) for c in columns) + " |" for row in rows]


def main(folder, out):
    folder, out = pathlib.Path(folder), pathlib.Path(out)
    found = {p.stem: json.loads(p.read_text()) for p in (folder / "checks").glob("*.json")}
    names = [n for n in ORDER if n in found] + sorted(set(found) - set(ORDER))
    header = (folder / "header.txt").read_text().strip().splitlines() if (folder / "header.txt").exists() else []
    lines = ["# batcheval on this machine", "", *[f"* {line}" for line in header], "", "## Checks", ""]
    lines += table([{"check": n, "outcome": "ok" if found[n].get("ok") else "failed", "at": found[n].get("at"), "seconds": found[n].get("seconds"), "error": found[n].get("error")} for n in names])
    for name in names:
        rows = found[name].get("rows")
        if rows:
            facts = [f"{k}: {text(found[name][k])}" for k in ("device", "PyTorch", "threads", "clock", "runtime") if found[name].get(k)]
            facts += ["; ".join(f"{k} {text(v)}" for k, v in fact.items()) for fact in found[name].get("networks", [])]
            lines += ["", f"## {name}", "", " ".join(filter(None, [found[name].get("what"), ". ".join(facts)])), "", *table(rows)]
    (out / "gpu.json").write_text(json.dumps({"header": header, "checks": {n: found[n] for n in names}}, indent=1))
    (out / "gpu.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0 if all(found[n].get("ok") for n in names) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
