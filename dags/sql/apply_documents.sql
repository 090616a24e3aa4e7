-- Brings into raw what has landed of a stream.
CALL raw.apply_documents(%(stream)s);
