"""The history of doses as lists: of a location, of one record, of one kind of loss."""
