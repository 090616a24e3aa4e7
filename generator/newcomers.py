"""What the live shop's database gets new: the catalogue and the people it opens with, and those who come later."""

import io
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.csv

from generator import catalogue, categories, people, registry
from generator.shop import ZONE, Shop

# The columns of the shop's tables by the generator's names, without the keys, which the database gives.
USERS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "birth_date": "birth_date",
    "email": "email",
    "phone": "phone",
    "loyalty_status": "loyalty_status",
    "region": "region",
    "registered_at": "registered_at",
}
PRODUCTS = {
    "name": "name",
    "size": "size",
    "price": "price",
    "description": "description",
    "stock_quantity": "stock_quantity",
    "created_at": "created_at",
}
_AT_A_TIME = 200


def shop_of_today(clients, products, seed):
    """The Shop that opens today with so many people and products."""
    return Shop(clients, products, datetime.now(ZONE).date(), seed)


def _good(shop, register, ids):
    """The rows of ids with nothing planted in them, as an Arrow table."""
    rows = registry.new_rows(shop, register, 0, ids)
    return rows.table.filter(pa.array((rows.rule == 0) & (rows.warned == 0)))


def drawn(shop, register, columns, after):
    """Yields rows as dicts without end, for ids above ``after``, which is a number of rows that are there.

    register: the module ``people`` or ``catalogue``. columns: USERS or PRODUCTS; of a product also ``category``.
    """
    start = after + 1
    while True:
        for row in _good(shop, register, np.arange(start, start + _AT_A_TIME)).to_pylist():
            yield {name: row[source] for name, source in columns.items()} | {"category": row.get("category")}
        start += _AT_A_TIME


def open_shop(connection, shop):
    """Fills an empty database with the catalogue and the people that a shop opens with, in one transaction.

    connection: psycopg2's, as the shop's application. Returns how many rows were written by table, None where the
    database is not empty.
    """
    with connection, connection.cursor() as cursor:
        # Of two applications that start at once, one opens the shop.
        cursor.execute("LOCK TABLE product_categories IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT EXISTS (SELECT FROM product_categories)")
        if cursor.fetchone()[0]:
            return None
        leaves = _open_categories(cursor)
        table = _good(shop, catalogue, np.arange(1, shop.products + 1))
        category = pa.array([leaves[name] for name in table.column("category").to_pylist()])
        products = table.select(list(PRODUCTS.values())).append_column("category_id", category)
        _copy(cursor, "products", [*PRODUCTS, "category_id"], products)
        users = _good(shop, people, np.arange(1, shop.clients + 1)).select(list(USERS.values()))
        _copy(cursor, "users", list(USERS), users)
    return {"product_categories": len(leaves), "products": len(products), "users": len(users)}


def _open_categories(cursor):
    """Writes the tree; returns the number that the database gave to each category by name."""
    numbers = {}
    for name, parent, _, _ in categories.TREE:
        above = categories.TREE[parent - 1][0] if 0 < parent < categories.UNKNOWN else None
        cursor.execute(
            "INSERT INTO product_categories (name, parent_id) VALUES (%s, %s) RETURNING id", (name, numbers.get(above))
        )
        numbers[name] = cursor.fetchone()[0]
    return numbers


def _copy(cursor, table, columns, rows):
    text = io.BytesIO()
    pa.csv.write_csv(rows, text, pa.csv.WriteOptions(include_header=False))
    text.seek(0)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)", text)
