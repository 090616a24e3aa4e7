"""How data of other systems arrive in the warehouse."""
