# The first screen of the README: its model is the example's, and its command
# gives the answer that stands there.
#
# RUN: cd %vi_source && %python %s README.md %vi_build
# REQUIRES: vi-fit
import pathlib
import re
import shlex
import subprocess
import sys

readme = pathlib.Path(sys.argv[1]).read_text()
build = sys.argv[2]

model = re.search(r"^```mlir\n(.*?)^```", readme, re.M | re.S)[1]
console = re.search(r"^```console\n\$ (.*?)\n(.*?)^```", readme, re.M | re.S)
command = shlex.split(console[1])
example = pathlib.Path(command[1]).read_text()
if model.strip() not in example:
    sys.exit(f"the README's model is not that of {command[1]}")

command[0] = command[0].replace("build/", build + "/", 1)
output = subprocess.run(command, capture_output=True, text=True, check=True)
NUMBER = re.compile(r"-?\d+\.\d+")


def rows(text):
    """Site and statistics of each line of the summary, and the ELBO."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"(\w+(?:\[[\d,]+\])?|ELBO) .*\d", line):
            found[match[1]] = NUMBER.findall(line)
    return found


expected, actual = rows(console[2]), rows(output.stdout)
if not expected:
    sys.exit("no summary in the README")
for name, numbers in expected.items():
    if len(actual.get(name, [])) != len(numbers):
        sys.exit(f"{name}: {numbers} in the README, now {actual.get(name)}")
    for shown, now in zip(numbers, actual[name]):
        # One unit of the last place that is shown; ten of the ELBO's error.
        unit = 10.0 ** -len(shown.split(".")[1])
        slack = 10 if name == "ELBO" else 1.01
        if abs(float(shown) - float(now)) > slack * unit:
            sys.exit(f"{name}: {shown} in the README, now {now}")
print(f"{len(expected)} lines as in the README")
