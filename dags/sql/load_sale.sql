-- History of the sales: raw.sale to dds.sale.
CALL dds.load_sale();
