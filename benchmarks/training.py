#!/usr/bin/env python3
"""Training of a variational autoencoder: vi-fit beside PyTorch and JAX.

    training.py [--only=equality,bounds,speed] [--quick] [--rounds=N] [--json=FILE]

Runs with the interpreter of build/peers (install-peers.sh) and the tools of
VI_BUILD_DIR. All systems run on one thread of one processor.

equality  the same weights and draws give the same bound, and the same gradient
          of every layer: 784-400-20 with 128 data, f32, against PyTorch's f64.
          Errors are those of the bound relative to its value, and the norm of
          a layer's error relative to that of its gradient; 1e-5 is allowed.
bounds    held-out bounds of digits after the same number of epochs, five seeds
          each, vi-fit and PyTorch, for the ELBO and importance-weighted bounds
          of 5 and 50 draws. The means of the two have to agree within three
          standard errors of their difference, and bounds have to rise with
          their draws.
speed     data per second of training (Adam, batches of 128, every datum once
          an epoch in a new order): 784-400-20, and 64-64-8 on digits. Compile
          times are left out. Rounds take turns among the systems, and the
          median counts.

Ends with status 1 if bounds or gradients disagree; speeds are only printed.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = pathlib.Path(os.environ.setdefault("VI_BUILD_DIR", str(ROOT / "build")))
BATCH = 128
# Pixels, hidden units, latents; data; epochs.
NETWORKS = {"784-400-20": ((784, 400, 20), 6400, 6),
            "64-64-8": ((64, 64, 8), 1797, 100)}
failures = 0


def check(condition, message):
    global failures
    failures += not condition
    print(("ok    " if condition else "FAIL  ") + message, flush=True)


def layers(sizes):
    pixels, hidden, latents = sizes
    return {"encoder_weights1": (hidden, pixels), "encoder_bias1": (hidden,),
            "mean_weights": (latents, hidden), "mean_bias": (latents,),
            "scale_weights": (latents, hidden), "scale_bias": (latents,),
            "decoder_weights1": (hidden, latents), "decoder_bias1": (hidden,),
            "decoder_weights2": (pixels, hidden), "decoder_bias2": (pixels,)}


def model_text(sizes):
    """The model of the workload, with layers of other sizes."""
    text = (HERE / "workloads" / "autoencoder" / "model.mlir").read_text()
    names = dict(zip(("784", "400", "20"), map(str, sizes)))
    return re.sub(r"tensor<[^>]*>", lambda tensor: re.sub(
        r"\d+(?=x)", lambda n: names.get(n[0], n[0]), tensor[0]), text)


def make_data(network, seed=1):
    import numpy as np
    sizes, count, _ = NETWORKS[network]
    if network == "64-64-8":
        return np.load(ROOT / "examples" / "digits_vae" / "data.npy")
    rng = np.random.default_rng(seed)
    patterns = rng.normal(size=(16, sizes[0]))
    return rng.normal(size=(count, 16)) @ patterns > 0


def start(sizes, seed):
    """Weights as vi-fit starts with: variance 1 / inputs."""
    import numpy as np
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) / np.sqrt(shape[-1])
            if len(shape) == 2 else np.zeros(shape)
            for name, shape in layers(sizes).items()}


#===----------------------------------------------------------------------===#
# PyTorch and JAX
#===----------------------------------------------------------------------===#


def log_weights(xp, nn, p, x, noise):
    """log p(x, z) - log q(z | x) for each draw (the first dimension of the
    noise) and datum, and the bound with its divergence in closed form."""
    hidden = nn.relu(x @ p["encoder_weights1"].T + p["encoder_bias1"])
    mean = hidden @ p["mean_weights"].T + p["mean_bias"]
    log_scale = hidden @ p["scale_weights"].T + p["scale_bias"]
    scale = xp.exp(log_scale)
    z = mean + scale * noise
    hidden = nn.relu(z @ p["decoder_weights1"].T + p["decoder_bias1"])
    logits = hidden @ p["decoder_weights2"].T + p["decoder_bias2"]
    likelihood = (x * logits - nn.softplus(logits)).sum(-1)
    ratio = (0.5 * (noise ** 2 - z ** 2) + log_scale).sum(-1)
    divergence = (0.5 * (scale ** 2 + mean ** 2 - 1) - log_scale).sum(-1)
    return likelihood + ratio, likelihood - divergence


def torch_setup():
    import torch
    torch.set_num_threads(1)
    return torch, torch.nn.functional


def torch_objective(p, x, noise, importance):
    import math
    torch, nn = torch_setup()
    weights, bound = log_weights(torch, nn, p, x, noise)
    if importance:
        return (torch.logsumexp(weights, 0) - math.log(len(noise))).sum()
    return bound.mean(0).sum()


class TorchTraining:
    """Adam as PyTorch has it, in its fused form."""

    def __init__(self, sizes, x, seed, importance=0, compiled=False):
        torch, _ = torch_setup()
        torch.manual_seed(seed)
        self.x = torch.tensor(x, dtype=torch.float32)
        self.p = {k: torch.tensor(v, dtype=torch.float32, requires_grad=True)
                  for k, v in start(sizes, seed).items()}
        self.optimizer = torch.optim.Adam(self.p.values(), 1e-3, fused=True)
        self.draws, self.importance = max(importance, 1), importance
        self.latents = sizes[2]
        self.objective = torch_objective
        if compiled:
            self.objective = torch.compile(torch_objective)

    def epoch(self):
        import torch
        order = torch.randperm(len(self.x))
        for rows in order.tensor_split(-(-len(order) // BATCH)):
            x = self.x[rows]
            noise = torch.randn(self.draws, len(x), self.latents)
            loss = -self.objective(self.p, x, noise,
                                   self.importance) / len(x)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()

    def bound(self, x, draws, repetitions):
        """Of held-out data, per datum."""
        import torch
        with torch.no_grad():
            x = torch.tensor(x, dtype=torch.float32)
            values = [self.objective(
                self.p, x, torch.randn(draws, len(x), self.latents),
                self.importance).item() / len(x) for _ in range(repetitions)]
        return statistics.fmean(values)


class JaxTraining:
    """Adam written out; an epoch is one compiled scan over its batches, which
    have one size: the last rows of the order are left out."""

    def __init__(self, sizes, x, seed):
        import jax
        import jax.numpy as jnp
        x = jnp.asarray(x, jnp.float32)
        p = {k: jnp.asarray(v, jnp.float32)
             for k, v in start(sizes, seed).items()}
        zeros = {k: jnp.zeros_like(v) for k, v in p.items()}
        self.state = (p, zeros, zeros, jnp.float32(0), jax.random.key(seed))
        steps = len(x) // BATCH
        self.trained = steps * BATCH

        def loss(p, rows, noise):
            return -log_weights(jnp, jax.nn, p, rows, noise)[1].mean()

        def step(state, rows):
            p, first, second, t, key = state
            key, draw = jax.random.split(key)
            noise = jax.random.normal(draw, (1, BATCH, sizes[2]))
            slope = jax.grad(loss)(p, x[rows], noise)
            t = t + 1
            tree = jax.tree.map
            first = tree(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
            second = tree(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
            p = tree(lambda a, m, v: a - 1e-3 * (m / (1 - 0.9 ** t))
                     / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8),
                     p, first, second)
            return (p, first, second, t, key), None

        @jax.jit
        def epoch(state):
            p, first, second, t, key = state
            key, draw = jax.random.split(key)
            order = jax.random.permutation(draw, len(x))[:steps * BATCH]
            return jax.lax.scan(step, (p, first, second, t, key),
                                order.reshape(steps, BATCH))[0]

        self.compiled, self.jax = epoch, jax

    def epoch(self):
        self.state = self.compiled(self.state)
        self.jax.block_until_ready(self.state[0])


def measure_peer(system, network):
    """Prints data per second; runs in a process of its own."""
    sizes, _, epochs = NETWORKS[network]
    x = make_data(network)
    if system == "jax":
        training = JaxTraining(sizes, x, 1)
        count = training.trained
    else:
        training = TorchTraining(sizes, x, 1,
                                 compiled=system == "pytorch-compile")
        count = len(x)
    training.epoch()
    training.epoch()
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in range(epochs):
        training.epoch()
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(json.dumps([count * epochs / seconds, count * epochs / cpu]))


#===----------------------------------------------------------------------===#
# vi-fit
#===----------------------------------------------------------------------===#


def vi_fit(*arguments):
    return subprocess.run([str(BUILD / "bin" / "vi-fit"), *map(str, arguments)],
                          check=True, text=True, capture_output=True).stdout


def train(folder, model, data, name, *options):
    vi_fit(model, "--data", f"x={data}", "--batch-size", BATCH,
           "--output", folder / name, "--quiet", *options)
    return json.loads((folder / name / "summary.json").read_text())


def equality():
    import numpy as np
    sys.path.insert(0, str(HERE))
    import workload as workloads
    from peers import pytorch, vi_mlir
    found = workloads.Workload("autoencoder")
    configuration = found.configurations(False)[0]
    size = configuration.size
    rng = np.random.default_rng(3)
    data = found.module.generate(size, rng)
    # Numbers of 32 bits: what is compared is the arithmetic.
    phi = found.module.start(size, rng).astype(np.float32).astype(np.float64)
    noise = rng.normal(size=(1, found.module.noise_count(size)))
    noise = noise.astype(np.float32).astype(np.float64)

    def evaluate(program):
        program.bind(phi, noise)
        return program.evaluate()

    import dataclasses
    truth = evaluate(pytorch.Program(
        found, dataclasses.replace(configuration, precision="f64"), data,
        "pytorch-eager", 1))
    results = {"vi-mlir, f32": vi_mlir.Program(found, configuration, data,
                                               "vi-mlir", 1),
               "PyTorch, f32": pytorch.Program(found, configuration, data,
                                               "pytorch-eager", 1)}
    for name, program in results.items():
        value, gradient = evaluate(program)
        error = abs(value / truth[0] - 1)
        errors, begin = {}, 0
        for layer, shape in layers(NETWORKS["784-400-20"][0]).items():
            part = slice(begin, begin + int(np.prod(shape)))
            begin = part.stop
            errors[layer] = (np.linalg.norm(gradient[part] - truth[1][part])
                             / np.linalg.norm(truth[1][part]))
        worst = max(errors, key=errors.get)
        text = (f"{name}: bound within {error:.1e}, gradients of "
                f"{len(errors)} layers within {errors[worst]:.1e} ({worst})")
        if name.startswith("vi-mlir"):
            check(error < 1e-5 and errors[worst] < 1e-5, text)
        else:
            print("      " + text)


def bounds(quick):
    import numpy as np
    network, seeds = "64-64-8", range(1, 3 if quick else 6)
    epochs = 5 if quick else 60
    sizes = NETWORKS[network][0]
    x = np.random.default_rng(0).permutation(make_data(network))
    held_out, training = x[:300], x[300:]
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "model.mlir").write_text(model_text(sizes))
        np.save(folder / "training.npy", training)
        np.save(folder / "held-out.npy", held_out)
        for draws in (1, 5, 50):
            importance = draws if draws > 1 else 0
            ours, theirs = [], []
            repetitions = {1: 400, 5: 8, 50: 2}[draws]
            for seed in seeds:
                train(folder, folder / "model.mlir", folder / "training.npy",
                      "fit", "--epochs", epochs, "--seed", seed,
                      *(["--importance-samples", draws] if importance else []))
                values = []
                for repetition in range(repetitions if importance else 1):
                    text = vi_fit(
                        "loglik", folder / "model.mlir", "--data",
                        f"x={folder}/held-out.npy", "--parameters",
                        folder / "fit" / "parameters.json", "--samples",
                        draws if importance else 400, "--seed", 1 + repetition)
                    key = r"log p\(x\)" if importance else "bound"
                    values.append(float(re.search(
                        rf"^{key} +(\S+) nats", text, re.M)[1]))
                ours.append(statistics.fmean(values))
                other = TorchTraining(sizes, training, seed, importance)
                for _ in range(epochs):
                    other.epoch()
                theirs.append(other.bound(held_out, draws, repetitions))
            results[draws] = ours, theirs
            mean, other = statistics.fmean(ours), statistics.fmean(theirs)
            error = ((statistics.variance(ours) + statistics.variance(theirs))
                     / len(seeds)) ** 0.5
            check(abs(mean - other) < 3 * error,
                  f"K = {draws}: held-out bound {mean:.3f} of vi-fit, "
                  f"{other:.3f} of PyTorch after {epochs} epochs; they differ "
                  f"by {abs(mean - other):.3f}, standard error {error:.3f}")
    for k, system in enumerate(("vi-fit", "PyTorch")):
        means = [statistics.fmean(results[draws][k]) for draws in (1, 5, 50)]
        check(means == sorted(means), f"{system}: bounds of 1, 5 and 50 draws "
              + ", ".join(f"{m:.3f}" for m in means))


def speed(quick, rounds):
    import numpy as np
    systems = ["vi-fit", "pytorch", "pytorch-compile", "jax"]
    environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1",
                       XLA_FLAGS="--xla_cpu_multi_thread_eigen=false "
                       "intra_op_parallelism_threads=1", JAX_PLATFORMS="cpu")
    processor = min(os.sched_getaffinity(0))
    table = {}
    for network, (sizes, _, epochs) in NETWORKS.items():
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "model.mlir").write_text(model_text(sizes))
            x = make_data(network)
            np.save(folder / "x.npy", x)
            found = {system: [] for system in systems}
            for _ in range(1 if quick else rounds):
                for system in systems:
                    pinned = ["taskset", "-c", str(processor)]
                    if system == "vi-fit":
                        subprocess.run(
                            [*pinned, str(BUILD / "bin" / "vi-fit"),
                             str(folder / "model.mlir"), "--data",
                             f"x={folder}/x.npy", "--batch-size", str(BATCH),
                             "--epochs", str(epochs), "--output",
                             str(folder / "fit"), "--quiet"],
                            check=True, env=environment)
                        summary = json.loads(
                            (folder / "fit" / "summary.json").read_text())
                        found[system].append(
                            len(x) * epochs / summary["seconds"]["train"])
                        continue
                    result = subprocess.run(
                        [*pinned, sys.executable, __file__, "--peer", system,
                         network], capture_output=True, text=True,
                        env=environment)
                    if result.returncode:
                        print(f"{system}: {result.stderr.strip()[-300:]}")
                        continue
                    found[system].append(json.loads(
                        result.stdout.splitlines()[-1])[0])
        table[network] = {s: statistics.median(v) for s, v in found.items()
                          if v}
    print("\n| network | " + " | ".join(systems)
          + " | vi-fit / the fastest other |")
    print("|---|" + "---:|" * (len(systems) + 1))
    for network, row in table.items():
        best = max(v for s, v in row.items() if s != "vi-fit")
        print(f"| {network} | " + " | ".join(
            f"{row[s]:.0f}" if s in row else "-" for s in systems)
            + f" | {row['vi-fit'] / best:.2f} |")
    print("\nData per second in training, batches of 128, f32, one thread.")
    return table


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="equality,bounds,speed")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="a file that gets the table of speeds")
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        measure_peer(*arguments.peer)
        return
    parts = arguments.only.split(",")
    if "equality" in parts:
        equality()
    if "bounds" in parts:
        bounds(arguments.quick)
    if "speed" in parts:
        table = speed(arguments.quick, arguments.rounds)
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(table, indent=1))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
