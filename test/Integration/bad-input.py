# What vi-fit says to inputs that it cannot use: the exit status and the message
# of each, and that nothing half written is left.
#
# REQUIRES: vi-fit
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s vi-fit %t %examples "%sanitize_flags"
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys

VI_FIT = sys.argv[1]
ROOT = pathlib.Path(sys.argv[2])
EXAMPLES = pathlib.Path(sys.argv[3])
SANITIZED = bool(sys.argv[4])

MODEL = """
vi.model @groups(
    %J: index,
    %group: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">},
    %x: tensor<?x2xf64>, %count: tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %count, %c0 : tensor<?xi64>
  %prior = vi.normal %zero, %one : f64, f64
  %alpha = vi.sample "alpha" from %prior [%J] : f64 -> tensor<?xf64>
  %beta = vi.sample "beta" from %prior : f64 -> tensor<2xf64>
  %beta_0 = tensor.extract %beta[%c0] : tensor<2xf64>
  %beta_1 = tensor.extract %beta[%c1] : tensor<2xf64>
  vi.plate "unit" %n in %N (%group_n = %group : tensor<?xi64>,
                            %x_n = %x : tensor<?x2xf64>,
                            %count_n = %count : tensor<?xi64>) {
    %j = arith.index_cast %group_n : i64 to index
    %alpha_n = tensor.extract %alpha[%j] : tensor<?xf64>
    %x_0 = tensor.extract %x_n[%c0] : tensor<2xf64>
    %x_1 = tensor.extract %x_n[%c1] : tensor<2xf64>
    %term_0 = arith.mulf %beta_0, %x_0 : f64
    %term_1 = arith.mulf %beta_1, %x_1 : f64
    %terms = arith.addf %term_0, %term_1 : f64
    %eta = arith.addf %alpha_n, %terms : f64
    %likelihood = vi.poisson_log %eta : f64
    vi.observe "count" from %likelihood, %count_n : i64, i64
    vi.yield
  }
}
"""
# The argument that a message ends with.
AT = {name: rf" \(argument `{name}`, model.mlir:\d+:\d+\)"
      for name in ("J", "group", "x", "count")}

GOOD = {"J": "2", "group": "[1, 2, 2]", "x": "[[1, 0], [0, 1], [1, 1.5]]",
        "count": "[3, 0, 2]"}


def json(**entries):
    """The good data with some entries replaced, or left out where None."""
    merged = {**GOOD, **entries}
    return "{" + ", ".join(f'"{name}": {value}'
                           for name, value in merged.items()
                           if value is not None) + "}"


def npy(shape, data, kind="<f8"):
    header = (f"{{'descr': '{kind}', 'fortran_order': False, "
              f"'shape': {shape}, }}").encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
            + data)


failures = 0
number = 0


def case(title, message, files=None, arguments=None, status=1, limit=None,
         model=MODEL, keep=(), directories=(), memory=None):
    """Runs vi-fit in a directory with `files` and the model. Standard error
    must match the regular expression `message`; `keep` names the files that
    may be in the directory afterwards."""
    global failures, number
    number += 1
    directory = ROOT / f"{number:03}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name in directories:
        (directory / name).mkdir()
    files = dict(files or {})
    if model is not None:
        files["model.mlir"] = model
    for name, contents in files.items():
        if isinstance(contents, str):
            contents = contents.encode()
        (directory / name).write_bytes(contents)
    if arguments is None:
        arguments = [part for name in files if name != "model.mlir"
                     for part in ("--data", name)]

    def prepare():
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    result = subprocess.run(
        [VI_FIT, "model.mlir", *arguments], cwd=directory,
        capture_output=True, timeout=240, preexec_fn=prepare,
        restore_signals=False)
    stderr = result.stderr.decode(errors="replace")
    problems = []
    if result.returncode != status:
        problems.append(f"status {result.returncode}, not {status}")
    if not re.search(message, stderr):
        problems.append(f"no message matching {message!r}")
    if "Stack dump" in stderr or "PLEASE submit" in stderr:
        problems.append("a crash")
    if len(stderr) > 20000:
        problems.append(f"a message of {len(stderr)} characters")
    allowed = set(files) | {"model.mlir"} | set(keep)
    left = {str(path.relative_to(directory))
            for path in directory.rglob("*") if path.is_file()} - allowed
    if left:
        problems.append(f"left behind: {', '.join(sorted(left))}")
    print(("FAIL  " if problems else "ok    ") + title)
    if problems:
        failures += 1
        print("  " + "\n  ".join(problems))
        print("  standard error: " + stderr[:2000])


def data(title, message, contents, argument=None, name="d.json"):
    """A bad data file; its message begins with the file's name."""
    where = AT[argument] if argument else ""
    case(title, re.escape("vi-fit: error: " + message) + where + r"\n",
         {name: contents})


# The good data make a fit.
case("good data", "", {"d.json": json()}, ["--data", "d.json"], status=0)

# Entries.
case("no data", r"no data for `J`: no data file is given")
data("missing entry",
     "d.json has no `count`, but `J`, `group`, `x`", json(count=None), "count")
data("misspelt entry",
     "d.json has no `count`, but `J`, `group`, `x`, `cuont`; is `cuont` meant?",
     json(count=None, cuont="[1]"), "count")
data("wrong rank",
     "d.json: `count` is a matrix of 3 x 1: expected a vector",
     json(count="[[3], [0], [2]]"), "count")
data("list for a number", "d.json: `J` is a vector of 1: expected a single "
     "number", json(J="[2]"), "J")
data("wrong size", "d.json: `x` is a matrix of 3 x 3: expected a matrix of "
     "? x 2", json(x="[[1, 0, 0], [0, 1, 0], [1, 1, 0]]"), "x")
data("ragged matrix",
     "d.json: `x[2]` has 1 element where the lists before it have 2: the array "
     "is ragged", json(x="[[1, 0], [0], [1, 1]]"), "x")
data("NaN", "d.json: `x[2,1]` is NaN: expected a finite number",
     json(x="[[1, 0], [NaN, 1], [1, 1]]"), "x")
data("NaN in quotation marks",
     "d.json: `x[2,1]` is NaN: expected a finite number",
     json(x='[[1, 0], ["NaN", 1], [1, 1]]'), "x")
data("infinity", "d.json: `x[3,2]` is -Inf: expected a finite number",
     json(x='[[1, 0], [0, 1], [1, "-Inf"]]'), "x")
data("null", "d.json: `x[1,2]` is null: expected a number",
     json(x="[[1, null], [0, 1], [1, 1]]"), "x")
data("text", 'd.json: `count[1]` is the string "three": expected a number',
     json(count='["three", 0, 2]'), "count")
data("real for integer", "d.json: `count[2]` is 0.5: expected an integer",
     json(count="[3, 0.5, 2]"), "count")
data("too large an integer",
     "d.json: `count[2]` is 1e+30: beyond the range of the argument's integers",
     json(count="[3, 1e30, 2]"), "count")
data("index 0", "d.json: `group[1]` is 0: indices of group count from 1 to J = "
     "2", json(group="[0, 2, 2]"), "group")
data("index n + 1", "d.json: `group[3]` is 3: indices of group count from 1 to "
     "J = 2", json(group="[1, 2, 3]"), "group")
data("no groups", "d.json: `group[1]` is 1: there are no indices of group, as "
     "J is 0", json(J="0"), "group")
case("negative size", r"J is -1|`J` is -1", {"d.json": json(J="-1")})
case("a size beyond memory", r"the data make the size '.*' \d+: more numbers "
     r"than the memory of this machine holds",
     {"d.json": json(J="1000000000000")})
case("no observations", "", {
    "d.json": json(group="[]", x="[]", count="[]")}, status=0)
case("negative count", r"d\.json: `count\[2\]` is -4, but the values of site "
     r"'count' are 0, 1, 2, \.\.\.", {"d.json": json(count="[3, -4, 2]")})
case("lengths that differ in a matrix", r"'unit' has 3 members, but 'x' in the "
     r"data has 1", {"d.json": json(x="[[1, 2]]")})
case("lengths that differ", r"'unit' has 3 members, but 'group' in the data "
     r"has 2", {"d.json": json(group="[1, 2]")})
data("an unused entry may be anything", "d.json has no `count`, but `J`, "
     "`group`, `x`, `note`", json(count=None, note='{"a": ["b", null]}'),
     "count")

# A series that is cut out of its data: alpha + sum_k beta[k] y[t - k].
ARK = (EXAMPLES / "ark" / "model.mlir").read_text()
for title, K, T, y, message in [
        ("shorter series than T", 2, 10, [1] * 8,
         r"the slice of 'y' ends at element 10, but there are 8"),
        ("empty series", 2, 10, [],
         r"the slice of 'y' ends at element 10, but there are 0"),
        ("shorter series than lags", 5, 3, [1] * 3,
         r"the slice of 'y' has -2 elements"),
]:
    case(title, r"the data do not fit together: model\.mlir:\d+:\d+: "
         + message, {"d.json": f'{{"K": {K}, "T": {T}, "y": {y}}}'}, model=ARK)
case("negative lags", r"plate 'beta' would have -1 members",
     {"d.json": '{"K": -1, "T": 3, "y": [1, 1, 1]}'}, model=ARK)
FIRST = """
vi.model @first(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %first = tensor.extract %y[%c0] : tensor<?xf64>
  %prior = vi.normal %first, %one : f64, f64
  %mu = vi.sample "mu" from %prior : f64
}
"""
case("no first element", r"the data do not fit together: model\.mlir:\d+:\d+: "
     r"element 0 \(counted from 0\) of 'y' does not exist: there are 0",
     {"d.json": '{"y": []}'}, model=FIRST)
case("sizes whose product overflows", r"the data make '.*x.*' an array of more "
     r"numbers than the memory of this machine holds",
     {"d.json": '{"a": 65536}'}, model="""
vi.model @product(%a: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = vi.normal %zero, %one : f64, f64
  %x = vi.sample "x" from %p [%a, %a, %a, %a] : f64 -> tensor<?x?x?x?xf64>
}
""")
case("indices that are not declared", r"model\.mlir:\d+:\d+: error: argument 'k' "
     r"holds indices of .* and must say so",
     {"d.json": '{"k": [0, 100000000000], "n": 2}'}, model="""
vi.model @m(%k: tensor<?xi64>, %n: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = vi.normal %zero, %one : f64, f64
  %a = vi.sample "a" from %p : f64 -> tensor<3xf64>
  vi.plate "obs" %i in %n (%k_i = %k : tensor<?xi64>) {
    %j = arith.index_cast %k_i : i64 to index
    %a_i = tensor.extract %a[%j] : tensor<3xf64>
    vi.factor "f" %a_i : f64
  }
}
""")
# Indices that are computed from data, in plates, nested plates of slices, loops
# and branches, are compared with what they index for each member.
INDICES = """
vi.model @indices(%J: index, %g: tensor<?xi64>, %y: tensor<?xf64>,
                  %start: tensor<?xi64>, %length: tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %i1 = arith.constant 1 : i64
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %g, %c0 : tensor<?xi64>
  %M = tensor.dim %start, %c0 : tensor<?xi64>
  %prior = vi.normal %zero, %one : f64, f64
  %wide = vi.half_normal %one : f64
  %alpha = vi.sample "alpha" from %prior [%J] : f64 -> tensor<?xf64>
  %tau = vi.sample "tau" from %wide [%J] : f64 -> tensor<?xf64>
  vi.plate "unit" %n in %N (%g_n = %g : tensor<?xi64>) {
    %before = arith.subi %g_n, %i1 : i64
    %j = arith.index_cast %before : i64 to index
    %alpha_n = tensor.extract %alpha[%j] : tensor<?xf64>
    %tau_n = tensor.extract %tau[%j] : tensor<?xf64>
    %y_n = tensor.extract %y[%n] : tensor<?xf64>
    %likelihood = vi.normal %alpha_n, %tau_n : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
  }
  vi.plate "group" %m in %M (%start_m = %start : tensor<?xi64>,
                             %length_m = %length : tensor<?xi64>) {
    %first = arith.index_cast %start_m : i64 to index
    %count = arith.index_cast %length_m : i64 to index
    %y_m = tensor.extract_slice %y[%first] [%count] [1]
        : tensor<?xf64> to tensor<?xf64>
    vi.plate "member" %k in %count (%y_k = %y_m : tensor<?xf64>) {
      %place = arith.addi %first, %k : index
      %g_k = tensor.extract %g[%place] : tensor<?xi64>
      %has = arith.cmpi sgt, %g_k, %i1 : i64
      %mean = scf.if %has -> f64 {
        %two = arith.subi %g_k, %i1 : i64
        %less = arith.subi %two, %i1 : i64
        %at = arith.index_cast %less : i64 to index
        %value = tensor.extract %alpha[%at] : tensor<?xf64>
        scf.yield %value : f64
      } else {
        scf.yield %zero : f64
      }
      %d = vi.normal %mean, %one : f64, f64
      vi.observe "again" from %d, %y_k : f64, f64
    }
  }
  %sum = scf.for %i = %c0 to %c3 step %c1 iter_args(%s = %zero) -> f64 {
    %y_i = tensor.extract %y[%i] : tensor<?xf64>
    %next = arith.addf %s, %y_i : f64
    scf.yield %next : f64
  }
  %total = vi.normal %sum, %one : f64, f64
  vi.observe "total" from %total, %sum : f64, f64
}
"""


def indices(title, message, status=1, **entries):
    values = {"J": "2", "g": "[1, 2, 2]", "y": "[0.1, 0.2, 0.3]",
              "start": "[0, 1]", "length": "[1, 2]", **entries}
    text = ", ".join(f'"{name}": {value}' for name, value in values.items())
    case(title, message and
         r"the data do not fit together: model\.mlir:\d+:\d+: " + message,
         {"d.json": "{" + text + "}"}, ["--data", "d.json", "--quiet"],
         model=INDICES, status=status)


indices("good computed indices", "", status=0)
indices("a computed index above",
        r"element 2 \(counted from 0\) of site 'alpha' does not exist: there are "
        r"2 \(computed from 'g', member 3 of plate 'unit'\)", g="[1, 2, 3]")
indices("a computed index below", r"element -1 .* of site 'alpha' does not exist: "
        r"there are 2 \(computed from 'g', member 2 of plate 'unit'\)",
        g="[1, 0, 2]")
indices("the plate's index", r"element 2 .* of 'y' does not exist: there are 2 "
        r"\(member 3 of plate 'unit'\)", y="[0.1, 0.2]")
indices("a computed slice that begins before", r"the slice of 'y' begins at -1 "
        r"\(computed from 'start', member 2 of plate 'group'\)", start="[0, -1]")
indices("a computed slice that ends behind", r"the slice of 'y' ends at element 4, "
        r"but there are 3 \(computed from 'start' and 'length', member 2 of plate "
        r"'group'\)", start="[0, 2]")
indices("a computed slice of a negative length", r"the slice of 'y' has -1 elements "
        r"\(computed from 'length', member 1 of plate 'group'\)",
        length="[-1, 2]")
indices("a computed index in nested plates", r"element 2 .* of 'g' does not exist: "
        r"there are 2 \(computed from 'start', member 2 of plate 'member', member 2 "
        r"of plate 'group'\)", g="[1, 2]")
indices("an index in a loop", r"element 2 .* of 'y' does not exist: there are 2 "
        r"\(iteration 3 of the loop\)", g="[1, 2]", y="[0.1, 0.2]",
        start="[0]", length="[1]")
indices("an index in a branch that is not taken", "", status=0, g="[1, 1, 1]",
        J="1")
# Plates of one name, side by side or of model and guide, are the same members.
NAMED_TWICE = """
vi.model @twice(%y: tensor<?xf64>, %x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %M = tensor.dim %x, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %one : f64, f64
  vi.plate "n" %n in %N (%y_n = %y : tensor<?xf64>) {
    %m = vi.sample "m" from %prior : f64
    %d = vi.normal %m, %one : f64, f64
    vi.observe "y" from %d, %y_n : f64, f64
  }
  vi.plate "MODEL" %n in %M (%x_n = %x : tensor<?xf64>) {
    vi.observe "x" from %prior, %x_n : f64, f64
  }
}
"""
TWO_PLATES = NAMED_TWICE + """
vi.guide @g for @twice(%y: tensor<?xf64>, %x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %M = tensor.dim %x, %c0 : tensor<?xf64>
  vi.plate "n" %n in %M (%x_n = %x : tensor<?xf64>) {
    %q = vi.normal %x_n, %one : f64, f64
    %m = vi.sample "m" from %q : f64
  }
}
"""
for named, message in ((NAMED_TWICE.replace("MODEL", "n"),
                        "2 members, but 3 where it is first named"),
                       (TWO_PLATES, "2 members in the guide, but 3 in the model")):
    case("plates of one name and other members", r"the data do not fit together: "
         r"model\.mlir:\d+:3: plate 'n' has " + message,
         {"d.json": '{"y": [1, 2, 3], "x": [1, 2]}'}, model=named)
case("a simplex of nothing", r"the data do not fit together: .* has -1 members",
     {"d.json": '{"alpha": []}'}, model="""
vi.model @m(%alpha: tensor<?xf64>) {
  %p = vi.dirichlet %alpha : tensor<?xf64>
  %a = vi.sample "a" from %p : tensor<?xf64>
}
""")
# What stands in a plate without members is not computed.
case("no first element, and no need for it", "", {"d.json": '{"y": []}'},
     status=0, model="""
vi.model @empty(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 999999999 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %prior = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %prior : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  vi.plate "obs" %n in %N (%y_n = %y : tensor<?xf64>) {
    %first = tensor.extract %y[%c9] : tensor<?xf64>
    %mean = arith.addf %mu, %first : f64
    %likelihood = vi.normal %mean, %one : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
  }
}
""")

# Files.
data("empty file", "d.json: the file is empty", "")
data("no object", 'd.json:1:2: expected an object of named entries, {"name": '
     'value, ...}', "[1, 2]")
data("truncated JSON",
     "d.json:1:24: missing a comma or ']' after an array element (the file "
     "ends here)", '{"J": 2, "group": [1, 2')
data("number too big", "d.json:1:7: number too big to be stored in double",
     '{"x": 1e999}')
data("entry given twice", "d.json: entry `J` is given twice",
     '{"J": 1, "J": 2}')
data("NUL byte", "d.json:1:9: a NUL byte: the file is not text in UTF-8",
     b'{"J": 1}\x00')
case("invalid UTF-8", r"d\.json:1:\d+: invalid encoding in string",
     {"d.json": b'{"\xff\xfe": 1}'})
case("10 MB line", r"d\.json:1:10485768: invalid value",
     {"d.json": '{"x": [' + "1," * (5 << 20) + "?]}"})
case("10 MB of brackets", r"d\.json:1:\d+: nested too deeply",
     {"d.json": '{"x": ' + "[" * (10 << 20)})
case("10 MB name", r"has no `J`", {"d.json": '{"' + "n" * (10 << 20) + '": 1}'})
case("no such file", r"none\.json: cannot read the file: No such file",
     arguments=["--data", "none.json"])
case("a directory", r"cannot read the file: Is a directory",
     arguments=["--data", "."])
for name in ("d.json", "d.csv", "x.npy"):
    case(f"{name} is a directory", name.replace(".", r"\.") +
         ": cannot read the file: Is a directory", arguments=["--data", name],
         directories=[name])
case("no name", "the name of a data file is empty",
     arguments=["--data", ""])
case("unknown format", r"d\.txt: unknown format: expected a \.json, \.csv or "
     r"\.npy file", {"d.txt": "1 2 3"})
case("two files with one entry", r"e\.json: entry `J` is given twice: d\.json "
     r"has it, too", {"d.json": json(), "e.json": '{"J": 2}'})

# Tables.
TABLE = "group,x.1,x.2,count\n1,1,0,3\n2,0,1,0\n2,1,1.5,2\n"
case("a good table", "", {"d.csv": TABLE, "e.json": '{"J": 2}'}, status=0)
case("a good table with names", "", {
    "d.csv": TABLE.replace("\n1,", "\nlow,").replace("\n2,", "\nhigh,")},
    status=0)
data("number beside a table", "d.csv has no `J`, but `group`, `x.1`, `x.2`, "
     "`count`; a table holds no single numbers: give it in a JSON file of its "
     'own, {"J": 3}', TABLE, "J", "d.csv")
case("missing cell", r"the cell of column `x\.2` in line 3 is empty: data must "
     r"be complete", {"d.csv": TABLE.replace("0,1,0", "0,,0")})
case("NA", r"the cell of column `count` in line 2 is missing \(NA\)",
     {"d.csv": TABLE.replace("0,3", "0,NA")})
case("missing column", r"column `x\.1` is missing between those of `x`",
     {"d.csv": TABLE.replace("x.1", "z")})
case("negative count in a table", r"d\.csv: `count\[1\]` \(line 2\) is -3",
     {"d.csv": TABLE.replace("0,3", "0,-3"), "e.json": '{"J": 2}'})
case("ragged row", r"d\.csv:3: the row has 3 cells, the header has 4",
     {"d.csv": TABLE.replace("2,0,1,0", "2,0,1")})
case("text for numbers", r'column `count` is text \("many" in line 4\): '
     r"expected integers", {"d.csv": TABLE.replace("1.5,2", "1.5,many")})
case("open quotation mark", r"d\.csv: the file ends inside a quoted cell",
     {"d.csv": TABLE.replace("2,1,1.5", '"2,1,1.5')})
case("semicolons", r"cells must be separated by commas",
     {"d.csv": TABLE.replace(",", ";")})
case("empty table", r"d\.csv: the file is empty", {"d.csv": "\n\n"})

# Arrays.
X = struct.pack("<6d", 1, 0, 0, 1, 1, 1.5)
REST = json(x=None)
case("a good array", "", {"x.npy": npy("(3, 2)", X), "d.json": REST}, status=0)
case("truncated array", r"x\.npy: the file is truncated: the array takes 48 "
     r"bytes, the file has 40", {"x.npy": npy("(3, 2)", X[:40]),
                                 "d.json": REST})
case("big-endian array", r"x\.npy: big-endian elements \(>f8\)",
     {"x.npy": npy("(3, 2)", X, ">f8"), "d.json": REST})
case("empty array file", r"x\.npy: the file is empty",
     {"x.npy": "", "d.json": REST})
case("array cut in its header", r"x\.npy: ", {"x.npy": npy("(3, 2)", X)[:30],
                                              "d.json": REST})
case("array of a size that overflows", r"x\.npy: ",
     {"x.npy": npy("(4294967296, 4294967296)", X), "d.json": REST})
case("array of a negative size", r"x\.npy: ",
     {"x.npy": npy("(-3, 2)", X), "d.json": REST})
case("no array", r"x\.npy: not a \.npy file", {"x.npy": "1,2", "d.json": REST})
case("an array of another name", r"have no `x`",
     {"z.npy": npy("(3, 2)", X), "d.json": REST})
case("a name for a JSON file", r"only a \.npy file takes a name",
     {"d.json": json()}, ["--data", "y=d.json"])

# Output.
FIT = ["--data", "d.json", "--output"]
case("output is a file", r"d\.json: cannot create the output directory",
     {"d.json": json()}, FIT + ["d.json"])
case("output below a file", r"cannot create the output directory",
     {"d.json": json()}, FIT + ["d.json/out"])
case("unwritable output", r"cannot (create|write to) the output directory",
     {"d.json": json()}, FIT + ["/proc/vi-fit"])
case("disk full", r"draws\.csv: cannot write the file: File too large",
     {"d.json": json()}, FIT + ["out"], limit=16384,
     keep=["out/summary.json", "out/elbo.csv", "out/parameters.json"])
with open("/dev/full", "wb") as full:
    (ROOT / "full").mkdir(exist_ok=True)
    (ROOT / "full" / "model.mlir").write_text(MODEL)
    (ROOT / "full" / "d.json").write_text(json())
    result = subprocess.run([VI_FIT, "model.mlir", "--data", "d.json"],
                            cwd=ROOT / "full", stdout=full,
                            stderr=subprocess.PIPE, text=True)
    good = (result.returncode == 1
            and "cannot write to standard output" in result.stderr)
    failures += not good
    print(("ok    " if good else "FAIL  ") + "standard output on a full disk")
    if not good:
        print(f"  status {result.returncode}: {result.stderr}")

# Parameters.
for option in ("--init", "--evaluate"):
    START = ["--data", "d.json", option, "p.json"]
    case(f"{option}: missing parameter", r"p\.json: parameter `.*` is missing",
         {"d.json": json(), "p.json": "{}"}, START)
    case(f"{option}: unknown parameter",
         r"p\.json: `gamma` is not a parameter of this fit",
         {"d.json": json(), "p.json": '{"gamma": 1}'}, START)
    case(f"{option}: truncated file", r"p\.json:1:\d+: .*\(the file ends here\)",
         {"d.json": json(), "p.json": '{"gamma": [1'}, START)
    case(f"{option}: empty file", r"p\.json: the file is empty",
         {"d.json": json(), "p.json": ""}, START)
    case(f"{option}: a directory", r"cannot read the file: Is a directory",
         {"d.json": json()}, START, directories=["p.json"])
    PARAMETERS = {"alpha.loc": "[0, 0]", "alpha.scale": "[0, 0]",
                  "beta.loc": "[0, 0]", "beta.scale": "[0, 0]"}

    def parameters(**entries):
        merged = {**PARAMETERS, **{name.replace("_", "."): value
                                   for name, value in entries.items()}}
        return "{" + ", ".join(f'"{k}": {v}' for k, v in merged.items()) + "}"

    case(f"{option}: parameters of another model's size",
         r"p\.json: `alpha\.loc` is a vector of 3: expected a vector of 2",
         {"d.json": json(), "p.json": parameters(alpha_loc="[0, 0, 0]")}, START)
    case(f"{option}: a number for a vector",
         r"p\.json: `beta\.loc` is a single number: expected a vector of 2",
         {"d.json": json(), "p.json": parameters(beta_loc="0")}, START)
    case(f"{option}: NaN",
         r"p\.json: `beta\.loc\[2\]` is NaN: expected a finite number",
         {"d.json": json(), "p.json": parameters(beta_loc="[0, NaN]")}, START)
    case(f"{option}: no such file", r"p\.json: cannot read the file",
         {"d.json": json()}, START)

# Options.
for argument in ("--samples=-1", "--samples=many", "--seed=x", "--draws=0",
                 "--iterations=1e99", "--batch-size=-3", "--optimizer=magic",
                 "--nonsense", "--max-rows=-1", "--step-size=nan",
                 "--draws=-1", "--draws=1e3", "--draws=99999999999999999999",
                 "--seed=-1", "--seed=", "--seed=99999999999999999999",
                 "--samples=0x", "--step-size=-1", "--init=-1", "--init=nan",
                 "--init=inf", "--quiet=maybe", "--optimizer=",
                 "--method=magic", "--covariance=none"):
    case(f"option {argument}", r"vi-fit: ", {"d.json": json()},
         ["--data", "d.json", argument], status=2)
for option, size in (("draws", 4), ("samples", 4)):
    case(f"option --{option} beyond memory", rf"--{option}=4611686018427387904: "
         r"more numbers than the memory of this machine holds",
         {"d.json": json()}, ["--data", "d.json",
                              f"--{option}=4611686018427387904",
                              "--output", "out"])
# (The sanitizers' own memory is beyond any limit.)
if not SANITIZED:
    case("sizes beyond the memory allowed", r"vi-fit: error: out of memory",
         {"d.json": json(J="100000000")}, memory=4 << 30)
case("two models", r"vi-fit: .*[Pp]ositional", {"d.json": json()},
     ["other.mlir", "--data", "d.json"], status=2)
case("unknown guide", r"--guide=magic", {"d.json": json()},
     ["--data", "d.json", "--guide=magic"])
case("unknown model", r"no model @other; it has @groups", {"d.json": json()},
     ["--data", "d.json", "--model=other"])

# Models.
case("no model file", r"model\.mlir", model=None)
case("a directory for a model", r"model\.mlir.*Is a directory", model=None,
     directories=["model.mlir"])
case("empty model file", r"the file has no vi\.model", model="")
case("a model file of bytes", r"model\.mlir:1:\d+: error", model="\x00\x01\xff")
case("a model cut short", r"model\.mlir:\d+:\d+: error", model=MODEL[:500])
case("a module without models", r"the file has no vi\.model",
     model="func.func @f() { return }")

print(f"{number + 1} cases, {failures} failed")
sys.exit(1 if failures else 0)
