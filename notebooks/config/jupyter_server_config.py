"""What JupyterLab is told wherever it runs: it asks nobody outside, and shows what there is of ours alone."""

c = get_config()  # noqa: F821
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
# The list of what could be installed is asked of the package index; what is installed is in requirements/notebooks.txt.
c.LabApp.extension_manager = "readonly"
