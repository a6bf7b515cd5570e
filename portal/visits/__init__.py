"""How people without an account reach the one record that is theirs: by a signed link, or by the
record's number and a birth date, which lead to a link for half an hour."""
