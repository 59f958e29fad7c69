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
    ("arrays", "errors", "scenarios"),
    ("times",),
    ("nlp",),
    ("kernels",),
    ("tables",),
    ("case",),
    ("limits",),
    ("powerflow", "solvers"),
    ("elements",),
    ("opf", "cpo", "market", "mobility"),
    ("planning", "operation"),
    ("diagnosis",),
    ("networks", "toolbox", "files"),
    ("warmup",),
    ("studies",),
    ("plotting",),
    ("reporting",),
    ("output",),
    ("demo",),
    ("commands",),
    ("cli",),
    ("__main__",),
)


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pandapower_evflex."):
            yield node.module.split(".")[1]


#: the same inside a layer; a file at its top may import every wing that comes before it
WINGS = {
    "opf": ("findings", "solve", "precheck", "report", "effort"),
    "cpo": ("sessions", "chain", "shave"),
    "planning": ("fault", "congestion"),
    "solvers": ("chains",),
}


def test_wings_import_one_way():
    wrong = []
    for layer, wings in WINGS.items():
        for path in (PACKAGE / layer).glob("*/*.py"):
            own = wings.index(path.parent.name)
            for module in _modules(path):
                parts = module.split(".")
                if parts[1] == layer and len(parts) > 3 and parts[2] in wings and wings.index(parts[2]) > own:
                    wrong.append(f"{path.relative_to(PACKAGE)} imports {module}")
    assert wrong == []


def test_no_two_files_import_each_other():
    """Imports of whole files, those inside of functions and for types left aside, have no circle."""
    imports = {_name(path): set(_modules(path, top=True)) for path in PACKAGE.rglob("*.py")}
    open_files = dict(imports)
    while True:
        done = [name for name, others in open_files.items() if not others & set(open_files)]
        if not done:
            break
        open_files = {name: others for name, others in open_files.items() if name not in done}
    open_files.pop("pandapower_evflex", None)
    assert {name: others & set(open_files) for name, others in open_files.items()} == {}


def _name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _modules(path, top=False):
    """Names of modules of the package that a file imports."""
    tree = ast.parse(path.read_text())
    for node in tree.body if top else ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pandapower_evflex"):
            for name in node.names:
                is_file = (PACKAGE.parent / node.module.replace(".", "/") / f"{name.name}.py").exists()
                yield f"{node.module}.{name.name}" if is_file else node.module


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
    assert files_with('import_module("power_grid_model') == ["powerflow/by_phase.py"]


def test_public_names_exist_and_are_documented():
    for name in evf.__all__:
        assert getattr(evf, name).__doc__, name


def test_plotting_is_listed_and_loaded_on_demand_only():
    code = (
        "import sys, pandapower_evflex as evf; print({'plotting', 'toolbox'} <= set(dir(evf)), "
        "'pandapower_evflex.plotting' in sys.modules, evf.plotting.__name__)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["True", "False", "pandapower_evflex.plotting"]
