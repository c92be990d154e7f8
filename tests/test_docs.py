"""The site in `docs` tells of everything that is public, and every page is reached from the first one."""

import re
from pathlib import Path

import pytest

import jacobians

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}


@pytest.mark.parametrize("name", sorted(jacobians.__all__))
def test_a_public_name_is_in_the_reference(name):
    assert re.search(rf"^\.\. auto\w+:: {name}(\(\))?$", PAGES["api"], re.MULTILINE)


def test_every_page_is_in_a_table_of_contents():
    listed = re.findall(
        r"^([a-z]+)$", "\n".join(re.findall(r"```\{toctree\}(.*?)```", PAGES["index"], re.DOTALL)), re.MULTILINE
    )
    assert sorted(listed) == sorted(PAGES.keys() - {"index"})


@pytest.mark.parametrize("page", sorted(PAGES.keys() - {"index", "api"}))
def test_a_page_shows_what_it_says(page):
    assert "```{code-cell} python" in PAGES[page]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\((\w+)\.md\)", PAGES[page])
    assert [target for target in targets if target not in PAGES] == []


@pytest.mark.parametrize("error", [name for name in jacobians.__all__ if name.endswith(("Error", "Warning"))])
def test_every_error_is_explained(error):
    assert error in PAGES["errors"]
