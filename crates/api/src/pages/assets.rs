//! The one style sheet, and the icon.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use actix_web::{HttpResponse, http::header};

const STYLE: &str = include_str!("../../assets/style.css");
const ICON: &str = include_str!("../../assets/icon.svg");
/// The address of the style sheet names its content, so it may be kept for good.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

static STYLE_URL: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    STYLE.hash(&mut hasher);
    format!("/assets/style.css?v={:016x}", hasher.finish())
});

/// Where the style sheet of all pages is.
pub fn style_url() -> &'static str {
    &STYLE_URL
}

pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, FOR_GOOD))
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

pub(super) async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .content_type("image/svg+xml")
        .body(ICON)
}
