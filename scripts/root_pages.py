"""A hook of MkDocs: the documents at the top of the repository become pages of the site, and all pages get their place.

On the host of the repository they are read as files, and link into docs/; links are rewritten for the site, in both
directions, so that MkDocs can check every one of them.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TOP = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
SECTIONS = {
    "Using it": ("index.md", "matching.md", "comparison.md", "settings.md", "api.md"),
    "Running it": (
        "operations.md",
        "machines.md",
        "monitoring.md",
        "reliability.md",
        "security.md",
        "performance.md",
        "scaling.md",
    ),
    "Inside": ("architecture.md", "contributing.md", "changelog.md"),
}
"""The order of the pages; decisions and whatever is not named here follow in sections of their own."""
_LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie above docs/."""
    for name, page in PAGES.items():
        if (TOP / name).is_file():
            files.append(File.generated(config, page, content=_from_top((TOP / name).read_text("utf-8"))))
    config.nav = _navigation([file.src_uri for file in files.documentation_pages()])
    return files


def _navigation(pages: list[str]) -> list[dict[str, list[str]]]:
    sections = {title: [page for page in wanted if page in pages] for title, wanted in SECTIONS.items()}
    sections["Decisions"] = sorted(page for page in pages if page.startswith("decisions/"))
    placed = {page for section in sections.values() for page in section}
    sections["More"] = sorted(set(pages) - placed)
    return [{title: section} for title, section in sections.items() if section]


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links of a page in docs/ to the top of the repository into links to their pages."""
    if page.file.src_uri in PAGES.values():
        return markdown
    up = "../" * (page.file.src_uri.count("/") + 1)
    down = "../" * page.file.src_uri.count("/")
    return _LINK.sub(
        lambda link: _to(down + PAGES[name], link) if (name := _name(link, up)) in PAGES else link[0], markdown
    )


def _from_top(text: str) -> str:
    return _LINK.sub(lambda link: _to(PAGES.get(link[1]) or link[1].removeprefix("docs/"), link), text)


def _name(link: re.Match[str], up: str) -> str:
    return link[1].removeprefix(up) if link[1].startswith(up) else ""


def _to(target: str, link: re.Match[str]) -> str:
    return f"]({target}{link[2] or ''})"
