# Every scalar rule against Richardson-extrapolated central differences of the
# compiled function itself, at several points, far tails included. The rules
# serve both modes: a derivative along a direction is the gradient's product
# with it, up to the rounding of terms that cancel (of f32 in one case).
#
# REQUIRES: numpy
# RUN: %python %s vi-opt %clang
import sys

import numpy as np
from gradients import compile_module, derivative

POSITIVE = [1e-3, 0.3, 1.0, 2.7, 40.0]
REAL = [-30.0, -2.2, -0.4, 0.3, 1.9, 25.0]
SMALL = [-2.2, -0.7, 0.1, 0.9, 2.4]
UNIT = [-0.95, -0.3, 0.2, 0.8]
PROBABILITY = [1e-6, 0.02, 0.4, 0.9]

# Operation, the values of each operand.
UNARY = {
    "arith.negf": REAL, "math.absf": REAL, "math.acos": UNIT,
    "math.acosh": [1.2, 3.0, 50.0], "math.asin": UNIT, "math.asinh": REAL,
    "math.atan": REAL, "math.atanh": UNIT, "math.cbrt": POSITIVE + [-2.0],
    "math.ceil": [0.3, 1.7], "math.cos": REAL, "math.cosh": SMALL + [20.0],
    "math.erf": SMALL, "math.erfc": SMALL + [6.0], "math.exp": REAL,
    "math.exp2": REAL, "math.expm1": REAL, "math.floor": [0.3, 1.7],
    "math.log": POSITIVE, "math.log10": POSITIVE,
    "math.log1p": POSITIVE + [-0.9], "math.log2": POSITIVE,
    "math.round": [0.3, 1.7], "math.roundeven": [0.3, 1.7],
    "math.rsqrt": POSITIVE, "math.sin": REAL, "math.sinh": SMALL + [20.0],
    "math.sqrt": POSITIVE, "math.tan": [-1.2, 0.4, 1.4], "math.tanh": SMALL,
    "math.trunc": [0.3, 1.7],
    "special.lgamma": POSITIVE, "special.digamma": POSITIVE,
    "special.trigamma": POSITIVE + [-0.3, -1.4],
    "special.sigmoid": REAL, "special.softplus": REAL,
    "special.log_sigmoid": REAL, "special.log1p_square": REAL, "special.log1mexp": POSITIVE,
    "special.normal_cdf": [-12.0, -2.0, 0.3, 2.0],
    "special.normal_log_cdf": [-100.0, -12.0, -2.0, 0.3, 5.0],
    "special.normal_quantile": PROBABILITY,
}
BINARY = {
    "arith.addf": (REAL, REAL), "arith.subf": (REAL, REAL),
    "arith.mulf": (REAL, REAL), "arith.divf": (REAL, REAL),
    "arith.maximumf": (SMALL, [-1.0, 0.5, 3.0]),
    "arith.minimumf": (SMALL, [-1.0, 0.5, 3.0]),
    "arith.maxnumf": (SMALL, [-1.0, 0.5, 3.0]),
    "arith.minnumf": (SMALL, [-1.0, 0.5, 3.0]),
    "arith.remf": ([-7.3, 2.2, 9.1], [1.7, 3.1]),
    "math.atan2": (SMALL, SMALL),
    "math.copysign": ([-2.0, 1.5], [-3.0, 0.7]),
    "math.powf": (POSITIVE, [-2.0, -0.3, 0.5, 3.0]),
    "special.log_beta": (POSITIVE, POSITIVE),
    "special.regularized_gamma_p": ([0.3, 1.0, 2.5, 20.0], [0.2, 1.1, 5.0]),
    "special.regularized_gamma_q": ([0.3, 1.0, 2.5, 20.0], [0.2, 1.1, 5.0]),
}
TERNARY = {
    "math.fma": (SMALL, SMALL, SMALL),
}
# Bodies: name, values of each argument, lines that end in %r.
BODIES = {
    "select": ((SMALL, [-1.0, 0.5, 3.0]), """
        %c = arith.cmpf olt, %a0, %a1 : f64
        %s = arith.mulf %a0, %a1 : f64
        %r = arith.select %c, %s, %a0 : f64"""),
    "fpowi": ((SMALL,), """
        %n = arith.constant 3 : i32
        %r = math.fpowi %a0, %n : f64, i32"""),
    "fpowi_negative": ((SMALL,), """
        %n = arith.constant -2 : i64
        %r = math.fpowi %a0, %n : f64, i64"""),
    "fpowi_zero": ((SMALL,), """
        %n = arith.constant 0 : i64
        %p = math.fpowi %a0, %n : f64, i64
        %r = arith.mulf %p, %a0 : f64"""),
    # The exponent is read from a number: it has no derivative.
    "fpowi_computed": (([1.3, 2.4], [3.2, 4.6]), """
        %n = arith.fptosi %a1 : f64 to i64
        %r = math.fpowi %a0, %n : f64, i64"""),
    "clampf": (([-2.2, 0.3, 5.0], [-1.0, 0.0], [0.5, 3.0]), """
        %r = math.clampf %a0 to [%a1, %a2] : f64"""),
    "select_by_classes": ((SMALL, SMALL), """
        %d = arith.divf %a0, %a1 : f64
        %i = math.isinf %d : f64
        %n = math.isnormal %d : f64
        %f = math.isfinite %a1 : f64
        %u = math.isnan %a1 : f64
        %x = arith.select %i, %a0, %d : f64
        %y = arith.select %n, %x, %a1 : f64
        %z = arith.select %f, %y, %a1 : f64
        %r = arith.select %u, %a1, %z : f64"""),
    # Integers carry no derivative; what is multiplied with them does.
    "integers": (([1.3, 2.4], [3.2, 4.6]), """
        %i = arith.fptosi %a0 : f64 to i64
        %j = arith.fptoui %a1 : f64 to i64
        %k = math.ipowi %j, %i : i64
        %l = arith.floordivsi %k, %j : i64
        %m = arith.index_cast %l : i64 to index
        %n = arith.index_castui %m : index to i64
        %o = arith.sitofp %n : i64 to f64
        %p = arith.uitofp %j : i64 to f64
        %q = arith.mulf %o, %a0 : f64
        %s = arith.mulf %p, %a1 : f64
        %c = arith.cmpi slt, %l, %j : i64
        %t = arith.select %c, %q, %s : f64
        %r = arith.addf %t, %q : f64"""),
    "precision": (([0.25, 0.5, 2.0],), """
        %h = arith.truncf %a0 : f64 to f32
        %s = arith.mulf %h, %h : f32
        %e = arith.extf %s : f32 to f64
        %r = arith.addf %e, %a0 : f64"""),
    "sincos": ((REAL,), """
        %s, %c = math.sincos %a0 : f64
        %p = arith.mulf %s, %s : f64
        %r = arith.addf %p, %c : f64"""),
    "square": ((SMALL,), """
        %two = arith.constant 2.0 : f64
        %r = math.powf %a0, %two : f64"""),
    "regularized_beta": (([0.02, 0.3, 0.8],), """
        %a = arith.constant 2.5 : f64
        %b = arith.constant 0.7 : f64
        %r = special.regularized_beta %a, %b, %a0 : f64"""),
    **{f"gaussian_softplus_{k}": ((SMALL, [0.01, 0.6, 4.0, 90.0]), f"""
        %r = special.gaussian_softplus %a0, %a1 {{derivative = {k} : i64}} : f64""")
       for k in range(5)},
    "chain": ((SMALL, POSITIVE), """
        %e = math.exp %a0 : f64
        %l = math.log %a1 : f64
        %m = arith.mulf %e, %l : f64
        %d = arith.divf %m, %a1 : f64
        %s = arith.addf %d, %e : f64
        %r = math.tanh %s : f64"""),
}


def module():
    functions, cases = [], []

    def add(name, body, points):
        arity = len(points)
        arguments = ", ".join(f"%a{i}: f64" for i in range(arity))
        functions.append(f"""
    func.func @{name}({arguments}) -> f64
        attributes {{vi.differentiate = "{name}_gradient",
                    vi.jacobian_vector_product = "{name}_tangent", vi.export}} {{{body}
        return %r : f64
    }}""")
        cases.append((name, points))

    for table, arity in ((UNARY, 1), (BINARY, 2), (TERNARY, 3)):
        for op, points in table.items():
            operands = ", ".join(f"%a{i}" for i in range(arity))
            add(op.replace(".", "_"), f"\n        %r = {op} {operands} : f64",
                (points,) if arity == 1 else points)
    for name, (points, body) in BODIES.items():
        add(name, body, points)
    return "\n".join(functions), cases


def main():
    vi_opt, clang = sys.argv[1:3]
    text, cases = module()
    library = compile_module(vi_opt, clang, text)
    failures = 0
    for name, points in cases:
        worst = 0.0
        for point in np.stack(np.meshgrid(*points, indexing="ij"),
                              -1).reshape(-1, len(points)):
            value = library.call(name, *point)
            gradient = library.call(name + "_gradient", *point,
                                    results=[()] * len(point))
            if gradient[0] != value:
                print(f"{name}{tuple(point)}: value {gradient[0]} != {value}")
                failures += 1
            for direction in (*np.eye(len(point)), np.linspace(0.7, -1.3,
                                                               len(point))):
                tangent = library.call(name + "_tangent", *point, *direction)
                terms = direction * np.array(gradient[1:], float)
                bound = 1e-7 if name == "precision" else 1e-12
                if not (abs(tangent - terms.sum())
                        <= bound * np.abs(terms).sum()):
                    print(f"{name}{tuple(point)} along {direction}: {tangent}, "
                          f"expected {terms.sum()}")
                    failures += 1
            for i, g in enumerate(gradient[1:]):
                def along(x):
                    moved = list(point)
                    moved[i] = x
                    return library.call(name, *moved)
                expected, error = derivative(along, point[i])
                tolerance = 1e-6 * abs(expected) + 2 * error
                if not abs(g - expected) <= tolerance:
                    print(f"{name}{tuple(point)} in operand {i}: {g}, expected "
                          f"{expected} +- {error}")
                    failures += 1
                elif error <= 1e-6 * abs(expected):
                    worst = max(worst, abs(g / expected - 1))
        print(f"{name}: {worst:.1e}")
    sys.exit(failures > 0)


main()
