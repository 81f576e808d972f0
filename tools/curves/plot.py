"""Draws search curves (quality against sample-steps spent) from a JSON file as one SVG. Standard library only.

    python3 tools/curves/plot.py tools/curves/digits-joint.json docs/images/search-curves.svg
"""
import json
import math
import sys

COLOURS = ["#0b6bcb", "#b4560c", "#1a7f37", "#8250df", "#bf3989", "#57606a", "#0a7ea4"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 64, 16, 40, 52


def main(source: str, target: str) -> None:
    with open(source, encoding="utf-8") as file:
        data = json.load(file)
    points = [p for s in data["series"] for p in s["points"]]
    x_low, x_high = min(p["sampleSteps"] for p in points) / 1.2, max(p["sampleSteps"] for p in points) * 1.1
    y_low, y_high = min(p["fid"] - p.get("error", 0) for p in points) * 0.95, max(p["fid"] + p.get("error", 0) for p in points) * 1.05

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / x_low) / math.log(x_high / x_low)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - y_low) / (y_high - y_low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#222">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="13">{data["title"]}</text>',
    ]
    for tick in (t * 10**e for e in range(3, 8) for t in (1, 2, 5)):
        if x_low <= tick <= x_high:
            out.append(f'<path d="M{x(tick):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e5e5e5"/><text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:,}</text>')
    step = 0.25 if y_high - y_low < 3 else 1
    for k in range(math.ceil(y_low / step), math.floor(y_high / step) + 1):
        out.append(f'<path d="M{LEFT} {y(k * step):.1f}H{WIDTH - RIGHT}" stroke="#e5e5e5"/><text x="{LEFT - 8}" y="{y(k * step) + 4:.1f}" text-anchor="end">{k * step:g}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{data["xLabel"]}</text>')
    out.append(f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">{data["yLabel"]}</text>')
    many = len(data["series"]) > 2
    for number, series in enumerate(data["series"]):
        colour, dash = COLOURS[number % len(COLOURS)], "none" if number == 0 or many else "6 4"
        path = " ".join(f'{"M" if i == 0 else "L"}{x(p["sampleSteps"]):.1f} {y(p["fid"]):.1f}' for i, p in enumerate(series["points"]))
        out.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        for p in series["points"]:
            at = x(p["sampleSteps"])
            if "error" in p:
                out.append(f'<path d="M{at:.1f} {y(p["fid"] - p["error"]):.1f}V{y(p["fid"] + p["error"]):.1f}" stroke="{colour}" opacity="0.35"/>')
            out.append(f'<circle cx="{at:.1f}" cy="{y(p["fid"]):.1f}" r="3" fill="{colour}"/>')
        last = series["points"][-1]
        if many:
            top = TOP + 14 + (18 * number)
            out.append(f'<path d="M{WIDTH - RIGHT - 250} {top - 4}h24" stroke="{colour}" stroke-width="2"/><text x="{WIDTH - RIGHT - 220}" y="{top}" fill="{colour}">{series["name"]}</text>')
        else:
            out.append(f'<text x="{x(last["sampleSteps"]) - 6:.1f}" y="{y(last["fid"]) - 10:.1f}" text-anchor="end" fill="{colour}">{series["name"]}</text>')
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join([*out, "</svg>", ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
