# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What did we know, and when?
#
# *Что мы знали и когда?*
#
# The warehouse keeps two histories. `dds` has each version of a client, a product, an order in the time in which it
# was so. The marts of `cdm` have each version of a figure in the time in which it was reported. Together they answer
# why a report says something else today.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import dates
from tshop import clickhouse, postgres, roubles

# %% [markdown]
# ## How did a client's loyalty level change?
#
# *Как менялся уровень лояльности клиента?*
#
# The ten clients with the most versions of it. Each bar is a version, from `valid_from` to `valid_to`; the last one
# is valid now.

# %%
levels = postgres("""
    WITH level AS (
        SELECT
            v.client_id,
            v.loyalty_status,
            min(v.valid_from) AS since,
            max(v.valid_to) AS until
        FROM (
            SELECT
                c.client_id,
                c.loyalty_status,
                c.valid_from,
                c.valid_to,
                row_number() OVER (PARTITION BY c.client_id ORDER BY c.valid_from)
                - row_number() OVER (PARTITION BY c.client_id, c.loyalty_status ORDER BY c.valid_from) AS stay
            FROM dds.client AS c
        ) AS v
        GROUP BY v.client_id, v.loyalty_status, v.stay
    ),

    chosen AS (
        SELECT l.client_id, max(l.since) AS changed_at
        FROM level AS l
        GROUP BY l.client_id
        ORDER BY count(*) DESC, l.client_id
        LIMIT 10
    )

    SELECT
        l.client_id,
        coalesce(l.loyalty_status, 'Unknown') AS loyalty_status,
        greatest(l.since, f.day) AT TIME ZONE 'Europe/Moscow' AS since,
        least(l.until, f.end_day) AT TIME ZONE 'Europe/Moscow' AS until
    FROM level AS l
    INNER JOIN chosen AS c ON c.client_id = l.client_id
    CROSS JOIN (
        SELECT min(h.changed_at) - interval '10 days' AS day, max(h.changed_at) + interval '5 days' AS end_day
        FROM chosen AS h
    ) AS f
    WHERE l.until > f.day
    ORDER BY c.changed_at, l.client_id, l.since
""")

figure, axes = plt.subplots()
colours = dict(zip(("Basic", "Silver", "Gold", "Platinum"), ("#c9a27e", "#a9b4c0", "#e6b93c", "#5b7fa6"), strict=True))
for status, rows in levels.groupby("loyalty_status", sort=False):
    names = [f"client {number}" for number in rows.client_id]
    axes.barh(names, rows.until - rows.since, left=rows.since, color=colours.get(status, "#dddddd"), label=status)
axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
axes.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.08), fontsize="small")
axes.set_title("Loyalty level")
plt.show()

# %% [markdown]
# ## How did a price move?
#
# *Как менялась цена?*
#
# The five products whose price moved most often and furthest. A sale has the price that was valid when it was made.

# %%
prices = postgres("""
    WITH price AS (
        SELECT
            p.product_id,
            p.price,
            p.valid_from,
            p.price IS DISTINCT FROM lag(p.price) OVER (PARTITION BY p.product_id ORDER BY p.valid_from) AS is_new
        FROM dds.product AS p
    ),

    chosen AS (
        SELECT p.product_id
        FROM price AS p
        WHERE p.is_new
        GROUP BY p.product_id
        HAVING max(p.price) > 0
        ORDER BY count(*) DESC, max(p.price) / nullif(min(p.price), 0) DESC NULLS LAST, p.product_id
        LIMIT 5
    )

    SELECT
        n.product_id,
        concat_ws(', ', n.name, n.size) AS name,
        p.price,
        p.valid_from AT TIME ZONE 'Europe/Moscow' AS since
    FROM price AS p
    INNER JOIN chosen AS c ON c.product_id = p.product_id
    INNER JOIN dds.product AS n ON n.product_id = p.product_id AND n.is_current
    WHERE p.is_new
    ORDER BY p.product_id, p.valid_from
""")
end = prices.since.max() + pd.Timedelta(days=1)

figure, axes = plt.subplots()
for _number, rows in prices.groupby("product_id"):
    percent = 100 * rows.price / rows.price[rows.price > 0].iloc[0]
    axes.step([*rows.since, end], [*percent, percent.iloc[-1]], where="post", label=rows.name.iloc[0])
axes.set_xlim(prices.groupby("product_id").since.nth(1).min() - pd.Timedelta(days=5), end)
axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
axes.set_title("Price, in percent of the first")
plt.show()

# %% [markdown]
# ## What did each report say of last week?
#
# *Что говорил каждый отчёт о прошлой неделе?*
#
# A report is a build of the mart `daily_sales`. Its version that was valid at the build's clock is what the report
# showed. A report is named by the last day that it knew; where several knew the same days, the last of them counts.
# The week is the last one that is over. The marts of one run are built side by side, each at its own clock: the lines
# of a report are of the build of `cdm.sales_mart` next to it.

# %%
known = postgres("""
    SELECT
        min(d.sold_on) AS first_day,
        -- Today is not over.
        date_trunc('week', least(max(d.sold_on) + 1, (now() AT TIME ZONE 'Europe/Moscow')::date))::date - 7 AS monday
    FROM cdm.daily_sales AS d
    WHERE d.is_current AND d.net_amount > 0
""").iloc[0]
if known.first_day is None or known.first_day > known.monday + pd.Timedelta(days=6):
    raise ValueError("The shop has no week that is over yet: run this again when it has.")
monday, sunday = known.monday, known.monday + pd.Timedelta(days=6)
week = {"monday": monday, "sunday": sunday}
print(f"The week from {monday} to {sunday}")

reports = postgres(
    """
    WITH known AS (
        -- Since when reports have known this day, or a later one.
        SELECT d.sold_on, min(min(d.valid_from)) OVER (ORDER BY d.sold_on DESC) AS since
        FROM cdm.daily_sales AS d
        WHERE d.net_amount > 0 AND d.sold_on >= %(monday)s
        GROUP BY d.sold_on
        HAVING bool_or(d.is_current)
    ),

    period AS (
        SELECT
            k.sold_on AS knows,
            k.since AT TIME ZONE 'UTC' AS since,
            lead(k.since, 1, 'infinity') OVER (ORDER BY k.sold_on) AT TIME ZONE 'UTC' AS until
        FROM known AS k
    )

    SELECT
        b.run_id,
        b.started_at AT TIME ZONE 'UTC' AS built_at,
        s.started_at AT TIME ZONE 'UTC' AS lines_built_at,
        p.knows
    FROM period AS p
    CROSS JOIN LATERAL (
        SELECT r.run_id, r.started_at
        FROM cdm.daily_sales_run AS r
        WHERE p.since <= r.started_at AND r.started_at < p.until
        ORDER BY r.started_at DESC
        LIMIT 1
    ) AS b
    CROSS JOIN LATERAL (
        SELECT m.started_at
        FROM cdm.sales_mart_run AS m
        WHERE m.is_erasure = 0
        ORDER BY abs(extract(EPOCH FROM m.started_at - b.started_at))
        LIMIT 1
    ) AS s
    ORDER BY p.knows
    """,
    monday=monday,
)
said = postgres(
    """
    SELECT r.run_id, d.sold_on, sum(d.net_amount) AS net_amount
    FROM cdm.daily_sales_run AS r
    INNER JOIN cdm.daily_sales AS d
        ON d.valid_from <= r.started_at AT TIME ZONE 'UTC' AND r.started_at AT TIME ZONE 'UTC' < d.valid_to
    WHERE d.sold_on BETWEEN %(monday)s AND %(sunday)s AND r.run_id = ANY(%(runs)s)
    GROUP BY r.run_id, d.sold_on
    """,
    runs=reports.run_id.tolist(),
    **week,
)
# A report that did not know a day has no figure for it.
table = said.pivot(index="sold_on", columns="run_id", values="net_amount").reindex(columns=reports.run_id)
table.columns = [f"to {day:%d %b}" for day in reports.knows]

figure, axes = plt.subplots()
for day, amounts in table.iterrows():
    axes.plot(range(len(amounts)), 100 * amounts / amounts.dropna().iloc[0], marker="o", label=f"{day:%a %d %b}")
axes.set_xticks(range(len(table.columns)), table.columns)
axes.set_title("Net revenue of a day, in percent of what the first report said")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
plt.show()

# %%
table.reset_index()

# %% [markdown]
# ## Why did last week's report change?
#
# *Почему изменился отчёт о прошлой неделе?*
#
# The report that first knew the whole week, against the last. What returns took off, the mart says. What became of
# the lines, the versions of `cdm.sales_mart` say: a line that is new since came late, one that is gone was cancelled,
# one with another amount was corrected. What is left of the difference is of whole orders: aborted since, or known
# only since.

# %%
then = reports[pd.to_datetime(reports.knows) >= pd.Timestamp(sunday)].iloc[0]
now = reports.iloc[-1]
moments = {"then": then.built_at, "now": now.built_at}
moments_of_lines = {"then": then.lines_built_at, "now": now.lines_built_at}

totals = postgres(
    """
    SELECT
        m.moment,
        sum(d.gross_amount) AS gross,
        sum(d.returned_amount) AS returned,
        sum(d.net_amount) AS net
    FROM (VALUES ('then', %(then)s::timestamptz), ('now', %(now)s::timestamptz)) AS m (moment, at)
    INNER JOIN cdm.daily_sales AS d ON d.valid_from <= m.at AND m.at < d.valid_to
    WHERE d.sold_on BETWEEN %(monday)s AND %(sunday)s
    GROUP BY m.moment
    """,
    **moments,
    **week,
).set_index("moment")

lines = postgres(
    """
    SELECT
        CASE
            WHEN t.sale_id IS NULL THEN 'lines that came late'
            WHEN n.sale_id IS NULL THEN 'lines cancelled'
            ELSE 'lines corrected'
        END AS cause,
        count(*) AS lines,
        sum(coalesce(n.total_amount, 0) - coalesce(t.total_amount, 0)) AS difference
    FROM (
        SELECT m.sale_id, m.order_id, m.total_amount
        FROM cdm.sales_mart AS m
        WHERE
            (m.sold_at AT TIME ZONE 'Europe/Moscow')::date BETWEEN %(monday)s AND %(sunday)s
            AND m.valid_from <= %(then)s AND %(then)s < m.valid_to
    ) AS t
    FULL JOIN (
        SELECT m.sale_id, m.order_id, m.total_amount
        FROM cdm.sales_mart AS m
        WHERE
            (m.sold_at AT TIME ZONE 'Europe/Moscow')::date BETWEEN %(monday)s AND %(sunday)s
            AND m.valid_from <= %(now)s AND %(now)s < m.valid_to
    ) AS n ON n.sale_id = t.sale_id
    INNER JOIN dds.sales_order AS o
        ON o.order_id = coalesce(n.order_id, t.order_id) AND o.is_current AND o.status <> 'Aborted'
    WHERE n.total_amount IS DISTINCT FROM t.total_amount
    GROUP BY cause
    ORDER BY cause
    """,
    **moments_of_lines,
    **week,
)

difference = totals.loc["now"] - totals.loc["then"]
causes = pd.concat(
    [
        lines[["cause", "difference"]],
        pd.DataFrame(
            [
                ("orders aborted, or late", difference.gross - lines.difference.sum()),
                ("returned", -difference.returned),
            ],
            columns=["cause", "difference"],
        ),
    ],
    ignore_index=True,
)
causes.difference = causes.difference.astype(float).round(2)
causes = causes[causes.difference != 0]

figure, axes = plt.subplots()
reached = totals.net["then"] + causes.difference.cumsum()
below = np.minimum(reached, reached - causes.difference)
axes.bar(["reported"], [totals.net["then"]], color="#8c8c8c")
colours = np.where(causes.difference < 0, "#d1495b", "#2ca58d")
axes.bar(causes.cause, causes.difference.abs(), bottom=below, color=colours)
axes.bar(["now"], [totals.net["now"]], color="#8c8c8c")
span = max(abs(difference.net), 1)
axes.set_ylim(min(totals.net) - span, max(totals.net) + span)
axes.set_title(f"Net revenue of the week, roubles: of the report that knew up to {then.knows:%d %b}, and now")
roubles(axes.yaxis)
plt.show()

# %%
pd.concat(
    [
        pd.DataFrame([("reported", totals.net["then"])], columns=["cause", "difference"]),
        causes,
        pd.DataFrame([("now", totals.net["now"])], columns=["cause", "difference"]),
    ],
    ignore_index=True,
)

# %% [markdown]
# ## What would the dashboard have shown at that moment?
#
# *Что показал бы дашборд в тот момент?*
#
# ClickHouse has every version of the sales, too. The condition on `valid_from` and `valid_to` gives any moment's. Here
# are the last seven days that the report knew, whose lines were still cancelled, corrected, or came late.

# %%
clickhouse(
    """
    WITH
        valid_from <= {then:DateTime64(6, 'UTC')} AND valid_to > {then:DateTime64(6, 'UTC')} AS was_valid,
        valid_from <= {now:DateTime64(6, 'UTC')} AND valid_to > {now:DateTime64(6, 'UTC')} AS is_valid
    SELECT
        toString(sold_on) AS day,
        countIf(was_valid) AS lines_then,
        countIf(is_valid) AS lines_now,
        sumIf(total_amount, was_valid) AS ordered_then,
        sumIf(total_amount, is_valid) AS ordered_now,
        ordered_now - ordered_then AS difference
    FROM tshop.sales_mart
    WHERE sold_on BETWEEN {first:Date} AND {last:Date}
    GROUP BY day
    ORDER BY day
    """,
    first=then.knows - pd.Timedelta(days=6),
    last=then.knows,
    **{name: f"{at.tz_convert('UTC'):%Y-%m-%d %H:%M:%S.%f}" for name, at in moments_of_lines.items()},
)

# %% [markdown]
# ## When does a figure settle?
#
# *Когда цифра перестаёт меняться?*
#
# Of each day: by how much the net revenue has changed since the report to that day, the last one before a later day
# was known. The older a day, the more of its returns have come. A channel that reports later is added here, too; a day
# of which nothing is left is not shown.

# %%
settled = postgres("""
    WITH known AS (
        -- Since when reports have known this day, or a later one.
        SELECT d.sold_on, min(min(d.valid_from)) OVER (ORDER BY d.sold_on DESC) AS since
        FROM cdm.daily_sales AS d
        WHERE d.net_amount > 0
        GROUP BY d.sold_on
        HAVING bool_or(d.is_current)
    ),

    period AS (
        -- Days that became known together have one report.
        SELECT
            k.sold_on,
            coalesce(
                min(k.since) OVER (
                    ORDER BY k.since RANGE BETWEEN interval '1 microsecond' FOLLOWING AND UNBOUNDED FOLLOWING
                ),
                'infinity'
            ) AS until
        FROM known AS k
        ORDER BY k.sold_on DESC
        LIMIT 31
    ),

    figure AS (
        SELECT
            p.sold_on,
            sum(d.net_amount) FILTER (WHERE d.valid_from < p.until AND p.until <= d.valid_to) AS first_said,
            sum(d.net_amount) FILTER (WHERE d.is_current) AS now
        FROM period AS p
        INNER JOIN cdm.daily_sales AS d ON d.sold_on = p.sold_on
        GROUP BY p.sold_on
    )

    SELECT f.sold_on, f.first_said, f.now, round(100 * (f.now / f.first_said - 1), 2) AS percent
    FROM figure AS f
    WHERE f.first_said > 0
    ORDER BY f.sold_on
""")

figure, axes = plt.subplots()
axes.bar(pd.to_datetime(settled.sold_on), settled.percent)
axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
axes.set_title("Change of a day's net revenue since it was first reported, percent")
plt.show()
