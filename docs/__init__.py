"""Documentation pages, and the tools that make some of them from the code."""
