//! Refusals as problem documents (RFC 9457) with our stable code.

use crate::error::Refusal;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use decide::finding::catalogue;
use wire::problem::Problem;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let title = catalogue::entry(self.reason.code).map_or("refused", |entry| entry.title);
        let problem = Problem {
            kind: "about:blank".into(),
            title: title.into(),
            status: status.as_u16(),
            detail: self.reason.sentence,
            code: self.reason.code.to_string(),
            next: if self.reason.next.is_empty() {
                format!("ringfence explain {}", self.reason.code)
            } else {
                self.reason.next
            },
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
