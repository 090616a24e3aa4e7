"""The server that Superset runs in: ``gunicorn --config superset/gunicorn_config.py``."""

import threading

from gunicorn.workers.base import Worker


def post_worker_init(worker: Worker) -> None:
    """Let the server delete what is older than people's texts are kept, beside what it answers."""
    import tshop_retention

    arguments = (worker.wsgi, worker.log.error_log)
    threading.Thread(target=tshop_retention.prune_for_ever, args=arguments, name="retention", daemon=True).start()
