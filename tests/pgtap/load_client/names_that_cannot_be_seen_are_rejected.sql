BEGIN;
SELECT plan(2);

-- Zero-width space, joiners, byte order mark, soft hyphen, Hangul filler, a control character, the ideographic space.
SELECT tap.put_client(1, tap.at(1), E'\u200b\u200b', 'Orlova');
SELECT tap.put_client(2, tap.at(1), 'Anna', E'\u200d\u2060\ufeff');
SELECT tap.put_client(3, tap.at(1), E'\u00ad\u3164', 'Orlova');
SELECT tap.put_client(4, tap.at(1), E'\x01\u3000', 'Orlova');
SELECT tap.put_client(5, tap.at(1), E'\u200bАнна', E'Орлова\u200b');
SELECT tap.put_product(1, tap.at(1), p_name => E'\u200e\u2063');

SELECT tap.load('client');
SELECT tap.load('product');
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_name, entity_key$$,
    $$VALUES
    ('client', '1', 'name_missing'),
    ('client', '2', 'name_missing'),
    ('client', '3', 'name_missing'),
    ('client', '4', 'name_missing'),
    ('product', '1', 'name_missing')$$,
    'as missing'
);
SELECT results_eq(
    $$SELECT c.first_name, c.last_name FROM tap.clients() AS c$$,
    $$VALUES (E'\u200bАнна', E'Орлова\u200b')$$,
    'a name with something to see is loaded as it is'
);

SELECT * FROM finish();
ROLLBACK;
