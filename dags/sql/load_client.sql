-- History of the clients: raw.client to dds.client.
CALL dds.load_client();
