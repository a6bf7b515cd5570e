"""The page for people without an account who lost their link: a number and a birth date lead to the
record that is theirs."""
