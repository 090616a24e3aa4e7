# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first look at the shop
#
# *Первый взгляд на магазин*
#
# What it sells, when, where, and to whom. All figures are ClickHouse's, from the marts that the dashboards show, too.
# Revenue is without Aborted orders.

# %%
from datetime import timedelta

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from tshop import clickhouse, heatmap, roubles

# %% [markdown]
# ## What is there?
#
# *Что есть в хранилище?*
#
# Each mart has a row for each line of an order, or for each of its groups, as the catalogue says
# (`docs/catalogue/clickhouse.md`).

# %%
clickhouse("""
    SELECT mart, rows, first, last
    FROM
    (
        SELECT 'sales' AS mart, count() AS rows, toString(min(sold_on)) AS first, toString(max(sold_on)) AS last
        FROM tshop.sales
        UNION ALL
        SELECT 'daily_sales', count(), toString(min(sold_on)), toString(max(sold_on)) FROM tshop.daily_sales
        UNION ALL
        SELECT 'product_sales', count(), toString(min(order_month)), toString(max(order_month)) FROM tshop.product_sales
        UNION ALL
        SELECT 'region_sales', count(), toString(min(week_start)), toString(max(week_start)) FROM tshop.region_sales
        UNION ALL
        SELECT 'user_sales', count(), toString(min(order_month)), toString(max(order_month)) FROM tshop.user_sales
    )
    ORDER BY rows DESC
""")

# %% [markdown]
# The days below are the last 31 that there are. For others, set `first` and `last` here and run what follows again.
# Where a mart has months, these are the whole months that the days are in.

# %%
days = clickhouse("SELECT min(sold_on) AS first, max(sold_on) AS last FROM tshop.daily_sales WHERE net_amount > 0")
last = days["last"][0].date()
first = max(last - timedelta(days=30), days["first"][0].date())
period = {"first": first, "last": last}
print(f"{first} to {last}")

# %% [markdown]
# ## How much does the shop sell each day, and by which channel?
#
# *Сколько магазин продаёт каждый день и через какой канал?*
#
# Net of returns, which count on the day of their order. Five times as many clients buy on a day of the weekend.

# %%
days = clickhouse(
    """
    SELECT sold_on, channel, net_amount
    FROM tshop.daily_sales
    WHERE sold_on BETWEEN {first:Date} AND {last:Date}
    ORDER BY sold_on, channel
    """,
    **period,
).pivot(index="sold_on", columns="channel", values="net_amount")
days = days[days.sum().sort_values(ascending=False).index].fillna(0)

figure, axes = plt.subplots()
below = np.zeros(len(days))
for channel in days:
    axes.bar(days.index, days[channel], bottom=below, label=channel)
    below += days[channel].to_numpy()
axes.set_title("Net revenue a day, roubles")
roubles(axes.yaxis)
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
figure.autofmt_xdate()
plt.show()

# %% [markdown]
# ## At which hours do people buy?
#
# *В какие часы покупают?*
#
# Moscow time. The figure is the average number of lines in an hour of such a day.

# %%
hours = clickhouse(
    """
    SELECT
        toDayOfWeek(sold_on) AS weekday,
        toHour(sold_at, 'Europe/Moscow') AS hour,
        count() AS lines
    FROM tshop.sales
    WHERE sold_on BETWEEN {first:Date} AND {last:Date}
    GROUP BY weekday, hour
    ORDER BY weekday, hour
    """,
    **period,
)
# A day without a line in that hour counts, too.
such_days = pd.date_range(first, last).day_of_week.value_counts()
hours.lines = hours.lines / (hours.weekday - 1).map(such_days)
grid = hours.pivot(index="weekday", columns="hour", values="lines").fillna(0)
grid.index = [("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day - 1] for day in grid.index]

figure, axes = plt.subplots(figsize=(9, 2.8))
figure.colorbar(heatmap(axes, grid, cmap="Blues"))
axes.set_title("Lines sold in an hour")
plt.show()

# %% [markdown]
# ## What sells?
#
# *Что продаётся?*
#
# By whole months, as the mart `product_sales` has them. A category is the one that the product had when it was
# ordered.

# %%
categories = clickhouse(
    """
    SELECT product_category AS category, sum(ordered_quantity) AS pieces, sum(total_revenue) AS revenue
    FROM tshop.product_sales
    WHERE order_month BETWEEN toStartOfMonth({first:Date}) AND {last:Date}
    GROUP BY category
    ORDER BY revenue DESC, category
    """,
    **period,
)
categories["percent"] = (100 * categories.revenue / categories.revenue.sum()).round(1)

shown = categories.head(12)[::-1]
figure, axes = plt.subplots()
bars = axes.barh(shown.category, shown.revenue)
axes.bar_label(bars, [f"{percent:.1f} %" for percent in shown.percent], padding=4)
axes.grid(visible=False, axis="y")
axes.set_title("Revenue by category, roubles")
roubles(axes.xaxis)
plt.show()

# %%
clickhouse(
    """
    SELECT
        product_name AS product,
        sum(order_cnt) AS orders,
        sum(ordered_quantity) AS pieces,
        sum(total_revenue) AS revenue
    FROM tshop.product_sales
    WHERE order_month BETWEEN toStartOfMonth({first:Date}) AND {last:Date}
    GROUP BY product
    ORDER BY revenue DESC, product
    LIMIT 10
    """,
    **period,
)

# %% [markdown]
# ## Who buys?
#
# *Кто покупает?*
#
# A client's age is that of the day of the sale. Guests have none, and are left out.

# %%
ages = clickhouse(
    """
    SELECT client_age AS age, count() AS lines
    FROM tshop.sales
    WHERE sold_on BETWEEN {first:Date} AND {last:Date} AND client_age IS NOT NULL
    GROUP BY age
    ORDER BY age
    """,
    **period,
)

figure, axes = plt.subplots()
axes.bar(ages.age, ages.lines, width=0.9)
axes.set_title("Lines sold by the client's age in full years")
plt.show()

# %% [markdown]
# A client's loyalty level is that of the order. The figures are of whole months, as the mart `user_sales` has them. Of
# the level Unknown are guests, and clients whose level is not known.

# %%
clickhouse(
    """
    SELECT
        loyalty_status,
        sum(orders_cnt) AS orders,
        sum(total_order_amount) AS ordered,
        sum(total_revenue) AS revenue,
        round(toFloat64(ordered) / orders, 2) AS an_order,
        round(100 * sum(aborted_orders) / orders, 1) AS aborted_percent
    FROM tshop.user_sales
    WHERE order_month BETWEEN toStartOfMonth({first:Date}) AND {last:Date}
    GROUP BY loyalty_status
    ORDER BY revenue DESC
    """,
    **period,
)

# %% [markdown]
# ## Where is it sold?
#
# *Где продаётся?*
#
# By whole weeks; a week that is not over is left out.

# %%
regions = clickhouse(
    """
    SELECT week_start, region, sum(total_amount) AS revenue
    FROM tshop.region_sales
    WHERE week_start >= {first:Date} AND week_start + 6 <= {last:Date}
    GROUP BY week_start, region
    ORDER BY week_start, region
    """,
    **period,
).pivot(index="week_start", columns="region", values="revenue")
regions = regions[regions.sum().sort_values(ascending=False).index].fillna(0)

figure, axes = plt.subplots()
width = 0.8 / len(regions.columns)
for place, region in enumerate(regions):
    axes.bar(np.arange(len(regions)) + place * width, regions[region], width=width, label=region)
axes.set_xticks(np.arange(len(regions)) + 0.4 - width / 2, [f"week of {week:%d %b}" for week in regions.index])
axes.set_title("Revenue by region, roubles")
axes.legend(fontsize="small")
roubles(axes.yaxis)
plt.show()

# %% [markdown]
# ## What is lost on the way?
#
# *Что теряется по пути?*
#
# From what was ordered to what stayed sold, in whole months. The orders of the last days are not all paid yet, and
# will still have returns.

# %%
lost = clickhouse(
    """
    SELECT
        (
            SELECT sum(total_order_amount)
            FROM tshop.user_sales
            WHERE order_month BETWEEN toStartOfMonth({first:Date}) AND {last:Date}
        ) AS ordered,
        sum(gross_amount) AS not_aborted,
        sum(net_amount) AS kept,
        sum(paid_amount) AS paid
    FROM tshop.daily_sales
    WHERE sold_on BETWEEN toStartOfMonth({first:Date}) AND toLastDayOfMonth({last:Date})
    """,
    **period,
).iloc[0]

figure, axes = plt.subplots(figsize=(9, 2.4))
names = ["ordered", "not aborted", "kept after returns", "paid"]
bars = axes.barh(names[::-1], pd.to_numeric(lost)[::-1])
axes.bar_label(bars, [f"{100 * value / lost.ordered:.1f} %" for value in lost[::-1]], padding=4)
axes.grid(visible=False, axis="y")
roubles(axes.xaxis)
plt.show()
