"""The package as a whole: imports point one way, everything public is documented and importable."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pandapower_evflex as evf

PACKAGE = Path(evf.__file__).parent

#: each layer may import itself and those before it
LAYERS = (
    ("arrays", "errors"),
    ("times",),
    ("nlp",),
    ("kernels",),
    ("tables",),
    ("case",),
    ("elements", "limits"),
    ("powerflow", "solvers"),
    ("opf", "cpo", "market", "mobility"),
    ("planning",),
    ("networks", "toolbox"),
    ("plotting",),
    ("warmup",),
    ("output",),
    ("demo",),
    ("cli",),
    ("__main__",),
)


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pandapower_evflex."):
            yield node.module.split(".")[1]


def test_imports_point_one_way():
    level = {name: number for number, names in enumerate(LAYERS) for name in names}
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        wrong += [
            f"{path.name} imports {other}" for other in _imports(path) if other != own and level[other] >= level[own]
        ]
    assert wrong == []


def test_only_one_file_imports_cyipopt_and_one_reads_the_ppc():
    def files_with(text):
        return [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if text in path.read_text()]

    assert files_with("import cyipopt") == ["solvers/ipopt.py"]
    assert files_with("_pd2ppc") == ["case/grid.py"]


def test_public_names_exist_and_are_documented():
    for name in evf.__all__:
        assert getattr(evf, name).__doc__, name


def test_plotting_is_loaded_on_demand_only():
    name = "pandapower_evflex.plotting"
    code = f"import sys, pandapower_evflex as evf; before = {name!r} in sys.modules; evf.plotting; print(before)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
