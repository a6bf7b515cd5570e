"""The platform: everything the modules in `blueprints/` build on. Knows no module by name."""
