"""`{{ session.user_agent|browser }}`: a browser in words, where a template of allauth's views has only its own name."""

from django import template

from connections.people import browsers

register = template.Library()
register.filter("browser", browsers.in_words)
