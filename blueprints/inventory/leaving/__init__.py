"""What every wizard shares by which doses leave a record. Other modules may import from here."""
