//! Pages of lists.

use serde::Serialize;

/// A page: the items, and the cursor of the next page when there is one.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give it back as `after` for the next page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts what was read with `limit + 1` down to `limit`; `cursor` names the last item kept.
    pub fn cut(mut items: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> String) -> Page<T> {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Page { items, next }
    }

    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// A limit within 1 to 200, 50 when not given.
pub fn limit(asked: Option<i64>) -> usize {
    usize::try_from(asked.unwrap_or(50).clamp(1, 200)).unwrap_or(50)
}
