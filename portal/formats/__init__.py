"""How dates, times, numbers and names are written for people."""
