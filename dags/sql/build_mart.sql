-- The sales with client and product as of the sale: dds to cdm.sales_mart.
CALL cdm.build_mart();
