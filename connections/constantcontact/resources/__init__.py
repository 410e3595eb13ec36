"""One module a resource, one method a provider call."""
