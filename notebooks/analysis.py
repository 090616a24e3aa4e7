# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which clients and which products matter?
#
# *Какие клиенты и товары важны?*
#
# Cohorts and RFM of the clients, from PostgreSQL's history of orders; ABC and XYZ of the products, from ClickHouse. A
# client's order that was aborted is no purchase, and a guest's is nobody's. The queries add up where the data are:
# what comes here is small for a shop of any size.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from tshop import clickhouse, heatmap, postgres

# %% [markdown]
# ## How many of a week's new clients come back?
#
# *Сколько новых клиентов недели возвращаются?*
#
# A cohort is the clients whose first order falls in one week. Of each, the figure is the share that orders again so
# many weeks later. A week that has not come yet is empty, not zero; the last week counts as far as it has gone.

# %%
active = postgres("""
    WITH active AS (
        SELECT DISTINCT
            o.client_id,
            date_trunc('week', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS week
        FROM dds.sales_order AS o
        WHERE o.is_current AND o.client_id IS NOT NULL AND o.status <> 'Aborted'
    ),

    aged AS (
        SELECT a.week, min(a.week) OVER (PARTITION BY a.client_id) AS cohort
        FROM active AS a
    )

    SELECT g.cohort, (g.week - g.cohort) / 7 AS age, count(*) AS clients
    FROM aged AS g
    GROUP BY g.cohort, age
    ORDER BY g.cohort, age
""")
cohorts = active.pivot(index="cohort", columns="age", values="clients")
last_week = (pd.to_datetime(active.cohort) + pd.to_timedelta(7 * active.age, unit="D")).max()
ages = ((last_week - pd.to_datetime(cohorts.index)).days // 7).to_numpy()
cohorts = cohorts.reindex(columns=range(ages.max() + 1)).fillna(0)
cohorts = cohorts.where(np.arange(ages.max() + 1) <= ages[:, None])
shares = 100 * cohorts.div(cohorts[0], axis=0)
texts = shares.map(lambda share: "" if np.isnan(share) else f"{share:.1f} %")
texts[0] = [f"{clients:,.0f}" for clients in cohorts[0]]
shares[0] = np.nan
shares.columns = ["new clients", *(f"week {age}" for age in shares.columns[1:])]
shares.index = [f"{week:%d %b %Y}" for week in shares.index]

figure, axes = plt.subplots(figsize=(9, 0.5 * len(shares) + 1))
heatmap(axes, shares, texts, cmap="YlGnBu", vmin=0, vmax=2 * np.nanmax(shares.to_numpy(), initial=1))
axes.set_title("Share of a week's new clients that orders again")
plt.show()

# %% [markdown]
# ## Who are the best clients, and who is about to be lost?
#
# *Кто лучшие клиенты и кого мы вот-вот потеряем?*
#
# RFM: recency in days before the last day, frequency in orders, money in roubles. Each gets a mark from 1 to 3, the
# best. Equal clients get an equal mark. Of frequency the marks are 1, 2, and more orders, as half of the clients
# order once.

# %%
marks = postgres("""
    WITH client AS (
        SELECT
            o.client_id,
            max(max((o.ordered_at AT TIME ZONE 'Europe/Moscow')::date)) OVER ()
            - max((o.ordered_at AT TIME ZONE 'Europe/Moscow')::date) AS days_ago,
            count(*) AS orders,
            sum(o.total_amount) AS money
        FROM dds.sales_order AS o
        WHERE o.is_current AND o.client_id IS NOT NULL AND o.status <> 'Aborted'
        GROUP BY o.client_id
    ),

    marked AS (
        SELECT
            c.orders,
            c.money,
            c.days_ago,
            ceil(3 * cume_dist() OVER (ORDER BY c.days_ago DESC))::integer AS recency,
            least(c.orders, 3)::integer AS frequency,
            ceil(3 * cume_dist() OVER (ORDER BY c.money))::integer AS monetary
        FROM client AS c
    )

    SELECT
        m.recency,
        m.frequency,
        m.monetary,
        count(*) AS clients,
        sum(m.orders) AS orders,
        sum(m.days_ago) AS days,
        sum(m.money) AS revenue
    FROM marked AS m
    GROUP BY m.recency, m.frequency, m.monetary
    ORDER BY m.recency, m.frequency, m.monetary
""")
r, f, m = marks.recency, marks.frequency, marks.monetary
marks["segment"] = np.select(
    [(r == 3) & (f == 3) & (m == 3), (r == 1) & (m == 3), (r >= 2) & (f >= 2), (r == 3) & (f == 1), (r + f + m) == 3],
    ["champions", "great, and about to be lost", "loyal", "came lately, once", "lost, and small"],
    "others",
)
segments = marks.groupby("segment")[["clients", "orders", "days", "revenue"]].sum()
segments["orders_each"] = (segments.orders / segments.clients).round(1)
segments["days_ago"] = (segments.days / segments.clients).round()
segments["percent_of_revenue"] = (100 * segments.revenue / segments.revenue.sum()).round(1)
segments = segments.sort_values("revenue", ascending=False).drop(columns=["orders", "days"]).reset_index()
segments

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 2.6))
most = marks.clients.max()
for recency, plot in zip((1, 2, 3), axes, strict=True):
    part = marks[marks.recency == recency].pivot(index="frequency", columns="monetary", values="clients")
    part = part.reindex(index=[3, 2, 1], columns=[1, 2, 3]).fillna(0)
    part.index = ["more", "2 orders", "1 order"]
    heatmap(plot, part, part.map("{:,.0f}".format), cmap="YlGnBu", vmin=0, vmax=1.5 * most)
    plot.set_xlabel("mark of the money")
    plot.set_title(("bought long ago", "a while ago", "lately")[recency - 1])
figure.suptitle("Clients by their marks", x=0.01, ha="left")
plt.show()

figure, axes = plt.subplots(figsize=(9, 2.6))
for name, left in (("clients", 0), ("revenue", 1)):
    share = 100 * segments[name] / segments[name].sum()
    axes.barh(np.arange(len(segments))[::-1] + 0.2 - 0.4 * left, share, height=0.4, label=f"percent of {name}")
axes.set_yticks(np.arange(len(segments))[::-1], segments.segment)
axes.grid(visible=False, axis="y")
axes.legend(loc="lower right", fontsize="small")
plt.show()

# %% [markdown]
# ## Which products bring the money, and which of them sell evenly?
#
# *Какие товары приносят деньги и какие продаются ровно?*
#
# ABC: A are the products that bring the first 80 % of the roubles, B the next 15 %, C the rest. XYZ: of X the pieces
# of a week vary by less than half of their mean, of Y by less than the mean, of Z by more. Of the last twelve whole
# weeks, or as many as there are; a week in which a product did not sell counts as zero. Orders without a region are
# not in this mart.

# %%
weeks = clickhouse("""
    SELECT DISTINCT week_start
    FROM tshop.region_sales
    WHERE
        week_start >= (SELECT min(sold_on) FROM tshop.daily_sales)
        AND week_start + 6 <= (SELECT max(sold_on) FROM tshop.daily_sales)
    ORDER BY week_start DESC
    LIMIT 12
""").week_start
if weeks.empty:
    raise ValueError("The shop has no whole week yet: run this again when it has.")
products = clickhouse(
    """
    SELECT
        product_id,
        sum(week_roubles) AS roubles,
        sum(week_pieces) AS pieces,
        sum(week_pieces * week_pieces) AS squares
    FROM
    (
        SELECT product_id, week_start, sum(total_amount) AS week_roubles, sum(quantity) AS week_pieces
        FROM tshop.region_sales
        WHERE week_start BETWEEN {first:Date} AND {last:Date}
        GROUP BY product_id, week_start
    )
    GROUP BY product_id
    HAVING pieces > 0
    ORDER BY roubles DESC, product_id
    """,
    first=weeks.min().date(),
    last=weeks.max().date(),
)
mean = products.pieces / len(weeks)
products["variation"] = np.sqrt((products.squares / len(weeks) - mean**2).clip(lower=0)) / mean
products["share"] = products.roubles.cumsum() / products.roubles.sum()
before = products.share.shift(fill_value=0)
products["abc"] = np.select([before < 0.8, before < 0.95], ["A", "B"], "C")
products["xyz"] = np.select([products.variation < 0.5, products.variation < 1], ["X", "Y"], "Z")
print(f"{len(weeks)} weeks, {len(products):,} products")

figure, axes = plt.subplots(1, 2)
some = products.iloc[:: max(len(products) // 200, 1)]
for name, colour in (("A", "#1f77b4"), ("B", "#ff9f40"), ("C", "#8c8c8c")):
    part = some[some.abc == name]
    place = 100 * (part.index + 1) / len(products)
    axes[0].fill_between(place, 100 * part.share, color=colour, alpha=0.6)
    axes[0].text(place.to_numpy().mean(), 20, name, ha="center")
axes[0].set_xlabel("percent of the products")
axes[0].set_title("Percent of the roubles")
axes[1].hist(products.variation, bins=np.arange(0, 2.05, 0.1))
for limit, name in ((0, "X"), (0.5, "Y"), (1, "Z")):
    axes[1].axvline(limit, color="#d1495b", linewidth=0.8)
    axes[1].text(limit + 0.03, axes[1].get_ylim()[1], name, va="top")
axes[1].set_xlabel("variation of a week's pieces: deviation over mean")
axes[1].set_title("Products")
plt.show()

# %%
classes = products.pivot_table(index="abc", columns="xyz", values="product_id", aggfunc="count").fillna(0).astype(int)
classes["roubles"] = products.groupby("abc").roubles.sum()
classes["percent"] = (100 * classes.roubles / classes.roubles.sum()).round(1)
classes.reset_index()

# %% [markdown]
# The products of A that sell unevenly are the ones to watch: they bring money, and it is hard to say how many to
# keep.

# %%
names = clickhouse(
    """
    SELECT product_id, argMax(product, (sold_at, sale_id)) AS product, argMax(category, (sold_at, sale_id)) AS category
    FROM tshop.sales
    WHERE sold_on >= {first:Date}
    GROUP BY product_id
    """,
    first=weeks.min().date(),
)
watch = products[(products.abc == "A") & (products.xyz != "X")]
watch = watch.sort_values(["variation", "product_id"], ascending=[False, True]).head(10)
watch.merge(names, on="product_id", how="left")[["product", "category", "roubles", "pieces", "variation"]]
