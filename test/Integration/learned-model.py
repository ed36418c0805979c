# What is learned is used: probabilistic PCA at parameters that were made up, whose
# guide is the exact posterior, so that each importance weight is the density of a
# datum itself, which is normal and known; and with a guide that is not, the
# weights estimate it. From the shell, and by the functions that an object exports.
#
# REQUIRES: vi-fit, numpy, scipy
# RUN: rm -rf %t && mkdir %t && vi-opt --emit=shared %examples/ppca/model.mlir -o %t/ppca.so && %python %s %t

import csv
import ctypes
import json
import pathlib
import struct
import sys
import zlib

import numpy as np
import scipy.stats

import fits

output = pathlib.Path(sys.argv[1])
model = fits.EXAMPLES / "ppca" / "model.mlir"
data = fits.EXAMPLES / "ppca" / "data.npy"
x = np.load(data)[:300]
np.save(output / "x.npy", x)
x = x.astype(float)

random = np.random.RandomState(3)
directions = np.linalg.qr(random.standard_normal((64, 2)))[0]
W = directions * [12.0, 7.0]
mu = x.mean(0)
sigma = 3.5
M = W.T @ W + sigma ** 2 * np.eye(2)
V = np.linalg.solve(M, W.T)
exact = {"V": 16 * V, "b": -V @ mu, "s": np.log(sigma) - np.log(M.diagonal()) / 2,
         "W": W, "mu": mu, "sigma": np.log(sigma)}


def write(name, values):
    text = {key: np.asarray(value).tolist() for key, value in values.items()}
    (output / name).write_text(json.dumps(text))
    return output / name


parameters = write("exact.json", exact)
other = write("other.json", {**exact, "s": exact["s"] + 0.3,
                             "b": exact["b"] + 0.05})
truth = scipy.stats.multivariate_normal(
    mu, W @ W.T + sigma ** 2 * np.eye(64)).logpdf(x)


def log_p(name, file, *options):
    fits.vi_fit("loglik", model, "--parameters", file, "--data",
                f"x={output}/x.npy", "--output", output / name, *options)
    with (output / name / "log_p.csv").open(newline="") as table:
        return {key: np.array(values, float) for key, values in
                zip(*(lambda rows: (rows[0], zip(*rows[1:])))(
                    list(csv.reader(table))))}


found = log_p("exact", parameters, "--samples", 3)
error = np.abs(found["log_p"] - truth).max()
fits.check(error < 1e-8, f"log p(x) by the exact guide within {error:.1e}")
error = np.abs(found["bound"] - truth).max()
fits.check(error < 1e-8, f"and so are the bounds, within {error:.1e}")

found = log_p("other", other, "--samples", 4000)
# The divergence of the guide from the posterior, in closed form.
shift = 0.05 / np.exp(exact["s"])
gap = np.sum((np.exp(0.6) - 1) / 2 - 0.3 + shift ** 2 / 2)
deviation = (truth - gap - found["bound"]).mean()
fits.check(abs(deviation) < 0.01,
           f"bounds are {gap:.4f} below log p(x), off by {deviation:.4f}")
z = (found["log_p"] - truth) / found["log_p_mcse"]
fits.check(np.abs(z).max() < 5 and 0.8 < z.std() < 1.2,
           f"log p(x) within {np.abs(z).max():.1f} of its standard errors, whose "
           f"size is right ({z.std():.2f})")

# Draws from the model.
fits.vi_fit("sample", model, "--parameters", parameters, "--count", 40000,
            "--output", output / "drawn", "--seed", 4)
drawn = np.load(output / "drawn" / "x.npy")
fits.check(drawn.shape == (40000, 64), "40000 draws")
covariance = W @ W.T + sigma ** 2 * np.eye(64)
z = (drawn.mean(0) - mu) / np.sqrt(covariance.diagonal() / len(drawn))
fits.check(np.abs(z).max() < 4.5, f"their mean, {np.abs(z).max():.1f} errors off")
scatter = np.sqrt((covariance ** 2 + np.outer(
    covariance.diagonal(), covariance.diagonal())) / len(drawn))
z = (np.cov(drawn.T) - covariance) / scatter
fits.check(np.abs(z).max() < 5.5,
           f"their covariance, {np.abs(z).max():.1f} errors off")

# Reconstructions: the decoder at the encoder's mean.
fits.vi_fit("reconstruct", model, "--parameters", parameters, "--data",
            f"x={output}/x.npy", "--output", output / "made", "--picture",
            output / "made.png", "--picture-count", 20)
expected = (x - mu) @ V.T @ W.T + mu
error = np.abs(np.load(output / "made" / "x.npy") - expected).max()
fits.check(error < 1e-10, f"reconstructions within {error:.1e}")

# The picture: two times two rows of ten tiles of 48 pixels, 4 apart.
png = (output / "made.png").read_bytes()
fits.check(png[:8] == b"\x89PNG\r\n\x1a\n", "a PNG")
width, height = struct.unpack(">II", png[16:24])
fits.check((width, height) == (10 * 52 + 4, 4 * 52 + 4),
           f"of {width} by {height} pixels")
position, compressed = 8, b""
while position < len(png):
    size, name = struct.unpack(">I4s", png[position:position + 8])
    body = png[position + 4:position + 8 + size]
    crc, = struct.unpack(">I", png[position + 8 + size:position + 12 + size])
    fits.check(zlib.crc32(body) == crc, f"chunk {name.decode()} is whole")
    compressed += body[4:] if name == b"IDAT" else b""
    position += 12 + size
pixels = np.frombuffer(zlib.decompress(compressed), np.uint8).reshape(
    height, width + 1)[:, 1:]
images = np.concatenate([x[:20], expected[:20]])
low, high = images.min(), images.max()
for row, tiles in enumerate([x[:10], expected[:10], x[10:20], expected[10:20]]):
    for column, tile in enumerate(tiles):
        at = pixels[4 + 52 * row:, 4 + 52 * column:][3:48:6, 3:48:6]
        ink = np.round(255 * (1 - (tile - low) / (high - low))).reshape(8, 8)
        if np.abs(at - ink).max() > 1:
            fits.check(False, f"tile {row}, {column} is another")
fits.check(True, "the tiles are looked at")

# From C: the parameters of q(z; x) and of p(x given z).
library = ctypes.CDLL(str(output / "ppca.so"))
doubles = np.ctypeslib.ndpointer(dtype=float, flags="C_CONTIGUOUS")
size = ctypes.c_int64
flat = np.concatenate([np.ravel(exact[key])
                       for key in ("V", "b", "s", "W", "mu", "sigma")])
noise = np.zeros(2 * len(x))
loc, scale = np.zeros((len(x), 2)), np.zeros((len(x), 2))
encode = library.ppca_encode
encode.restype = None
encode.argtypes = [doubles, size, size, doubles, size, doubles, size, doubles,
                   doubles]
encode(x, len(x), 64, flat, flat.size, noise, noise.size, loc, scale)
error = np.abs(loc - (x - mu) @ V.T).max()
fits.check(error < 1e-10, f"encode: loc within {error:.1e}")
error = np.abs(scale - np.exp(exact["s"])).max()
fits.check(error < 1e-12, f"encode: scale within {error:.1e}")
decode = library.ppca_decode
decode.restype = None
decode.argtypes = encode.argtypes
mean, deviation = np.zeros((len(x), 64)), np.zeros((len(x), 64))
z = random.standard_normal((len(x), 2))
decode(x, len(x), 64, flat, flat.size, z.ravel(), z.size, mean, deviation)
error = np.abs(mean - (z @ W.T + mu)).max()
fits.check(error < 1e-10, f"decode: loc within {error:.1e}")
fits.check(np.abs(deviation - sigma).max() < 1e-12, "decode: scale")
fits.finish()
