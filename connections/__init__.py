"""Who, with whose key, through which door: tenants, links, tokens, quota and the gateway to the provider."""
