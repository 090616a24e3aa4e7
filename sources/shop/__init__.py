"""The shop's own database: its revisions, the bodies of its routines and views, its roles."""
