"""What programs see of this floor: `contract` (shape, scopes, accounts), `faults`, `codes` (the errors guide), endpoints."""
