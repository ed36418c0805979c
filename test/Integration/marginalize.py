# Discrete latents that are summed out of the model: the compiled log-density
# against sums over all combinations of their values in NumPy, hidden Markov
# models also against the forward algorithm; the gradient of the ELBO against
# central differences; the reported probabilities against Bayes' rule.
#
# REQUIRES: numpy, scipy
# RUN: rm -rf %t && mkdir -p %t && %python %s %t

import itertools
import pathlib
import re
import subprocess
import sys

import numpy as np
import scipy.stats as stats
from scipy.special import logsumexp

import exported

output = pathlib.Path(sys.argv[1])
random = np.random.default_rng(7)
normal = stats.norm.logpdf
CHECKED = []


def close(got, expected, what, tolerance=1e-12):
    got, expected = np.asarray(got), np.asarray(expected)
    scale = np.max(np.abs(expected)) + 1
    assert got.shape == expected.shape, (what, got.shape, expected.shape)
    assert np.max(np.abs(got - expected)) <= tolerance * scale, (
        what, got, expected)
    CHECKED.append(what)


def check(name, text, data, latents, log_joint, sites=()):
    """The log-density at `latents`, and the gradient of the ELBO of a mean-field
    guide around them."""
    path = output / f"{name}.mlir"
    path.write_text(text)
    library = exported.Library(path, output / name)
    latents = np.asarray(latents, float)
    phi = np.concatenate([latents, np.full(latents.size, np.log(0.3))])
    # Latents, then scales, site by site.
    if sites:
        parts, at = [], 0
        for size in sites:
            parts += [latents[at:at + size], np.full(size, np.log(0.3))]
            at += size
        phi = np.concatenate(parts)
    values = {**data, **library.prepare(data), "parameters": phi}
    close(library.call(f"{name}_log_joint", {**values, "latents": latents}),
          log_joint, f"{name}: log joint", 1e-11)
    function = f"{name}_elbo_gradient"
    for argument in library.names(function):
        if argument.endswith("_begin"):
            values[argument] = 0
        elif argument.endswith("_end"):
            values[argument] = max(len(v) for v in data.values() if np.ndim(v))
        elif argument.endswith("_scale"):
            values[argument] = 1
    values["noise"] = random.normal(size=(2, latents.size))

    def elbo(p):
        return library.call(f"{name}_elbo", {**values, "parameters": p})

    value, gradient = library.call(function, values, {"gradient": phi.shape})
    close(value, elbo(phi), f"{name}: value")
    step, expected = 1e-3, []
    for i in range(phi.size):
        e = np.zeros_like(phi)
        e[i] = step
        expected.append(np.dot([45, -9, 1], [
            elbo(phi + k * e) - elbo(phi - k * e) for k in (1, 2, 3)]) /
            (60 * step))
    close(gradient, expected, f"{name}: gradient", 1e-8)
    return library, values


HEAD = """
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %i0 = arith.constant 0 : i64
  %zero = arith.constant 0.0 : f64
  %half = arith.constant 0.5 : f64
  %one = arith.constant 1.0 : f64
  %unit = vi.normal %zero, %one : f64, f64
"""

# 1. Mixtures: few components written out, more in a plate, a number of the data.
MIXTURE = """
vi.model @%(name)s(%%p: tensor<%(K)sxf64>, %%y: tensor<?xf64>) {
%(head)s
  %%K = tensor.dim %%p, %%c0 : tensor<%(K)sxf64>
  %%N = tensor.dim %%y, %%c0 : tensor<?xf64>
  %%mu = vi.sample "mu" from %%unit %(sizes)s : f64 -> tensor<%(K)sxf64>
  %%weights = vi.categorical %%p : tensor<%(K)sxf64>
  vi.plate "n" %%n in %%N (%%y_n = %%y : tensor<?xf64>) {
    %%z = vi.sample "z" from %%weights : i64
    %%k = arith.index_cast %%z : i64 to index
    %%loc = tensor.extract %%mu[%%k] : tensor<%(K)sxf64>
    %%component = vi.normal %%loc, %%half : f64, f64
    vi.observe "y" from %%component, %%y_n : f64, f64
    vi.yield
  }
}
"""
for name, K, static in (("two", 2, True), ("seven", 7, True),
                        ("some", 3, False)):
    p, mu = random.dirichlet(np.ones(K)), random.normal(size=K)
    y = random.normal(size=9)
    joint = np.log(p) + normal(y[:, None], mu, 0.5)
    text = MIXTURE % {"name": name, "head": HEAD, "K": K if static else "?",
                      "sizes": "" if static else "[%K]"}
    library, values = check(name, text, {"p": p, "y": y}, mu,
                            normal(mu).sum() + logsumexp(joint, 1).sum())
    close(library.call(f"{name}_log_lik", {**values, "latents": mu},
                       {"y_out": (9,)}), logsumexp(joint, 1), f"{name}: log lik")

# 2. A site over a tensor, and observations that gather from it.
check("whole", """
vi.model @whole(%y: tensor<?xf64>, %p: f64) {
""" + HEAD + """
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %mu = vi.sample "mu" from %unit : f64 -> tensor<2xf64>
  %coin = vi.bernoulli %p : f64
  %z = vi.sample "z" from %coin [%n] : i1 -> tensor<?xi1>
  %loc = tensor.generate %n {
  ^bb0(%i: index):
    %z_i = tensor.extract %z[%i] : tensor<?xi1>
    %mu0 = tensor.extract %mu[%c0] : tensor<2xf64>
    %mu1 = tensor.extract %mu[%c1] : tensor<2xf64>
    %m = arith.select %z_i, %mu1, %mu0 : f64
    tensor.yield %m : f64
  } : tensor<?xf64>
  %seen = vi.normal %loc, %half : tensor<?xf64>, f64
  vi.observe "y" from %seen, %y : tensor<?xf64>, tensor<?xf64>
}
""".replace("tensor.generate %n {", "tensor.generate %n {"),
      {"y": y, "p": 0.3}, mu[:2],
      normal(mu[:2]).sum() + logsumexp(
          np.log([0.7, 0.3]) + normal(y[:, None], mu[:2], 0.5), 1).sum())

# 3. A class for each person, whose answers are in an inner plate, with a
# reported value of the class.
answers = random.normal(size=(5, 4))
class_log = np.log([0.2, 0.5, 0.3])[:, None] + normal(
    answers[:, None, :], mu[:3, None], 0.5).sum(-1).T
library, values = check("persons", """
vi.model @persons(%y: tensor<?x4xf64>) {
""" + HEAD + """
  %c4 = arith.constant 4 : index
  %n = tensor.dim %y, %c0 : tensor<?x4xf64>
  %mu = vi.sample "mu" from %unit : f64 -> tensor<3xf64>
  %p = arith.constant dense<[0.2, 0.5, 0.3]> : tensor<3xf64>
  %log_p = math.log %p : tensor<3xf64>
  %classes = vi.categorical_logits %log_p : tensor<3xf64>
  vi.plate "person" %i in %n (%y_i = %y : tensor<?x4xf64>) {
    %z = vi.sample "z" from %classes : i64
    %k = arith.index_cast %z : i64 to index
    %loc = tensor.extract %mu[%k] : tensor<3xf64>
    vi.deterministic "loc" %loc : f64
    %answer = vi.normal %loc, %half : f64, f64
    vi.plate "question" %j in %c4 (%y_ij = %y_i : tensor<4xf64>) {
      vi.observe "y" from %answer, %y_ij : f64, f64
      vi.yield
    }
    vi.yield
  }
}
""", {"y": answers}, mu[:3], normal(mu[:3]).sum() + logsumexp(class_log, 0).sum())
reports = [library.call("persons_report", {**values, "latents": mu[:3],
                                           "seed": 3, "draw": draw},
                        {"mu": (3,), "z_probs": (5, 3), "z": (5,),
                         "loc": (5,)}) for draw in range(2000)]
# In the order of the prototype.
names = [n for n in library.names("persons_report") if n in
         ("mu", "z_probs", "z", "loc")]
report = dict(zip(names, zip(*reports)))
probabilities = np.exp(class_log - logsumexp(class_log, 0)).T
close(report["z_probs"][0], probabilities, "persons: probabilities")
z = np.array(report["z"])
for k in range(3):
    share = (z == k).mean(0)
    error = np.sqrt(probabilities[:, k] * (1 - probabilities[:, k]) / 2000)
    assert np.all(np.abs(share - probabilities[:, k]) <= 4.5 * error + 1e-12)
close(np.array(report["loc"]), mu[z.astype(int)], "persons: what depends on draws")

# 4. A change point: one latent for all data, uniform on integers of the data.
counts = random.poisson(3, size=12)
rates = np.array([0.2, 1.3])
check("change", """
vi.model @change(%y: tensor<?xi64>) {
""" + HEAD + """
  %n = tensor.dim %y, %c0 : tensor<?xi64>
  %two = arith.constant 2 : i64
  %last = arith.index_cast %n : index to i64
  %log_rate = vi.sample "log_rate" from %unit : f64 -> tensor<2xf64>
  %early = tensor.extract %log_rate[%c0] : tensor<2xf64>
  %late = tensor.extract %log_rate[%c1] : tensor<2xf64>
  %times = vi.discrete_uniform %two, %last : i64, i64
  %when = vi.sample "when" from %times : i64
  vi.plate "year" %i in %n (%y_i = %y : tensor<?xi64>) {
    %t = arith.index_cast %i : index to i64
    %before = arith.cmpi slt, %t, %when : i64
    %rate = arith.select %before, %early, %late : f64
    %seen = vi.poisson_log %rate : f64
    vi.observe "y" from %seen, %y_i : i64, i64
    vi.yield
  }
}
""", {"y": counts}, rates, normal(rates).sum() - np.log(11) + logsumexp([
    stats.poisson.logpmf(counts, np.exp(np.where(np.arange(12) < s, *rates))).sum()
    for s in range(2, 13)]))

# 5. A binomial latent of a constant count, thinned once more.
seen = np.array([0, 2, 1, 4])
logit = np.array([0.4])
prior = stats.binom.logpmf(np.arange(6), 5, 1 / (1 + np.exp(-logit[0])))
check("thinned", """
vi.model @thinned(%y: tensor<?xi64>) {
""" + HEAD + """
  %n = tensor.dim %y, %c0 : tensor<?xi64>
  %five = arith.constant 5 : i64
  %logit = vi.sample "logit" from %unit : f64
  %prior = vi.binomial_logits %five, %logit : i64, f64
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xi64>) {
    %count = vi.sample "count" from %prior : i64
    %likelihood = vi.binomial %count, %half : i64, f64
    vi.observe "y" from %likelihood, %y_i : i64, i64
    vi.yield
  }
}
""", {"y": seen}, logit, normal(logit).sum() + sum(
    logsumexp(prior + stats.binom.logpmf(s, np.arange(6), 0.5)) for s in seen))

# 6. Spike and slab: a latent whose prior depends on a discrete one.
w = random.normal(size=4)
check("slab", """
vi.model @slab(%y: tensor<4xf64>) {
""" + HEAD + """
  %c4 = arith.constant 4 : index
  %narrow = arith.constant 0.1 : f64
  %p = arith.constant 0.25 : f64
  %coin = vi.bernoulli %p : f64
  vi.plate "j" %j in %c4 (%y_j = %y : tensor<4xf64>) {
    %in = vi.sample "in" from %coin : i1
    %scale = arith.select %in, %one, %narrow : f64
    %prior = vi.normal %zero, %scale : f64, f64
    %w = vi.sample "w" from %prior : f64
    %likelihood = vi.normal %w, %half : f64, f64
    vi.observe "y" from %likelihood, %y_j : f64, f64
    vi.yield
  }
}
""", {"y": y[:4]}, w, normal(y[:4], w, 0.5).sum() + np.logaddexp(
    np.log(0.25) + normal(w), np.log(0.75) + normal(w, 0, 0.1)).sum())

# 7. A discrete latent below another, in an inner plate.
groups = random.normal(size=(3, 4))
inner = np.log([[0.9, 0.1], [0.2, 0.8]])
total = normal(mu[:2]).sum()
for row in groups:
    given = [sum(logsumexp(inner[g] + normal(v, mu[:2], 0.5)) for v in row)
             for g in range(2)]
    total += logsumexp(np.log([0.6, 0.4]) + given)
check("nested", """
vi.model @nested(%y: tensor<3x4xf64>) {
""" + HEAD + """
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %mu = vi.sample "mu" from %unit : f64 -> tensor<2xf64>
  %p = arith.constant 0.4 : f64
  %few = arith.constant 0.1 : f64
  %most = arith.constant 0.8 : f64
  %coin = vi.bernoulli %p : f64
  vi.plate "group" %g in %c3 (%y_g = %y : tensor<3x4xf64>) {
    %kind = vi.sample "kind" from %coin : i1
    %share = arith.select %kind, %most, %few : f64
    %inner = vi.bernoulli %share : f64
    vi.plate "member" %m in %c4 (%y_m = %y_g : tensor<4xf64>) {
      %z = vi.sample "z" from %inner : i1
      %wide = arith.extui %z : i1 to i64
      %k = arith.index_cast %wide : i64 to index
      %loc = tensor.extract %mu[%k] : tensor<2xf64>
      %seen = vi.normal %loc, %half : f64, f64
      vi.observe "y" from %seen, %y_m : f64, f64
      vi.yield
    }
    vi.yield
  }
}
""", {"y": groups}, mu[:2], total)


# 8. Hidden Markov models.
def forward(log_start, log_transition, log_emission):
    """log p(emissions), the start's among them."""
    alpha = log_start + log_emission[0]
    for e in log_emission[1:]:
        alpha = logsumexp(alpha[:, None] + log_transition, 0) + e
    return logsumexp(alpha)


def enumerate_paths(log_start, log_transition, log_emission):
    S, T = len(log_start), len(log_emission)
    return logsumexp([log_start[path[0]] + log_emission[0][path[0]] + sum(
        log_transition[a, b] + log_emission[t + 1][b]
        for t, (a, b) in enumerate(zip(path, path[1:])))
        for path in itertools.product(range(S), repeat=T)])


HMM = """
vi.model @%(name)s(%%start: tensor<%(S)sxf64>, %%gamma: tensor<%(S)sx%(S)sxf64>,
                   %%y: tensor<?xf64>) {
%(head)s
  %%S = tensor.dim %%start, %%c0 : tensor<%(S)sxf64>
  %%T = tensor.dim %%y, %%c0 : tensor<?xf64>
  %%mu = vi.sample "mu" from %%unit %(sizes)s : f64 -> tensor<%(S)sxf64>
  %%first = vi.categorical %%start : tensor<%(S)sxf64>
  %%z0 = vi.sample "z0" from %%first : i64
  %%k0 = arith.index_cast %%z0 : i64 to index
  %%mu0 = tensor.extract %%mu[%%k0] : tensor<%(S)sxf64>
  %%seen0 = vi.normal %%mu0, %%half : f64, f64
  %%y0 = tensor.extract %%y[%%c0] : tensor<?xf64>
  vi.observe "y0" from %%seen0, %%y0 : f64, f64
  %%end = scf.for %%t = %%c1 to %%T step %%c1 iter_args(%%z = %%z0) -> i64 {
    %%from = arith.index_cast %%z : i64 to index
    %%row = tensor.extract_slice %%gamma[%%from, 0] [1, %%S] [1, 1]
        : tensor<%(S)sx%(S)sxf64> to tensor<?xf64>
    %%transition = vi.categorical %%row : tensor<?xf64>
    %%next = vi.sample "z" from %%transition : i64
    %%k = arith.index_cast %%next : i64 to index
    %%loc = tensor.extract %%mu[%%k] : tensor<%(S)sxf64>
    %%seen = vi.normal %%loc, %%half : f64, f64
    %%y_t = tensor.extract %%y[%%t] : tensor<?xf64>
    vi.observe "y" from %%seen, %%y_t : f64, f64
    scf.yield %%next : i64
  }
}
"""
for name, S, T, static in (("hmm_two", 2, 5, True), ("hmm_six", 6, 4, True),
                           ("hmm_some", 3, 6, False), ("hmm_short", 3, 1, True),
                           ("hmm_long", 5, 300, True)):
    start = random.dirichlet(np.ones(S))
    gamma = random.dirichlet(np.ones(S), size=S)
    # A transition that is impossible.
    gamma[0] = np.eye(S)[1]
    mu = random.normal(size=S)
    y = random.normal(size=T)
    with np.errstate(divide="ignore"):
        terms = (np.log(start), np.log(gamma), normal(y[:, None], mu, 0.5))
    truth = forward(*terms)
    if S ** T < 10000:
        close(enumerate_paths(*terms), truth, f"{name}: the truth itself")
    text = HMM % {"name": name, "S": S if static else "?", "head": HEAD,
                  "sizes": "" if static else "[%S]"}
    check(name, text, {"start": start, "gamma": gamma, "y": y}, mu,
          normal(mu).sum() + truth)

# A chain that starts from a number, for several series, with a latent of each
# step that is not discrete, an emission from a mixture, a term of the state
# before and one of the last state.
S, T, series = 2, 4, 3
y = random.normal(size=(series, T))
mu, x = random.normal(size=2), random.normal(size=(series, T))
logits = np.array([[0.3, -0.8], [-0.2, 0.9]])
rows = logits - logsumexp(logits, 1)[:, None]
total = normal(mu).sum() + normal(x).sum()
for n in range(series):
    paths = []
    for path in itertools.product(range(2), repeat=T):
        # The states are 3 and 4, and the chain starts at 0.
        p, before = 0.0, 0.0
        for t, z in enumerate(path):
            state = 3.0 + z
            p += normal(state - before, 0.0, 2.0)
            p += logsumexp([np.log(0.7) + normal(y[n, t], mu[z] + x[n, t], 0.5),
                            np.log(0.3) + normal(y[n, t], 0.0, 1.0)])
            p += -0.1 * before
            p += np.log([0.35, 0.65])[z] if before == 0.0 else rows[
                int(before) - 3, z]
            before = state
        paths.append(p + 0.2 * before)
    total += logsumexp(paths)
check("series", """
vi.model @series(%y: tensor<3x4xf64>, %logits: tensor<2x2xf64>) {
""" + HEAD + """
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %i3 = arith.constant 3 : i64
  %two = arith.constant 2.0 : f64
  %tenth = arith.constant -0.1 : f64
  %fifth = arith.constant 0.2 : f64
  %p = arith.constant 0.3 : f64
  %initial = arith.constant dense<[0.35, 0.65]> : tensor<2xf64>
  %log_initial = math.log %initial : tensor<2xf64>
  %mixture = vi.bernoulli %p : f64
  %mu = vi.sample "mu" from %unit : f64 -> tensor<2xf64>
  vi.plate "series" %s in %c3 (%y_s = %y : tensor<3x4xf64>) {
    %end = scf.for %t = %c0 to %c4 step %c1 iter_args(%before = %zero) -> f64 {
      %x = vi.sample "x" from %unit : f64
      %is_first = arith.cmpi eq, %t, %c0 : index
      %rounded = arith.fptosi %before : f64 to i64
      %above = arith.subi %rounded, %i3 : i64
      %cast = arith.index_cast %above : i64 to index
      %from = arith.select %is_first, %c0, %cast : index
      %row = tensor.extract_slice %logits[%from, 0] [1, 2] [1, 1]
          : tensor<2x2xf64> to tensor<2xf64>
      %weights = arith.select %is_first, %log_initial, %row : tensor<2xf64>
      %transition = vi.categorical_logits %weights : tensor<2xf64>
      %z = vi.sample "z" from %transition : i64
      %state_number = arith.addi %z, %i3 : i64
      %state = arith.sitofp %state_number : i64 to f64
      %step = arith.subf %state, %before : f64
      %steps = vi.normal %zero, %two : f64, f64
      %step_density = vi.log_prob %steps, %step : f64, f64 -> f64
      vi.factor "step" %step_density : f64
      %k = arith.index_cast %z : i64 to index
      %mu_k = tensor.extract %mu[%k] : tensor<2xf64>
      %moved = arith.addf %mu_k, %x : f64
      %other = vi.sample "other" from %mixture : i1
      %loc = arith.select %other, %zero, %moved : f64
      %scale = arith.select %other, %one, %half : f64
      %seen = vi.normal %loc, %scale : f64, f64
      %y_t = tensor.extract %y_s[%t] : tensor<4xf64>
      vi.observe "y" from %seen, %y_t : f64, f64
      %penalty = arith.mulf %tenth, %before : f64
      vi.factor "penalty" %penalty : f64
      scf.yield %state : f64
    }
    %reward = arith.mulf %fifth, %end : f64
    vi.factor "reward" %reward : f64
    vi.yield
  }
}
""", {"y": y, "logits": logits}, np.concatenate([mu, x.ravel()]), total,
      sites=(2, 12))

# Two chains that are seen together, and a start with more values than the states.
S, T = 2, 4
start = random.dirichlet(np.ones(3))
y = random.normal(size=T)
mu = random.normal(size=2)
paths = []
for begin in range(3):
    for path in itertools.product(range(2), range(2), repeat=T):
        a, b = path[0::2], path[1::2]
        p, before_a, before_b = np.log(start[begin]), begin, 0
        for t in range(T):
            stay = 1 / (1 + before_a)
            p += np.log(stay if a[t] == 0 else 1 - stay) if not (
                a[t] == 1 and stay == 1) else -np.inf
            p += np.log([[0.9, 0.1], [0.4, 0.6]][before_b][b[t]])
            p += normal(y[t], mu[a[t]] + mu[b[t]], 0.5)
            before_a, before_b = a[t], b[t]
        paths.append(p)
check("factorial", """
vi.model @factorial(%start: tensor<3xf64>, %y: tensor<?xf64>) {
""" + HEAD + """
  %T = tensor.dim %y, %c0 : tensor<?xf64>
  %mu = vi.sample "mu" from %unit : f64 -> tensor<2xf64>
  %low = arith.constant 0.1 : f64
  %high = arith.constant 0.6 : f64
  %no = arith.constant false
  %first = vi.categorical %start : tensor<3xf64>
  %begin = vi.sample "begin" from %first : i64
  %end:2 = scf.for %t = %c0 to %T step %c1
      iter_args(%a = %begin, %b = %no) -> (i64, i1) {
    %a_float = arith.sitofp %a : i64 to f64
    %more = arith.addf %one, %a_float : f64
    %stay = arith.divf %one, %more : f64
    %leave = arith.subf %one, %stay : f64
    %coin = vi.bernoulli %leave : f64
    %next_a = vi.sample "a" from %coin : i1
    %p = arith.select %b, %high, %low : f64
    %other = vi.bernoulli %p : f64
    %next_b = vi.sample "b" from %other : i1
    %mu0 = tensor.extract %mu[%c0] : tensor<2xf64>
    %mu1 = tensor.extract %mu[%c1] : tensor<2xf64>
    %first_loc = arith.select %next_a, %mu1, %mu0 : f64
    %second_loc = arith.select %next_b, %mu1, %mu0 : f64
    %loc = arith.addf %first_loc, %second_loc : f64
    %seen = vi.normal %loc, %half : f64, f64
    %y_t = tensor.extract %y[%t] : tensor<?xf64>
    vi.observe "y" from %seen, %y_t : f64, f64
    %wide = arith.extui %next_a : i1 to i64
    scf.yield %wide, %next_b : i64, i1
  }
}
""", {"start": start, "y": y}, mu, normal(mu).sum() + logsumexp(paths))

print(len(CHECKED), "comparisons")
