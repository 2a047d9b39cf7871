//! Owns: answers that are bare lists, as contracts of host applications have them: where the next page is stands in the
//! `Link` header. Must not know: what is listed.

use axum::Json;
use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use parlor_chat::page::Page;
use serde::Serialize;

/// Parameters that say who is calling: no answer repeats them.
const SECRETS: [&str; 2] = ["access_token", "token"];

/// The items of a page, and the address of the next one.
#[derive(Debug)]
pub struct BareList<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T> BareList<T> {
    /// What is answered to a request for this address.
    #[must_use]
    pub fn of(page: Page<T>, asked: &Uri) -> Self {
        Self { items: page.items, next: page.next.map(|after| address(asked, &after)) }
    }
}

/// The same address, from there on.
fn address(asked: &Uri, after: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let given = form_urlencoded::parse(asked.query().unwrap_or_default().as_bytes());
    let kept = given.filter(|(name, _)| name != "after" && !SECRETS.contains(&name.as_ref()));
    query.extend_pairs(kept).append_pair("after", after);
    format!("{}?{}", asked.path(), query.finish())
}

impl<T: Serialize> IntoResponse for BareList<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.items).into_response();
        let link = self.next.map(|next| format!("<{next}>; rel=\"next\""));
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().append(LINK, link);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_in_the_same_way_and_without_secrets() {
        let asked: Uri = "/chat/threads?search=caf%C3%A9+1&after=old&limit=2&access_token=x".parse().unwrap();
        let page = Page { items: vec![1, 2], next: Some("17_ab\ncd".to_owned()) };
        let answer = BareList::of(page, &asked).into_response();
        let expected = "</chat/threads?search=caf%C3%A9+1&limit=2&after=17_ab%0Acd>; rel=\"next\"";
        assert_eq!(answer.headers()[LINK], expected);
        let last = BareList::of(Page { items: vec![3], next: None }, &asked).into_response();
        assert!(!last.headers().contains_key(LINK));
    }
}
