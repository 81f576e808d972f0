#!/usr/bin/env python3
"""Counts what docs/architecture.md says of src: lines, files, folders, and top-level types that exactly one other file names.

    eng/measure.py [commit]
"""
import collections
import re
import subprocess
import sys

commit = sys.argv[1] if len(sys.argv) > 1 else "HEAD"
git = lambda *args: subprocess.run(("git", *args), check=True, capture_output=True, text=True).stdout
files = [f for f in git("ls-tree", "-r", "--name-only", commit, "src").splitlines() if f.endswith(".cs")]
texts = {f: git("show", f"{commit}:{f}") for f in files}

DECLARED = re.compile(r"^(?:public |internal |sealed |static |abstract |partial |readonly )*(?:class|struct|interface|enum|record(?: struct)?|delegate \S+) (\w+)", re.M)
declared = [(f, name) for f, text in texts.items() for name in DECLARED.findall(text)]
words = {f: set(re.findall(r"\w+", re.sub(r"//.*", "", text))) for f, text in texts.items()}
named = collections.Counter(word for found in words.values() for word in found)
once = sum(named[name] == 2 for _, name in declared)

print(f"lines {sum(text.count(chr(10)) for text in texts.values())}, files {len(files)}, folders {len({f.rsplit('/', 1)[0] for f in files})}, "
      f"types {len(declared)}, named in exactly one other file {once}")
