//! The files a page needs beside itself. Their addresses carry a hash of their content, so that
//! browsers may keep them for ever and never mix versions.

use decide::id::Digest;
use std::sync::LazyLock;

/// One file served under `/assets/`.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// True when the address names the content: it may be cached for ever.
    pub immutable: bool,
}

struct Stored {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const STORED: &[Stored] = &[
    Stored {
        name: "page.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/page.css"),
    },
    Stored {
        name: "live.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/live.js"),
    },
    Stored {
        name: "mark.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../../assets/mark.svg"),
    },
];

/// Names with the hash inside: `page.0123456789ab.css`.
static HASHED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let hashed = |stored: &Stored| {
        let (stem, ending) = stored.name.split_once('.').unwrap_or((stored.name, ""));
        format!("{stem}.{}.{ending}", Digest::of(stored.bytes).short())
    };
    STORED.iter().map(hashed).collect()
});

/// The address of a stored file, with its hash.
pub(crate) fn address(name: &str) -> String {
    let index = STORED.iter().position(|stored| stored.name == name);
    index.map_or_else(|| format!("/assets/{name}"), |index| format!("/assets/{}", HASHED[index]))
}

/// The file of `/assets/{name}`; plain names work too, for people who look.
pub fn asset(name: &str) -> Option<Asset> {
    let hashed = HASHED.iter().position(|hashed| hashed == name);
    let index = hashed.or_else(|| STORED.iter().position(|stored| stored.name == name))?;
    let stored = &STORED[index];
    Some(Asset {
        content_type: stored.content_type,
        bytes: stored.bytes,
        immutable: hashed.is_some(),
    })
}
