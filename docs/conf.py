"""The documentation as a site: `python -m sphinx -W -c docs . build/site` in the root of the repository.

The root is the source folder, so that links between pages, tutorials and files of the repository are the same on the
site and beside the code.
"""

import re
from textwrap import dedent, indent

import pandapower_evflex as evf

project = "pandapower_evflex"
author = "the pandapower_evflex team"
version = release = evf.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "myst_nb",
]
root_doc = "docs/index"
include_patterns = ["docs/**", "tutorials/*.ipynb", "CONTRIBUTING.md", "CHANGELOG.rst"]
exclude_patterns = ["**/.ipynb_checkpoints"]

# notebooks are stored with their outputs; the slow tests run them
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4
suppress_warnings = ["myst.xref_ambiguous"]

autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False
default_role = "code"

html_theme = "pydata_sphinx_theme"
html_title = "pandapower_evflex"
html_show_sourcelink = False
highlight_language = "text"  # of blocks that name none: commands and files
# pages without pages below them have nothing to show beside them; tables are wide
html_sidebars = {name: [] for name in ("docs/*", "CONTRIBUTING", "CHANGELOG")}
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_theme_options = {"header_links_before_dropdown": 4}


#: a section of a docstring whose items may be told on one line: "name : type    text"
ITEMS = ("Parameters", "Returns", "Yields", "Raises", "Attributes")


def items_on_lines_of_their_own(app, what, name, obj, options, lines):
    """The text of an item below its name and type, where numpydoc looks for it."""
    told, inside, body = [], False, []
    for line, below in zip([*lines, "end"], [*lines[1:], "", ""], strict=True):
        if body and (not line or line.startswith("    ")):
            body.append(line)
            continue
        rest = indent(dedent("\n".join(body[1:])), "    ").split("\n") if len(body) > 1 else []
        told += body[:1] + rest
        inside = line in ITEMS if below and set(below) == {"-"} else inside
        item = re.fullmatch(r"(\S.*?) {2,}(\S.*)", line) if inside else None
        body = [] if item is None else ["    " + item[2]]
        told.append(line if item is None else item[1])
    lines[:] = told[:-1]


def setup(app):
    app.connect("autodoc-process-docstring", items_on_lines_of_their_own, priority=400)  # numpydoc's is 500
