# Divergences of vectors, batches, point masses and images under bijectors,
# against quadrature, sums and matrix algebra in NumPy.
#
# REQUIRES: numpy, scipy
# RUN: %python %s
import ctypes
import math
import sys

import numpy as np
from scipy import integrate, special, stats

import native

failures = 0


def check(what, got, expected, tolerance=1e-9):
    global failures
    if got == expected or abs(got - expected) <= tolerance * (1 +
                                                              abs(expected)):
        return
    failures += 1
    print(f"{what}: {got!r}, not {expected!r}")


def convert(argument):
    if isinstance(argument, np.ndarray):
        values = np.ascontiguousarray(argument, dtype=np.float64)
        KEEP.append(values)
        return [values.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
                *map(ctypes.c_int64, values.shape)]
    return [ctypes.c_double(argument)]


KEEP = []


def call(library, name, *arguments):
    callee = getattr(library, name)
    callee.restype = ctypes.c_double
    return callee(*(c for a in arguments for c in convert(a)))


FUNCTIONS = []


def kl(name, types, body, value, other=None, measure="kl"):
    """A function @name of arguments %0, %1, ... whose body defines %q, %p."""
    arguments = ", ".join(f"%a{i}: {t}" for i, t in enumerate(types))
    FUNCTIONS.append(f"""
func.func @{name}({arguments}) -> f64 attributes {{vi.export}} {{
  {body}
  %d = vi.{measure} %q, %p : {value}, {other or value} -> f64
  return %d : f64
}}""")


V, M = "tensor<?xf64>", "tensor<?x?xf64>"
kl("mvn", [V, M, V, M], f"""
  %q = vi.multivariate_normal %a0, %a1 : {V}, {M}
  %p = vi.multivariate_normal %a2, %a3 : {V}, {M}""", V)
# Independent normal variables as one side, with what members share as a number.
V3, M3 = "tensor<3xf64>", "tensor<3x3xf64>"
NORMALS = {"": ([V, V], "{0}, {1}"), "_loc": (["f64", V], "f64, {1}"),
           "_scale": ([V, "f64"], "{0}, f64"), "_static": ([V3, V3],
                                                           "{0}, {1}")}
for suffix, (types, written) in NORMALS.items():
    vector, matrix = (V3, M3) if suffix == "_static" else (V, M)
    written = written.format(vector, vector)
    for measure in ("kl", "cross_entropy"):
        kl(f"{measure}_normals_mvn{suffix}", [*types, V, M], f"""
  %q = vi.normal %a0, %a1 : {written}
  %p = vi.multivariate_normal %a2, %a3 : {V}, {M}""", vector, V, measure)
        kl(f"{measure}_mvn_normals{suffix}", [V, M, *types], f"""
  %q = vi.multivariate_normal %a0, %a1 : {V}, {M}
  %p = vi.normal %a2, %a3 : {written}""", V, vector, measure)
kl("rows_normals", [M, "tensor<?x?x?xf64>", M, M], f"""
  %q = vi.multivariate_normal %a0, %a1 : {M}, tensor<?x?x?xf64>
  %p = vi.normal %a2, %a3 : {M}, {M}""", M)
kl("normals_rows", [M, M, V, M], f"""
  %q = vi.normal %a0, %a1 : {M}, {M}
  %p = vi.multivariate_normal %a0, %a3 : {M}, {M}""", M)
kl("dirichlet", [V, V], f"""
  %q = vi.dirichlet %a0 : {V}
  %p = vi.dirichlet %a1 : {V}""", V)
for left in ("categorical", "categorical_logits"):
    for right in ("categorical", "categorical_logits"):
        kl(f"{left}_{right}", [V, V], f"""
  %q = vi.{left} %a0 : {V}
  %p = vi.{right} %a1 : {V}""", "i64")
kl("batch", [V, V, "f64", "f64"], f"""
  %q = vi.normal %a0, %a1 : {V}, {V}
  %one = vi.normal %a2, %a3 : f64, f64
  %p = vi.normal %a0, %a3 : {V}, f64""", V)
kl("rows", [M, "tensor<?x?x?xf64>", V, M], f"""
  %q = vi.multivariate_normal %a0, %a1 : {M}, tensor<?x?x?xf64>
  %p = vi.multivariate_normal %a0, %a3 : {M}, {M}""", M)
kl("delta_gamma", ["f64", "f64", "f64"], """
  %q = vi.delta %a0 : f64
  %p = vi.gamma %a1, %a2 : f64, f64""", "f64")
kl("delta_student", [V, "f64", "f64", "f64"], f"""
  %q = vi.delta %a0 : {V}
  %zero = vi.student_t %a1, %a2, %a3 : f64, f64, f64
  %p = vi.student_t %a1, %a0, %a3 : f64, {V}, f64""", V)

# Real families against priors of positive variables on the logarithmic scale,
# and the same on the scale of the prior.
REALS = {"normal": ((0.3, 0.4), stats.norm(0.3, 0.4)),
         "laplace": ((0.3, 0.2), stats.laplace(0.3, 0.2)),
         "logistic": ((0.3, 0.15), stats.logistic(0.3, 0.15)),
         "uniform": ((-0.7, 1.2), stats.uniform(-0.7, 1.9))}
POSITIVES = {"gamma": ((2.4, 1.3), stats.gamma(2.4, scale=1 / 1.3)),
             "inverse_gamma": ((3.4, 1.3), stats.invgamma(3.4, scale=1.3)),
             "half_normal": ((1.3,), stats.halfnorm(scale=1.3)),
             "exponential": ((0.7,), stats.expon(scale=1 / 0.7)),
             "log_normal": ((0.2, 0.6), stats.lognorm(0.6,
                                                      scale=math.exp(0.2)))}


def family(name, variable, count, first):
    names = ", ".join(f"%a{first + i}" for i in range(count))
    types = ", ".join(["f64"] * count)
    return f"%{variable} = vi.{name} {names} : {types}"


for q, (q_points, _) in REALS.items():
    for p, (p_points, _) in POSITIVES.items():
        n, m = len(q_points), len(p_points)
        kl(f"down_{q}_{p}", ["f64"] * (n + m), f"""
  {family(q, "q", n, 0)}
  {family(p, "up", m, n)}
  %p = vi.pullback positive %up : f64 -> f64""", "f64")
        kl(f"up_{q}_{p}", ["f64"] * (n + m), f"""
  {family(q, "down", n, 0)}
  %q = vi.pushforward positive %down : f64 -> f64
  {family(p, "p", m, n)}""", "f64")
for q in POSITIVES:
    n = len(POSITIVES[q][0])
    kl(f"image_{q}", ["f64"] * (n + 2), f"""
  {family(q, "q", n, 0)}
  {family("normal", "down", 2, n)}
  %p = vi.pushforward positive %down : f64 -> f64""", "f64")
    kl(f"preimage_{q}", ["f64"] * (n + 2), f"""
  {family(q, "up", n, 0)}
  %q = vi.pullback positive %up : f64 -> f64
  {family("normal", "p", 2, n)}""", "f64")
kl("logit_beta", ["f64"] * 4, """
  %up = vi.beta %a0, %a1 : f64, f64
  %q = vi.pullback unit_interval %up : f64 -> f64
  %other = vi.beta %a2, %a3 : f64, f64
  %p = vi.pullback unit_interval %other : f64 -> f64""", "f64")


def mvn_divergence(mq, lq, mp, lp):
    lq, lp = np.tril(lq), np.tril(lp)
    cq, cp = lq @ lq.T, lp @ lp.T
    inverse = np.linalg.inv(cp)
    return 0.5 * (np.trace(inverse @ cq) + (mp - mq) @ inverse @ (mp - mq) -
                  len(mq) + np.linalg.slogdet(cp)[1] -
                  np.linalg.slogdet(cq)[1])


def factor(random, size):
    matrix = random.normal(size=(size, size))
    matrix[np.diag_indices(size)] = np.exp(0.5 * np.diag(matrix))
    return matrix


def expect(q, f):
    ends = [float(q.ppf(p)) for p in (1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999)]
    ends += [float(q.isf(p)) for p in (1e-6, 1e-12)]
    lower, upper = q.support()
    ends = [lower, *(e for e in ends if lower < e < upper), upper]
    kinks = [0.3] if lower < 0.3 < upper else []
    ends = sorted(set(ends + kinks))

    def integrand(z):
        w = q.pdf(z)
        return w * f(z) if w > 0 else 0.0
    return math.fsum(integrate.quad(integrand, a, b, epsabs=1e-13,
                                    epsrel=1e-12, limit=300)[0]
                     for a, b in zip(ends, ends[1:]))


def main():
    library = native.load_measures("\n".join(FUNCTIONS))
    random = np.random.default_rng(3)
    for size in (1, 2, 7):
        mq, mp = random.normal(size=size), random.normal(size=size)
        lq, lp = factor(random, size), factor(random, size)
        got = call(library, "mvn", mq, lq, mp, lp)
        check(f"mvn {size}", got, mvn_divergence(mq, lq, mp, lp))
        check(f"mvn {size} equal", call(library, "mvn", mq, lq, mq, lq), 0.0,
              1e-12)
    size = 3
    m, s = random.normal(size=size), np.exp(random.normal(size=size))
    mean, l = random.normal(size=size), factor(random, size)
    for suffix in NORMALS:
        a = 0.3 if suffix == "_loc" else m
        c = 0.7 if suffix == "_scale" else s
        wide = np.full(size, a), np.diag(np.full(size, c))
        entropy = {"normals_mvn": np.log(np.diag(wide[1])).sum(),
                   "mvn_normals": np.log(np.diag(l)).sum()}
        for pair, arguments, truth in (
                ("normals_mvn", (a, c, mean, l),
                 mvn_divergence(*wide, mean, l)),
                ("mvn_normals", (mean, l, a, c),
                 mvn_divergence(mean, l, *wide))):
            got = call(library, f"kl_{pair}{suffix}", *arguments)
            check(f"kl {pair}{suffix}", got, truth)
            check(f"cross-entropy {pair}{suffix}",
                  call(library, f"cross_entropy_{pair}{suffix}", *arguments),
                  truth + entropy[pair] +
                  size * 0.5 * (1 + math.log(2 * math.pi)))
    check("normals || mvn equal", call(library, "kl_normals_mvn", m, s, m,
                                       np.diag(s)), 0.0, 1e-13)
    check("mvn || normals equal", call(library, "kl_mvn_normals", m,
                                       np.diag(s), m, s), 0.0, 1e-13)
    a, b = np.array([1.3, 2.4, 0.9]), np.array([2.0, 1.1, 1.5])

    def log_dirichlet(a, x):
        return (special.gammaln(a.sum()) - special.gammaln(a).sum() +
                ((a - 1) * np.log(x)).sum())

    def integrand(y, x):
        z = np.array([x, y, 1 - x - y])
        if z.min() <= 0:
            return 0.0
        return math.exp(log_dirichlet(a, z)) * (log_dirichlet(a, z) -
                                                log_dirichlet(b, z))
    truth = integrate.dblquad(integrand, 0, 1, 0, lambda x: 1 - x,
                              epsabs=1e-7, epsrel=1e-7)[0]
    check("dirichlet", call(library, "dirichlet", a, b), truth, 1e-5)
    check("dirichlet equal", call(library, "dirichlet", a, a), 0.0, 1e-13)

    probs = [np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1]),
             np.array([0.0, 0.4, 0.6])]
    for s in probs:
        for t in probs:
            with np.errstate(divide="ignore"):
                logs = np.log(s) + 3.0, np.log(t) - 700.0
            truth = special.rel_entr(s, t).sum()
            check(f"categorical {s} {t}",
                  call(library, "categorical_categorical", s, t), truth)
            if s.min() > 0 and t.min() > 0:
                check(f"categorical logits {s} {t}",
                      call(library, "categorical_categorical_logits", s,
                           logs[1]), truth)
                check(f"logits categorical {s} {t}",
                      call(library, "categorical_logits_categorical", logs[0],
                           t), truth)
                check(f"logits {s} {t}",
                      call(library, "categorical_logits_categorical_logits",
                           *logs), truth)

    m, s = random.normal(size=5), np.exp(random.normal(size=5))
    truth = sum(math.log(1.7 / v) + (v / 1.7)**2 / 2 - 0.5 for v in s)
    check("batch", call(library, "batch", m, s, 0.0, 1.7), truth)
    check("empty batch", call(library, "batch", m[:0], s[:0], 0.0, 1.7), 0.0)
    rows = random.normal(size=(4, 3))
    factors = np.stack([factor(random, 3) for _ in range(4)])
    shared = factor(random, 3)
    check("rows", call(library, "rows", rows, factors, m, shared),
          sum(mvn_divergence(r, f, r, shared) for r, f in zip(rows, factors)))
    scales = np.exp(random.normal(size=(4, 3)))
    others = random.normal(size=(4, 3))
    check("rows || normals",
          call(library, "rows_normals", rows, factors, others, scales),
          sum(mvn_divergence(r, f, o, np.diag(s)) for r, f, o, s in
              zip(rows, factors, others, scales)))
    check("normals || rows",
          call(library, "normals_rows", rows, scales, m[:3], shared),
          sum(mvn_divergence(r, np.diag(s), r, shared)
              for r, s in zip(rows, scales)))

    check("delta gamma", call(library, "delta_gamma", 0.8, 2.4, 1.3),
          -stats.gamma(2.4, scale=1 / 1.3).logpdf(0.8))
    check("delta outside", call(library, "delta_gamma", -0.8, 2.4, 1.3),
          math.inf)
    check("delta student", call(library, "delta_student", m, 3.0, 0.0, 1.3),
          -5 * stats.t(3.0, 0.0, 1.3).logpdf(0.0))

    for q, (q_points, q_truth) in REALS.items():
        for p, (p_points, p_truth) in POSITIVES.items():
            truth = expect(q_truth, lambda u: q_truth.logpdf(u) - u -
                           p_truth.logpdf(math.exp(u)))
            check(f"{q} || log {p}",
                  call(library, f"down_{q}_{p}", *q_points, *p_points), truth,
                  1e-8)
            check(f"exp {q} || {p}",
                  call(library, f"up_{q}_{p}", *q_points, *p_points), truth,
                  1e-8)
    normal = stats.norm(0.4, 0.9)
    for q, (points, q_truth) in POSITIVES.items():
        truth = expect(q_truth, lambda z: q_truth.logpdf(z) + math.log(z) -
                       normal.logpdf(math.log(z)))
        check(f"{q} || exp normal",
              call(library, f"image_{q}", *points, 0.4, 0.9), truth, 1e-8)
        check(f"log {q} || normal",
              call(library, f"preimage_{q}", *points, 0.4, 0.9), truth, 1e-8)
    q, p = stats.beta(2.4, 1.3), stats.beta(1.7, 3.1)
    check("logit beta", call(library, "logit_beta", 2.4, 1.3, 1.7, 3.1),
          expect(q, lambda z: q.logpdf(z) - p.logpdf(z)), 1e-8)
    print(f"{failures} failures")
    return failures != 0


sys.exit(main())
