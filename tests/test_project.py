"""What holds for the project as a whole: public names are documented, files are small, the README tells the truth."""

import ast
import doctest
import inspect
import re
import tomllib
from pathlib import Path

import pytest

import jacobians

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "jacobians").rglob("*.py"))
PYTHON_FILES = sorted([*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_one_can_do_with_it(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name_of)
def test_a_room_lists_its_files(path):
    """But for the rules, which are filed as NumPy files its functions."""
    if path.parent.name == "rules":
        return
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    files = {file.stem for file in path.parent.glob("*.py")} | {file.parent.name for file in path.parent.glob("*/*.py")}
    assert sorted(name for name in files - {"__init__", "__main__"} if f"`{name}`" not in text) == []


def test_every_folder_with_code_is_a_package():
    """A folder without ``__init__.py`` would be missing from the wheel."""
    assert [name_of(path) for path in MODULES if not (path.parent / "__init__.py").exists()] == []


@pytest.mark.parametrize("path", PYTHON_FILES, ids=name_of)
def test_a_file_has_at_most_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "__main__.py"], ids=name_of)
def test_a_module_does_not_import_the_package_from_above(path):
    """The contract on floors sees imports between modules; this one sees ``import jacobians`` in one of them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert "jacobians" not in [alias.name.split(".")[0] for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            depth = len(path.relative_to(ROOT / "jacobians").parts)
            assert node.level or node.module != "jacobians"
            assert node.level < depth or node.module or path.name == "__init__.py"


def public_names():
    return sorted(jacobians.__all__)


@pytest.mark.parametrize("name", public_names())
def test_a_public_name_is_documented(name):
    thing = getattr(jacobians, name)
    if callable(thing):
        assert inspect.getdoc(thing), f"jacobians.{name} has no docstring"


def test_no_module_bears_the_name_of_a_public_function():
    """``import jacobians.jacobian`` would put the module in the place of the function."""
    rooms = {path.stem if path.is_file() else path.name for path in (ROOT / "jacobians").iterdir()}
    assert {name for name in public_names() if inspect.isfunction(getattr(jacobians, name))} & rooms == set()


def test_the_readme_prints_what_it_says():
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    source = "\n".join(block + "\n" for block in blocks)
    test = doctest.DocTestParser().get_doctest(source, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 10
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test).failed == 0


def test_the_readme_has_both_commands():
    commands = re.findall(r"^    (python -m venv .*)$", README, flags=re.MULTILINE)
    assert [command.rsplit("&& ", 1)[1] for command in commands] == [
        ".venv/bin/python -m jacobians",
        ".venv/bin/python -m pytest -n auto --dist loadfile",
    ]
    assert all("&& .venv/bin/pip install " in command for command in commands)


def test_the_readme_links_to_files_that_exist():
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_changelog_knows_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{version}]" in changelog or "## [Unreleased]" in changelog
