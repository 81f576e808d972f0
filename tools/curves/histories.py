"""Best so far against network calls, from the reports of some runs, as the JSON that plot.py draws. Standard library only.

    python3 tools/curves/histories.py OUT.json "title" "name" runs/RUN/report.html "name" runs/RUN/report.html ...
"""
import json
import re
import sys


def history(report: str) -> list[dict]:
    with open(report, encoding="utf-8") as file:
        rows = json.loads(re.search(r'"history":(\[.*?\])', file.read()).group(1))
    return [{"sampleSteps": r["spent"], "fid": round(r["best"], 4)} for r in rows if not r["random"]]


def main(target: str, title: str, *named: str) -> None:
    series = [{"name": name, "points": history(report)} for name, report in zip(named[::2], named[1::2])]
    with open(target, "w", encoding="utf-8") as file:
        json.dump({
            "title": title,
            "xLabel": "network calls of the search (per sample and step, logarithmic)",
            "yLabel": "best FID so far on the validation samples",
            "series": series,
        }, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
