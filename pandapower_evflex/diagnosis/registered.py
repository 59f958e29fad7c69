"""The same checks as a part of `pandapower.diagnostic`, by its `Diagnostic.register_function`."""

from __future__ import annotations

from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.diagnosis.diagnostic import diagnostic
from pandapower_evflex.tables.checks import TABLES

NAME = "pandapower_evflex"


def register_in_pandapower() -> None:
    """Adds the checks to every `Diagnostic` with pandapower's own functions, once.

    They share one list, which a call of `register_function` on any of them extends; where pandapower has no such class,
    or none that shares it, `evf.diagnostic` is all there is.
    """
    try:
        from pandapower.diagnostic import Diagnostic, DiagnosticFunction
    except ImportError:
        return

    class Checks(DiagnosticFunction):
        """Checks of nets that have tables of `pandapower_evflex`."""

        def diagnostic(self, net: Net, **_: Any) -> dict[str, list[str]] | None:
            """{check: texts}, None where nothing was found, and where there are no tables of ours."""
            if not any(table in net for table in TABLES):
                return None
            found = diagnostic(net)
            texts = found.groupby("check", sort=False)["text"].agg(list).to_dict()
            return texts or None

        def report(self, error: Exception | None, results: dict[str, list[str]] | None) -> None:
            """In pandapower's log: a line per finding, in the compact report their number."""
            if error is not None:
                self.out.warning("Check of pandapower_evflex failed due to the following error:")
                self.out.warning(error)
            elif results is None:
                self.out.info("PASSED: pandapower_evflex found nothing")
            else:
                for check, texts in results.items():
                    self.out.detailed("\n    ".join([f"{check}:", *texts]))
                n_findings = sum(map(len, results.values()))
                self.out.compact(f"pandapower_evflex: {n_findings} findings, see evf.diagnostic(net)")

    shared = Diagnostic()
    if not any(name == NAME for name, *_ in shared._functions):
        shared.register_function(Checks(), [], NAME)
