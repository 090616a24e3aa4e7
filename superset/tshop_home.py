"""The first page: the dashboard of the shop, where Superset shows lists with buttons to make more."""

from flask import redirect, url_for
from flask_appbuilder import expose
from superset.initialization import SupersetIndexView
from werkzeug.wrappers import Response


class HomeView(SupersetIndexView):
    """Leads each user who logs in to the shop's figures."""

    @expose("/")
    def index(self) -> Response:
        """Go to the dashboard T-Shop."""
        return redirect(url_for("Superset.dashboard", dashboard_id_or_slug="t-shop"))
