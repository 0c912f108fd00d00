"""The example of what a dealer writes, the same in each API's document."""

CONTENT = {
    "category": "Warranty",
    "category_type": "Service",
    "priority": "High",
    "description": "The hydraulic pump leaks.",
    "contact": {"name": "Dana Smith", "email": "dana@dealer.example", "phone": "+1 555 0100"},
    "notes": "Call first.",
}
