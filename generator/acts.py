"""What the live shop's application does: each act is one transaction on the shop's database.

An act takes a Desk, draws by its random numbers and changes rows by ``desk.change``, which counts them. What an act
acts on is found in the database, so that any application resumes where another one ended. An act that finds nothing to
do changes nothing. It may return another act, which follows at once, in a transaction of its own.

Who needs several locks takes them in this order: parcel, order, products by number.
"""

from functools import partial

import numpy as np

from generator import categories, orders, payments, people, returns, sales
from generator.hashing import pick

# How long ago at least what an act goes on with was written: an order is not paid in the moment that it is made.
_PAID_AFTER, _SHIPPED_AFTER, _DELIVERED_AFTER = "3 seconds", "4 seconds", "6 seconds"
_GUESTS, _ELSEWHERE, _FAILED, _WHOLE, _TWICE = 0.08, 0.04, 0.06, 0.6, 0.15
_DELIVERY_OF_STOCK = 200
_CARRIER_WORDS, _REASON_WORDS, _METHOD_WORDS = list(sales.CARRIERS), returns.REASONS.to_pylist(), list(payments.METHODS)
_PENDING, _PAID, _COMPLETED, _ABORTED = orders.STATUSES


def _word(desk, words, table):
    return words[pick(table, desk.bits())[0]]


def register(desk):
    """A person registers."""
    person = next(desk.people)
    desk.change(
        "users",
        "created",
        "INSERT INTO users (first_name, last_name, birth_date, email, phone, loyalty_status, region)"
        " VALUES (%(first_name)s, %(last_name)s, %(birth_date)s, %(email)s, %(phone)s, 'Basic', %(region)s)",
        person,
    )


def _someone(desk):
    """Number and region of a person, both None where there is nobody; the first ones order most."""
    share = desk.uniform() ** 2
    found = desk.one(
        "SELECT id, region FROM users WHERE id >= (SELECT max(id) * %s FROM users) ORDER BY id LIMIT 1", (share,)
    )
    return found or (None, None)


def change_email(desk):
    """A person gives another e-mail address, at times a wrong one first."""
    number, _ = _someone(desk)
    _write_email(desk, number)
    return partial(_write_email, number=number) if desk.uniform() < _TWICE else None


def _write_email(desk, number):
    text = f"client{number}.{int(desk.uniform() * 1e6)}@example.com"
    desk.change("users", "changed", "UPDATE users SET email = %s WHERE id = %s", (text, number))


def change_loyalty(desk):
    """A person gets another loyalty status."""
    number, _ = _someone(desk)
    status = people.LOYALTY[int(desk.uniform() * len(people.LOYALTY))]
    desk.change(
        "users",
        "changed",
        "UPDATE users SET loyalty_status = %s WHERE id = %s AND loyalty_status IS DISTINCT FROM %s",
        (status, number, status),
    )


def order(desk):
    """A person, or a guest, orders: the order, its lines and the stock in one transaction."""
    user, region = _someone(desk)
    if desk.uniform() < _GUESTS:
        user = None
    if desk.uniform() < _ELSEWHERE or region is None:
        region = people.REGIONS[pick(people.REGION, desk.bits())[0]]
    wanted = desk.products(1 + int(pick(sales.LINES, desk.bits())[0]))
    found = desk.all(
        "SELECT id, price, stock_quantity FROM products"
        " WHERE id = ANY (%s::bigint[]) AND price IS NOT NULL AND stock_quantity IS NOT NULL"
        " ORDER BY id FOR NO KEY UPDATE",
        (wanted,),
    )
    if not found:
        return
    units = sales.UNITS[pick(sales.UNIT, desk.bits(len(found)))].tolist()
    total = sum(price * count for (_, price, _), count in zip(found, units, strict=True))
    [(number,)] = desk.change(
        "orders",
        "created",
        "INSERT INTO orders (user_id, status, total_amount, region) VALUES (%s, %s, %s, %s) RETURNING id",
        (user, _PENDING, total, region),
    )
    ids, prices, _ = (list(column) for column in zip(*found, strict=True))
    desk.change(
        "order_details",
        "created",
        "INSERT INTO order_details (order_id, product_id, quantity, unit_price, amount)"
        " SELECT %s, l.product_id, l.quantity, l.price, l.price * l.quantity"
        " FROM unnest(%s::bigint[], %s::integer[], %s::numeric[]) AS l (product_id, quantity, price)",
        (number, ids, units, prices),
    )
    short = [one for (one, _, stock), count in zip(found, units, strict=True) if stock < count]
    if short:
        # More of it has just come: the row changes twice in this transaction.
        desk.change(
            "products",
            "changed",
            "UPDATE products SET stock_quantity = stock_quantity + %s WHERE id = ANY (%s)",
            (_DELIVERY_OF_STOCK, short),
        )
    _take_from_stock(desk, ids, units)


def _take_from_stock(desk, ids, units):
    desk.change(
        "products",
        "changed",
        "UPDATE products AS p SET stock_quantity = p.stock_quantity - l.quantity"
        " FROM unnest(%s::bigint[], %s::integer[]) AS l (product_id, quantity) WHERE p.id = l.product_id",
        (ids, units),
    )


def _oldest_order(desk, status, after, more=""):
    """Number and total of the oldest order of a status that no other writer is at, or None."""
    return desk.one(
        "SELECT o.id, o.total_amount FROM orders AS o WHERE o.status = %s"
        f" AND o.updated_at < clock_timestamp() - interval '{after}' {more}"
        " ORDER BY o.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
        (status,),
    )


def _pay(desk, number, amount, status):
    desk.change(
        "transactions",
        "created",
        "INSERT INTO transactions (order_id, paid_at, amount, method, status)"
        " VALUES (%s, clock_timestamp(), %s, %s, %s)",
        (number, amount, _word(desk, _METHOD_WORDS, payments.METHOD), status),
    )


def _set_status(desk, number, status):
    desk.change("orders", "changed", "UPDATE orders SET status = %s WHERE id = %s", (status, number))


def pay(desk):
    """An order is paid, or a payment fails: then it is tried again."""
    found = _oldest_order(desk, _PENDING, _PAID_AFTER)
    if not found:
        return
    if desk.uniform() < _FAILED:
        _pay(desk, *found, "Failed")
        return
    _pay(desk, *found, "Succeeded")
    _set_status(desk, found[0], _PAID)


# An order that is shipped stays Paid until it is delivered.
_NOT_SHIPPED = "AND NOT EXISTS (SELECT FROM deliveries AS d WHERE d.order_id = o.id)"


def ship(desk):
    """A parcel goes to a carrier."""
    found = _oldest_order(desk, _PAID, _SHIPPED_AFTER, _NOT_SHIPPED)
    if not found:
        return
    desk.change(
        "deliveries",
        "created",
        "INSERT INTO deliveries (order_id, shipped_at, carrier, status)"
        " SELECT %(order)s, clock_timestamp(), %(carrier)s, 'Shipped'"
        # Another writer may have shipped it between the snapshot and the lock.
        " WHERE NOT EXISTS (SELECT FROM deliveries AS d WHERE d.order_id = %(order)s)",
        {"order": found[0], "carrier": _word(desk, _CARRIER_WORDS, sales.CARRIER)},
    )


def _oldest_parcel(desk):
    """Number, order and total of a parcel on its way that no other writer is at, or None."""
    parcel = desk.one(
        "SELECT d.id, d.order_id FROM deliveries AS d WHERE d.status = 'Shipped'"
        f" AND d.updated_at < clock_timestamp() - interval '{_DELIVERED_AFTER}'"
        " ORDER BY d.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
    )
    return parcel and desk.one(
        "SELECT %s::bigint, o.id, o.total_amount FROM orders AS o WHERE o.id = %s FOR NO KEY UPDATE", parcel
    )


def deliver(desk):
    """A parcel arrives, and its order is completed."""
    found = _oldest_parcel(desk)
    if not found:
        return
    parcel, number, _ = found
    [(at,)] = desk.change(
        "deliveries",
        "changed",
        "UPDATE deliveries SET status = 'Delivered', delivered_at = clock_timestamp() WHERE id = %s"
        " RETURNING delivered_at",
        (parcel,),
    )
    desk.change(
        "orders", "changed", "UPDATE orders SET status = %s, delivered_at = %s WHERE id = %s", (_COMPLETED, at, number)
    )


def lose(desk):
    """A parcel is lost: the order is aborted and the money goes back."""
    found = _oldest_parcel(desk)
    if not found:
        return
    parcel, number, amount = found
    desk.change("deliveries", "changed", "UPDATE deliveries SET status = 'Lost' WHERE id = %s", (parcel,))
    _set_status(desk, number, _ABORTED)
    _pay(desk, number, amount, "Refunded")


def abort(desk):
    """An order is aborted before it is shipped: the money, if it was paid, and the pieces go back."""
    status = _PENDING if desk.uniform() < 0.5 else _PAID
    found = _oldest_order(desk, status, "0 seconds", _NOT_SHIPPED)
    if not found or desk.one("SELECT FROM deliveries WHERE order_id = %s", found[:1]) is not None:
        return
    number, amount = found
    _set_status(desk, number, _ABORTED)
    if status == _PAID:
        _pay(desk, number, amount, "Refunded")
    lines = desk.all(
        "SELECT p.id, l.quantity FROM products AS p INNER JOIN order_details AS l ON l.product_id = p.id"
        " WHERE l.order_id = %s ORDER BY p.id FOR NO KEY UPDATE OF p",
        (number,),
    )
    _take_from_stock(desk, [product for product, _ in lines], [-count for _, count in lines])


def take_line_out(desk):
    """A client takes a line out of an order that is not paid yet."""
    found = _oldest_order(desk, _PENDING, "0 seconds")
    if not found:
        return
    lines = desk.all("SELECT id, amount FROM order_details WHERE order_id = %s ORDER BY id", found[:1])
    if len(lines) < 2:
        return
    line, amount = lines[int(desk.uniform() * len(lines))]
    desk.change("order_details", "deleted", "DELETE FROM order_details WHERE id = %s", (line,))
    desk.change(
        "orders", "changed", "UPDATE orders SET total_amount = total_amount - %s WHERE id = %s", (amount, found[0])
    )


def send_back(desk):
    """Of a line that was delivered, some pieces or all come back, and the money goes back."""
    found = desk.one(
        "SELECT o.id FROM orders AS o WHERE o.id >= (SELECT max(id) * %s FROM orders) AND o.status = %s"
        " ORDER BY o.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
        (desk.uniform(), _COMPLETED),
    )
    lines = found and desk.all(
        "SELECT l.id, l.quantity, l.unit_price FROM order_details AS l"
        " WHERE l.order_id = %s AND NOT EXISTS (SELECT FROM returns AS r WHERE r.order_detail_id = l.id) ORDER BY l.id",
        found,
    )
    if not lines:
        return
    line, quantity, price = lines[int(desk.uniform() * len(lines))]
    pieces = quantity if desk.uniform() < _WHOLE else 1 + int(desk.uniform() * quantity)
    desk.change(
        "returns",
        "created",
        "INSERT INTO returns (order_detail_id, returned_at, quantity, amount, reason)"
        " VALUES (%s, clock_timestamp(), %s, %s, %s)",
        (line, pieces, price * pieces, _word(desk, _REASON_WORDS, returns.REASON)),
    )
    _pay(desk, found[0], price * pieces, "Refunded")


def clear_failed_payment(desk):
    """A payment that failed is cleared away."""
    desk.change(
        "transactions",
        "deleted",
        "DELETE FROM transactions WHERE id = (SELECT t.id FROM transactions AS t"
        " WHERE t.status = 'Failed' AND t.id >= (SELECT max(id) * %s FROM transactions)"
        " ORDER BY t.id LIMIT 1 FOR UPDATE SKIP LOCKED)",
        (desk.uniform(),),
    )


def revise_price(desk):
    """A price is revised, at times again at once: it was a slip."""
    number = desk.product()
    _write_price(desk, number)
    return partial(_write_price, number=number) if desk.uniform() < _TWICE else None


def _write_price(desk, number):
    share = 0.9 + 0.2 * desk.uniform()
    desk.change(
        "products",
        "changed",
        "UPDATE products SET price = greatest(round(price * %s::numeric / 10), 1) * 10 - 1 WHERE id = %s",
        (round(share, 3), number),
    )


def count_stock(desk):
    """The pieces of a product are counted."""
    desk.change(
        "products",
        "changed",
        "UPDATE products SET stock_quantity = %s WHERE id = %s",
        (int(desk.uniform() * _DELIVERY_OF_STOCK), desk.product()),
    )


def list_product(desk):
    """A new product is listed."""
    product = next(desk.catalogue)
    other = next(other for name, _, other, _ in categories.TREE if name == product["category"])
    desk.change(
        "products",
        "created",
        "INSERT INTO products (category_id, name, size, price, description, stock_quantity)"
        " SELECT min(c.id), %(name)s, %(size)s, %(price)s, %(description)s, %(stock_quantity)s"
        " FROM product_categories AS c WHERE c.name IN (%(category)s, %(other)s)",
        {**product, "other": other},
    )


def remove_product(desk):
    """A product that nobody ever ordered is removed."""
    desk.change(
        "products",
        "deleted",
        "DELETE FROM products AS p WHERE p.id = (SELECT n.id FROM products AS n"
        " WHERE NOT EXISTS (SELECT FROM order_details AS l WHERE l.product_id = n.id)"
        " ORDER BY n.id DESC LIMIT 1 FOR UPDATE SKIP LOCKED)",
    )


def rename_category(desk):
    """A category gets its other name, or its own name back."""
    number = int(desk.uniform() * len(categories.TREE))
    name, _, other, _ = categories.TREE[number]
    desk.change(
        "product_categories",
        "changed",
        "UPDATE product_categories SET name = CASE name WHEN %(name)s THEN %(other)s ELSE %(name)s END"
        " WHERE id = (SELECT min(c.id) FROM product_categories AS c WHERE c.name IN (%(name)s, %(other)s))",
        {"name": name, "other": other},
    )


# How often each act is tried, in proportion to the others. What follows an order is tried more often than orders are
# made: it finds nothing to do where nothing is old enough.
_WEIGHTS = {
    order: 100,
    pay: 130,
    ship: 120,
    deliver: 120,
    abort: 5,
    lose: 1,
    take_line_out: 3,
    send_back: 8,
    clear_failed_payment: 1,
    register: 20,
    change_email: 15,
    change_loyalty: 8,
    revise_price: 15,
    count_stock: 15,
    list_product: 3,
    remove_product: 1,
    rename_category: 2,
}
ACTS = list(_WEIGHTS)
SHARES = np.cumsum(list(_WEIGHTS.values())) / sum(_WEIGHTS.values())
# Those that hold no lock another act waits for: they may take their time before they commit.
MAY_BE_LATE = frozenset({pay, ship, register, change_email, send_back, list_product})
