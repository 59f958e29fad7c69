"""Compiled code is kept on disk where it can be, and does without where it cannot."""

from __future__ import annotations

import errno
import importlib
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pandapower_evflex as evf
from pandapower_evflex.kernels import jit as jit_module
from pandapower_evflex.kernels.jit import OPTIONS, is_compiled, is_stored, jit

PACKAGE = Path(evf.__file__).parent
SAYS = "compiled in memory"

IMPORT_AND_COMPILE = """
import numpy as np
import pandapower_evflex as evf
from pandapower_evflex.kernels.jit import is_compiled, is_stored
from pandapower_evflex.kernels.linear import LINEAR
from pandapower_evflex.opf.progress import announce_compilation
out = np.empty(1)
assert not is_compiled(LINEAR.value) and not is_stored(LINEAR.value)
LINEAR.value(np.array([3.0]), np.array([[0]]), np.array([[2.0]]), out)
assert is_compiled(LINEAR.value)
announce_compilation(None)
print(evf.__file__, out[0])
"""


@pytest.fixture
def nowhere_to_write(tmp_path):
    """A copy of the package and a home in which files stand where numba makes folders: root may write everywhere."""
    copy = tmp_path / "site" / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()
    home = tmp_path / "home"
    home.touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "XDG_"))}
    own = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA"), str(home))
    return {**kept, **own, "MPLCONFIGDIR": str(tmp_path), "PYTHONPATH": str(copy.parent), "PYTHONSAFEPATH": "1"}


def test_where_numba_cannot_write_the_package_compiles_in_memory_and_says_so_once(nowhere_to_write):
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT_AND_COMPILE], capture_output=True, text=True, env=nowhere_to_write
    )
    assert ended.returncode == 0, ended.stderr
    where, value = ended.stdout.split()
    assert Path(where).parents[1] == Path(nowhere_to_write["PYTHONPATH"]) and float(value) == 6.0
    assert ended.stderr.count(SAYS) == 1 and "NUMBA_CACHE_DIR" in ended.stderr
    assert "once in this process" in ended.stderr and "once after installation" not in ended.stderr


@jit
def _double(x):
    return 2.0 * x


def test_a_disk_that_is_full_when_a_kernel_is_stored_does_not_stop_it(monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    jit_module._say_that_nothing_is_stored.cache_clear()
    monkeypatch.setattr(_double._cache._cache_file, "save", full)
    monkeypatch.setattr(_double._cache._cache_file, "load", lambda key: None)
    with caplog.at_level(logging.WARNING):
        assert [_double(2.0), _double(np.float32(2.0))] == [4.0, 4.0]
    assert caplog.text.count(SAYS) == 1


CALLER = """
from pandapower_evflex.kernels.jit import jit
from called import SHIFT, scaled

@jit
def kernel(x):
    return scaled(x) + SHIFT
"""
CALLED = """
from pandapower_evflex.kernels.jit import jit

SHIFT = {shift}

@jit
def scaled(x):
    return {factor} * x
"""


def test_a_kernel_is_compiled_anew_where_what_it_takes_from_another_file_has_changed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "caller.py").write_text(CALLER)
    for factor, shift, is_new in ((2.0, 1.0, True), (2.0, 1.0, False), (3.0, 1.0, True), (3.0, 5.0, True)):
        if is_new:
            (tmp_path / "called.py").write_text(CALLED.format(factor=factor, shift=shift))
        for name in ("caller", "called"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        kernel = importlib.import_module("caller").kernel
        assert kernel(10.0) == 10.0 * factor + shift
        assert bool(kernel.stats.cache_hits) != is_new


def test_code_that_was_compiled_with_other_options_is_not_loaded():
    jit(_double.py_func)(3.0)
    for options, is_loaded in ((OPTIONS, True), ({**OPTIONS, "fastmath": {"reassoc"}}, False)):
        again = jit(_double.py_func, options)
        assert again(3.0) == 6.0 and bool(again.stats.cache_hits) == is_loaded


#: without what the package imports as a whole, which takes a second or two three times
ONE_KERNEL = f"""
import sys, types
package = sys.modules["pandapower_evflex"] = types.ModuleType("pandapower_evflex")
package.__path__ = [{str(PACKAGE)!r}]
import numpy as np
from pandapower_evflex.kernels import SQUARED_CURRENT
from pandapower_evflex.kernels.jit import is_compiled
kernel, out = SQUARED_CURRENT.hessian, np.empty((1, 10))
before = is_compiled(kernel)
kernel(np.array([0.1, 0.0, 1.0, 0.9]), np.arange(4)[None], np.array([[1.0, -2.0, -1.0, 2.0]]), np.ones(1), out)
print(before, sum(kernel.stats.cache_hits.values()), *out[0])
"""


def test_two_processes_that_compile_at_once_leave_code_that_the_next_one_reads(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def start():
        return subprocess.Popen([sys.executable, "-c", ONE_KERNEL], stdout=subprocess.PIPE, text=True, env=environment)

    at_once = [start() for _ in range(2)]
    numbers = [process.communicate()[0].split()[2:] for process in at_once]
    before, hits, *after = start().communicate()[0].split()
    assert [process.returncode for process in at_once] == [0, 0]
    assert (before, hits) == ("True", "1")
    assert numbers[0] == numbers[1] == after and len(after) == 10


def test_a_kernel_that_never_ran_is_not_compiled_though_it_could_be_stored():
    never = jit(lambda x: x)
    assert is_stored(never) and not is_compiled(never)


def test_plain_python_needs_no_compiling():
    """As everything is with NUMBA_DISABLE_JIT=1, for a debugger."""

    def plain(x):
        return x

    assert is_compiled(plain) and is_stored(plain)
