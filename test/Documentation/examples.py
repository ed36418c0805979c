# The examples of the reference are parsed and verified; those of the passes are
# run: what the text shows before a pass must become what it shows after it.
#
# RUN: %python %s vi-opt %vi_build/docs/generated
#
# Values and types that an example uses without defining them are taken as
# arguments of a function around it, models that it refers to from other
# examples. A pass's example is two blocks with "becomes" in between; where an
# option matters, the text in front of them names the pass with it, as in
# `vi-auto-guide{family=delta}`. Both sides are compared function by function,
# canonicalized, those that are in the second block; of one whose body is "..."
# only the type.
#
# With a directory as third argument, the completed examples are written there
# instead (seeds for the fuzzer).
import pathlib
import re
import subprocess
import sys

SEPARATOR = "// -----"
# A fragment that cannot stand in a function is not verified.
TERMINATORS = ("vi.yield",)
MODULE_LEVEL = re.compile(r"^\s*(vi\.model|vi\.guide|func\.func|module)\b")


class Example:
    """A block of IR, wrapped in a function of the values that it lacks."""

    def __init__(self, where, text):
        self.where = where
        self.text = re.sub(r"\s*\{\s*\.\.\.\s*\}", "", text)
        self.context = ""
        self.types = {}
        self.kept = {}
        self.aliases = {}
        self.error = None
        self.done = False

    def standalone(self):
        return any(MODULE_LEVEL.match(line)
                   for line in self.text.splitlines())

    def module(self):
        if self.standalone():
            return self.context + self.text
        arguments = ", ".join(f"{name}: {type_}"
                              for name, type_ in sorted(self.types.items())
                              if not constant_of(name))
        constants = [f"  {name} = {constant_of(name)}"
                     for name in sorted(self.types) if constant_of(name)]
        body = self.text.rstrip("\n").splitlines()
        keep = [f'  "keep"({name}) : ({type_}) -> ()'
                for name, type_ in self.kept.items()]
        lines = [f"func.func private @example({arguments}) {{", *constants,
                 *body, *keep, "  return", "}"]
        return self.context + "\n".join(lines) + "\n"


def constant_of(name):
    match = re.fullmatch(r"%c(\d+)", name)
    return f"arith.constant {match[1]} : index" if match else None


def run(vi_opt, modules, *options):
    """The errors of each module, as (line, column, message)."""
    text = f"\n{SEPARATOR}\n".join(modules)
    process = subprocess.run(
        [vi_opt, "--split-input-file", "--allow-unregistered-dialect",
         *options, "-"],
        input=text, capture_output=True, text=True)
    starts, line = [], 1
    for module in modules:
        starts.append(line)
        line += (module + f"\n{SEPARATOR}\n").count("\n")
    diagnostics = [[] for _ in modules]
    pattern = re.compile(r"<stdin>:(\d+):(\d+): error: (.*)")
    for match in map(pattern.search, process.stderr.splitlines()):
        if match:
            line = int(match[1])
            index = max(i for i, start in enumerate(starts) if start <= line)
            diagnostics[index].append((line - starts[index] + 1,
                                       int(match[2]), match[3]))
    return diagnostics, process


def complete(vi_opt, examples, library=None):
    """Finds the types of the values that each example does not define, and the
    models that it refers to."""
    library = library or {}
    for _ in range(60):
        open_examples = [e for e in examples if not e.done and not e.error]
        if not open_examples:
            return
        modules = [e.module() for e in open_examples]
        diagnostics, process = run(vi_opt, modules, "-o", "/dev/null")
        if process.returncode < 0:
            sys.exit(f"vi-opt crashed:\n{process.stderr[-4000:]}")
        for example, module, found in zip(open_examples, modules, diagnostics):
            if not found:
                example.done = True
                continue
            changed = False
            for line, column, message in found:
                if match := re.match(r"use of value '(%[^']+)' expects "
                                     r"different type than prior uses: "
                                     r"'(.*)' vs '(.*)'", message):
                    name = match[1]
                    if name in example.kept and (
                            example.kept[name] == match[2]):
                        example.kept[name] = match[3]
                        changed = True
                    elif example.types.get(name) == match[3]:
                        example.types[name] = match[2]
                        changed = True
                elif match := re.search(r"(@\w+) that does not exist", message):
                    text = library.get(match[1], "")
                    if text and text not in example.context:
                        example.context = text + example.context
                        changed = True
                elif message.startswith("use of undeclared SSA value name"):
                    source = module.splitlines()[line - 1][column - 1:]
                    name = re.match(r"%[\w$.-]+", source)[0]
                    if name not in example.types:
                        example.types[name] = "none"
                        changed = True
            if not changed:
                example.error = "; ".join(m for _, _, m in found)
    for example in examples:
        if not example.done and not example.error:
            example.error = "no types found for its values"


def sections(page):
    """(heading, text) of each section of a page."""
    parts = re.split(r"^### ", page.read_text(), flags=re.M)
    for part in parts[1:]:
        heading, _, text = part.partition("\n")
        if name := re.search(r"`-?([^`]+)`", heading):
            yield name[1], text


def blocks(text):
    """(text in front, block) of each block of IR."""
    position = 0
    for match in re.finditer(r"^```mlir\n(.*?)^```", text, re.M | re.S):
        yield text[position:match.start()], match[1]
        position = match.end()


def top_level_names(text):
    """Values defined outside of any region, in order."""
    names = []
    for line in text.splitlines():
        if match := re.match(r"(%[\w$.-]+(?::\d+)?(?:, *%[\w$.-]+)*) = ", line):
            names += re.findall(r"%[\w$.-]+", match[1])
    return names


def normalized(text):
    """IR with its values named in the order of their appearance."""
    names = {}

    def rename(match):
        return names.setdefault(match[0], f"%{len(names)}")

    return re.sub(r"%[\w$.-]+", rename, text).strip()


def functions(text):
    """The text of each function or model of a printed module, by its name."""
    result = {}
    lines = text.splitlines()
    head = re.compile(r"  (?:func\.func|vi\.model|vi\.guide)[^(]*?(@[\w.]+)")
    for start, line in enumerate(lines):
        if not (match := head.match(line)):
            continue
        end = start
        if line.endswith("{"):
            end = lines.index("  }", start)
        result[match[1]] = "\n".join(lines[start:end + 1])
    return result


def type_of(function):
    """A function's name and types, without its body or names of arguments."""
    head = function.split(" {\n")[0]
    head = re.sub(r"%[\w$.-]+: |\bprivate ", "", head)
    return re.sub(r"\s+", " ", re.sub(r" attributes \{.*", "", head)).strip()


def run_pass(vi_opt, module, passes):
    """The printed result, or None and the diagnostics."""
    process = subprocess.run(
        [vi_opt, "--allow-unregistered-dialect", *passes, "-"],
        input=module, capture_output=True, text=True)
    if process.returncode:
        return None, process.stderr
    return functions(process.stdout), process.stdout


def option(name):
    """A pass with its options, as vi-opt takes it on the command line."""
    name, _, options = name.rstrip("}").partition("{")
    return f"--{name}={options}" if options else f"--{name}"


def main():
    vi_opt, generated = sys.argv[1], pathlib.Path(sys.argv[2])
    failures = []

    examples = []
    without = []
    for page in sorted((generated / "Dialects").glob("*.md")):
        for name, text in sections(page):
            if "." not in name:
                continue
            found = [b for _, b in blocks(text)]
            if not found and "operation ::=" in text:
                without.append(name)
            examples += [Example(name, b) for b in found]
    checked = [e for e in examples
               if not e.text.lstrip().startswith(TERMINATORS)]
    library = {}
    for example in examples:
        for symbol in re.findall(r"^vi\.(?:model|guide) (@\w+)", example.text,
                                 re.M):
            library[symbol] = example.text
    complete(vi_opt, checked, library)
    for example in checked:
        if example.error:
            failures.append(f"{example.where}: {example.error}\n"
                            f"{example.module()}")
    failures += [f"{name}: no example" for name in without]

    pairs = []
    for name, text in sections(generated / "Passes.md"):
        found = list(blocks(text))
        if not found:
            failures.append(f"{name}: no example")
            continue
        for (intro, before), (between, after) in zip(found, found[1:]):
            if not re.search(r"\bbecomes?\b|\bAfter\b", between):
                continue
            named = re.findall(rf"`({re.escape(name)}\{{[^`]*\}})`", intro)
            pairs.append((name, named[-1] if named else name,
                          Example(f"{name} (before)", before),
                          Example(f"{name} (after)", after)))
        if not any(p[0] == name for p in pairs):
            failures.append(f"{name}: no before and after")
    both = [e for p in pairs for e in p[2:]]
    complete(vi_opt, [p[2] for p in pairs], library)
    for *_, before, after in pairs:
        models = {symbol: before.text for symbol in
                  re.findall(r"^vi\.(?:model|guide) (@\w+)", before.text, re.M)}
        complete(vi_opt, [after], models)
    for _, _, before, after in pairs:
        if before.error or after.error:
            continue
        shared = [n for n in top_level_names(before.text)
                  if n in top_level_names(after.text)]
        for example in (before, after):
            example.kept = {n: "none" for n in shared}
            example.done = False
        types = {**after.types, **before.types}
        before.types = dict(types)
        after.types = types
    complete(vi_opt, [e for e in both if not e.error])
    for name, pipeline, before, after in pairs:
        if before.error or after.error:
            for example in (before, after):
                if example.error:
                    failures.append(f"{example.where}: {example.error}\n"
                                    f"{example.module()}")
            continue
        clean = ["--canonicalize", "--cse"]
        result, output = run_pass(vi_opt, before.module(),
                                  [option(pipeline), *clean])
        expected, errors = run_pass(vi_opt, after.module(), clean)
        if result is None or expected is None:
            failures.append(f"{name}: {errors if expected is None else output}")
            continue
        if not expected:
            failures.append(f"{name}: nothing to compare in\n{errors}")
        for symbol, text in expected.items():
            if symbol not in result:
                failures.append(f"{name}: no {symbol} in\n{output}")
            elif text.rstrip().endswith("}"):
                got, wanted = map(normalized, (result[symbol], text))
                if got != wanted:
                    failures.append(f"{name}: `{pipeline}` makes of the "
                                    f"example\n{result[symbol]}\n"
                                    f"and not\n{text}")
            elif type_of(text) != type_of(result[symbol]):
                failures.append(f"{name}: the example has\n{type_of(text)}\n"
                                f"and not\n{type_of(result[symbol])}")

    if len(sys.argv) > 3:
        for number, example in enumerate(checked + both):
            if not example.error:
                path = pathlib.Path(sys.argv[3]) / f"example-{number}.mlir"
                path.write_text(example.module())
        return
    print(f"{len(checked)} examples of operations, {len(pairs)} of passes")
    if failures:
        sys.exit("\n\n".join(failures) + f"\n\n{len(failures)} failures")


main()
