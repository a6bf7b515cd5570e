"""Who asks, for which location, and what the profile may do."""
