-- History of the products: raw.product to dds.product.
CALL dds.load_product();
