"""What `make site` does besides MkDocs: README is the first page and names the others in their order.

A link that leaves docs/ has no page in the site. It becomes its text.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
HOME = "index.md"


def readme() -> str:
    """README as it stands."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def home() -> str:
    """README as a page of docs/."""
    text = re.sub(r"(?<=\]\()docs/(?=[^)])", "", readme())
    text = re.sub(r'(?<=src=")docs/', "", text)
    return re.sub(r"(?<=\]\()(reference|catalogue)/(?=\))", r"\1/README.md", text)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the menu: the pages in the order in which README names them, a folder's pages below its first one."""
    docs = Path(config.docs_dir)

    def entry(page: Path) -> dict[str, str]:
        title = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)[1]
        return {title: str(page.relative_to(docs))}

    menu: list[dict] = [{"Start": HOME}]
    for name in re.findall(r"^\| \[docs/[^]]*\]\(docs/([^)]+)\)", readme(), re.MULTILINE):
        page = docs / name
        if page.name == "README.md":
            others = sorted(path for path in page.parent.glob("*.md") if path != page)
            ((title, first),) = entry(page).items()
            menu.append({title: [{"All": first}, *map(entry, others)]})
        else:
            menu.append(entry(page))
    config.nav = menu
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the first page."""
    files.append(File.generated(config, HOME, content=home()))
    return files


def on_page_markdown(markdown: str, page: Page, **_more: object) -> str:
    """Take the links out that lead out of docs/."""
    depth = page.file.src_uri.count("/") + 1
    return re.sub(rf"\[([^]]+)\]\((?:\.\./){{{depth}}}[^)]*\)", r"\1", markdown)
