"""Writes the canonical decompositions and combining classes that NFC needs, from Python's own Unicode data.

    python3 nfc.py        writes src/BatchEval.Onnx/Text/nfc.txt
"""
import pathlib
import sys
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)


def main():
    lines = [f"# Unicode {unicodedata.unidata_version}, by tools/text/nfc.py: 'd' character, decomposition ('x' in place of 'd': never composed); 'c' first, last, combining class"]
    start = None
    for code in range(sys.maxunicode + 2):
        c = unicodedata.combining(chr(code)) if code <= sys.maxunicode else 0
        if start and c != start[1]:
            lines.append(f"c {start[0]:x} {code - 1:x} {start[1]}")
            start = None
        if c and not start:
            start = (code, c)
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split() if code not in HANGUL else []
        if parts and not parts[0].startswith("<"):
            whole = unicodedata.normalize("NFC", chr(code)) == chr(code)
            lines.append(f"{'d' if whole and len(parts) == 2 else 'x'} {code:x} " + " ".join(p.lower().lstrip("0") for p in parts))
    target = pathlib.Path(__file__).resolve().parents[2] / "src/BatchEval.Onnx/Text/nfc.txt"
    target.write_text("\n".join(lines) + "\n")
    print(f"{target}: {len(lines)} lines, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
