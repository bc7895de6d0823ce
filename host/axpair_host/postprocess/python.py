"""A post-processor in Python: a function named as module:function."""

import hashlib
import importlib
import sys
import sysconfig
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from axpair_host.digests import file_sha256
from axpair_host.errors import PostprocessError

_NAMED = 8
_FORM = (
    "write it as module:function (the module is looked for in the working directory first), 'cmd:PROGRAM {dir}', or "
    "'board:PROGRAM {dir}'"
)


def function_of(spec: str, option: str = "--postprocess") -> Callable[..., Any]:
    """Import `module:function`, as `option` gave it. Raises PostprocessError when there is no such thing, or importing
    it fails."""
    module_name, colon, function_name = spec.partition(":")
    if not colon or not module_name or not function_name:
        raise PostprocessError(f"{option} {spec!r} names no function", next_step=_FORM)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise PostprocessError(f"{option} {spec}: no module {module_name!r}", next_step=_FORM) from error
        raise PostprocessError(f"{option} {spec}: its module needs {error.name!r}, which isn't installed") from error
    except BaseException as error:
        raise PostprocessError(
            f"{option} {spec}: importing {module_name!r} raised {type(error).__name__}: {error}"
        ) from error
    function: Any = module
    for part in function_name.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        there = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        more = f", and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        what = "is no function" if function is not None else "isn't there"
        raise PostprocessError(
            f"{option} {spec}: {function_name!r} {what} in {module_name!r}",
            next_step=f"it has: {', '.join(sorted(there)[:_NAMED])}{more}" if there else _FORM,
        )
    return function  # type: ignore[no-any-return]


def sources_sha256(before: Collection[str]) -> str:
    """Over the files of all modules that were imported since `before` and aren't installed: the function's own and what
    it imports of the user's."""
    installed = [Path(path).resolve() for path in set(sysconfig.get_paths().values())]
    files = [getattr(module, "__file__", None) for name, module in [*sys.modules.items()] if name not in before]
    paths = sorted({Path(file).resolve() for file in files if file})
    own = [path for path in paths if path.is_file() and not any(map(path.is_relative_to, installed))]
    return hashlib.sha256("".join(f"{path.name}\0{file_sha256(path)}\n" for path in own).encode()).hexdigest()
