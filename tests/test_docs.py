"""What the pages for contributors name is there: files, folders and the layers of the package."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pandapower_evflex as evf
from tests.test_package import LAYERS, WINGS

PACKAGE = Path(evf.__file__).parent
ROOT = Path(__file__).parents[1]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = (ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", *DECISIONS)
FOLDERS = {path.name for path in (*PACKAGE.iterdir(), *ROOT.iterdir()) if path.is_dir()}


def _paths(text):
    """Paths in backticks, such as `case/grid.py` or `tests/`."""
    quoted = re.findall(r"`([A-Za-z_.]+(?:/[A-Za-z_.]*)+)`", text)
    return [path for path in quoted if path.split("/")[0] in FOLDERS]


def test_files_and_folders_named_in_the_pages_for_contributors_exist():
    missing = [
        f"{page.name}: {path}"
        for page in PAGES
        for path in _paths(page.read_text(encoding="utf-8"))
        if not (PACKAGE / path).exists() and not (ROOT / path).exists()
    ]
    assert missing == []
    assert len(_paths(PAGES[1].read_text(encoding="utf-8"))) > 50


def test_files_named_in_the_commands_for_contributors_exist():
    files = [ROOT / "Makefile", ROOT / ".github" / "workflows" / "tests.yml", ROOT / ".ci" / "run"]
    named = [path for file in files for path in re.findall(r"\b(?:tests|benchmarks|docs)/[\w/.]+", file.read_text())]
    assert len(named) > 5 and [path for path in named if not (ROOT / path).exists()] == []


def test_links_between_pages_lead_somewhere():
    pages = (ROOT / "README.md", *PAGES, *sorted((ROOT / "docs").glob("*.md")))
    missing = [
        f"{page.name}: {target}"
        for page in dict.fromkeys(pages)
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not target.startswith("http") and not (page.parent / target).exists()
    ]
    assert missing == []


def test_the_architecture_page_shows_all_layers_and_wings_in_their_order():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    diagram = page.split("## Layers")[1].split("```")[1]
    places = [[re.search(rf"^ *(?:[a-z_]+, )*{name}\b", diagram, re.M) for name in names] for names in LAYERS]
    assert all(place for layer in places for place in layer)
    starts = [min(place.end() for place in layer) for layer in places]
    assert starts == sorted(starts)
    for wings in WINGS.values():
        shown = [re.search(rf"^ +{wing}\b", diagram, re.M) for wing in wings if wing != "chains"]
        assert all(shown) and [place.start() for place in shown] == sorted(place.start() for place in shown)


def test_every_public_function_and_class_has_its_place_in_the_reference():
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))
    shown = set(re.findall(r"^\.\. auto(?:function|class|exception):: (\w+)$", pages, re.M))
    modules = [evf.mobility, evf.networks, evf.toolbox, evf.plotting]
    public = {name for module in (evf, *modules) for name in module.__all__}
    assert public - shown == {"mobility", "networks", "toolbox"}
    assert shown <= public


def test_every_public_function_says_what_it_takes_and_gives():
    missing = []
    for module in (evf, evf.mobility, evf.networks, evf.toolbox, evf.plotting):
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isfunction(function):
                asked = [*(["Parameters"] if inspect.signature(function).parameters else [])]
                gives_nothing = function.__annotations__.get("return", "None") in ("None", None)
                asked += [] if gives_nothing else ["Returns"]
                doc = inspect.getdoc(function) or ""
                missing += [f"{name}: {part}" for part in asked if f"{part}\n{'-' * len(part)}" not in doc]
    assert missing == []
