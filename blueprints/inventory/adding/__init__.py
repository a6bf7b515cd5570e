"""`Add`: doses that arrived, typed, scanned or photographed."""
