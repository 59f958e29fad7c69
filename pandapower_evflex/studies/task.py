"""A study as a worker gets it: paths, and a key that changes with whatever would change its row."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.studies.files import write_beside
from pandapower_evflex.studies.sources import content_of, content_of_net, versions
from pandapower_evflex.studies.study import Study

#: of keys, manifest, caches and chunks
FORMAT = 1


@dataclass(frozen=True)
class Task:
    """One study.

    Parameters
    ----------
    label : str        of its net in the results; a second net of one name has its content behind it
    net, profiles : str or None     where they are read from: paths, codes, names
    net_content, profiles_content : str    hashes of what is read there
    share, seed, options, day       as in `Study`
    key : str          of content, share, seed, day, options and versions
    identity : str     of its description alone: a newer key of the same takes the place of the older
    versions : {package: version}    in the key: those of the worker must be the same
    """

    label: str
    net: str
    profiles: str | None
    net_content: str
    profiles_content: str
    share: float | None
    seed: int
    options: Mapping[str, Any]
    day: int | None
    key: str
    identity: str
    versions: Mapping[str, str]


class Tasks:
    """Tasks of studies; nets and profiles that are given as objects are written to the folder once.

    Parameters
    ----------
    out : Path     folder of the results, which every worker can read
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._known: dict[Any, tuple[Any, str | None, str, str]] = {}
        self._content_of_name: dict[str, str] = {}
        self._contents_of: dict[str, list[tuple[str, str]]] = {}
        self._versions = versions()

    def of(self, studies: Iterable[Study]) -> Iterator[Task]:
        for study in studies:
            net, net_content, label = self._net(study.net)
            profiles, profiles_content = self._profiles(study.profiles)
            described: dict[str, Any] = {
                "share": None if study.ev_share is None else float(study.ev_share) + 0.0,  # -0.0 is 0.0
                "seed": int(study.seed),
                "day": None if study.day is None else int(study.day),
                "options": dict(study.options),
            }
            of_content = {
                "format": FORMAT,
                "net": net_content,
                "profiles": profiles_content,
                "versions": self._versions,
            }
            by_name = {"net": label, "profiles": profiles if isinstance(study.profiles, str | os.PathLike) else None}
            yield Task(
                label=label,
                net=net,
                profiles=profiles,
                net_content=net_content,
                profiles_content=profiles_content,
                share=described["share"],
                seed=described["seed"],
                options=described["options"],
                day=described["day"],
                key=_digest({**described, **of_content}),
                identity=self._identity({**described, **by_name}, (net_content, profiles_content)),
                versions=self._versions,
            )

    def _identity(self, description: Mapping[str, Any], contents: tuple[str, str]) -> str:
        """Of a description; where one call has several contents under it, frames that have no name, of each its own."""
        identity = _digest(description)
        known = self._contents_of.setdefault(identity, [])
        if contents not in known:
            known.append(contents)
        position = known.index(contents)
        return _digest({**description, "position": position}) if position else identity

    def _net(self, net: Any) -> tuple[str, str, str]:
        """Where a worker reads it, its content, and its name in the results."""
        if not isinstance(net, pandapowerNet):
            source = os.fspath(net)
            _, _, content, label = self._once(("path", source), lambda: self._named(source))
            is_file = os.path.exists(source)
            return (os.path.abspath(source) if is_file else source), content, label
        _, path, content, label = self._once(("net", id(net)), lambda: self._written(net))
        return str(path), content, label

    def _named(self, source: str) -> tuple[Any, None, str, str]:
        content = content_of(source)
        return source, None, content, self._label(source, content)

    def _written(self, net: Any) -> tuple[Any, str, str, str]:
        content = content_of_net(net)
        path = self._out / "inputs" / f"net-{content[:16]}.pickled"
        if not path.exists():
            write_beside(path, lambda beside: beside.write_bytes(pickle.dumps(net)))
        name = str(net.get("name") or "") or f"net {content[:8]}"
        return net, str(path.absolute()), content, self._label(name, content)

    def _label(self, name: str, content: str) -> str:
        """The name of a net in the results, with its content behind it where another net of the call has the name."""
        is_other = self._content_of_name.setdefault(name, content) != content
        return f"{name} {content[:8]}" if is_other else name

    def _profiles(self, profiles: Any) -> tuple[str | None, str]:
        if profiles is None:
            return None, content_of(None)
        if isinstance(profiles, str | os.PathLike):
            source = os.fspath(profiles)
            return os.path.abspath(source), self._once(
                ("profiles", source), lambda: (source, None, content_of(source), source)
            )[2]
        _, path, content, _ = self._once(("frames", id(profiles)), lambda: self._written_frames(profiles))
        return str(path), content

    def _written_frames(self, profiles: Any) -> tuple[Any, str, str, str]:
        content = content_of(profiles)
        path = self._out / "inputs" / f"profiles-{content[:16]}.pickled"
        if not path.exists():
            write_beside(path, lambda beside: beside.write_bytes(pickle.dumps(dict(profiles))))
        return profiles, str(path.absolute()), content, ""

    def _once(self, which: Any, make: Any) -> tuple[Any, str | None, str, str]:
        """What was made of the same object or path before; the object is kept, so that its id stays its own."""
        if which not in self._known:
            self._known[which] = make()
        return self._known[which]


def _digest(described: Mapping[str, Any]) -> str:
    text = json.dumps(described, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
