"""Reading the source of the house: files, what they import, and what they say."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Import:
    """One imported module; `typing_only` if it stands under `if TYPE_CHECKING`."""

    name: str
    line: int
    typing_only: bool


class Source:
    """A Python file of the portal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text("utf-8"))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[Import]:
        """Every import, `from a import b` both as `a` and as `a.b`."""
        return list(self._imports())

    def _imports(self) -> Iterator[Import]:
        hidden = {
            child
            for node in self.nodes
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
            for child in ast.walk(node)
        }
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node.lineno, node in hidden)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}:{node.lineno}: relative import"
                yield Import(node.module or "", node.lineno, node in hidden)
                for alias in node.names:
                    yield Import(f"{node.module}.{alias.name}", node.lineno, node in hidden)

    def uses(self, package: str) -> list[str]:
        """Where `package` or a part of it is imported, except for types."""
        return [
            f"{self.name}:{found.line}"
            for found in self.imports
            if not found.typing_only
            and (found.name == package or found.name.startswith(f"{package}."))
        ]

    def texts(self) -> Iterator[tuple[str, int]]:
        """Every string in the file that is not a docstring, with its line."""
        docstrings = {
            node.body[0].value
            for node in self.nodes
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in self.nodes:
            if isinstance(node, ast.Constant) and node not in docstrings:
                yield str(node.value), node.lineno


@cache
def source_of(path: Path) -> Source:
    """The file, read once however many rules ask for it."""
    return Source(path)


def sources(*folders: str) -> list[Source]:
    """All Python files under the folders."""
    found = [
        source_of(path)
        for folder in folders or ("portal", "blueprints")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    assert found
    return found


def packages() -> list[str]:
    """The names of the module packages."""
    return sorted(path.parent.name for path in (ROOT / "blueprints").glob("*/__init__.py"))


def templates() -> list[Path]:
    """All templates, text ones too."""
    return sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())
