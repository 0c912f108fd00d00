"""Words of the trade: what a case, an event, a day, an error is. No I/O, and no import of other parts."""
