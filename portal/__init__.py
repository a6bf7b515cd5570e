"""The platform: everything the modules in `blueprints/` stand on. Knows no module by name."""
