"""What the marts must show after the days that were made, computed from the rows alone, without SQL or a warehouse.

``cdm.user_sales``, ``cdm.product_sales``, ``cdm.region_sales`` and ``cdm.daily_sales``, as of the last day, where a
warehouse has loaded all days from the opening on. Of the first and the last it has every group, of the others the
totals and the groups of most roubles. Amounts are texts with two places, exact to the kopeck.
"""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# What of each entity the marts look at. A key's own column comes first.
_COLUMNS = {
    "category": ("category_id", "name", "updated_at"),
    "client": ("client_id", "loyalty_status", "updated_at"),
    "product": ("product_id", "name", "category", "category_id", "updated_at"),
    "sales_order": (
        *("order_id", "client_id", "ordered_at", "status", "delivered_at", "total_amount", "channel", "region"),
        "is_deleted",
    ),
    "sale": ("sale_id", "order_id", "product_id", "quantity", "amount", "is_deleted"),
    "payment": ("payment_id", "order_id", "amount", "status", "is_deleted"),
    "sale_return": ("return_id", "sale_id", "quantity", "amount", "is_deleted"),
}
_STATUSES = ("Paid", "Completed", "Pending", "Aborted")
_UNKNOWN = "Unknown"
_DAY = 86_400_000_000
# So many groups of the marts that have many.
_GROUPS = 20


class Marts:
    """Collects the rows that a warehouse accepts, and computes what the marts must show of them."""

    def __init__(self, shop):
        self._shop = shop
        self._rows = defaultdict(list)

    def add(self, rows):
        """Takes Rows of the day at hand."""
        if rows.entity in _COLUMNS:
            table = rows.table.select(_COLUMNS[rows.entity])
            self._rows[rows.entity].append(table.filter(pa.array(rows.rule == 0)))

    def as_dict(self, days):
        """The marts as plain objects, after so many days."""
        lines, orders = self._lines_and_orders(days)
        return {
            "user_sales": _summary(self._user_sales(orders)),
            "product_sales": _summary(self._product_sales(lines), most="total_amount"),
            "region_sales": _summary(_region_sales(lines), most="total_amount"),
            "daily_sales": _summary(self._daily_sales(lines, orders)),
        }

    def _all(self, entity):
        return pa.concat_tables(self._rows[entity]).combine_chunks()

    def _current(self, entity):
        """The last row of each key, by key, those that are deleted left out."""
        table = self._all(entity)
        keys = table.column(0).to_numpy()
        by_key = np.argsort(keys, kind="stable")
        last = by_key[np.append(np.flatnonzero(np.diff(keys[by_key])), len(keys) - 1)] if len(keys) else by_key
        table = table.take(pa.array(last))
        return table.filter(pc.invert(table["is_deleted"]))

    def _as_of(self, entity, key, at):
        """The rows valid at moments: the last one until then, else the first one; NULLs where there is no such key."""
        table = self._all(entity)
        keys, times = table.column(0).to_numpy(), _microseconds(table["updated_at"])
        table = table.take(pa.array(np.lexsort((times, keys))))
        keys, times = table.column(0).to_numpy(), _microseconds(table["updated_at"])
        moments = np.sort(times)
        # Each key and moment as one number that sorts as they do.
        known = np.unique(keys)
        steps = len(moments) + 1
        number = np.searchsorted(known, keys) * steps + np.searchsorted(moments, times, side="right")
        place = np.searchsorted(known, key)
        found = place < len(known)
        found[found] = known[place[found]] == key[found]
        wanted = place * steps + np.searchsorted(moments, at, side="right")
        row = np.searchsorted(number, wanted, side="right") - 1
        row = np.maximum(row, np.searchsorted(keys, key))
        return table.take(pa.array(row, mask=~found))

    def _lines_and_orders(self, days):
        """Current orders, and their current lines, with what the marts group them by."""
        orders = self._current("sales_order")
        at = _microseconds(orders["ordered_at"])
        starts = np.array([self._shop.bounds(number)[0] for number in range(days)])
        day = np.datetime64(self._shop.opened, "D") + np.searchsorted(starts, at, side="right") - 1
        month = day.astype("datetime64[M]").astype("datetime64[D]")
        # 1970 began on a Thursday.
        week = day - (day.astype(np.int64) + 3) % 7
        for name, dates in (("sold_on", day), ("order_month", month), ("week_start", week)):
            orders = orders.append_column(name, pa.array(dates))
        orders = orders.append_column("at", pa.array(at))
        orders = orders.append_column("kopecks", pa.array(_kopecks(orders["total_amount"])))
        orders = orders.append_column("number", pa.array(np.arange(orders.num_rows)))
        for name in ("channel", "region"):
            text = pc.fill_null(orders[name], _UNKNOWN)
            orders = orders.set_column(orders.column_names.index(name), name, text)

        lines = self._current("sale")
        lines = lines.append_column("kopecks", pa.array(_kopecks(lines["amount"])))
        held, wanted = orders["order_id"].to_numpy(), lines["order_id"].to_numpy()
        place = np.minimum(np.searchsorted(held, wanted), max(len(held) - 1, 0))
        is_known = held[place] == wanted if len(held) else np.zeros(len(wanted), dtype=bool)
        lines = lines.filter(pa.array(is_known))
        order = orders.take(pa.array(place[is_known]))
        for name in ("status", "channel", "region", "sold_on", "order_month", "week_start", "at", "number"):
            lines = lines.append_column(name, order[name])
        return lines, orders

    def _user_sales(self, orders):
        guest = orders["client_id"].is_null().to_numpy()
        client = self._as_of("client", orders["client_id"].fill_null(-1).to_numpy(), orders["at"].to_numpy())
        orders = orders.append_column("loyalty_status", client["loyalty_status"].fill_null(_UNKNOWN))
        groups = _Groups(orders, ("order_month", "loyalty_status"))
        total, count = groups.sum(orders["kopecks"]), groups.count()
        is_in = {status: pc.equal(orders["status"], status).to_numpy() for status in _STATUSES}
        return groups.with_columns(
            orders_cnt=count,
            **{f"{status.lower()}_orders": groups.count(is_in[status]) for status in _STATUSES},
            unique_users=groups.distinct(orders["client_id"].fill_null(-1).to_numpy(), ~guest),
            total_order_amount=_texts(total),
            avg_order_amount=_texts(_rounded(total, count)),
            total_revenue=_texts(groups.sum(orders["kopecks"], ~is_in["Aborted"])),
            avg_delivery_period=_delivery_period(groups, orders),
        )

    def _product_sales(self, lines):
        at = lines["at"].to_numpy()
        product = self._as_of("product", lines["product_id"].to_numpy(), at)
        category = self._as_of("category", product["category_id"].fill_null(-1).to_numpy(), at)
        lines = lines.append_column(
            "product_category", pc.coalesce(category["name"], product["category"], pa.scalar(_UNKNOWN))
        ).append_column("product_name", product["name"].fill_null(_UNKNOWN))
        groups = _Groups(lines, ("order_month", "product_category", "product_name"))
        is_in = {status: pc.equal(lines["status"], status).to_numpy() for status in _STATUSES}
        return groups.with_columns(
            order_cnt=groups.distinct(lines["order_id"].to_numpy()),
            ordered_quantity=groups.sum(lines["quantity"]),
            **{f"{status.lower()}_quantity": groups.sum(lines["quantity"], is_in[status]) for status in _STATUSES},
            total_amount=_texts(groups.sum(lines["kopecks"])),
            total_revenue=_texts(groups.sum(lines["kopecks"], ~is_in["Aborted"])),
        )

    def _daily_sales(self, lines, orders):
        orders = orders.select(["sold_on", "channel", "number", "order_id", "status", "at", "delivered_at"])
        groups = _Groups(orders, ("sold_on", "channel"))
        sold = lines.filter(pc.not_equal(lines["status"], "Aborted"))
        gross, quantity = (groups.sum_of(sold["number"], sold[name]) for name in ("kopecks", "quantity"))
        returned = self._returned(groups, sold)
        paid = self._current("payment")
        sign = np.select([pc.equal(paid["status"], status).to_numpy() for status in ("Succeeded", "Refunded")], [1, -1])
        held, wanted = orders["order_id"].to_numpy(), paid["order_id"].to_numpy()
        place, is_known = _places(held, wanted)
        amount = (sign * _kopecks(paid["amount"]))[is_known]
        delivered = ~orders["delivered_at"].is_null().to_numpy()
        return groups.with_columns(
            orders_cnt=groups.count(),
            quantity=quantity,
            gross_amount=_texts(gross),
            returned_amount=_texts(returned),
            net_amount=_texts(gross - returned),
            paid_amount=_texts(groups.sum_of(place[is_known], amount)),
            delivered_orders=groups.count(delivered),
            avg_delivery_period=_delivery_period(groups, orders),
        )

    def _returned(self, groups, sold):
        """Kopecks of what came back of lines."""
        back = self._current("sale_return")
        place, is_known = _places(sold["sale_id"].to_numpy(), back["sale_id"].to_numpy())
        back, line = back.filter(pa.array(is_known)), sold.take(pa.array(place[is_known]))
        # A return that names no amount costs its share of the line.
        share = _rounded(line["kopecks"].to_numpy() * back["quantity"].to_numpy(), line["quantity"].to_numpy())
        kopecks = np.where(back["amount"].is_null().to_numpy(), share, _kopecks(back["amount"]))
        return groups.sum_of(line["number"], kopecks)


def _region_sales(lines):
    has_one = pc.and_(pc.not_equal(lines["status"], "Aborted"), pc.not_equal(lines["region"], _UNKNOWN))
    lines = lines.filter(has_one)
    groups = _Groups(lines, ("week_start", "region", "product_id"))
    total, count = groups.sum(lines["kopecks"]), groups.count()
    regions = _Groups(groups.keys, ("week_start", "region"))
    whole = regions.sum(total)[regions.of]
    # Place by amount, the greatest first: one more than how many of the region's products have a greater one.
    by_amount = np.lexsort((-total, regions.of))
    region, amount = regions.of[by_amount], total[by_amount]
    starts = np.maximum.accumulate(np.where(np.diff(region, prepend=-1) != 0, np.arange(len(region)), 0))
    is_new = (np.diff(region, prepend=-1) != 0) | (np.diff(amount, prepend=-1) != 0)
    first = np.maximum.accumulate(np.where(is_new, np.arange(len(region)), 0))
    rank = np.empty(len(region), dtype=np.int64)
    rank[by_amount] = first - starts + 1
    # In 64 bits: a share of a million of so many kopecks.
    share = [_share(int(part), int(all_of_it)) for part, all_of_it in zip(total, whole, strict=True)]
    return groups.with_columns(
        sales_cnt=count,
        quantity=groups.sum(lines["quantity"]),
        total_amount=_texts(total),
        average_sale_amount=_texts(_rounded(total, count)),
        region_share=pa.array(share, pa.string()),
        rank_in_region=rank,
    )


class _Groups:
    """The groups of a table's rows by some columns, in their order; ``of``: the group of each row."""

    def __init__(self, table, names):
        numbered = table.select(list(names)).append_column("_row", pa.array(np.arange(table.num_rows)))
        keys = numbered.group_by(list(names), use_threads=False).aggregate([("_row", "list")])
        keys = keys.sort_by([(name, "ascending") for name in names]).combine_chunks()
        rows = keys["_row_list"].combine_chunks()
        self.of = np.empty(table.num_rows, dtype=np.int64)
        self.of[rows.flatten().to_numpy()] = rows.value_parent_indices().to_numpy()
        self.keys = keys.select(list(names))

    def count(self, mask=slice(None)):
        """Rows of each group, those of a mask."""
        return np.bincount(self.of[mask], minlength=self.keys.num_rows)

    def sum(self, values, mask=slice(None)):
        """The sum of whole numbers in each group, of the rows of a mask."""
        result = np.zeros(self.keys.num_rows, dtype=np.int64)
        np.add.at(result, self.of[mask], np.asarray(values, dtype=np.int64)[mask])
        return result

    def sum_of(self, rows, values):
        """The sum of whole numbers that belong to rows, given by their numbers."""
        result = np.zeros(self.keys.num_rows, dtype=np.int64)
        np.add.at(result, self.of[np.asarray(rows)], np.asarray(values, dtype=np.int64))
        return result

    def distinct(self, values, mask=slice(None)):
        """How many different values each group has, of the rows of a mask."""
        pairs = np.unique(np.stack([self.of[mask], values[mask]]), axis=1)
        return np.bincount(pairs[0], minlength=self.keys.num_rows)

    def with_columns(self, **columns):
        """The groups' keys and further columns, as a table."""
        table = self.keys
        for name, values in columns.items():
            table = table.append_column(name, pa.array(values) if isinstance(values, np.ndarray) else values)
        return table


def _places(held, wanted):
    """Where each number is among the ascending ones that are held, and a mask of those that are."""
    place = np.searchsorted(held, wanted)
    is_known = place < len(held)
    is_known[is_known] = held[place[is_known]] == wanted[is_known]
    return place, is_known


def _microseconds(times):
    return times.cast(pa.int64()).to_numpy()


def _kopecks(decimals):
    """Decimals with two places as whole kopecks, NULLs as 0."""
    array = decimals.combine_chunks() if isinstance(decimals, pa.ChunkedArray) else decimals
    low = np.frombuffer(array.buffers()[1], dtype=np.int64)[0::2][array.offset : array.offset + len(array)]
    return np.where(array.is_null().to_numpy(zero_copy_only=False), 0, low)


def _rounded(number, by):
    """Quotients of whole numbers, half up; the numbers are not below zero."""
    return (2 * number + by) // (2 * np.maximum(by, 1))


def _text(kopecks):
    return f"{kopecks // 100}.{kopecks % 100:02}" if kopecks >= 0 else f"-{_text(-kopecks)}"


def _texts(kopecks):
    return pa.array([_text(int(number)) for number in kopecks], pa.string())


def _share(part, whole):
    return f"{(part * 2_000_000 + whole) // (2 * whole) / 1_000_000:.6f}" if whole else None


def _delivery_period(groups, orders):
    """Days from order to delivery with two places, of the orders that have one; NULL where none has."""
    delivered = ~orders["delivered_at"].is_null().to_numpy()
    way = _microseconds(orders["delivered_at"].fill_null(0)) - orders["at"].to_numpy()
    count, total = groups.count(delivered), groups.sum(way, delivered)
    texts = [
        _text((int(time) * 200 + int(number) * _DAY) // (2 * int(number) * _DAY)) if number else None
        for time, number in zip(total, count, strict=True)
    ]
    return pa.array(texts, pa.string())


def _summary(mart, most=None):
    """A mart for the manifest: its number of rows, and all of them, or the totals and the rows of the most roubles."""
    summary = {"rows": mart.num_rows}
    if most:
        totals = {}
        for field in mart.schema:
            values = mart[field.name].to_pylist()
            if pa.types.is_integer(field.type) and not field.name.endswith("_id") and "rank" not in field.name:
                totals[field.name] = sum(values)
            elif field.name.startswith("total_"):
                totals[field.name] = _text(sum(int(value.replace(".", "")) for value in values))
        summary["totals"] = totals
        kopecks = np.array([int(value.replace(".", "")) for value in mart[most].to_pylist()], dtype=np.int64)
        mart = mart.take(pa.array(np.argsort(-kopecks, kind="stable")[:_GROUPS]))
    rows = mart.to_pylist()
    summary["groups"] = [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        for row in rows
    ]
    return summary
