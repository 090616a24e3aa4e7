"""Superset's configuration, the same embedded and in containers: all that differs comes by the environment.

Variables:
    SUPERSET_DATABASE_URL: SQLAlchemy's URL of Superset's own database.
    SUPERSET_SECRET_KEY: signs sessions and encrypts the passwords kept in that database.
    TSHOP_LANGUAGE: of the dashboards and of Superset itself: en, or another that translations/ has.
"""

import os
import sys
from pathlib import Path
from typing import Any

SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URL"]
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]

FOLDER = Path(__file__).resolve().parent
sys.path.append(str(FOLDER))

import tshop_language  # noqa: E402

APP_NAME = "T-Shop"
LANGUAGE = tshop_language.language()
# The shop's people read 1 234 567.8 ₽: thin spaces that no line breaks at, the sign after the number.
D3_FORMAT = {"decimal": ".", "thousands": "\u202f", "grouping": [3], "currency": ["", "\u202f₽"]}
if LANGUAGE == "ru":
    BABEL_DEFAULT_LOCALE = LANGUAGE
    LANGUAGES = {LANGUAGE: {"flag": "ru", "name": "Русский"}}
    D3_FORMAT["decimal"] = ","
    D3_TIME_FORMAT = {
        "dateTime": "%d.%m.%Y %H:%M:%S",
        "date": "%d.%m.%Y",
        "time": "%H:%M:%S",
        "periods": ["AM", "PM"],
        "days": ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"],
        "shortDays": ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
        "months": [
            *("января", "февраля", "марта", "апреля", "мая", "июня"),
            *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
        ],
        "shortMonths": ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"],
    }
WHOLE_PERCENTS = {"percentPrecision": 0}
TOOLTIP = {"formatter": "{b}: {d}%"}
THEME_DEFAULT = {
    "token": {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": "/static/assets/images/superset-logo-horiz.png",
        "brandLogoHref": "/",
        "brandLogoHeight": "24px",
        "brandLogoMargin": "18px 0",
        "colorPrimary": "#0f766e",
        "colorLink": "#0f766e",
        "colorSuccess": "#15803d",
        "colorError": "#b91c1c",
        "colorWarning": "#b45309",
        "colorInfo": "#0f766e",
        "fontFamily": "Inter, Helvetica, Arial, sans-serif",
        # A pie says whole percents, and where it is narrow its labels have less room beside it.
        "echartsOptionsOverridesByChartType": {
            "pie": {
                "media": [
                    {"option": {"series": [WHOLE_PERCENTS], "tooltip": TOOLTIP}},
                    {
                        "query": {"maxWidth": 400},
                        "option": {
                            "series": [
                                {
                                    **WHOLE_PERCENTS,
                                    "radius": ["22%", "38%"],
                                    "label": {"fontSize": 10},
                                    "labelLine": {"length": 6, "length2": 6},
                                }
                            ],
                            "tooltip": TOOLTIP,
                        },
                    },
                ]
            }
        },
    },
    "algorithm": "default",
}
# The dashboards are drawn for a light page.
THEME_DARK = None

# The big numbers that are compared with the period before are among what Superset calls experimental. A dashboard that
# has roles is for these only.
FEATURE_FLAGS = {"CHART_PLUGINS_EXPERIMENTAL": True, "DASHBOARD_RBAC": True}
# Who logs in comes to the shop's dashboard.
FAB_INDEX_VIEW = "tshop_home.HomeView"

EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "tshop",
        "label": "T-Shop",
        "description": "Told apart by people who do not see red and green, too",
        "isDefault": True,
        "colors": [
            *("#0f766e", "#e9a23b", "#3b6fb6", "#c2557a", "#7fb069"),
            *("#8a5fbf", "#4bb3c1", "#d9714e", "#6b7280", "#b6a642"),
        ],
    }
]

# Figures are asked of ClickHouse each time: what is shown is what is published. What the browser keeps of filters and
# of charts under edit is in Superset's own database.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
SQLLAB_CTAS_NO_LIMIT = False
ROW_LIMIT = 10_000
SUPERSET_WEBSERVER_TIMEOUT = 120

# Nobody is told that this runs here, and nothing is fetched from elsewhere.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
WTF_CSRF_ENABLED = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
PREVENT_UNSAFE_DB_CONNECTIONS = True
FAB_API_SWAGGER_UI = False


def FLASK_APP_MUTATOR(app: Any) -> None:
    """Put our templates before Superset's, and make it understand named periods."""
    import tshop_periods
    from jinja2 import ChoiceLoader, FileSystemLoader

    app.jinja_loader = ChoiceLoader([FileSystemLoader(FOLDER / "templates"), app.jinja_loader])
    tshop_periods.install()
