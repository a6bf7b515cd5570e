"""What programs ask for."""

from tests.samples import Access, Samples, Tour, Upgrade

samples = Samples(
    access=Access(
        public={
            "health.healthz": frozenset({200}),
            "health.readyz": frozenset({200, 503}),
            "metrics.metrics": frozenset({404}),
        }
    ),
    tour=Tour(no_pages=("/healthz", "/metrics", "/readyz")),
    upgrade=Upgrade(not_filled=frozenset({"alembic_version"})),
)
