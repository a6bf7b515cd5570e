"""Pages for those who have not signed in."""

from tests.samples import Access, Samples, Text, Tour, Upgrade

samples = Samples(
    access=Access(
        arguments={"token": Text("nonsense")},
        public={
            "people.sign_in": frozenset({200, 303}),
            "people.sign_out": frozenset({303, 200}),
            "links.forgot_password": frozenset({200}),
            "links.mail_is_on_its_way": frozenset({200}),
            "links.reset_password": frozenset({404, 410, 200}),
            "links.complete_registration": frozenset({404, 410, 200}),
            "setup.set_up": frozenset({404, 303, 200}),
        },
    ),
    tour=Tour(
        pages={
            "/switch-location": ("?q=Clinic",),
            "/register/<token>": ("/register/no-such-link",),
            "/password/reset/<token>": ("/password/reset/no-such-link",),
        },
        no_pages=("/session", "/session/stay"),
    ),
    upgrade=Upgrade(demanded={"user_account": {"profile": "manager"}}),
)
