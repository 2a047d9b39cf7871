//! Kinds of files: by which ending, by which claimed type, and by which content one is known. Owns the table, and whether
//! what is said of a file and what is in it agree. Must not know: how content is looked into, where files are.
//!
//! Programs are chosen by the ending of a name and by the type that a server tells, people by both: a file that is one
//! thing and is called another is refused, whatever it is.

use crate::error::{Error, Result, invalid};

/// A kind of file that can be told by its content.
#[derive(Debug)]
struct Kind {
    /// The endings of its names, in small letters.
    endings: &'static [&'static str],
    /// The types by which it is called; the first is ours.
    types: &'static [&'static str],
    /// What a look into it finds, where that is another word.
    found: &'static [&'static str],
    /// Everybody's programs open it: the narrower choice of a tenant takes it.
    common: bool,
}

const fn kind(
    endings: &'static [&'static str],
    types: &'static [&'static str],
    found: &'static [&'static str],
) -> Kind {
    Kind { endings, types, found, common: false }
}

const fn common(
    endings: &'static [&'static str],
    types: &'static [&'static str],
    found: &'static [&'static str],
) -> Kind {
    Kind { endings, types, found, common: true }
}

/// A document of an office program from before 2007: only the outer form is told apart.
pub const OLE: &str = "application/x-ole-storage";
/// An archive, and whatever is one inside.
pub const ZIP: &str = "application/zip";
/// Office documents of today.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// A sheet.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Slides.
pub const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const TEXT: &str = "text/plain";
/// An office document that brings programs along.
pub const WITH_MACROS: &str = "application/vnd.ms-office.macro-enabled";

/// The kinds. Where several have one ending or type, the first one counts.
static KINDS: &[Kind] = &[
    common(&["jpg", "jpeg", "jpe", "jfif"], &["image/jpeg", "image/jpg", "image/pjpeg"], &[]),
    common(&["png"], &["image/png", "image/x-png", "image/apng"], &[]),
    common(&["gif"], &["image/gif"], &[]),
    common(&["webp"], &["image/webp"], &[]),
    common(&["pdf"], &["application/pdf", "application/x-pdf"], &[]),
    common(&["doc"], &["application/msword"], &[OLE]),
    common(&["xls"], &["application/vnd.ms-excel", "application/excel", "application/x-msexcel"], &[OLE]),
    // With a password they are kept in the older form.
    common(&["docx"], &[DOCX], &[OLE]),
    common(&["xlsx"], &[XLSX], &[OLE]),
    common(&["zip"], &[ZIP, "application/x-zip-compressed", "application/x-zip"], &[]),
    common(&["mp3"], &["audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mpeg-3"], &[]),
    common(&["wav"], &["audio/x-wav", "audio/wav", "audio/wave", "audio/vnd.wave"], &[]),
    common(&["mp4", "m4v"], &["video/mp4", "video/x-m4v", "application/mp4", "audio/mp4"], &["audio/m4a"]),
    common(&["webm"], &["video/webm", "audio/webm"], &[]),
    kind(&["ppt", "pps"], &["application/vnd.ms-powerpoint"], &[OLE]),
    kind(&["pptx"], &[PPTX], &[OLE]),
    kind(
        &["docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppsm", "ppam"],
        &[
            WITH_MACROS,
            "application/vnd.ms-word.document.macroenabled.12",
            "application/vnd.ms-word.template.macroenabled.12",
            "application/vnd.ms-excel.sheet.macroenabled.12",
            "application/vnd.ms-excel.template.macroenabled.12",
            "application/vnd.ms-excel.addin.macroenabled.12",
            "application/vnd.ms-powerpoint.presentation.macroenabled.12",
            "application/vnd.ms-powerpoint.template.macroenabled.12",
            "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
            "application/vnd.ms-powerpoint.addin.macroenabled.12",
        ],
        &[DOCX, XLSX, PPTX, OLE],
    ),
    kind(&["m4a", "m4b"], &["audio/m4a", "audio/x-m4a", "audio/mp4", "audio/aac"], &["video/mp4"]),
    kind(&["mov", "qt"], &["video/quicktime"], &["video/mp4"]),
    kind(&["mkv"], &["video/x-matroska"], &[]),
    kind(&["ogg", "oga", "opus", "ogv"], &["audio/ogg", "video/ogg", "application/ogg", "audio/opus"], &[]),
    kind(&["avif"], &["image/avif"], &[]),
    kind(&["heic", "heif"], &["image/heif", "image/heic"], &[]),
    kind(&["bmp"], &["image/bmp", "image/x-ms-bmp", "image/x-bmp"], &[]),
    kind(&["tif", "tiff"], &["image/tiff"], &[]),
    // What spreadsheets write as text is claimed to be theirs.
    kind(
        &["csv"],
        &["text/csv", "application/csv", "application/vnd.ms-excel", TEXT],
        &["application/octet-stream"],
    ),
    kind(&["rtf"], &["text/rtf", "application/rtf", "application/msword"], &[TEXT]),
];

/// Types that a browser shows in its place without running anything in them; everything else is only downloaded.
static SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "application/pdf",
    TEXT,
    "video/mp4",
    "video/webm",
    "audio/mpeg",
    "audio/ogg",
    "audio/x-wav",
];

/// Whether browsers show files of this type in their place.
#[must_use]
pub fn is_shown(content_type: &str) -> bool {
    SHOWN.contains(&content_type)
}

/// Whether it is a picture that is shown in its place.
#[must_use]
pub fn is_picture(content_type: &str) -> bool {
    content_type.starts_with("image/") && is_shown(content_type)
}

/// The type under which a file is kept, when name, claim and content agree. `claimed` is what the uploader says of it, empty
/// for nothing; `found` what a look into it found; `only_common` refuses what is not one of the common kinds.
///
/// # Errors
/// `type` when they do not agree, or the tenant does not take such files.
pub fn agreed(name: &str, claimed: &str, found: &str, only_common: bool) -> Result<String> {
    let (named, claimed, content) = (by_ending(name), plain(claimed), by_content(found));
    let says = |text: &str, is: &str| {
        refused(format!(
            "the file is called {text}, and what is in it is {is}: send it under its own name and type"
        ))
    };
    if let Some(ending) = ending(name)
        && !named.map_or_else(|| may_have_any_ending(found), |kind| kind.is(found))
    {
        return Err(says(&format!(".{ending}"), found));
    }
    if !is_claim(&claimed, named, found) {
        return Err(says(&claimed, found));
    }
    let kind = named.or(content);
    // An ending that nobody knows is none of theirs, whatever stands before it.
    let is_unknown = named.is_none() && ending(name).is_some();
    if only_common && (is_unknown || !kind.is_some_and(|kind| kind.common)) {
        return Err(not_taken(ending(name).as_deref().unwrap_or(found)));
    }
    // Of several that look alike the name tells which one it is.
    let called = match kind {
        Some(kind) if kind.found.contains(&found) => kind.types[0],
        Some(kind) if kind.types[0] == WITH_MACROS => WITH_MACROS,
        _ => found,
    };
    Ok(called.to_owned())
}

/// The same before there is any content: what can be told from the name and the claim alone. Answers whether it will be a
/// picture.
///
/// # Errors
/// As with [`agreed`].
pub fn announced(name: &str, claimed: &str, only_common: bool) -> Result<bool> {
    let (named, claimed) = (by_ending(name), plain(claimed));
    let kind = match (named, by_type(&claimed)) {
        (Some(kind), Some(_)) if !kind.types.contains(&claimed.as_str()) => {
            let ending = ending(name).unwrap_or_default();
            return Err(refused(format!(
                "the file is called .{ending} and said to be {claimed}: send it under its own name and type"
            )));
        }
        (Some(kind), _) | (None, Some(kind)) => Some(kind),
        (None, None) => None,
    };
    if only_common && !kind.is_some_and(|kind| kind.common) {
        return Err(not_taken(ending(name).as_deref().unwrap_or(&claimed)));
    }
    Ok(kind.is_some_and(|kind| is_picture(kind.types[0])))
}

impl Kind {
    /// Whether content that was found is of this kind.
    fn is(&self, found: &str) -> bool {
        self.found.contains(&found) || self.types.contains(&found)
    }
}

/// A type that is claimed must be one of its kind. What is said of files that no look can tell (a program's text, say) is
/// nobody's business.
fn is_claim(claimed: &str, named: Option<&Kind>, found: &str) -> bool {
    match (named, by_type(claimed)) {
        (_, None) => true,
        (Some(kind), Some(_)) => kind.types.contains(&claimed),
        (None, Some(kind)) => kind.is(found),
    }
}

/// Endings that we do not know may stand behind everything but what is shown in its place: there are many, and many of them
/// are archives inside.
fn may_have_any_ending(found: &str) -> bool {
    found == TEXT || !is_shown(found)
}

fn by_ending(name: &str) -> Option<&'static Kind> {
    let ending = ending(name)?;
    KINDS.iter().find(|kind| kind.endings.contains(&ending.as_str()))
}

fn by_type(claimed: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.types.contains(&claimed) && claimed != TEXT)
}

fn by_content(found: &str) -> Option<&'static Kind> {
    by_type(found)
}

/// What stands behind the last dot, in small letters.
fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let fits = !stem.is_empty() && (1..=10).contains(&ending.chars().count());
    (fits && ending.chars().all(char::is_alphanumeric)).then(|| ending.to_lowercase())
}

/// A type without its parameters; nothing for those that say nothing.
fn plain(claimed: &str) -> String {
    let kind = claimed.split(';').next().unwrap_or_default().trim().to_lowercase();
    match kind.as_str() {
        "application/octet-stream" | "binary/octet-stream" | "application/x-download" | "*/*" => {
            String::new()
        }
        _ => kind,
    }
}

fn refused(detail: String) -> Error {
    invalid("file", "type", detail)
}

fn not_taken(what: &str) -> Error {
    refused(format!(
        "files of this type ({what}) are not taken here: send pictures (JPEG, PNG, GIF, WebP), PDF, Word, Excel, ZIP, MP3, \
         WAV, MP4 or WebM"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agrees_is_taken_under_the_type_that_it_is() {
        for (name, claimed, found, kept) in [
            ("a.png", "image/png", "image/png", "image/png"),
            ("A.JPG", "image/pjpeg", "image/jpeg", "image/jpeg"),
            ("photo", "", "image/png", "image/png"),
            ("photo.webp", "application/octet-stream", "image/webp", "image/webp"),
            ("voice.webm", "audio/webm;codecs=opus", "video/webm", "video/webm"),
            ("song.m4a", "audio/x-m4a", "audio/m4a", "audio/m4a"),
            ("plan.docx", DOCX, DOCX, DOCX),
            ("old.doc", "application/msword", OLE, "application/msword"),
            ("old.xls", "", OLE, "application/vnd.ms-excel"),
            ("with-a-password.docx", DOCX, OLE, DOCX),
            ("plan.docm", "", DOCX, WITH_MACROS),
            ("mail.msg", "application/vnd.ms-outlook", OLE, OLE),
            ("rows.csv", "application/vnd.ms-excel", "text/plain", "text/plain"),
            ("of-a-spreadsheet.csv", "text/csv", "application/octet-stream", "text/csv"),
            ("notes.txt", "text/plain; charset=utf-8", "text/plain", "text/plain"),
            ("main.ts", "video/mp2t", "text/plain", "text/plain"),
            ("page.html", "text/html", "text/html", "text/html"),
            ("text.odt", "application/vnd.oasis.opendocument.text", "application/zip", "application/zip"),
            (
                "tool.exe",
                "",
                "application/vnd.microsoft.portable-executable",
                "application/vnd.microsoft.portable-executable",
            ),
            (
                "deck.pptm",
                "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
                WITH_MACROS,
                WITH_MACROS,
            ),
        ] {
            assert_eq!(agreed(name, claimed, found, false).unwrap(), kept, "{name}");
        }
    }

    #[test]
    fn what_is_called_otherwise_than_it_is_is_refused() {
        for (name, claimed, found) in [
            ("a.png", "image/png", "text/html"),
            ("a.png", "image/png", "image/jpeg"),
            ("a.pdf", "application/pdf", "application/vnd.microsoft.portable-executable"),
            ("a", "image/png", "text/plain"),
            ("a.png", "image/jpeg", "image/png"),
            ("plan.docx", DOCX, WITH_MACROS),
            ("plan.docx", DOCX, "application/zip"),
            ("photo.exe", "", "image/png"),
            ("photo.html", "text/html", "image/gif"),
            ("a.jpg.exe", "image/jpeg", "image/jpeg"),
            ("film.mp4", "video/mp4", "application/octet-stream"),
            ("x.zip", "application/zip", "text/plain"),
        ] {
            assert!(agreed(name, claimed, found, false).is_err(), "{name} {claimed} {found}");
        }
    }

    #[test]
    fn a_tenant_may_take_the_common_kinds_only() {
        for (name, found) in [("a.png", "image/png"), ("a.zip", ZIP), ("b.doc", OLE), ("c.mp3", "audio/mpeg")]
        {
            assert!(agreed(name, "", found, true).is_ok() && announced(name, "", true).is_ok(), "{name}");
        }
        for (name, found) in [
            ("a.txt", "text/plain"),
            ("a.svg", "text/xml"),
            ("a.html", "text/html"),
            ("a.docm", WITH_MACROS),
            ("a.odt", ZIP),
            ("a", "application/octet-stream"),
            ("rows.csv", "text/plain"),
        ] {
            assert!(agreed(name, "", found, true).is_err() && announced(name, "", true).is_err(), "{name}");
        }
    }

    #[test]
    fn names_and_claims_are_looked_at_before_the_bytes_come() {
        assert!(announced("a.png", "image/png", false).unwrap());
        assert!(announced("photo", "image/jpeg", false).unwrap());
        assert!(
            !announced("a.bin", "", false).unwrap() && !announced("rows.csv", "text/plain", false).unwrap()
        );
        assert!(announced("a.png", "application/pdf", false).is_err());
        assert!(announced("a.exe", "", true).is_err());
    }
}
