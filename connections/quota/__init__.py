"""One pool of calls for all tenants of a key: whose turn it is, when, and what is left of the day for whom."""
