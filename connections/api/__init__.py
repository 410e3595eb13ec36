"""What programs see of this floor: `contract` (shape, faults, scopes), `codes` (the errors guide), endpoints."""
