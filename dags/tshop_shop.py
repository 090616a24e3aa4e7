"""The entities and marts of the shop, as tshop_daily and tshop_live load and build them."""

# The entities in the order of their loads. Those of a step may be loaded side by side; their rules look at those of the
# steps before.
STEPS = (
    ("category", "client"),
    ("product", "sale"),
    ("sales_order",),
    ("payment", "delivery", "sale_return"),
)
ENTITIES = [entity for step in STEPS for entity in step]
# The marts, and the entities that each is built of.
MARTS = {
    "sales_mart": ("client", "product", "sale"),
    "user_sales": ("client", "sales_order"),
    "product_sales": ("category", "product", "sale", "sales_order"),
    "region_sales": ("product", "sale", "sales_order"),
    "daily_sales": ("payment", "product", "sale", "sale_return", "sales_order"),
    "category_tree": ("category",),
    "status_time": ("sales_order",),
    "carrier_delivery": ("delivery",),
}
# The procedure of a mart is named after it, but this one.
OTHER_BUILDS = {"sales_mart": "build_mart"}
BUILDS = {mart: OTHER_BUILDS.get(mart, f"build_{mart}") for mart in MARTS}
RAW, DDS, CDM = (
    [f"{layer}.{name}" for name in names] for layer, names in (("raw", ENTITIES), ("dds", ENTITIES), ("cdm", MARTS))
)
