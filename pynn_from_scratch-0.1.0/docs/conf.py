"""The documentation's site, in English and with ``-t zh-CN`` in Chinese; ``make docs`` builds both.

The source folder is the repository, so that a link from one file to another works here as it does where the code is hosted.
"""

import hashlib
import os
import shutil
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.search.zh import SearchChinese
from sphinx.util.matching import Matcher

import pynn

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = {
    "en": ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/REPORT.md", "findings/README.md",
           "docs/*.md", "docs/api/*.md", "notebooks/*.ipynb"],
    "zh-CN": ["README.zh-CN.md", "docs/zh-CN/*.md", "notebooks/zh-CN/*.ipynb"],
}
FIRST = {"en": "docs/index", "zh-CN": "docs/zh-CN/index"}
SITE = "zh-CN" if tags.has("zh-CN") else "en"  # noqa: F821  Sphinx gives the name `tags`
OTHER = "en" if SITE == "zh-CN" else "zh-CN"
TO_OTHER = {"en": "zh-CN/", "zh-CN": "../"}[SITE]  # the Chinese site is a folder in the English one

project = "pynn"
author = "The pynn developers"
version = release = pynn.__version__
language = {"en": "en", "zh-CN": "zh_CN"}[SITE]  # Chinese can be searched because jieba is installed
root_doc = FIRST[SITE]
include_patterns = PAGES[SITE]
exclude_patterns = [".*", "build", "csrc", "pynn", "tests", "runs"]

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "sphinx-mathjax-offline", "myst_nb"]
default_role = "py:obj"

add_module_names = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # the docstrings say it, with shapes
napoleon_google_docstring = False
napoleon_use_param = False  # "x, y" stay on one line
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3


def kept_outputs():
    """The folder with the outputs of the notebooks, emptied if the library is another one than that which computed them.

    The cache goes by the notebooks' code alone: it would keep outputs of a pynn that has changed since, and mix up notebooks
    that differ only in their language.
    """
    package = Path(pynn.__file__).parent
    library = hashlib.sha256()
    for path in sorted([*package.rglob("*.py"), *package.glob("_core*"), *package.glob("*.mplstyle")]):
        library.update(path.read_bytes())
    folder = REPOSITORY / "build" / "docs-outputs" / SITE
    stamp = folder / "library"
    if not stamp.exists() or stamp.read_text() != library.hexdigest():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stamp.write_text(library.hexdigest())
    return str(folder / "cache")


nb_execution_mode = os.environ.get("PYNN_DOCS_EXECUTE", "cache")
if nb_execution_mode == "cache":
    nb_execution_cache_path = kept_outputs()
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]  # widgets as their still pictures:
nb_ipywidgets_js = {}                                                                      # they need a kernel

html_theme = "furo"
html_title = "pynn"
html_show_copyright = False
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
templates_path = ["_templates"]
html_additional_pages = {"index": "first.html"}  # leads to root_doc
html_sidebars = {"**": ["sidebar/brand.html", "language.html", "sidebar/search.html", "sidebar/scroll-start.html",
                        "sidebar/navigation.html", "sidebar/scroll-end.html"]}


class ChineseSearch(SearchChinese):
    """The search of the Chinese site, which finds nothing at all without the two lines below."""

    language_name = "English"  # of the stemmer, for Latin words: Sphinx 9.0.4 looks for a ChineseStemmer that it has not
    # jieba cuts the pages into words of two characters or more; the query must be cut in the browser, by what is there.
    js_splitter_code = """
function splitQuery(query) {
  const words = new Intl.Segmenter("zh", {granularity: "word"});
  const runs = query.split(/[^\\p{Letter}\\p{Number}_]+/gu);
  return runs.flatMap((run) => [...words.segment(run)].map((word) => word.segment)).filter((word) => word.length > 1);
}
"""


def counterpart(page):
    """The same page in the other language, or its first page."""
    folder, _, name = page.rpartition("/")
    if SITE == "en":
        guesses = [f"{folder}/zh-CN/{name}", f"{name}.zh-CN"]
    else:
        guesses = [f"{folder.removesuffix('/zh-CN')}/{name}", name.removesuffix(".zh-CN")]
    return next((guess for guess in guesses if is_elsewhere(guess)), FIRST[OTHER])


def is_elsewhere(page):
    in_other_site = Matcher(PAGES[OTHER])
    return any(in_other_site(page + suffix) and (REPOSITORY / (page + suffix)).exists() for suffix in (".md", ".ipynb"))


def address_elsewhere(page, other_page):
    """The address of a page of the other language's site, as it is from `page` of this one."""
    return "../" * page.count("/") + TO_OTHER + other_page + ".html"


def add_language_link(app, pagename, templatename, context, doctree):
    context["other_language"] = address_elsewhere(pagename, counterpart(pagename))


def settle_links(app, doctree):
    """Links to the other language's pages lead to its site; those to folders, of which there is no page, become text."""
    page = app.env.docname
    for link in list(doctree.findall(addnodes.pending_xref)):
        target = link["reftarget"]
        if link["reftype"] != "myst":
            continue
        if link["refdomain"] == "doc" and is_elsewhere(target):
            anchor = "#" + link["reftargetid"] if link["reftargetid"] else ""
            address = address_elsewhere(page, target) + anchor
            link.replace_self(nodes.reference("", "", *link.children, refuri=address))
        elif (REPOSITORY / page).parent.joinpath(target).is_dir():
            link.replace_self(link.children)


def setup(app):
    app.add_search_language(ChineseSearch)
    app.connect("html-page-context", add_language_link)
    app.connect("doctree-read", settle_links)
