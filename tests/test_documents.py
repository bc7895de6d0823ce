"""The documents say what the code says: generated pages are fresh, and every command is named."""

import json
import subprocess
import sys
from pathlib import Path

from axpair_host.cli import SUMMARIES

ROOT = Path(__file__).parent.parent


def test_the_generated_pages_are_what_the_generator_makes_now() -> None:
    program = (
        "from docs import generate as g\n"
        "from pathlib import Path\n"
        "for name, page in (('faults', g.faults()), ('commands', g.commands())):\n"
        "    assert Path(f'docs/{name}.md').read_text(encoding='utf-8') == page, name\n"
        "made = {f'{name}.json': text for name, text in g.schemas()}\n"
        "assert {one.name: one.read_text(encoding='utf-8') for one in Path('docs/schema').iterdir()} == made\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run 'make docs': {done.stderr}"


def test_every_key_of_a_schema_is_described() -> None:
    nameless = [
        f"{path.name}: {name}.{key}"
        for path in sorted((ROOT / "docs" / "schema").iterdir())
        for name, defined in json.loads(path.read_text(encoding="utf-8"))["$defs"].items()
        for key, described in defined["properties"].items()
        if not described.get("description", "").endswith((".", ")"))
    ]
    assert nameless == []


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in SUMMARIES if f"`axpair {name}" not in readme] == []
