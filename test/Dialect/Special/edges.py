# The values of special functions at the edges of their domains and outside, as
# their descriptions state them: folded, and computed by what vi-lower-special
# emits, in f64 and f32.
#
# RUN: %python %s

import math
import subprocess

from native import function, load

INF = math.inf
NAN = math.nan

TABLE = {
    "lgamma": [(0.0, INF), (-0.0, INF), (-1.0, INF), (-7.0, INF), (INF, INF),
               (-INF, INF), (1.0, 0.0), (2.0, 0.0), (NAN, NAN)],
    "digamma": [(0.0, -INF), (-0.0, INF), (-1.0, NAN), (-1e10, NAN),
                (INF, INF), (-INF, NAN), (NAN, NAN)],
    "trigamma": [(0.0, INF), (-0.0, INF), (-1.0, INF), (INF, 0.0), (-INF, NAN),
                 (NAN, NAN)],
    "sigmoid": [(-INF, 0.0), (INF, 1.0), (0.0, 0.5), (-1e4, 0.0), (1e4, 1.0),
                (NAN, NAN)],
    "softplus": [(-INF, 0.0), (INF, INF), (1e4, 1e4), (-1e4, 0.0), (NAN, NAN)],
    "log_sigmoid": [(-INF, -INF), (INF, 0.0), (-1e4, -1e4), (1e4, 0.0),
                    (NAN, NAN)],
    "log1p_square": [(0.0, 0.0), (-INF, INF), (INF, INF), (1e-300, 0.0),
                     (NAN, NAN)],
    "log1mexp": [(0.0, -INF), (-0.0, -INF), (INF, 0.0), (-1.0, NAN),
                 (-1e-30, NAN), (-INF, NAN), (NAN, NAN)],
    "normal_cdf": [(-INF, 0.0), (INF, 1.0), (0.0, 0.5), (-1e6, 0.0),
                   (1e6, 1.0), (1e37, 1.0), (-1e37, 0.0), (NAN, NAN)],
    "normal_log_cdf": [(-INF, -INF), (INF, 0.0), (1e37, 0.0), (-1e19, -5e37),
                       (NAN, NAN)],
    "normal_quantile": [(0.0, -INF), (1.0, INF), (0.5, 0.0), (-0.0, -INF),
                        (-1e-10, NAN), (1.5, NAN), (INF, NAN), (-INF, NAN),
                        (NAN, NAN)],
    "log_beta": [(0.0, 1.0, INF), (1.0, 0.0, INF), (0.0, 0.0, INF),
                 (0.0, 20.0, INF), (INF, 1.0, -INF), (2.0, INF, -INF),
                 (INF, INF, -INF), (0.0, INF, NAN), (INF, 0.0, NAN),
                 (-1.0, 2.0, NAN), (2.0, -1.0, NAN), (-1.0, 20.0, NAN),
                 (-1.0, INF, NAN), (1.0, 1.0, 0.0), (NAN, 1.0, NAN),
                 (1.0, NAN, NAN)],
    "regularized_gamma_p": [(1.0, 0.0, 0.0), (2.0, INF, 1.0), (0.0, 1.0, 1.0),
                            (0.0, 0.0, NAN), (0.0, INF, 1.0), (INF, 1.0, 0.0),
                            (INF, INF, NAN), (-1.0, 1.0, NAN),
                            (1.0, -1.0, NAN), (NAN, 1.0, NAN), (1.0, NAN, NAN),
                            (1.0, 1000.0, 1.0)],
    "regularized_gamma_q": [(1.0, 0.0, 1.0), (2.0, INF, 0.0), (0.0, 1.0, 0.0),
                            (0.0, 0.0, NAN), (0.0, INF, 0.0), (INF, 1.0, 1.0),
                            (INF, INF, NAN), (-1.0, 1.0, NAN),
                            (1.0, -1.0, NAN), (NAN, 1.0, NAN), (1.0, NAN, NAN),
                            (1.0, 1000.0, 0.0)],
    "regularized_beta": [(2.0, 3.0, 0.0, 0.0), (2.0, 3.0, 1.0, 1.0),
                         (2.0, 3.0, -0.1, NAN), (2.0, 3.0, 1.1, NAN),
                         (0.0, 1.0, 0.5, NAN), (1.0, 0.0, 0.5, NAN),
                         (-1.0, 1.0, 0.5, NAN), (INF, 1.0, 0.5, NAN),
                         (NAN, 1.0, 0.5, NAN), (1.0, NAN, 0.5, NAN),
                         (1.0, 1.0, NAN, NAN)],
    "gamma_draw_derivative": [(1.0, 0.0, 0.0), (0.0, 1.0, NAN),
                              (-1.0, 1.0, NAN), (1.0, -1.0, NAN),
                              (1.0, INF, NAN), (INF, 1.0, NAN),
                              (NAN, 1.0, NAN), (1.0, NAN, NAN)],
}


def constant(number):
    if math.isnan(number):
        return "0x7FF8000000000000"
    if math.isinf(number):
        return "0x7FF0000000000000" if number > 0 else "0xFFF0000000000000"
    return repr(float(number)) if "e" not in repr(float(number)) else (
        "%.17e" % number)


computed = ""
folded = ""
for name, rows in TABLE.items():
    arity = len(rows[0]) - 1
    for type in ("f64", "f32"):
        arguments = ", ".join(f"%{i}: {type}" for i in range(arity))
        operands = ", ".join(f"%{i}" for i in range(arity))
        computed += f"""
func.func @test_{name}_{type}({arguments}) -> {type} {{
  %r = special.{name} {operands} : {type}
  return %r : {type}
}}
"""
    for i, row in enumerate(rows):
        constants = "".join(f"  %{j} = arith.constant {constant(number)} : f64\n"
                            for j, number in enumerate(row[:-1]))
        operands = ", ".join(f"%{j}" for j in range(arity))
        folded += f"""
func.func @folded_{name}_{i}() -> f64 {{
{constants}  %r = special.{name} {operands} : f64
  return %r : f64
}}
"""

canonical = subprocess.run(["vi-opt", "--canonicalize"], input=folded,
                           stdout=subprocess.PIPE, text=True, check=True).stdout
assert "special." not in canonical, "an op on constants was not folded"

computed_library = load(computed)
folded_library = load(canonical, passes=())


def same(value, expected):
    if math.isnan(expected):
        return math.isnan(value)
    return value == expected or math.isclose(value, expected, rel_tol=1e-6)


failures = 0
for name, rows in TABLE.items():
    arity = len(rows[0]) - 1
    for i, row in enumerate(rows):
        operands, expected = row[:-1], row[-1]
        results = {
            type: function(computed_library, f"test_{name}_{type}",
                           [type] * arity, type)(*operands)
            for type in ("f64", "f32")
        }
        results["folded"] = function(folded_library, f"folded_{name}_{i}", [],
                                     "f64")()
        for how, value in results.items():
            if not same(value, expected):
                failures += 1
                print(f"{name}{operands} ({how}): {value}, expected {expected}")
assert failures == 0, f"{failures} values differ"
