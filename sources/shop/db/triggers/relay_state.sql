-- The trigger of shop.relay_state.
CREATE OR REPLACE TRIGGER count_beat BEFORE UPDATE ON shop.relay_state
FOR EACH ROW EXECUTE FUNCTION shop.count_beat();
