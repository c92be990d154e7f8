"""The site, built in an environment with ``jacobians[docs]`` by

    python -m sphinx -b html -W --keep-going docs docs/_build/html

Pages are MyST Markdown, and every cell on them runs when the site is built. Nothing is fetched: MathJax lies in
``_static/mathjax``, and there are no references to other sites' inventories.
"""

import hashlib
import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "jacobians"
author = "The jacobians developers"
copyright = author
version = release = version_of("jacobians")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "supported",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 2

nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

default_role = "py:obj"  # single backticks in docstrings: a link where the name is known
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say what an argument is
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "jacobians"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_copy_source = False
html_show_sourcelink = False
mathjax_path = "mathjax/tex-svg-full.js"  # npm mathjax@3; the bundle that needs no fonts and loads nothing else
copybutton_exclude = ".linenos, .gp, .go"


def _digest_of_the_library() -> str:
    """What the outputs of the cells depend on beside the cells themselves."""
    digest = hashlib.sha256()
    for path in sorted((HERE.parent / "jacobians").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def setup(app):
    """Keep executed cells inside the build folder, apart for each state of the library."""

    def place_cache(app, config):
        config.nb_execution_cache_path = str(Path(app.outdir) / ".jupyter_cache" / _digest_of_the_library())

    app.connect("config-inited", place_cache, priority=0)
