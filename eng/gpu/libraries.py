"""Finds the libraries that ONNX Runtime's CUDA provider needs: CUDA 13, cuDNN 9 and the driver.

    libraries.py [--links DIR]     prints one JSON document; exit code 1 when something is missing

Looks in LD_LIBRARY_PATH, in Python environments (site-packages/nvidia/*/lib), in the system's linker cache and in the usual folders. With --links
it also makes a folder of links: the provider opens libcudnn.so and libnvrtc.so by names without a version, which Python's packages do not have.
"""
import argparse
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

# name without version: (version wanted, needed to load or only by some kernels)
WANTED = {
    "libcudart": ("13", True), "libcublas": ("13", True), "libcublasLt": ("13", True), "libcurand": ("10", True), "libcudnn": ("9", True),
    "libcuda": ("1", True), "libnvrtc": ("13", False), "libnvidia-ml": ("1", False),
}
SYSTEM = [
    "/usr/local/cuda-13*/lib64", "/usr/local/cuda-13*/targets/x86_64-linux/lib", "/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib",
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu/nvidia/*", "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib64", "/usr/local/lib",
    "/usr/local/cuda-*/lib64", "/opt/nvidia/*/lib", "/usr/lib/wsl/lib",
]
PYTHONS = ["python3", "python", "/opt/*/.venv/bin/python3", "/opt/*/bin/python3", "/opt/venv/bin/python3", "/usr/bin/python3"]


def pythons():
    found = []
    for pattern in [os.environ.get("VIRTUAL_ENV", "/nowhere") + "/bin/python3"] + PYTHONS:
        for path in glob.glob(pattern) if "/" in pattern else [shutil.which(pattern)]:
            if path and path not in found:
                found.append(path)
    return found


def site_packages(python):
    program = "import site, sysconfig; print('\\n'.join([sysconfig.get_paths()['purelib'], sysconfig.get_paths()['platlib'], *site.getsitepackages(), site.getusersitepackages()]))"
    try:
        return subprocess.run([python, "-c", program], capture_output=True, text=True, timeout=20).stdout.split("\n")
    except (OSError, subprocess.SubprocessError):
        return []


def folders(prefix=""):
    """Folders in the order of preference; those of Python first, because there cuDNN and cuBLAS come from one hand."""
    listed = [f for f in os.environ.get("LD_LIBRARY_PATH", "").split(":") if f]
    for python in pythons():
        for site in dict.fromkeys(s for s in site_packages(python) if s):
            listed += sorted(glob.glob(f"{site}/nvidia/*/lib")) + sorted(glob.glob(f"{site}/nvidia/*/lib64")) + glob.glob(f"{site}/torch/lib")
    for pattern in SYSTEM:
        listed += sorted(glob.glob(prefix + pattern), reverse=True)
    return [f for f in dict.fromkeys(listed) if os.path.isdir(f)]


def linker_cache():
    program = shutil.which("ldconfig") or "/sbin/ldconfig"
    try:
        text = subprocess.run([program, "-p"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [m.group(1) for m in re.finditer(r"=> (\S+)", text)]


def find(searched):
    """For each library the file to use, and every other version met on the way."""
    found = {}
    cached = linker_cache()
    for name, (version, needed) in WANTED.items():
        exact, others = None, {}
        files = [f for folder in searched for f in sorted(glob.glob(f"{folder}/{name}.so*"))] + [c for c in cached if pathlib.Path(c).name.startswith(name + ".so")]
        for file in files:
            tail = pathlib.Path(file).name[len(name) + 3:].lstrip(".")
            if tail.split(".")[0] == version:
                # The linker asks for the short name; a file with only a longer one is reached through a link.
                if exact is None or (pathlib.Path(exact).parent == pathlib.Path(file).parent and len(file) < len(exact)):
                    exact = file
            elif tail:
                others[tail.split(".")[0]] = file
        found[name] = {"wanted": f"{name}.so.{version}", "needed": needed, "path": exact, "full": os.path.realpath(exact) if exact else None, "otherVersions": others}
    return found


def link(found, target):
    target.mkdir(parents=True, exist_ok=True)
    for name, entry in found.items():
        if entry["path"] is None:
            continue
        file = pathlib.Path(entry["path"]).absolute()
        unversioned = [f"{name}.so"] if name in ("libcudnn", "libnvrtc") else []
        for alias in [a for a in [entry["wanted"], *unversioned] if not (file.parent / a).exists()]:
            path = target / alias
            path.unlink(missing_ok=True)
            path.symlink_to(file)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--links", type=pathlib.Path)
    options = arguments.parse_args()
    searched = folders()
    found = find(searched)
    missing = [e["wanted"] for e in found.values() if e["needed"] and e["path"] is None]
    use = list(dict.fromkeys(str(pathlib.Path(e["path"]).parent) for e in found.values() if e["path"]))
    if options.links:
        link(found, options.links)
        use.insert(0, str(options.links))
    words = f"missing: {', '.join(missing)}; looked for CUDA 13 (cudart, cublas, cublasLt 13, curand 10), cuDNN 9 and the driver in {len(searched)} folders" if missing else None
    others = {n: sorted(e["otherVersions"]) for n, e in found.items() if e["path"] is None and e["otherVersions"]}
    if words and others:
        words += "; other versions are there: " + ", ".join(f"{n} {', '.join(v)}" for n, v in others.items())
    print(json.dumps({"ok": not missing, "error": words, "libraryPath": ":".join(use), "libraries": found, "searched": searched}, indent=1))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
