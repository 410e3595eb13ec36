"""What programs see of contacts, lists, tags, users and roles, whatever the provider calls them. Pure: no Django.

contacts    a contact in the unified shape
catalogue   lists and tags
directory   users and roles
asking      the query of a program: filters with operators, fields to leave out, where a page begins
"""
