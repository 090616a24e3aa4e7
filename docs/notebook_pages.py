"""Run the notebooks and write the pages that show them: ``.venv-notebooks/bin/python -m docs.notebook_pages FOLDER``.

The notebooks ask the warehouse and the ClickHouse that WAREHOUSE_DSN and CLICKHOUSE_URL name.
"""

import re
import sys
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbconvert import MarkdownExporter
from traitlets.config import Config

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
SHOWN = ["image/svg+xml", "text/markdown", "text/plain"]
END = "\nThis page is the notebook `notebooks/{}` on the shop of `make run`. [How to run it](README.md)\n"


def page_of(notebook: Path) -> dict[str, str]:
    """Run a notebook from its beginning, and return its page and its pictures by the names of their files."""
    cells = jupytext.read(notebook)
    NotebookClient(
        cells, timeout=600, kernel_name="python3", resources={"metadata": {"path": notebook.parent}}
    ).execute()
    config = Config()
    config.NbConvertBase.display_data_priority = SHOWN
    config.ExtractOutputPreprocessor.output_filename_template = f"{notebook.stem}-{{cell_index}}-{{index}}{{extension}}"
    text, resources = MarkdownExporter(config=config).from_notebook_node(cells)
    files = {name: data.decode() for name, data in resources["outputs"].items()}
    return {f"{notebook.stem}.md": _named_pictures(text).strip() + "\n" + END.format(notebook.name), **files}


def _named_pictures(page: str) -> str:
    """Give each picture the heading that it stands under for the text that stands in for it."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    return "".join(part.replace("![svg](", f"![{part.split(chr(10), 1)[0].lstrip('# ')}](") for part in parts)


def main(folder: str) -> None:
    """Write the page of each notebook into a folder."""
    for notebook in NOTEBOOKS:
        for name, text in page_of(notebook).items():
            (Path(folder) / name).write_text("\n".join(map(str.rstrip, text.splitlines())) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
