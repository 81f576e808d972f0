"""Processor seconds of the usual ways to compute one Frechet distance, on the features that FrechetBenchmark left in a folder.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python3 frechet_scipy.py FOLDER
"""
import sys
import time

import numpy as np
import scipy
import scipy.linalg


def moments(features):
    return features.mean(0), np.cov(features, rowvar=False)


def by_root(a, b):
    """pytorch-fid and its relatives."""
    (m1, s1), (m2, s2) = a, b
    root = scipy.linalg.sqrtm(s1 @ s2)
    return (m1 - m2) @ (m1 - m2) + np.trace(s1) + np.trace(s2) - 2 * np.trace(root).real


def by_eigenvalues(a, b):
    """torch-fidelity."""
    (m1, s1), (m2, s2) = a, b
    values = np.linalg.eigvals(s1 @ s2).astype(complex)
    return (m1 - m2) @ (m1 - m2) + np.trace(s1) + np.trace(s2) - 2 * np.sqrt(values).sum().real


def main(folder):
    features = np.load(folder + "/features.npy")
    stats = np.load(folder + "/reference.npz")
    reference = stats["mu"], stats["sigma"]
    for name, method in (("sqrtm", by_root), ("eigvals", by_eigenvalues)):
        begun = time.process_time()
        distance = method(moments(features.astype(np.float64)), reference)
        print(f"n {len(features)}, d {features.shape[1]}: {name:8} FID {distance:.12g}, {time.process_time() - begun:.3f} processor seconds (scipy {scipy.__version__})")


if __name__ == "__main__":
    main(sys.argv[1])
