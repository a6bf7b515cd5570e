"""Which version of the portal this is; CONTRIBUTING.md, "Releases", says how it is numbered."""

VERSION = "0.1.0"
