#!/usr/bin/env python3
#===- run.py - runs the benchmarks --------------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Runs each measurement in a process of its own, pinned to its cores, and
writes results.json, the table and the plot. See run.sh.

A measurement that fails or takes too long is a row with "error" (for a fit, a
row with "fit_error"), and the run goes on. The most telling measurements come first; what is left when the budget
is used up is not measured, and said to be so.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import workload as workloads

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIELDS = ["workload", "system", "precision", "samples", "threads",
          "gradient_us", "compile_s", "peak_mib", "fit_s", "limit_us", "value"]
PEERS = ["jax", "pytorch", "stan", "numpyro", "pymc"]
# Seconds that a measurement of a gradient, and a fit, may take.
TIMEOUT = 100
FIT_TIMEOUT = 60


@dataclasses.dataclass(frozen=True)
class Measurement:
    workload: workloads.Workload
    number: int
    configuration: workloads.Configuration
    system: str
    threads: int
    fit: bool = False

    def key(self):
        c = self.configuration
        return (self.workload.label(c), self.system, c.precision, c.samples,
                self.threads)


def plan(selected, peers, quick):
    """The measurements, the most telling ones first."""
    gradients = ["vi-mlir"]
    gradients += ["jax"] * ("jax" in peers)
    gradients += ["pytorch-eager", "pytorch-compile"] * ("pytorch" in peers)
    result = []
    configurations = [(w, i, c) for w in selected
                      for i, c in enumerate(w.configurations(quick))]
    for threads in (1, 2):
        result += [Measurement(w, i, c, system, threads)
                   for w, i, c in configurations if threads in c.threads
                   for system in gradients]
        if threads == 1 and "stan" in peers:
            result += [Measurement(w, i, c, "stan", 1)
                       for w, i, c in configurations
                       if c.samples == 1 and (w.folder / "model.stan").exists()]
    fits = [("vi-mlir-fit", None)]
    fits += [(p + "-fit", f"in_{p}.py") for p in ("numpyro", "pymc")
             if p in peers]
    fits += [("stan-fit", "model.stan")] * ("stan" in peers)
    result += [Measurement(w, i, c, system, 1, fit=True)
               for w, i, c in configurations if c.fits
               for system, file in fits
               if file is None or (w.folder / file).exists()]
    return result


def environment(threads, scratch, inductor):
    return dict(os.environ, **{name: str(threads) for name in (
        "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS", "STAN_NUM_THREADS")},
        JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="", TMPDIR=scratch,
        TORCHINDUCTOR_CACHE_DIR=inductor, TORCHINDUCTOR_FX_GRAPH_CACHE="0",
        TORCHINDUCTOR_COMPILE_THREADS="1",
        PYTENSOR_FLAGS=f"base_compiledir={scratch}/pytensor")


def execute(measurement, cache, inductor, quick, timeout):
    """Runs a measurement; its row's values, or an error."""
    m = measurement
    output = cache / "row.json"
    output.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="vi-benchmark-") as scratch:
        command = [sys.executable, str(ROOT / "benchmarks" / "measure.py"),
                   m.workload.name, str(m.number), m.system, str(m.threads),
                   str(output)] + ["--quick"] * quick
        if shutil.which("taskset"):
            cores = sorted(os.sched_getaffinity(0))[:m.threads]
            command = ["taskset", "-c", ",".join(map(str, cores)), *command]
        log = cache / "log.txt"
        with log.open("w") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT,
                env=environment(m.threads, scratch, inductor), start_new_session=True)
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                return {"error": f"not finished after {timeout:.0f} s"}
            finally:
                if process.poll() is None:
                    # The process is the leader of its own group.
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
    try:
        return json.loads(output.read_text())
    except (OSError, ValueError):
        pass
    lines = log.read_text(errors="replace").strip().splitlines()
    return {"error": f"exit status {status}: "
                     + (lines[-1][:200] if lines else "no output")}


def measure_limits(measurements, folder):
    """The machine's rates and each configuration's limit in microseconds."""
    program = folder / "limits"
    subprocess.run(["clang-22", "-O3", "-march=native", "-ffp-contract=fast",
                    "-pthread", ROOT / "benchmarks" / "limits.c", "-o",
                    program], check=True)
    rates, limits = {}, {}
    for threads in sorted({m.threads for m in measurements}):
        work = {}
        for m in measurements:
            if m.threads == threads:
                work[m.key()[0], m.configuration.precision,
                     m.configuration.samples] = m.workload.work(
                         m.configuration.size, m.configuration.samples)
        sizes = sorted({int(b) for b, _ in work.values()})
        command = [program, str(threads), *map(str, sizes)]
        if shutil.which("taskset"):
            cores = sorted(os.sched_getaffinity(0))[:threads]
            command = ["taskset", "-c", ",".join(map(str, cores)), *command]
        rates[threads] = rate = json.loads(subprocess.run(
            command, check=True, capture_output=True, text=True).stdout)
        for key, (size, flops) in work.items():
            reading = 1e-3 * size / rate["read_gbs"][str(int(size))]
            computing = 1e-3 * flops / rate[f"{key[1]}_gflops"]
            limits[(*key, threads)] = {
                "limit_us": max(reading, computing),
                "limited_by": "reading" if reading > computing else "computing",
                "bytes": size, "flops": flops}
    return rates, limits


def describe_machine():
    name = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    return {"cpu": name, "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}",
            "load_average": os.getloadavg()[0],
            "date": datetime.date.today().isoformat()}


def describe_versions():
    import importlib.metadata
    versions = {}
    for name in ("jax", "jaxlib", "torch", "numpyro", "pymc", "numpy"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return versions


def write_json(path, content):
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(content)
    temporary.rename(path)


def write_rows(path, rows):
    """One row a line."""
    lines = ",\n".join(json.dumps(r) for r in rows)
    write_json(path, f"[\n{lines}\n]\n" if lines else "[]\n")


def key_of(row):
    return (row["workload"], row["system"], row["precision"], row["samples"],
            row["threads"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workload", default="", metavar="N,...")
    parser.add_argument("--peer", default=None, metavar="NAME,...",
                        help=f"of {', '.join(PEERS)} (default: all)")
    parser.add_argument("--quick", action="store_true",
                        help="small data and short times")
    parser.add_argument("--resume", action="store_true",
                        help="measure only what has no result yet")
    parser.add_argument("--budget", type=float, default=25, metavar="MINUTES")
    options = parser.parse_args()
    peers = PEERS if options.peer is None else [
        p for p in options.peer.split(",") if p]
    for p in peers:
        if p not in PEERS:
            parser.error(f"unknown peer '{p}' (known: {', '.join(PEERS)})")
    numbers = [int(n) for n in options.workload.split(",") if n]
    selected = [w for w in workloads.all_workloads()
                if not numbers or w.number in numbers]
    if not selected or set(numbers) - {w.number for w in selected}:
        parser.error(f"no workload of --workload={options.workload}")
    if not pathlib.Path(os.environ["VI_BUILD_DIR"], "bin", "vi-opt").exists():
        sys.exit("run.sh: no bin/vi-opt in " + os.environ["VI_BUILD_DIR"]
                 + "; build it first, or set VI_BUILD_DIR")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cache = ROOT / "build" / "benchmarks" / (
        "quick" if options.quick else "full")
    cache.mkdir(parents=True, exist_ok=True)
    results = (cache if options.quick else ROOT / "benchmarks") / "results.json"
    details = cache / "details.json"
    begin = time.monotonic()
    measurements = plan(selected, peers, options.quick)

    old_rows = json.loads(results.read_text()) if results.exists() else []
    old = json.loads(details.read_text()) if details.exists() else {}
    rows = {key_of(r): r for r in old_rows}
    times = {tuple(k): v for k, v in old.get("times", [])}
    partial = bool(numbers) or options.peer is not None or options.resume
    if not partial:
        rows, times, old = {}, {}, {}
    machine = describe_machine()
    print("machine:", machine["cpu"], f"load {machine['load_average']:.1f}")
    rates, limits = measure_limits(measurements, cache)
    limits_of = {tuple(k): v for k, v in old.get("limits", [])} | limits
    rates = old.get("rates", {}) | {str(k): v for k, v in rates.items()}

    def save():
        write_rows(results, list(rows.values()))
        write_json(details, json.dumps({
            "machine": machine, "versions": describe_versions(),
            "rates": rates, "times": [[list(k), v] for k, v in times.items()],
            "limits": [[list(k), v] for k, v in limits_of.items()]}))

    def record(m, measured):
        key = m.key()
        label, system, precision, samples, threads = key
        if m.fit:
            key = (label, system.removesuffix("-fit"), precision, samples,
                   threads)
        row = rows.get(key)
        if not m.fit or row is None:
            row = dict.fromkeys(FIELDS)
            row.update(workload=label, system=key[1], precision=precision,
                       samples=samples, threads=threads)
        limit = limits_of.get((label, precision, samples, threads))
        if limit:
            row["limit_us"] = limit["limit_us"]
        if m.fit:
            row["fit_s"] = measured.get("fit_s")
            row["fit_elbo"] = measured.get("fit_elbo")
            if "error" in measured:
                row["fit_error"] = measured["error"]
            elif row["gradient_us"] is None and row["value"] is None:
                row["value"] = measured.get("fit_elbo")
        else:
            times.pop(key, None)
            if measured.get("times_us"):
                times[key] = measured.pop("times_us")
            row.update(measured)
        rows[key] = row

    references = {}
    skipped = 0
    # Fresh in each run: nothing but precompiled headers is found there.
    inductor = tempfile.TemporaryDirectory(prefix="vi-benchmark-inductor-")
    for m in [m for m in measurements if m.system == "pytorch-compile"][:1]:
        execute(dataclasses.replace(m, system="pytorch-warm-up"), cache,
                inductor.name, options.quick, TIMEOUT)
    for number, m in enumerate(measurements, 1):
        key = m.key()
        done = rows.get((key[0], key[1].removesuffix("-fit"), *key[2:]))
        if options.resume and done is not None and (
                done.get("fit_s") if m.fit else done.get("gradient_us")):
            continue
        left = 60 * options.budget - (time.monotonic() - begin)
        if left < 5:
            skipped += 1
            record(m, {"error": "not measured: the budget of time is used up"})
            continue
        start = time.monotonic()
        config = (m.workload.name, m.number)
        if not m.fit and config not in references:
            references[config] = execute(
                dataclasses.replace(m, system="reference", threads=2), cache,
                inductor.name, options.quick, min(TIMEOUT, left))
        if not m.fit and "error" in references[config]:
            measured = {"error": "no reference: " + references[config]["error"]}
        else:
            measured = execute(m, cache, inductor.name, options.quick,
                               min(FIT_TIMEOUT if m.fit else TIMEOUT, left))
        record(m, measured)
        save()
        text = measured.get("error") or (
            f"{measured['gradient_us']:.2f} us" if "gradient_us" in measured
            else f"fit {measured['fit_s']:.2f} s" if "fit_s" in measured
            else "no result")
        print(f"[{number}/{len(measurements)}] {', '.join(map(str, key))}: "
              f"{text} ({time.monotonic() - start:.0f} s)", flush=True)
    save()
    import report
    report.write(results, details, cache if options.quick else ROOT / "docs")
    failed = sum("error" in r for r in rows.values())
    print(f"{len(rows)} rows, {failed} with an error, {skipped} not measured; "
          f"{(time.monotonic() - begin) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
