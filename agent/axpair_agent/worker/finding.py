"""Finding the runtime: by name among our own and the entry points `axpair.runtimes`, or as `module:Class`."""

import importlib
import importlib.metadata
from typing import Any, Callable, Dict, List, Mapping, Tuple

from axpair_agent.worker.runtime import OptionError, Runtime, RuntimeFault

GROUP = "axpair.runtimes"
OWN = {"run_joint": "axpair_agent.worker.run_joint:RunJoint"}
"""Runtimes that travel with the worker: on a board where it is one file there are no entry points."""


class NoRuntime(Exception):
    """No runtime could be had; the text says what was looked for and what was in the way of each."""

    bad_option = False
    """Whether a runtime is there and only refuses an option."""


def find(name: str, options: Mapping[str, str]) -> Runtime:
    """The runtime of that name, made with the options; "" takes the first that loads, the emulator last.

    Raises NoRuntime.
    """
    if ":" in name:
        candidates: Dict[str, Callable[[], Any]] = {name: lambda: _import(name)}
    else:
        candidates = {found: point.load for found, point in _entry_points() if name in ("", found)}
    tried: List[str] = []
    for found in sorted(candidates, key=lambda known: (known == "emulator", known)):
        try:
            runtime: Runtime = candidates[found]()(options)
            runtime.versions()
            return runtime
        except RuntimeFault as fault:
            tried.append(f"{found}: {fault.message}")
        except OptionError as error:
            refused = NoRuntime(f"the runtime {found!r}: {error}")
            refused.bad_option = True
            raise refused from error
        except Exception as error:
            tried.append(f"{found}: {type(error).__name__}: {error}")
    raise NoRuntime(_explain(name, tried))


def _explain(name: str, tried: List[str]) -> str:
    if tried:
        return f"no runtime could be started ({'; '.join(tried)})"
    known = sorted({found for found, _ in _entry_points()})
    listed = f"installed are: {', '.join(known)}" if known else "none is installed"
    wanted = f"the runtime {name!r}" if name else "any runtime"
    return f"looked for {wanted} among the entry points {GROUP!r}; {listed}"


def _import(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _entry_points() -> List[Tuple[str, Any]]:
    found: Any = importlib.metadata.entry_points()
    own = [(name, _Own(path)) for name, path in OWN.items()]
    # Python 3.9 returns a mapping of groups, later versions a selectable list.
    points = found.select(group=GROUP) if hasattr(found, "select") else found.get(GROUP, ())
    return [*own, *((point.name, point) for point in points)]


class _Own:
    """An entry point without a package's metadata."""

    def __init__(self, path: str) -> None:
        self._path = path

    def load(self) -> Any:
        return _import(self._path)
