"""Execute tutorials in place: `python -m tests.tutorials.run` for all, or with names for some.

Notebooks are stored with their outputs, which the site and every viewer of notebooks show. They run in a copy of
`tutorials/`, so that nothing is written beside them, and what is stored depends on their code alone: no times of
execution, versions or widgets, pictures of 70 dpi.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image  # comes with matplotlib

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "tutorials"

#: seconds that one cell may take
TIMEOUT = 600

#: keeps every notebook below `MAX_BYTES`
STYLE = "figure.dpi: 70\n"
PNG = "image/png"
MAX_BYTES = 300_000

#: metadata of every stored notebook, beside `CODE`
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
#: metadata with the hash of the code that the outputs are of
CODE = "executed_code"

#: paths of a machine and addresses in memory, which differ wherever a notebook runs
OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(?:home|root|tmp|usr|var|Users|opt|private)/|[A-Z]:\\\w|site-packages| at 0x[0-9a-f]+"
)


def executed(name: str) -> Any:
    """The notebook with the outputs of a run from top to bottom.

    Raises
    ------
    nbclient.exceptions.CellExecutionError    a cell fails
    """
    notebook = nbformat.read(TUTORIALS / name, as_version=4)
    with _copied() as (folder, environment):
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(
            notebook, timeout=TIMEOUT, kernel_name="python3", record_timing=False, resources=resources
        )
        client.execute(env=environment)
    notebook.metadata = nbformat.from_dict({**METADATA, CODE: code_hash(notebook)})
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PNG in output.get("data", {}):
                output.data[PNG] = smaller(output.data[PNG])
    return notebook


def smaller(png: str) -> str:
    """The same picture with a palette of 256 colours, which takes a third of the bytes."""
    picture, stored = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO()
    picture.convert("RGB").quantize(256).save(stored, "PNG", optimize=True)
    return base64.b64encode(stored.getvalue()).decode()


@contextmanager
def _copied() -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of the tutorials, and the environment of a kernel in it."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "tutorials"
        shutil.copytree(TUTORIALS, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
        style = Path(parent) / "matplotlibrc"
        style.write_text(STYLE)
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        yield folder, {**os.environ, "MATPLOTLIBRC": str(style), "PYTHONPATH": path}


def code_hash(notebook: Any) -> str:
    """Of the code alone: text may change without another run."""
    code = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def texts(notebook: Any) -> str:
    """All that the outputs say, pictures left out."""
    parts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = {key: value for key, value in output.get("data", {}).items() if key != PNG}
            parts += [output.get("text", ""), *map(str, data.values()), *output.get("traceback", [])]
    return "\n".join(parts)


def n_images(notebook: Any) -> int:
    return sum(PNG in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))


def main(names: Sequence[str]) -> None:
    for name in names or sorted(path.name for path in TUTORIALS.glob("*.ipynb")):
        notebook = executed(name)
        found = OF_A_MACHINE.findall(texts(notebook))
        if found:
            raise SystemExit(f"{name}: the outputs show {found}, which differs from machine to machine")
        nbformat.write(notebook, TUTORIALS / name)
        print(f"{name}: {n_images(notebook)} pictures, {(TUTORIALS / name).stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
