# The GoogleTest programs of unittests/, run by lit.
import os

import lit.formats

config.name = "vi-unit"
config.test_exec_root = os.path.join(config.vi_build_root, "unittests")
config.test_source_root = config.test_exec_root
config.test_format = lit.formats.GoogleTest(".", "Tests")

for name in ("HOME", "TMPDIR", "TMP", "TEMP", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
