"""The warehouse's subscription to the web shop's transactions, deliveries and returns: made, looked after, repaired."""
