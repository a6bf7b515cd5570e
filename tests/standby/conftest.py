"""Manager and provider of A, as at the chair."""

from tests.administration.conftest import manager, manager_b, provider

__all__ = ["manager", "manager_b", "provider"]
