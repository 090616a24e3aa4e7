"""Documentation pages and the tool that makes the reference from the routines' headers."""
