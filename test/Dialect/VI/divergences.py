# Divergences, cross-entropies, entropies and expected statistics of every pair
# that has a closed form, against quadrature (sums, for discrete families), and
# what theory says of them: KL(q || p) is nonnegative, zero where q = p, not
# symmetric, and the cross-entropy less the entropy.
#
# REQUIRES: mpmath, numpy, scipy
# RUN: %python %s
import ctypes
import math
import subprocess
import sys

import numpy as np
from scipy import integrate, special, stats

import native

INF = math.inf

# name: (parameter types, SciPy's frozen distribution, parameter points, kind)
FAMILIES = {
    "normal": (lambda m, s: stats.norm(m, s),
               [(0.4, 1.3), (-1.0, 0.6), (2.0, 2.5)], "real"),
    "half_normal": (lambda s: stats.halfnorm(scale=s), [(1.3,), (0.6,)],
                    "positive"),
    "log_normal": (lambda m, s: stats.lognorm(s, scale=math.exp(m)),
                   [(0.4, 0.5), (-0.3, 0.8)], "positive"),
    "cauchy": (lambda m, s: stats.cauchy(m, s), [(0.4, 1.3), (-1.0, 0.6)],
               "real"),
    "half_cauchy": (lambda s: stats.halfcauchy(scale=s), [(1.3,), (0.6,)],
                    "positive"),
    "student_t": (lambda v, m, s: stats.t(v, m, s), [(7.0, 0.4, 1.3),
                                                     (5.5, -1.0, 0.6)],
                  "real"),
    "exponential": (lambda r: stats.expon(scale=1 / r), [(1.3,), (0.6,)],
                    "positive"),
    "gamma": (lambda a, b: stats.gamma(a, scale=1 / b),
              [(3.4, 1.3), (4.0, 0.6)], "positive"),
    "inverse_gamma": (lambda a, b: stats.invgamma(a, scale=b),
                      [(5.4, 1.3), (4.7, 0.6)], "positive"),
    "beta": (lambda a, b: stats.beta(a, b), [(3.4, 1.3), (2.5, 4.0)], "unit"),
    "uniform": (lambda l, u: stats.uniform(l, u - l),
                [(0.1, 0.9), (-1.0, 2.0), (0.0, 3.0), (0.0, 1.0)], "interval"),
    "laplace": (lambda m, s: stats.laplace(m, s), [(0.4, 1.3), (-1.0, 0.6)],
                "real"),
    "logistic": (lambda m, s: stats.logistic(m, s), [(0.4, 1.3), (-1.0, 0.6)],
                 "real"),
    "bernoulli": (lambda p: stats.bernoulli(p), [(0.3,), (0.85,), (0.0,),
                                                 (1.0,)], "boolean"),
    "bernoulli_logits": (lambda l: stats.bernoulli(special.expit(l)),
                         [(0.3,), (-2.5,)], "boolean"),
    "binomial": (lambda n, p: stats.binom(n, p), [(10, 0.3), (10, 0.6)],
                 "count"),
    "binomial_logits": (lambda n, l: stats.binom(n, special.expit(l)),
                        [(10, 0.3), (10, -1.0)], "count"),
    "poisson": (lambda r: stats.poisson(r), [(2.3,), (7.0,)], "count"),
    "poisson_log": (lambda l: stats.poisson(math.exp(l)), [(0.3,), (1.6,)],
                    "count"),
    "negative_binomial": (lambda m, c: stats.nbinom(c, c / (c + m)),
                          [(2.3, 1.7), (4.0, 1.7)], "count"),
    "negative_binomial_log": (
        lambda l, c: stats.nbinom(c, c / (c + math.exp(l))),
        [(0.3, 1.7), (1.5, 1.7)], "count"),
}
VALUES = {"boolean": "i1", "count": "i64"}
# What the two sides of a pair have to share for a closed form.
SHARED = {"binomial": 0, "binomial_logits": 0, "negative_binomial": 1,
          "negative_binomial_log": 1}

# The pairs that must have a closed form, beside those of one family.
CROSS = """
log_normal gamma; log_normal inverse_gamma; log_normal half_normal
log_normal exponential; log_normal normal
exponential gamma; exponential normal; exponential half_normal
exponential laplace; exponential log_normal
gamma exponential; gamma normal; gamma half_normal; gamma inverse_gamma
gamma log_normal
inverse_gamma gamma; inverse_gamma exponential; inverse_gamma normal
inverse_gamma half_normal; inverse_gamma log_normal
half_normal exponential; half_normal gamma; half_normal normal
half_normal log_normal
uniform normal; uniform beta; uniform gamma; uniform exponential
uniform laplace; uniform half_normal; uniform log_normal
laplace normal; normal laplace; logistic normal; logistic laplace
student_t normal
beta uniform; beta normal; beta exponential; beta gamma; beta half_normal
beta inverse_gamma; beta log_normal
bernoulli bernoulli_logits; bernoulli_logits bernoulli
binomial binomial_logits; binomial_logits binomial
poisson poisson_log; poisson_log poisson
negative_binomial negative_binomial_log; negative_binomial_log negative_binomial
"""
PAIRS = [tuple(pair.split()) for line in CROSS.strip().splitlines()
         for pair in line.split(";")]
SAME = ["normal", "half_normal", "log_normal", "cauchy", "half_cauchy",
        "exponential", "gamma", "inverse_gamma", "beta", "uniform", "laplace",
        "bernoulli", "bernoulli_logits", "binomial", "binomial_logits",
        "poisson", "poisson_log", "negative_binomial", "negative_binomial_log"]
PAIRS += [(name, name) for name in SAME]
ENTROPIES = [name for name in SAME if FAMILIES[name][2] != "count"]
ENTROPIES += ["student_t", "logistic"]


def parameters(name, prefix):
    count = len(FAMILIES[name][1][0])
    names = [f"%{prefix}{i}" for i in range(count)]
    types = ["f64"] * count
    if name.startswith("binomial"):
        types[0] = "i64"
    return names, types


def module():
    text = []
    for q, p in PAIRS:
        names, types = parameters(q, "q")
        others, other_types = parameters(p, "p")
        if q in SHARED and SHARED[q] == SHARED.get(p):
            others[SHARED[q]] = names[SHARED[q]]
        value = VALUES.get(FAMILIES[q][2], "f64")
        declared = dict(zip(names + others, types + other_types))
        arguments = ", ".join(f"{n}: {t}" for n, t in declared.items())
        for measure in ("kl", "cross_entropy"):
            if measure == "cross_entropy" and FAMILIES[q][2] == "count":
                continue
            text.append(f"""
func.func @{measure}_{q}_{p}({arguments}) -> f64 attributes {{vi.export}} {{
  %q = vi.{q} {", ".join(names)} : {", ".join(types)}
  %p = vi.{p} {", ".join(others)} : {", ".join(other_types)}
  %d = vi.{measure} %q, %p : {value}, {value} -> f64
  return %d : f64
}}""")
    for q in ENTROPIES:
        names, types = parameters(q, "q")
        value = VALUES.get(FAMILIES[q][2], "f64")
        arguments = ", ".join(f"{n}: {t}" for n, t in zip(names, types))
        text.append(f"""
func.func @entropy_{q}({arguments}) -> f64 attributes {{vi.export}} {{
  %q = vi.{q} {", ".join(names)} : {", ".join(types)}
  %d = vi.entropy %q : {value} -> f64
  return %d : f64
}}""")
    return "\n".join(text)


def expect(q, f, kind):
    """E_q[f(z)] by quadrature, in pieces between quantiles of q."""
    if kind in ("boolean", "count"):
        z = np.arange(0, int(q.ppf(1 - 1e-15)) + 60)
        w = q.pmf(z)
        return math.fsum(float(a * f(b)) for a, b in zip(w, z) if a > 0)
    probs = [1e-300, 1e-60, 1e-20, 1e-12, 1e-8, 1e-5, 1e-3, 0.02, 0.1, 0.25,
             0.5, 0.75, 0.9, 0.98, 1 - 1e-3, 1 - 1e-5]
    ends = [float(q.ppf(p)) for p in probs]
    ends += [float(q.isf(p)) for p in (1e-8, 1e-12, 1e-20, 1e-60)]
    ends = sorted({e for e in ends + [float(q.support()[0]), 0.0, 0.4, -1.0,
                                      float(q.support()[1])]
                   if q.support()[0] <= e <= q.support()[1]
                   and math.isfinite(e)})
    if q.support()[0] == -INF:
        ends = [-INF] + ends
    if q.support()[1] == INF:
        ends.append(INF)
    total = []
    for a, b in zip(ends, ends[1:]):
        def integrand(z):
            w = q.pdf(z)
            return w * f(z) if w > 0 else 0.0
        total.append(integrate.quad(integrand, a, b, epsabs=1e-13,
                                    epsrel=1e-12, limit=200)[0])
    return math.fsum(total)


def logpdf(p, kind):
    if kind in ("boolean", "count"):
        return p.logpmf
    if p.dist.name == "laplace":
        # SciPy's is the logarithm of a density that underflows in the tails.
        center, scale = p.mean(), p.std() / math.sqrt(2)
        return lambda z: -abs(z - center) / scale - math.log(2 * scale)
    return p.logpdf


failures = 0


def check(what, got, expected, tolerance):
    global failures
    if got == expected or abs(got - expected) <= tolerance:
        return
    failures += 1
    print(f"{what}: {got!r}, not {expected!r}")


def call(library, name, arguments, types):
    callee = getattr(library, name)
    callee.argtypes = [ctypes.c_int64 if t == "i64" else ctypes.c_double
                       for t in types]
    callee.restype = ctypes.c_double
    return callee(*arguments)


def inside(q, p):
    return (p.support()[0] <= q.support()[0] and
            q.support()[1] <= p.support()[1])


def main():
    library = native.load_measures(module())
    checks = 0
    for q_name, p_name in PAIRS:
        q_family, q_points, kind = FAMILIES[q_name]
        p_family, p_points, _ = FAMILIES[p_name]
        shared = (SHARED[q_name] if q_name in SHARED and
                  SHARED[q_name] == SHARED.get(p_name) else None)
        types = parameters(q_name, "q")[1]
        p_types = parameters(p_name, "p")[1]
        asymmetric = False
        for a in q_points:
            for b in p_points:
                q, p = q_family(*a), p_family(*b)
                arguments = list(a) + [v for i, v in enumerate(b)
                                       if i != shared]
                every = types + [t for i, t in enumerate(p_types)
                                 if i != shared]
                got = call(library, f"kl_{q_name}_{p_name}", arguments, every)
                what = f"kl({q_name}{a} || {p_name}{b})"
                log_q, log_p = logpdf(q, kind), logpdf(p, kind)
                if not inside(q, p):
                    expected = INF
                else:
                    expected = expect(q, lambda z: log_q(z) - log_p(z), kind)
                check(what, got, expected, 1e-8 * (1 + abs(expected)))
                checks += 1
                if not got >= -1e-12:
                    check(what + " nonnegative", got, 0, 0)
                if q_name == p_name and a == b:
                    check(what + " at equality", got, 0.0, 1e-13)
                elif q_name == p_name:
                    if not got > 0:
                        check(what + " positive", got, INF, 0)
                    back = call(library, f"kl_{p_name}_{q_name}",
                                list(b) + [v for i, v in enumerate(a)
                                           if i != shared], every)
                    asymmetric |= abs(back - got) > 1e-6
                if kind == "count":
                    continue
                cross = call(library, f"cross_entropy_{q_name}_{p_name}",
                             arguments, every)
                if q_name in ENTROPIES and math.isfinite(got):
                    entropy = call(library, f"entropy_{q_name}", a, types)
                    check(what + " = cross-entropy - entropy", cross - entropy,
                          got, 1e-11 * (1 + abs(cross) + abs(entropy)))
                elif not math.isfinite(got):
                    check(what + " cross-entropy", cross, INF, 0)
        # The divergence of Cauchy distributions, of uniform ones inside each
        # other, and of half-Cauchy ones is an exception.
        if (q_name == p_name and not asymmetric and
                q_name not in ("cauchy", "half_cauchy")):
            check(f"kl of {q_name} is not symmetric", 0, 1, 0)
    for name in ENTROPIES:
        family, points, kind = FAMILIES[name]
        for a in points:
            q = family(*a)
            log_q = logpdf(q, kind)
            got = call(library, f"entropy_{name}", a, parameters(name, "q")[1])
            check(f"entropy({name}{a})", got,
                  expect(q, lambda z: -log_q(z), kind), 1e-8)
            checks += 1
    print(f"{checks} values, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
