#===- random_models.py - random valid models and what they mean -----------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Writes random models twice: as MLIR, and as a Python program that runs over
the model one number at a time and adds up its log joint density. The program
takes complex numbers: the derivative of each summand is that of a complex step,
exact to rounding. It shares no code with the compiler."""

import math
import random
import re

import numpy as np
from scipy import special

STEP = 1e-40


# What the programs call. All are analytic, or piecewise so.

def real(x):
    return x.real if isinstance(x, complex) else x


def log1p(x):
    """log(1 + x) of a complex number off the real line by a tiny step."""
    x = complex(x)
    return complex(math.log1p(x.real), x.imag / (1 + x.real))


def expm1(x):
    x = complex(x)
    return complex(math.expm1(x.real), x.imag * math.exp(x.real))


def sigmoid(x):
    x = complex(x)
    s = special.expit(x.real)
    return complex(s, x.imag * s * special.expit(-x.real))


def softplus(x):
    x = complex(x)
    return complex(np.logaddexp(0, x.real), x.imag * special.expit(x.real))


def normal_cdf(x):
    x = complex(x)
    density = math.exp(-x.real ** 2 / 2) / math.sqrt(2 * math.pi)
    return complex(special.ndtr(x.real), x.imag * density)


def normal_log_cdf(x):
    x = complex(x)
    value = special.log_ndtr(x.real)
    slope = math.exp(-x.real ** 2 / 2 - value) / math.sqrt(2 * math.pi)
    return complex(value, x.imag * slope)


def absolute(x):
    return x if real(x) >= 0 else -x


def maximum(x, y):
    return x if real(x) >= real(y) else y


def minimum(x, y):
    return x if real(x) <= real(y) else y


def cube_root(x):
    x = complex(x)
    root = np.cbrt(x.real)
    return complex(root, x.imag / (3 * root * root))


def arctan2(y, x):
    y, x = complex(y), complex(x)
    square = x.real ** 2 + y.real ** 2
    return complex(math.atan2(y.real, x.real),
                   (x.real * y.imag - y.real * x.imag) / square)


def real_function(function, slope):
    """A function of real numbers, along a complex step."""
    def apply(x):
        x = complex(x)
        return complex(function(x.real), x.imag * slope(x.real))
    return apply


erf = real_function(math.erf,
                    lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x))
erfc = real_function(math.erfc,
                     lambda x: -2 / math.sqrt(math.pi) * math.exp(-x * x))
log_gamma = real_function(math.lgamma, special.digamma)
digamma = real_function(special.digamma, lambda x: special.polygamma(1, x))
half_log_two_pi = 0.5 * math.log(2 * math.pi)


def log_factorial(n):
    return math.lgamma(n + 1)


# Families: support of a value, kinds of the parameters, log-density.
CONTINUOUS = {
    "normal": ("real", ("real", "positive"), lambda x, m, s:
               -((x - m) / s) ** 2 / 2 - np.log(s) - half_log_two_pi),
    "half_normal": ("positive", ("positive",), lambda x, s:
                    -(x / s) ** 2 / 2 - np.log(s) - half_log_two_pi
                    + math.log(2)),
    "log_normal": ("positive", ("real", "positive"), lambda x, m, s:
                   -((np.log(x) - m) / s) ** 2 / 2 - np.log(s)
                   - half_log_two_pi - np.log(x)),
    "cauchy": ("real", ("real", "positive"), lambda x, m, s:
               -math.log(math.pi) - np.log(s) - np.log(1 + ((x - m) / s) ** 2)),
    "half_cauchy": ("positive", ("positive",), lambda x, s:
                    math.log(2 / math.pi) - np.log(s)
                    - np.log(1 + (x / s) ** 2)),
    "student_t": ("real", ("positive", "real", "positive"), lambda x, n, m, s:
                  log_gamma((n + 1) / 2) - log_gamma(n / 2)
                  - np.log(n * math.pi) / 2 - np.log(s)
                  - (n + 1) / 2 * np.log(1 + ((x - m) / s) ** 2 / n)),
    "exponential": ("positive", ("positive",), lambda x, r: np.log(r) - r * x),
    "gamma": ("positive", ("positive", "positive"), lambda x, a, r:
              a * np.log(r) - log_gamma(a) + (a - 1) * np.log(x) - r * x),
    "inverse_gamma": ("positive", ("positive", "positive"), lambda x, a, s:
                      a * np.log(s) - log_gamma(a) - (a + 1) * np.log(x)
                      - s / x),
    "beta": ("unit", ("positive", "positive"), lambda x, a, b:
             log_gamma(a + b) - log_gamma(a) - log_gamma(b)
             + (a - 1) * np.log(x) + (b - 1) * np.log(1 - x)),
    "uniform": ("interval", ("lower", "upper"), lambda x, a, b: -np.log(b - a)),
    "laplace": ("real", ("real", "positive"), lambda x, m, s:
                -absolute(x - m) / s - np.log(2 * s)),
    "logistic": ("real", ("real", "positive"), lambda x, m, s:
                 -(x - m) / s - np.log(s) - 2 * softplus(-(x - m) / s)),
}
DISCRETE = {
    "bernoulli": ("i1", ("unit",), lambda k, p:
                  np.log(p) if k else np.log(1 - p)),
    "bernoulli_logits": ("i1", ("real",), lambda k, l:
                         -softplus(-l) if k else -softplus(l)),
    "binomial": ("count", ("trials", "unit"), lambda k, n, p:
                 log_factorial(n) - log_factorial(k) - log_factorial(n - k)
                 + k * np.log(p) + (n - k) * np.log(1 - p)),
    "binomial_logits": ("count", ("trials", "real"), lambda k, n, l:
                        log_factorial(n) - log_factorial(k)
                        - log_factorial(n - k) + k * l - n * softplus(l)),
    "poisson": ("count", ("positive",), lambda k, r:
                k * np.log(r) - r - log_factorial(k)),
    "poisson_log": ("count", ("real",), lambda k, e:
                    k * e - np.exp(e) - log_factorial(k)),
    "negative_binomial": ("count", ("positive", "positive"), lambda k, m, c:
                          log_gamma(k + c) - log_gamma(c) - log_factorial(k)
                          + c * np.log(c / (c + m)) + k * np.log(m / (c + m))),
    "negative_binomial_log": ("count", ("real", "positive"), lambda k, e, c:
                              log_gamma(k + c) - log_gamma(c)
                              - log_factorial(k)
                              - c * softplus(e - np.log(c))
                              - k * softplus(np.log(c) - e)),
}
TRIALS = 9


class Interpreter:
    """Runs a program at unconstrained latents."""

    def __init__(self, latents=None):
        self.latents = latents
        self.order = []     # names of sites in the order of the model
        self.taken = {}     # name -> how many elements so far
        self.offsets = {}
        self.terms = []

    def add(self, term):
        self.terms.append(complex(term))

    def latent(self, name, support, bounds=None):
        """The next element of a site; its Jacobian is added."""
        if name not in self.taken:
            self.taken[name] = 0
        index = self.taken[name]
        self.taken[name] += 1
        if self.latents is None:
            return 0.3 + 0j
        u = self.latents[self.offsets[name] + index]
        if support == "real":
            return u
        if support == "positive":
            self.add(u)
            return np.exp(u)
        self.add(-softplus(-u) - softplus(u))
        if support == "interval":
            lower, upper = bounds
            self.add(np.log(upper - lower))
            return lower + (upper - lower) * sigmoid(u)
        return sigmoid(u)

    def parameter(self, name, support):
        """A parameter that is learned: no Jacobian, as it has no density."""
        before = len(self.terms)
        value = self.latent(name, support)
        del self.terms[before:]
        return value


class Model:
    """`text` is the MLIR, `data` the arguments by name, `dimension` the number
    of unconstrained latents and, after them, of the `learned` parameters."""

    def __init__(self, text, source, data, sites, parameters):
        self.text, self.source, self.data = text, source, data
        self.program = {}
        exec(compile(source, "<random model>", "exec"), globals(), self.program)
        counting = Interpreter()
        self.program["program"](counting, data)
        self.offsets, self.dimension = {}, 0
        for site in [*sites, *parameters]:
            self.offsets[site] = self.dimension
            self.dimension += counting.taken.get(site, 0)
        self.learned = len(parameters)

    def terms(self, latents):
        run = Interpreter(latents)
        run.offsets = self.offsets
        self.program["program"](run, self.data)
        return np.array(run.terms)

    def log_joint(self, latents):
        """The value, and the sum of the magnitudes of its terms."""
        terms = self.terms(np.asarray(latents, complex)).real
        return terms.sum(), np.abs(terms).sum()

    def gradient(self, latents):
        """The derivatives, and for each the sum of the terms' magnitudes."""
        value, magnitude = np.zeros((2, self.dimension))
        for i in range(self.dimension):
            moved = np.asarray(latents, complex)
            moved[i] += STEP * 1j
            slopes = self.terms(moved).imag / STEP
            value[i], magnitude[i] = slopes.sum(), np.abs(slopes).sum()
        return value, magnitude


class Writer:
    """Writes one model. Every value has a kind (real, positive, unit) and a
    bound of its magnitude, which keep it inside the domain of what is done
    with it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.RandomState(seed)
        self.count = 0
        self.mlir, self.python = [], []
        self.indent = 1
        self.values = []        # (name, kind, bound)
        self.dependent = set()  # names of what depends on latents
        self.vectors = []       # (name, length name), real, of magnitude 3
        self.arguments = {}     # name -> type with attributes
        self.data = {}
        self.sites = []
        self.parameters = []

    # -- output

    def fresh(self, prefix="v"):
        self.count += 1
        return f"{prefix}{self.count}"

    def line(self, mlir=None, python=None):
        if mlir is not None:
            self.mlir.append("  " * self.indent + mlir)
        if python is not None:
            self.python.append("  " * self.indent + python)

    def op(self, mlir, python, kind="real", bound=3.0):
        name = self.fresh()
        self.line(f"%{name} = {mlir}", f"{name} = {python}")
        self.bind(name, kind, bound, python)
        return name

    def bind(self, name, kind, bound, python=None):
        """Puts a value in scope. It depends on latents if what it is computed
        from does, or if that is not given."""
        self.values.append((name, kind, bound))
        if (python is None
                or self.dependent.intersection(re.findall(r"\w+", python))):
            self.dependent.add(name)

    # -- scalars

    def constant(self, kind="real"):
        value = self.random.uniform(*{"real": (-2, 2), "positive": (0.3, 3),
                                      "unit": (0.1, 0.9)}[kind])
        value = round(value, 3)
        return self.op(f"arith.constant {value!r} : f64", repr(value), kind,
                       abs(value))

    def pick(self, kinds=("real", "positive", "unit"), bound=1e9):
        """A value in scope; the later ones more often."""
        found = [v for v in self.values if v[1] in kinds and v[2] <= bound]
        if self.random.random() < 0.7:
            found = [v for v in found if v[0] in self.dependent] or found
        if not found or self.random.random() < 0.1:
            kind = self.random.choice(kinds)
            name = self.constant(kind)
            return next(v for v in self.values if v[0] == name)
        return self.random.choice(found[-12:] if self.random.random() < 0.6
                                  else found)

    def limited(self, limit):
        """A real value of magnitude up to `limit`."""
        name, kind, bound = self.pick()
        if bound <= limit:
            return name
        squashed = self.op(f"math.tanh %{name} : f64", f"np.tanh({name})",
                           "real", 1.0)
        if limit >= 1:
            return squashed
        half = self.fresh()
        self.line(f"%{half} = arith.constant {limit!r} : f64",
                  f"{half} = {limit!r}")
        return self.op(f"arith.mulf %{squashed}, %{half} : f64",
                       f"{squashed} * {half}", "real", limit)

    def real(self, depth):
        """A new real value."""
        r = self.random
        for _ in range(depth):
            self.step()
        return r.choice([self.limited(4.0), self.pick()[0]]) \
            if self.pick()[2] <= 8 else self.limited(4.0)

    def positive(self):
        """A value above 0.1 and below 25."""
        choice = self.random.randrange(5)
        if choice == 0:
            return self.constant("positive")
        if choice == 1:
            x = self.limited(2.0)
            return self.op(f"math.exp %{x} : f64", f"np.exp({x})", "positive",
                           7.5)
        if choice == 2:
            x = self.limited(4.0)
            y = self.op(f"special.softplus %{x} : f64", f"softplus({x})",
                        "real", 4.1)
        elif choice == 3:
            x = self.limited(4.0)
            y = self.op(f"arith.mulf %{x}, %{x} : f64", f"{x} * {x}", "real",
                        16)
        else:
            x = self.limited(4.0)
            y = self.op(f"math.absf %{x} : f64", f"absolute({x})", "real", 4)
        c = self.fresh()
        self.line(f"%{c} = arith.constant 0.4 : f64", f"{c} = 0.4")
        return self.op(f"arith.addf %{y}, %{c} : f64", f"{y} + {c}", "positive",
                       16.5)

    def unit(self):
        """A value between 0.015 and 0.985."""
        if self.random.random() < 0.2:
            return self.constant("unit")
        if self.random.random() < 0.7:
            x = self.limited(4.0)
            return self.op(f"special.sigmoid %{x} : f64", f"sigmoid({x})",
                           "unit", 1)
        x = self.limited(2.0)
        return self.op(f"special.normal_cdf %{x} : f64", f"normal_cdf({x})",
                       "unit", 1)

    def parameter(self, kind):
        if kind == "positive":
            return self.positive()
        if kind == "unit":
            return self.unit()
        if kind == "lower":
            return self.op("arith.constant -1.5 : f64", "-1.5", "real", 1.5)
        if kind == "upper":
            # The bounds are numbers, or one depends on what is in scope.
            return self.positive()
        return self.limited(3.0)

    def step(self):
        """One operation on values in scope."""
        r = self.random
        unary = {
            "math.tanh": ("np.tanh", 1), "math.sin": ("np.sin", 1),
            "math.cos": ("np.cos", 1), "math.atan": ("np.arctan", 1.6),
            "math.erf": ("erf", 1), "math.erfc": ("erfc", 2),
            "special.sigmoid": ("sigmoid", 1),
            "math.asinh": ("np.arcsinh", 12),
        }
        small = {   # on magnitudes up to 2
            "math.exp": ("np.exp", 7.4), "math.expm1": ("expm1", 6.4),
            "math.exp2": ("np.exp2", 4), "math.sinh": ("np.sinh", 3.7),
            "math.cosh": ("np.cosh", 3.8),
            "special.softplus": ("softplus", 2.2),
            "special.log_sigmoid": ("-softplus(-{0})", 2.2),
            "special.normal_log_cdf": ("normal_log_cdf", 3.9),
        }
        inside = {  # on magnitudes up to 0.9
            "math.asin": ("np.arcsin", 1.2), "math.acos": ("np.arccos", 2.8),
            "math.atanh": ("np.arctanh", 1.5), "math.tan": ("np.tan", 1.3),
        }
        above = {   # on positive values
            "math.log": ("np.log", 3.3), "math.log1p": ("log1p", 3.3),
            "math.log2": ("np.log2", 4.7), "math.log10": ("np.log10", 1.5),
            "math.sqrt": ("np.sqrt", 5), "math.rsqrt": ("1 / np.sqrt({0})", 4),
            "math.cbrt": ("cube_root", 3),
            "special.lgamma": ("log_gamma", 60),
            "special.digamma": ("digamma", 12),
        }

        def apply(table, x):
            mlir = r.choice(sorted(table))
            python, bound = table[mlir]
            python = python.format(x) if "{" in python else f"{python}({x})"
            return self.op(f"{mlir} %{x} : f64", python, "real", bound)

        choice = r.randrange(20)
        if choice == 0:
            return apply(unary, self.limited(4.0))
        if choice == 1:
            return apply(small, self.limited(2.0))
        if choice == 2:
            return apply(inside, self.limited(0.9))
        if choice == 3:
            return apply(above, self.positive())
        if choice < 10:
            (x, _, a), (y, _, b) = self.pick(bound=20), self.pick(bound=20)
            mlir, sign, bound = r.choice([
                ("addf", "+", a + b), ("subf", "-", a + b), ("mulf", "*", a * b)])
            return self.op(f"arith.{mlir} %{x}, %{y} : f64", f"{x} {sign} {y}",
                           "real", bound)
        if choice == 10:
            (x, _, a), y = self.pick(bound=20), self.positive()
            return self.op(f"arith.divf %{x}, %{y} : f64", f"{x} / {y}", "real",
                           8 * a)
        if choice == 11:
            x, _, a = self.pick()
            return self.op(f"arith.negf %{x} : f64", f"-{x}", "real", a)
        if choice == 12:
            (x, _, a), (y, _, b) = self.pick(), self.pick()
            mlir, python = r.choice([
                ("arith.maximumf", "maximum"), ("arith.minimumf", "minimum"),
                ("arith.maxnumf", "maximum"), ("arith.minnumf", "minimum")])
            return self.op(f"{mlir} %{x}, %{y} : f64", f"{python}({x}, {y})",
                           "real", max(a, b))
        if choice == 13:
            x, y, z = (self.limited(4.0) for _ in range(3))
            return self.op(f"math.fma %{x}, %{y}, %{z} : f64",
                           f"{x} * {y} + {z}", "real", 20)
        if choice == 14:
            x, y = self.positive(), self.limited(1.0)
            return self.op(f"math.powf %{x}, %{y} : f64", f"{x} ** {y}", "real",
                           17)
        if choice == 15:
            x = self.limited(2.0)
            n = r.randrange(0, 4)
            power = self.fresh("n")
            self.line(f"%{power} = arith.constant {n} : i32")
            return self.op(f"math.fpowi %{x}, %{power} : f64, i32",
                           f"{x} ** {n}", "real", 8)
        if choice == 16:
            (a, _, _), (b, _, _) = self.pick(), self.pick()
            (x, _, p), (y, _, q) = self.pick(), self.pick()
            test, sign = r.choice([("olt", "<"), ("ogt", ">"), ("ole", "<="),
                                   ("oge", ">=")])
            flag = self.fresh("c")
            self.line(f"%{flag} = arith.cmpf {test}, %{a}, %{b} : f64",
                      f"{flag} = real({a}) {sign} real({b})")
            return self.op(f"arith.select %{flag}, %{x}, %{y} : f64",
                           f"{x} if {flag} else {y}", "real", max(p, q))
        if choice == 17:
            return self.branch()
        if choice == 18:
            return self.loop()
        x, y = self.limited(4.0), self.positive()
        return self.op(f"math.atan2 %{x}, %{y} : f64", f"arctan2({x}, {y})",
                       "real", 1.6)

    def inside(self):
        """What is in scope, to be restored by `outside`."""
        self.indent += 1
        return list(self.values), list(self.vectors)

    def outside(self, scope):
        self.indent -= 1
        self.values, self.vectors = scope

    def branch(self):
        """scf.if with a value."""
        (a, _, _), (b, _, _) = self.pick(), self.pick()
        flag, result = self.fresh("c"), self.fresh()
        self.line(f"%{flag} = arith.cmpf olt, %{a}, %{b} : f64",
                  f"{flag} = real({a}) < real({b})")
        for mlir, python in ((f"%{result} = scf.if %{flag} -> f64 {{",
                              f"if {flag}:"), ("} else {", "else:")):
            self.line(mlir, python)
            scope = self.inside()
            x = self.real(self.random.randrange(2))
            self.line(f"scf.yield %{x} : f64", f"{result} = {x}")
            self.outside(scope)
        self.line("}")
        self.bind(result, "real", 8.0)
        return result

    def loop(self):
        """scf.for that carries a number."""
        start, state = self.limited(2.0), self.fresh("s")
        result, index = self.fresh(), self.fresh("i")
        trips = self.random.randrange(1, 5)
        zero, one, count = (self.fresh("k") for _ in range(3))
        for name, value in ((zero, 0), (one, 1), (count, trips)):
            self.line(f"%{name} = arith.constant {value} : index")
        self.line(f"%{result} = scf.for %{index} = %{zero} to %{count} step "
                  f"%{one} iter_args(%{state} = %{start}) -> (f64) {{",
                  f"{state} = {start}")
        self.line(None, f"for {index} in range({trips}):")
        scope = self.inside()
        self.bind(state, "real", 4.0)
        x = self.limited(1.0)
        y = self.op(f"arith.addf %{state}, %{x} : f64", f"{state} + {x}")
        z = self.op(f"math.sin %{y} : f64", f"np.sin({y})", "real", 1)
        self.line(f"scf.yield %{z} : f64", f"{state} = {z}")
        self.outside(scope)
        self.line("}", f"{result} = {state}")
        self.bind(result, "real", 4.0)
        return result

    # -- vectors

    def dot(self, x, y):
        """The dot product of two vectors of the same length."""
        zero = self.fresh("z")
        result = self.fresh()
        if self.random.random() < 0.5:
            first, full = self.fresh("e"), self.fresh("e")
            self.line(f"%{zero} = arith.constant 0.0 : f64")
            self.line(f"%{first} = tensor.empty() : tensor<f64>")
            self.line(f"%{full} = linalg.fill ins(%{zero} : f64) outs(%{first} "
                      ": tensor<f64>) -> tensor<f64>")
            total = self.fresh("e")
            self.line(f"%{total} = linalg.dot ins(%{x}, %{y} : tensor<?xf64>, "
                      f"tensor<?xf64>) outs(%{full} : tensor<f64>) -> "
                      "tensor<f64>")
            self.line(f"%{result} = tensor.extract %{total}[] : tensor<f64>",
                      f"{result} = sum(a * b for a, b in zip({x}, {y}))")
        else:
            product, first, full, total = (self.fresh("e") for _ in range(4))
            self.line(f"%{product} = arith.mulf %{x}, %{y} : tensor<?xf64>")
            self.line(f"%{zero} = arith.constant 0.0 : f64")
            self.line(f"%{first} = tensor.empty() : tensor<f64>")
            self.line(f"%{full} = linalg.fill ins(%{zero} : f64) outs(%{first} "
                      ": tensor<f64>) -> tensor<f64>")
            self.line(f"%{total} = linalg.reduce {{ arith.addf }} "
                      f"ins(%{product} : tensor<?xf64>) outs(%{full} : "
                      "tensor<f64>) dimensions = [0]")
            self.line(f"%{result} = tensor.extract %{total}[] : tensor<f64>",
                      f"{result} = sum(a * b for a, b in zip({x}, {y}))")
        self.bind(result, "real", 30.0)
        return result

    # -- sites

    def distribution(self, table, names=None):
        name = self.random.choice(names or sorted(table))
        support, kinds, _ = table[name]
        parameters, types = [], []
        for kind in kinds:
            if kind == "trials":
                trials = self.fresh("n")
                self.line(f"%{trials} = arith.constant {TRIALS} : i64",
                          f"{trials} = {TRIALS}")
                parameters.append(trials)
                types.append("i64")
            else:
                parameters.append(self.parameter(kind))
                types.append("f64")
        value = self.fresh("d")
        self.line(f"%{value} = vi.{name} "
                  + ", ".join("%" + p for p in parameters) + " : "
                  + ", ".join(types))
        table_name = "CONTINUOUS" if table is CONTINUOUS else "DISCRETE"
        density = f"{table_name}[{name!r}][2]"
        return value, support, density, parameters

    def sample(self, names=None):
        """A latent number."""
        d, support, density, parameters = self.distribution(CONTINUOUS, names)
        site, name = f"site{len(self.sites)}", self.fresh()
        self.sites.append(site)
        bounds = f", ({', '.join(parameters)})" if support == "interval" else ""
        self.line(f"%{name} = vi.sample \"{site}\" from %{d} : f64",
                  f"{name} = run.latent({site!r}, {support!r}{bounds})")
        self.line(None, f"run.add({density}({', '.join([name, *parameters])}))")
        # Most draws of the test are that small; others are as good a number.
        kind = "real" if support == "interval" else support
        self.bind(name, kind, 4.0 if kind == "real" else 10.0)
        return name

    def learn(self):
        """A parameter theta of the model."""
        name, site = self.fresh(), f"theta{len(self.parameters)}"
        support = self.random.choice(["real", "positive", "unit"])
        keyword = "unit_interval" if support == "unit" else support
        self.parameters.append(site)
        self.line(f"%{name} = vi.param \"{site}\" {keyword} : f64",
                  f"{name} = run.parameter({site!r}, {support!r})")
        self.bind(name, support, 4.0 if support == "real" else 10.0)

    def sample_vector(self, length):
        """A latent vector of the length that is called `length`."""
        names = [n for n in sorted(CONTINUOUS) if CONTINUOUS[n][0] == "real"]
        d, support, density, parameters = self.distribution(CONTINUOUS, names)
        site, name = f"site{len(self.sites)}", self.fresh()
        self.sites.append(site)
        self.line(f"%{name} = vi.sample \"{site}\" from %{d} [%{length}] : f64 "
                  "-> tensor<?xf64>",
                  f"{name} = [run.latent({site!r}, {support!r}) for _ in "
                  f"range({length})]")
        self.line(None, f"for e in {name}:")
        self.line(None, f"  run.add({density}({', '.join(['e', *parameters])}))")
        self.vectors.append((name, length))
        return name

    def draw(self, support, size):
        """Data in a support."""
        n = self.numbers
        if support == "real":
            return np.round(n.uniform(-2, 2, size), 3)
        if support == "positive":
            return np.round(n.uniform(0.2, 3, size), 3)
        if support == "unit":
            return np.round(n.uniform(0.1, 0.9, size), 3)
        if support == "i1":
            return n.randint(0, 2, size).astype(bool)
        return n.randint(0, TRIALS + 1, size)

    def observe(self, read, mask=None, names=None):
        """An observation. `read(support)` gives the name of the value."""
        table = (CONTINUOUS if names or self.random.random() < 0.6
                 else DISCRETE)
        names = names or [n for n in sorted(table) if n != "uniform"]
        d, support, density, parameters = self.distribution(table, names)
        value = read(support)
        kind = {"i1": "i1", "count": "i64"}.get(support, "f64")
        masked = f" if %{mask}" if mask else ""
        masked_type = ", i1" if mask else ""
        self.observations = getattr(self, "observations", 0) + 1
        self.line(f"vi.observe \"y{self.observations}\" from %{d}, %{value}"
                  f"{masked} : {kind}, {kind}{masked_type}")
        call = f"run.add({density}({', '.join([value, *parameters])}))"
        self.line(None, (f"if {mask}: " if mask else "") + call)

    def argument(self, prefix, type_, value):
        name = self.fresh(prefix)
        self.arguments[name] = type_
        self.data[name] = value
        return name

    # -- plates

    def data_plate(self):
        """Members with data, gathers, local latents and inner plates."""
        r = self.random
        size = r.choice([1, 2, 3, 5, 8, 17, 33])
        plate = self.fresh("plate")
        index, count = self.fresh("m"), f"size_{plate}"
        slices, python = [], []

        def column(prefix, element, values):
            """A column of data, one number for each member."""
            kind = {"f64": "f64", "i64": "i64", "i1": "i1", "f32": "f32"}[element]
            name = self.argument(prefix, f"tensor<?x{kind}>", values)
            member = self.fresh()
            slices.append(f"%{member} = %{name} : tensor<?x{kind}>")
            python.append(f"{member} = data[{name!r}][{index}].item()")
            return member

        covariates = [column("x", "f64", self.draw("real", size))
                      for _ in range(r.randrange(1, 3))]
        single = (column("w", "f32", np.float32(self.draw("real", size)))
                  if r.random() < 0.3 else None)
        mask = (column("seen", "i1", self.draw("i1", size))
                if r.random() < 0.3 else None)
        group = gathered = None
        if self.stacks and r.random() < 0.7:
            gathered, groups = r.choice(self.stacks)
            indices = self.numbers.randint(0, groups, size) + 1
            if r.random() < 0.5:
                indices = np.sort(indices)
            name = self.argument(
                "group", "tensor<?xi64> {vi.index = #vi.index<base = 1, size = "
                f"\"size_{gathered}\">}}", indices)
            member = self.fresh()
            slices.append(f"%{member} = %{name} : tensor<?xi64>")
            python.append(f"{member} = data[{name!r}][{index}].item() - 1")
            group = member
        row = None
        if self.vectors and r.random() < 0.6:
            vector, length = r.choice(self.vectors)
            width = self.lengths[length]
            name = self.argument("X", "tensor<?x?xf64>", np.round(
                self.numbers.uniform(-1, 1, (size, width)), 3))
            row = self.fresh()
            slices.append(f"%{row} = %{name} : tensor<?x?xf64>")
            python.append(f"{row} = data[{name!r}][{index}].tolist()")

        observed = []

        def read(support):
            kind = {"i1": "i1", "count": "i64"}.get(support, "f64")
            return column("y", kind, self.draw(support, size))

        # The body first: it says what columns it observes.
        outer = self.mlir, self.python
        self.mlir, self.python = [], []
        scope = self.inside()
        for member in covariates:
            self.bind(member, "real", 2.0, "")
        if single:
            wide = self.fresh()
            self.line(f"%{wide} = arith.extf %{single} : f32 to f64",
                      f"{wide} = {single}")
            self.bind(wide, "real", 2.0, "")
        if group:
            element = self.fresh()
            place = self.fresh("i")
            self.line(f"%{place} = arith.index_cast %{group} : i64 to index")
            self.line(f"%{element} = tensor.extract %{gathered}[%{place}] : "
                      "tensor<?xf64>", f"{element} = {gathered}[{group}]")
            self.bind(element, "real", 4.0)
        if row:
            self.dot(row, vector)
        local = None
        if r.random() < 0.4:
            local = self.sample()
        for _ in range(r.randrange(1, 5)):
            self.step()
        if r.random() < 0.25:
            self.inner_plate(plate)
        for _ in range(r.randrange(1, 3)):
            self.observe(read, mask)
        if r.random() < 0.3:
            x = self.limited(4.0)
            name = self.fresh("factor")
            self.line(f"vi.factor \"{name}\" %{x} : f64", f"run.add({x})")
        stack = None
        if local:
            self.line(f"vi.yield %{local} : f64")
            stack = local
        else:
            self.line("vi.yield")
        self.outside(scope)
        body = self.mlir, self.python
        self.mlir, self.python = outer

        first = next(iter(slices)).split(" = %")[1].split(" ")[0]
        type_ = self.arguments[first].split(" ")[0]
        zero = self.fresh("k")
        self.line(f"%{zero} = arith.constant 0 : index")
        self.line(f"%{count} = tensor.dim %{first}, %{zero} : {type_}")
        result = f"%{self.fresh('stack')} = " if stack else ""
        arrow = " -> tensor<?xf64>" if stack else ""
        self.line(f"{result}vi.plate \"{plate}\" %{index} in %{count} "
                  f"({', '.join(slices)}){arrow} {{",
                  f"for {index} in range({size}):")
        for member in python:
            self.line(None, "  " + member)
        self.mlir += body[0]
        self.python += body[1]
        self.line("}")

    def inner_plate(self, outer):
        """A plate in a plate, over an array that all outer members share."""
        r = self.random
        size = r.choice([1, 2, 5])
        plate, index = self.fresh("plate"), self.fresh("m")
        count = f"size_{plate}"
        name = self.argument("t", "tensor<?xf64>", self.draw("real", size))
        member, zero = self.fresh(), self.fresh("k")
        # The count is taken outside of all plates, in the model's first lines.
        self.head.append(f"  %{zero} = arith.constant 0 : index")
        self.head.append(f"  %{count} = tensor.dim %{name}, %{zero} : "
                         "tensor<?xf64>")
        self.line(f"vi.plate \"{plate}\" %{index} in %{count} (%{member} = "
                  f"%{name} : tensor<?xf64>) {{",
                  f"for {index} in range({size}):")
        scope = self.inside()
        self.line(None, f"{member} = data[{name!r}][{index}].item()")
        self.bind(member, "real", 2.0, "")
        if r.random() < 0.5:
            self.sample()
        for _ in range(r.randrange(0, 3)):
            self.step()

        def read(support):
            if support == "real":
                return member
            positive = self.fresh()
            if support == "positive":
                self.line(f"%{positive} = math.exp %{member} : f64",
                          f"{positive} = math.exp({member})")
            elif support == "unit":
                self.line(f"%{positive} = special.sigmoid %{member} : f64",
                          f"{positive} = special.expit({member})")
            elif support == "i1":
                limit = self.fresh()
                self.line(f"%{limit} = arith.constant 0.2 : f64")
                self.line(f"%{positive} = arith.cmpf ogt, %{member}, %{limit} : "
                          "f64", f"{positive} = {member} > 0.2")
            else:
                scale, number = self.fresh(), self.fresh()
                self.line(f"%{scale} = math.exp %{member} : f64",
                          f"{scale} = math.exp({member})")
                self.line(f"%{positive} = arith.fptosi %{scale} : f64 to i64",
                          f"{positive} = int({scale})")
            return positive

        self.observe(read)
        self.line("vi.yield")
        self.outside(scope)
        self.line("}")

    def ragged_plate(self):
        """Groups of sizes that the data give, members one after another."""
        r = self.random
        sizes = self.numbers.randint(0, 5, r.choice([1, 2, 5]))
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        total = max(1, int(sizes.sum()))
        outer, inner = self.fresh("plate"), self.fresh("plate")
        group, index = self.fresh("g"), self.fresh("m")
        n = self.argument("n", "tensor<?xi64>", sizes)
        start = self.argument("start", "tensor<?xi64>", starts)
        t = self.argument("t", "tensor<?xf64>", self.draw("real", total))
        zero, count, n_g, start_g = (self.fresh("k") for _ in range(4))
        size, first, place, member = (self.fresh("k") for _ in range(4))
        self.line(f"%{zero} = arith.constant 0 : index")
        self.line(f"%{count} = tensor.dim %{n}, %{zero} : tensor<?xi64>")
        self.line(f"vi.plate \"{outer}\" %{group} in %{count} (%{n_g} = %{n} : "
                  f"tensor<?xi64>, %{start_g} = %{start} : tensor<?xi64>) {{",
                  f"for {group} in range({len(sizes)}):")
        scope = self.inside()
        self.line(f"%{size} = arith.index_cast %{n_g} : i64 to index",
                  f"{size} = data[{n!r}][{group}].item()")
        self.line(f"%{first} = arith.index_cast %{start_g} : i64 to index",
                  f"{first} = data[{start!r}][{group}].item()")
        if r.random() < 0.6:
            self.sample()
        self.step()
        self.line(f"vi.plate \"{inner}\" %{index} in %{size} {{",
                  f"for {index} in range({size}):")
        inside = self.inside()
        self.line(f"%{place} = arith.addi %{first}, %{index} : index",
                  f"{place} = {first} + {index}")
        self.line(f"%{member} = tensor.extract %{t}[%{place}] : tensor<?xf64>",
                  f"{member} = data[{t!r}][{place}].item()")
        for _ in range(r.randrange(0, 3)):
            self.step()
        names = [n for n in sorted(CONTINUOUS) if CONTINUOUS[n][0] == "real"]
        self.observe(lambda support: member, names=names)
        self.line("vi.yield")
        self.outside(inside)
        self.line("}")
        self.line("vi.yield")
        self.outside(scope)
        self.line("}")

    def sequence(self):
        """A loop that carries a latent state, which is seen."""
        r = self.random
        names = [n for n in sorted(CONTINUOUS) if CONTINUOUS[n][0] == "real"]
        trips = r.choice([1, 2, 6])
        t = self.argument("t", "tensor<?xf64>", self.draw("real", trips))
        zero, one, count = (self.fresh("k") for _ in range(3))
        index, state, result, member = (self.fresh() for _ in range(4))
        start = self.limited(2.0)
        self.line(f"%{zero} = arith.constant 0 : index")
        self.line(f"%{one} = arith.constant 1 : index")
        self.line(f"%{count} = tensor.dim %{t}, %{zero} : tensor<?xf64>")
        self.line(f"%{result} = scf.for %{index} = %{zero} to %{count} step "
                  f"%{one} iter_args(%{state} = %{start}) -> (f64) {{",
                  f"{state} = {start}")
        self.line(None, f"for {index} in range({trips}):")
        scope = self.inside()
        self.bind(state, "real", 4.0)
        self.op(f"math.sin %{state} : f64", f"np.sin({state})", "real", 1)
        self.step()
        latent = self.sample(names) if r.random() < 0.7 else self.limited(2.0)
        self.line(f"%{member} = tensor.extract %{t}[%{index}] : tensor<?xf64>",
                  f"{member} = data[{t!r}][{index}].item()")
        self.step()
        self.observe(lambda support: member, names=names)
        self.line(f"scf.yield %{latent} : f64", f"{state} = {latent}")
        self.outside(scope)
        self.line("}", f"{result} = {state}")
        self.bind(result, "real", 4.0)

    def observe_whole(self):
        """A tensor of data under one distribution."""
        table = CONTINUOUS if self.random.random() < 0.6 else DISCRETE
        names = [n for n in sorted(table) if n != "uniform"]
        d, support, density, parameters = self.distribution(table, names)
        kind = {"i1": "i1", "count": "i64"}.get(support, "f64")
        shape = self.random.choice([(3,), (1,), (2, 3), (20,)])
        type_ = "tensor<" + "?x" * len(shape) + kind + ">"
        y = self.argument("y", type_, self.draw(support, shape))
        self.observations = getattr(self, "observations", 0) + 1
        self.line(f"vi.observe \"y{self.observations}\" from %{d}, %{y} : {kind}, "
                  f"{type_}", f"for e in data[{y!r}].ravel().tolist():")
        self.line(None, f"  run.add({density}({', '.join(['e', *parameters])}))")

    def linear_predictor(self):
        """A matrix of data times a latent vector, through a function of each
        element, as the means of observations."""
        r = self.random
        vector, length = r.choice(self.vectors)
        width, rows = self.lengths[length], r.choice([1, 3, 10])
        X = self.argument("X", "tensor<?x?xf64>", np.round(
            self.numbers.uniform(-1, 1, (rows, width)), 3))
        y = self.argument("y", "tensor<?xf64>", self.draw("real", rows))
        zero, number, empty, fill, product, curved, plate, index, mean, seen = (
            self.fresh("e") for _ in range(10))
        function, python = r.choice([("math.tanh", "np.tanh"),
                                     ("math.sin", "np.sin"),
                                     ("special.softplus", "softplus")])
        scale = self.positive()
        name = f"size_{plate}"
        self.line(f"%{zero} = arith.constant 0 : index")
        self.line(f"%{number} = arith.constant 0.0 : f64")
        self.line(f"%{name} = tensor.dim %{X}, %{zero} : tensor<?x?xf64>")
        self.line(f"%{empty} = tensor.empty(%{name}) : tensor<?xf64>")
        self.line(f"%{fill} = linalg.fill ins(%{number} : f64) outs(%{empty} : "
                  "tensor<?xf64>) -> tensor<?xf64>")
        self.line(f"%{product} = linalg.matvec ins(%{X}, %{vector} : "
                  f"tensor<?x?xf64>, tensor<?xf64>) outs(%{fill} : tensor<?xf64>)"
                  " -> tensor<?xf64>",
                  f"{product} = [sum(a * b for a, b in zip(x, {vector})) for x in "
                  f"data[{X!r}].tolist()]")
        self.line(f"%{curved} = {function} %{product} : tensor<?xf64>",
                  f"{curved} = [{python}(e) for e in {product}]")
        self.line(f"vi.plate \"{plate}\" %{index} in %{name} (%{mean} = "
                  f"%{curved} : tensor<?xf64>, %{seen} = %{y} : tensor<?xf64>) {{",
                  f"for {index} in range({rows}):")
        self.line(None, f"  {mean} = {curved}[{index}]")
        d = self.fresh("d")
        self.line(f"  %{d} = vi.normal %{mean}, %{scale} : f64, f64")
        self.observations = getattr(self, "observations", 0) + 1
        self.line(f"  vi.observe \"y{self.observations}\" from %{d}, %{seen} : "
                  "f64, f64", f"  run.add(CONTINUOUS['normal'][2](data[{y!r}]"
                  f"[{index}].item(), {mean}, {scale}))")
        self.line("  vi.yield")
        self.line("}")

    def group_plate(self):
        """A stack of latents to gather from."""
        r = self.random
        groups = r.choice([1, 3, 4, 9])
        plate, index, name = self.fresh("plate"), self.fresh("g"), self.fresh()
        size = f"size_{name}"
        self.arguments[size] = "index"
        self.data[size] = groups
        self.line(f"%{name} = vi.plate \"{plate}\" %{index} in %{size} -> "
                  "tensor<?xf64> {", f"{name} = []")
        self.line(None, f"for {index} in range({groups}):")
        scope = self.inside()
        if r.random() < 0.3:
            self.step()
        names = [n for n in sorted(CONTINUOUS) if CONTINUOUS[n][0] == "real"]
        member = self.sample(names)
        self.line(f"vi.yield %{member} : f64", f"{name}.append({member})")
        self.outside(scope)
        self.line("}")
        self.stacks.append((name, groups))

    def write(self):
        r = self.random
        self.stacks, self.lengths, self.head = [], {}, []
        for _ in range(r.randrange(1, 4)):
            self.sample()
            if r.random() < 0.5:
                self.step()
        if r.random() < 0.6:
            length = self.fresh("D")
            self.arguments[length] = "index"
            self.data[length] = self.lengths[length] = r.choice([1, 2, 4, 7])
            self.line(None, f"{length} = data[{length!r}]")
            self.sample_vector(length)
        while r.random() < 0.5 and len(self.stacks) < 2:
            self.group_plate()
        if r.random() < 0.3:
            self.learn()
        parts = [self.data_plate, self.data_plate, self.data_plate,
                 self.ragged_plate, self.sequence, self.observe_whole]
        if self.vectors:
            parts.append(self.linear_predictor)
        for _ in range(r.choice([1, 1, 2, 3])):
            r.choice(parts)()
        if len(self.vectors) and r.random() < 0.3:
            vector, _ = self.vectors[0]
            square = self.dot(vector, vector)
            x = self.op(f"math.tanh %{square} : f64", f"np.tanh({square})")
            self.line(f"vi.factor \"square\" %{x} : f64", f"run.add({x})")
        arguments = ", ".join(f"%{name}: {type_}"
                              for name, type_ in self.arguments.items())
        text = "\n".join([f"vi.model @random({arguments}) {{", *self.head,
                          *self.mlir, "}", ""])
        source = "\n".join(["def program(run, data):", *self.python, ""])
        return Model(text, source, self.data, self.sites, self.parameters)


def make(seed):
    """The random model of a seed."""
    return Writer(seed).write()


if __name__ == "__main__":
    import sys
    model = make(int(sys.argv[1]))
    print(model.text)
    print(model.source)
    print({name: np.asarray(v).tolist() for name, v in model.data.items()})
