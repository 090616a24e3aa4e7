"""What `make site` adds to MkDocs: README is the first page, and names the others in their order.

A link that leads to a file without a page becomes its text.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
HOME = "index.md"
ROOT_PAGES = ("CONTRIBUTING.md", "CHANGELOG.md")


def source(name: str) -> str:
    """A page of the repository's root as it stands."""
    return (ROOT / name).read_text(encoding="utf-8")


def as_page(name: str) -> str:
    """A page of the root as a page of docs/: its links lead to pages of the site, or become their text."""

    def link(found: re.Match) -> str:
        text, target = found.groups()
        inside = re.sub(r"^(reference|catalogue)/$", r"\1/README.md", target.removeprefix("docs/"))
        is_page = target.startswith(("http", "#")) or inside in ROOT_PAGES or (ROOT / "docs" / inside).is_file()
        return f"[{text}]({inside})" if is_page else text

    text = re.sub(r"\[([^]]*)\]\(([^)]+)\)", link, source(name))
    return re.sub(r'(?<=src=")docs/', "", text)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the menu: the pages in the order in which README names them, a folder's pages below its first one."""
    docs = Path(config.docs_dir)

    def entry(page: Path) -> dict[str, str]:
        title = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)[1]
        return {title: str(page.relative_to(docs))}

    menu: list[dict] = [{"Start": HOME}]
    for name in re.findall(r"^\| \[docs/[^]]*\]\(docs/([^)]+)\)", source("README.md"), re.MULTILINE):
        page = docs / name
        if page.name == "README.md":
            others = sorted(path for path in page.parent.glob("*.md") if path != page)
            ((title, first),) = entry(page).items()
            menu.append({title: [{"All": first}, *map(entry, others)]})
        else:
            menu.append(entry(page))
    config.nav = [*menu, *({name.removesuffix(".md").title(): name} for name in ROOT_PAGES)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root."""
    files.append(File.generated(config, HOME, content=as_page("README.md")))
    for name in ROOT_PAGES:
        files.append(File.generated(config, name, content=as_page(name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_more: object) -> str:
    """Take the links out that lead out of docs/."""
    depth = page.file.src_uri.count("/") + 1
    return re.sub(rf"\[([^]]+)\]\((?:\.\./){{{depth}}}[^)]*\)", r"\1", markdown)
