"""Headers on every answer: content policy, no sniffing, no framing, no caching of pages."""

from flask import Flask, Response

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A static file needs less: it is never a page that could load or do anything.
STATIC_HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


def init_app(app: Flask, *, secure: bool) -> None:
    """Set the headers on every answer of the application, and on the static files listed next."""
    # WhiteNoise asks by path alone, once for each file, when it is put around the application.
    if secure:
        STATIC_HEADERS["Strict-Transport-Security"] = STRICT_TRANSPORT
    else:
        STATIC_HEADERS.pop("Strict-Transport-Security", None)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if secure:
            response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return response


def static_headers(headers: object, _path: str, _url: str) -> None:
    """The headers of static files (called by WhiteNoise)."""
    for name, value in STATIC_HEADERS.items():
        headers[name] = value  # type: ignore[index]
