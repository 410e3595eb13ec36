"""What programs see of this floor: `contract` (what endpoints share), `faults`, `codes` (their guide), endpoints."""
