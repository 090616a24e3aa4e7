-- What shop.relay_state and its columns hold.
COMMENT ON TABLE shop.relay_state IS 'Mirror of the web shop''s relay, one row, written every few seconds: a beat';
COMMENT ON COLUMN shop.relay_state.is_only IS 'True: there is one row';
COMMENT ON COLUMN shop.relay_state.beats IS 'Number of the beat; the next one is one more';
COMMENT ON COLUMN shop.relay_state.seen_at IS 'When the relay was at work, on the shop''s clock. NULL: never';
COMMENT ON COLUMN shop.relay_state.gap_from IS
'The last beat before beats were left out: what the shop wrote between it and gap_until never came. NULL: none was';
COMMENT ON COLUMN shop.relay_state.gap_until IS 'The first beat after beats were left out. NULL: none was';
