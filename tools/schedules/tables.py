"""One Markdown table per solver from the JSON of `batcheval schedule`. Standard library only.

    python3 tools/schedules/tables.py "DDIM" ddim-4.json ddim-6.json ddim-10.json klub-ddim-4.json ... leaderboard.json

A row is a method: its default, and the best of its variants that were compared. A column is a number of steps. A schedule that was
found without --compare is looked up in the leaderboard.json of a run with the same seed, whose final samples are those of --compare. Rows worse
than FID 30 everywhere, and what was bred but not chosen, are left out.
"""
import json
import sys

CHOSEN, LOOP = "**klub-dp, chosen by FID**", "klub, stopped early by FID"
BRED = ("blend, best", "refined, best")


def compared(document: dict) -> dict:
    """Name of the row -> (FID, error, times)."""
    rows = {}
    for line in document["comparison"]:
        if line["name"].endswith(" <-") and document["method"] != "klub-dp":
            continue  # a heuristic beside the others: it has a row of its own
        method, _, variant = line["name"].removesuffix(" <-").partition(", best: ")
        name = CHOSEN if line["name"].endswith(" <-") else f"{method}, best" if ", best: " in line["name"] else method
        rows[name] = (line["fid"], line["standardError"], line["timesteps"])
    return {name: row for name, row in rows.items() if name not in BRED}


def main(solver: str, files: list[str]) -> None:
    documents, scored = [], {}
    for file in files:
        with open(file, encoding="utf-8") as text:
            document = json.load(text)
        if "others" in document:
            for entry in [document["best"], *document["others"]]:
                fid = entry["metrics"]["fid"]
                scored[entry["candidate"]["solver"], tuple(s["t"] for s in entry["candidate"]["steps"])] = (fid["value"], fid["error"])
        else:
            documents.append(document)
    columns, notes = {}, {}
    for document in documents:
        rows = columns.setdefault(document["steps"], {})
        rows.update(compared(document))
        name = LOOP if document["method"] == "klub" else CHOSEN
        if not document["comparison"]:
            rows[name] = (*scored[document["solver"], tuple(document["timesteps"])], document["timesteps"])
        notes[document["steps"], name] = document
    steps = sorted(columns)
    names = {n for rows in columns.values() for n in rows if min(r[n][0] for r in columns.values() if n in r) < 30}
    # a method whose best is its default everywhere is one row
    names -= {n for n in names if all(n not in r or r.get(n.removesuffix(", best"), (0, 0, 0))[2] == r[n][2] for r in columns.values()) and n.endswith(", best")}
    rank = {n: sum(1 + sum(o[0] < rows[n][0] for o in rows.values()) for rows in columns.values() if n in rows) / sum(n in rows for rows in columns.values()) for n in names}
    print(f"| {solver} | " + " | ".join(f"{s} steps" for s in steps) + " |")
    print("|---|" + "---|" * len(steps))
    for name in sorted(names, key=lambda n: (n != CHOSEN, rank[n], n)):
        cells = [f"{columns[s][name][0]:.2f} ± {columns[s][name][1]:.2f}" if name in columns[s] else "" for s in steps]
        print(f"| {name} | " + " | ".join(f"**{c}**" if name == CHOSEN else c for c in cells) + " |")
    notes = {key: document for key, document in notes.items() if document["method"] in ("klub-dp", "klub")}
    print("\n| found | schedule | times | network calls spent |\n|---|---|---|---|")
    for s, name in sorted(notes):
        found = notes[s, name]
        print(f"| {s} steps | {found['method']}: {found['variant'].removeprefix('chosen by FID: ')} | {' '.join(f'{t:g}' for t in found['timesteps'])} | {found['networkCallsSpent']:,} |")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
