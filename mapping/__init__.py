"""What corresponds to what: app fields, field and list maps, consent, translation."""
