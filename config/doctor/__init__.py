"""What a real deployment needs, looked at from where it stands: `manage.py doctor`.

Owns the checks, one module a subject, and how they are run (`running`). Promises: each check has a time limit and
harms nothing; one that crashes is a finding; what cannot be judged because something below it is broken is left
out, so that one fault gives one finding; every finding says what was found and how to cure it; no secret is shown.
"""
