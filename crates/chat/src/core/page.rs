//! Pages of lists.

use serde::Serialize;

use crate::error::{Result, invalid};
use crate::ids::PersonId;

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

/// What a list's `after` says, read by `read`; `None` for the first page.
///
/// # Errors
/// When it is no cursor of this list: the first page again would look like more of it.
pub(crate) fn cursor<T>(after: Option<&str>, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(after) = after.filter(|after| !after.is_empty()) else { return Ok(None) };
    let text = "give what an earlier page of this list had as next, or leave it away for the first page";
    read(after).map(Some).ok_or_else(|| invalid("after", "cursor", text))
}

/// The name and the id that a page by name ended with.
pub(crate) fn by_name(after: Option<&str>) -> Result<(String, PersonId)> {
    let read = |after: &str| {
        let (name, id) = after.split_once('\n')?;
        Some((name.to_owned(), id.parse().ok()?))
    };
    Ok(cursor(after, read)?.unwrap_or((String::new(), PersonId(uuid::Uuid::nil()))))
}

/// A limit within 1 to 200, 50 when not given.
pub fn limit(asked: Option<i64>) -> usize {
    usize::try_from(asked.unwrap_or(50).clamp(1, 200)).unwrap_or(50)
}
