//! Security headers, by the kind of answer. Every answer gets one set.

use crate::gate::Response;

/// What kind of answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A page of ours.
    Page,
    /// A file of ours with a hash in its address.
    Asset,
    /// A file of ours under a fixed address.
    Icon,
    /// A picture from a payload: untrusted bytes.
    Image,
    /// JSON, text, metrics.
    Data,
}

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; manifest-src 'self'; \
     base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'";
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
const DENIED_FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
     gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// Adds the headers of `class`.
pub fn secure(response: Response, class: Class) -> Response {
    let policy = if class == Class::Page { PAGE_POLICY } else { DATA_POLICY };
    let cache = match class {
        Class::Page | Class::Data => "no-store",
        Class::Asset => "public, max-age=31536000, immutable",
        Class::Icon => "public, max-age=86400",
        Class::Image => "private, max-age=86400, immutable",
    };
    response
        .header("Content-Security-Policy", policy)
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "same-origin")
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .header("Permissions-Policy", DENIED_FEATURES)
        .header("X-Frame-Options", "DENY")
        .header("Cache-Control", cache)
}
