"""The stores' weekly files: what is in the inbox, and the job that cleans and lands it."""
