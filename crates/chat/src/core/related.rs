//! Records of the host application that a conversation, a message or a notification is about. Owns what one may look like.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Result, invalid},
    text::checked_url,
};

/// A record of the host application that a conversation or message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// What it is: "order", "product" …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id there.
    pub id: String,
    /// Shown on the card.
    pub title: String,
    /// Where it is found.
    pub url: Option<String>,
    /// Shown on the card: a file of Parlor (`/files/…`), or an address that begins with https://.
    pub picture_url: Option<String>,
}

impl Related {
    /// Refuses what is too long, and addresses that are none.
    pub fn check(&self) -> Result<()> {
        for (field, text, most) in [
            ("related.type", &self.kind, 60),
            ("related.id", &self.id, 200),
            ("related.title", &self.title, 300),
        ] {
            if text.is_empty() || text.chars().count() > most {
                return Err(invalid(field, "length", format!("use 1 to {most} characters")));
            }
        }
        checked_url("related.url", self.url.as_deref())?;
        checked_picture(self.picture_url.as_deref())
    }
}

/// A picture is fetched by whoever sees the card, with their cookie: an address here must be one that does nothing.
fn checked_picture(url: Option<&str>) -> Result<()> {
    let Some(url) = url else { return Ok(()) };
    let path = url.split_once('?').map_or(url, |(path, _)| path);
    let file = path.strip_prefix("/files/").is_some_and(|id| {
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    if !file && !url.starts_with("https://") {
        let detail = "use a picture under /files/, or an address that begins with https://";
        return Err(invalid("related.picture_url", "picture", detail));
    }
    checked_url("related.picture_url", Some(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_files_or_of_other_hosts() {
        for url in ["/files/0190a000-7b?expires=1&for=a&signature=b", "https://shop.example/p.png"] {
            assert!(checked_picture(Some(url)).is_ok(), "{url}");
        }
        for url in [
            "/chat/threads/1/messages",
            "/files/../chat/threads/1/messages",
            "/files/%2e%2e/chat/threads/1/messages",
            "/files/..\\chat",
            "/files/",
            "/files/a/b",
            "/FILES/a",
            "//shop.example/p.png",
            "http://shop.example/p.png",
            "data:image/png;base64,AA",
            "",
        ] {
            assert!(checked_picture(Some(url)).is_err(), "{url}");
        }
    }
}
