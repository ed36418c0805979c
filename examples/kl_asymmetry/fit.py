"""Fits a normal to a bimodal mixture by either divergence.

    vi-opt measures.mlir --emit=shared -o measures.so
    python3 fit.py measures.so [--plot kl_asymmetry.svg]
"""
import argparse
import ctypes
import math

from scipy import optimize

DRAWS, SEED = 20000, 1


def objective(library, name):
    """The divergence and its gradient in (m, omega), as SciPy calls it."""
    gradient = getattr(library, name + "_gradient")
    gradient.restype = ctypes.c_double

    def function(parameters):
        m, omega = ctypes.c_double(), ctypes.c_double()
        value = gradient(*map(ctypes.c_double, parameters),
                         ctypes.c_int64(DRAWS), ctypes.c_int64(SEED),
                         ctypes.byref(m), ctypes.byref(omega))
        return value, [m.value, omega.value]

    return function


def fit(library, name, start):
    """Mean, standard deviation and divergence at the optimum from `start`."""
    result = optimize.minimize(objective(library, name), start, jac=True,
                               method="BFGS", options={"gtol": 1e-8})
    return result.x[0], math.exp(result.x[1]), result.fun


FITS = [("KL(q || p)", "kl_q_p", "from the left", (-4.0, 0.0)),
        ("KL(q || p)", "kl_q_p", "from the right", (4.0, 0.0)),
        ("KL(p || q)", "kl_p_q", "from the left", (-4.0, 0.0)),
        ("KL(p || q)", "kl_p_q", "from the right", (4.0, 0.0))]


def plot(answers, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "kl_asymmetry"
    from matplotlib import pyplot

    def normal(x, m, s):
        return math.exp(-((x - m) / s)**2 / 2) / (s * math.sqrt(2 * math.pi))

    grid = [-7 + 0.02 * i for i in range(751)]
    figure, axes = pyplot.subplots(figsize=(7, 3.2), layout="constrained")
    axes.fill_between(grid, [0.6 * normal(x, -3, 0.7) + 0.4 * normal(x, 3, 1)
                             for x in grid], color="0.85", label="p")
    styles = [("C0", "-", "KL(q || p), from the left"),
              ("C0", "--", "KL(q || p), from the right"),
              ("C3", "-", "KL(p || q), from either side")]
    for (m, s, _), (color, line, label) in zip(answers, styles):
        axes.plot(grid, [normal(x, m, s) for x in grid], color=color,
                  linestyle=line, label=label)
    axes.set_xlim(grid[0], grid[-1])
    axes.set_ylim(0, None)
    axes.set_xlabel("z")
    axes.set_ylabel("density")
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("--plot", metavar="FILE")
    arguments = parser.parse_args()
    library = ctypes.CDLL(arguments.library)
    answers = []
    print("minimized    start            mean     sd   divergence")
    for title, name, where, start in FITS:
        m, s, value = fit(library, name, start)
        answers.append((m, s, value))
        print(f"{title}   {where:14} {m:6.2f} {s:6.2f} {value:8.2f} nat")
    if arguments.plot:
        plot(answers, arguments.plot)


if __name__ == "__main__":
    main()
