"""Find an import circle in the library, types and imports inside functions included: python tests/import_circles.py"""

import ast
import graphlib
import sys
from pathlib import Path

root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1])
files = {
    ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
    for path in root.glob("reddy_lib/**/*.py")
}
imports = {
    module: {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        if name in files and name != module
    }
    for module, path in files.items()
}
graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle
print(f"no circle in {len(files)} modules")
