# The example on the asymmetry of the Kullback-Leibler divergence: the values and
# optima of its compiled functions against quadrature.
#
# REQUIRES: numpy, scipy
# RUN: vi-opt %examples/kl_asymmetry/measures.mlir --emit=shared -o %t.so
# RUN: %python %s %examples/kl_asymmetry %t.so
import ctypes
import math
import sys

import numpy as np
from scipy import optimize

sys.path.insert(0, sys.argv[1])
import fit  # noqa: E402

# The trapezoidal rule on the whole line, exact for smooth integrands.
GRID = np.linspace(-60, 60, 48001)
STEP = GRID[1] - GRID[0]


def log_normal(m, s):
    return -((GRID - m) / s)**2 / 2 - math.log(s * math.sqrt(2 * math.pi))


P1, P2 = log_normal(-3.0, 0.7), log_normal(3.0, 1.0)
LOG_P = np.logaddexp(math.log(0.6) + P1, math.log(0.4) + P2)


def expect(log_density, values):
    return float(np.sum(np.exp(log_density) * values) * STEP)


def kl_q_p(parameters):
    q = log_normal(parameters[0], math.exp(parameters[1]))
    return expect(q, q - LOG_P)


def kl_p_q(parameters):
    q = log_normal(parameters[0], math.exp(parameters[1]))
    return expect(LOG_P, LOG_P - q)


def standard_error(name, parameters):
    """Of the sampled term: log p under q, or under the components of p."""
    def variance(density):
        return expect(density, LOG_P**2) - expect(density, LOG_P)**2
    if name == "kl_q_p":
        total = variance(log_normal(parameters[0], math.exp(parameters[1])))
    else:
        total = 0.6**2 * variance(P1) + 0.4**2 * variance(P2)
    return math.sqrt(total / fit.DRAWS)


def close(what, got, expected, tolerance):
    assert abs(got - expected) <= tolerance, (what, got, expected)


library = ctypes.CDLL(sys.argv[2])
for name, truth in (("kl_q_p", kl_q_p), ("kl_p_q", kl_p_q)):
    function = fit.objective(library, name)
    for parameters in ((0.0, 0.0), (-1.0, 1.0), (2.0, -0.5)):
        value, gradient = function(parameters)
        close((name, parameters), value, truth(parameters),
              4.5 * standard_error(name, parameters))
        for i in (0, 1):
            step = [0.0, 0.0]
            step[i] = 1e-5
            up = function([a + b for a, b in zip(parameters, step)])[0]
            down = function([a - b for a, b in zip(parameters, step)])[0]
            close((name, "gradient", i), gradient[i], (up - down) / 2e-5,
                  1e-6 * (1 + abs(gradient[i])))

# KL(p || q) matches the moments, exactly: its gradient is closed form.
mean = 0.6 * -3.0 + 0.4 * 3.0
variance = 0.6 * (0.7**2 + 3.0**2) + 0.4 * (1.0 + 3.0**2) - mean**2
# KL(q || p) seeks a mode, the nearer one.
for start in ((-4.0, 0.0), (4.0, 0.0)):
    m, s, _ = fit.fit(library, "kl_p_q", start)
    close("mean", m, mean, 1e-6)
    close("sd", s, math.sqrt(variance), 1e-6)
    m, s, value = fit.fit(library, "kl_q_p", start)
    best = optimize.minimize(kl_q_p, start, method="Nelder-Mead",
                             options={"xatol": 1e-5, "fatol": 1e-9})
    close("mode's mean", m, best.x[0], 0.03)
    close("mode's sd", s, math.exp(best.x[1]), 0.03)
    close("divergence", value, best.fun, 0.03)
