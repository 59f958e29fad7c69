# One command each; `python -m pip install -e ".[test,docs,benchmark]"` installs what they need.
.PHONY: test quick slow lint docs benchmarks package release

test:
	python -m pytest

quick:  # a sample, in under a minute once compiled
	python -m pytest -n 2 tests/test_package.py tests/test_docs.py tests/kernels/test_kernels.py tests/market tests/tables/test_create.py tests/elements/test_ev.py tests/cpo/test_equations.py

slow:
	python -m pytest -m slow

lint:
	ruff check .
	ruff format --check .
	mypy

docs:
	python -m sphinx -W -c docs . build/site

benchmarks:
	python benchmarks/run.py

package:
	python -m build
	python -m twine check --strict dist/*

release:  # on the page of a package index, relative links lead nowhere
	@grep -q '^project_urls' setup.cfg || { echo "setup.cfg: give the project_urls first"; exit 1; }
	@! grep -nE '\]\((docs|tutorials|[A-Z.])' README.md || { echo "README.md: make these links absolute first"; exit 1; }
	$(MAKE) package
