"""The marketplace: documents of a MongoDB database, which are read by Airflow and land where they have changed."""
