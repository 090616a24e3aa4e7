-- The sales mart: each line of an order with client and product as of the sale. docs/history.md says what it means.
CALL sl.declare_mart(
    'sales_mart',
    p_key => '{sale_id}',
    p_key_entity => 'sale',
    p_sources => '{client,product,sale}',
    p_touched => 'cdm.touched_sales',
    p_personal => '{"client": {"columns": ["client"], "key": "client_id"}}',
    p_procedure => 'cdm.build_mart',
    p_published_as => 'tshop.sales_mart'
);
