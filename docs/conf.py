"""How Sphinx builds the manual: `make docs`. It needs no network, and a warning is an error."""

import os
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent

project = "etna_magic"
author = "etna_magic contributors"
copyright = "2026, etna_magic contributors"  # noqa: A001 - Sphinx reads it by this name
release = version = installed_version("etna-magic")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "README.md"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Every block that can run is run while the manual is built; an error that is not expected ends the build.
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_execution_in_temp = True
nb_render_markdown_format = "myst"  # with tables

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings have them
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "etna_magic"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sphinx = False
html_copy_source = False
copybutton_prompt_text = r"In \[\d+\]: |\$ "
copybutton_prompt_is_regexp = True


def _copy_tutorials() -> None:
    """Bring the notebooks into the folder that Sphinx reads."""
    target = HERE / "tutorials"
    target.mkdir(exist_ok=True)
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text = notebook.read_text(encoding="utf-8").replace("](../docs/", "](../")
        (target / notebook.name).write_text(text, encoding="utf-8")


# What runs while the manual is built must not find the settings of whoever builds it.
for name in [name for name in os.environ if name.startswith("ETNA_")]:
    del os.environ[name]
_copy_tutorials()
