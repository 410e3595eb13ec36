"""The provider's V3 API as Python: no Django, no Celery, nothing of the floors above."""
