//! The style sheet and the script: contrast computed, size bounded, nothing from elsewhere.

use ringfence_server::pages::asset;
use std::collections::BTreeMap;

const CSS: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/live.js");
/// Our own script, all of it.
const SCRIPT_BYTES_MAX: usize = 20_000;

/// (foreground, background, least contrast): text 4.5, graphics and edges of controls 3
/// (WCAG 2.2, 1.4.3 and 1.4.11).
const PAIRS: [(&str, &str, f64); 30] = [
    ("ink", "paper", 4.5),
    ("ink", "card", 4.5),
    ("soft", "paper", 4.5),
    ("soft", "card", 4.5),
    ("blue", "paper", 4.5),
    ("blue", "card", 4.5),
    ("amber", "card", 4.5),
    ("harm", "card", 4.5),
    ("ink", "blue-wash", 4.5),
    ("soft", "blue-wash", 4.5),
    ("blue", "blue-wash", 4.5),
    ("ink", "amber-wash", 4.5),
    ("soft", "amber-wash", 4.5),
    ("amber", "amber-wash", 4.5),
    ("blue", "amber-wash", 4.5),
    ("ink", "harm-wash", 4.5),
    ("soft", "harm-wash", 4.5),
    ("harm", "harm-wash", 4.5),
    ("blue", "harm-wash", 4.5),
    ("on-blue", "blue", 4.5),
    ("on-amber", "amber", 4.5),
    ("on-harm", "harm", 4.5),
    ("on-press", "press", 4.5),
    ("edge", "card", 3.0),
    ("edge", "paper", 3.0),
    ("edge", "blue-wash", 3.0),
    ("blue", "line", 3.0),
    ("harm", "line", 3.0),
    ("press", "card", 3.0),
    ("ink", "line", 3.0),
];

/// The named colours of one block of the style sheet.
fn colours(block: &str) -> BTreeMap<&str, [u8; 3]> {
    block
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"))
        .map(|(name, value)| {
            let value = u32::from_str_radix(&value[..6], 16).expect("six hexadecimal digits");
            let [_, red, green, blue] = value.to_be_bytes();
            (name, [red, green, blue])
        })
        .collect()
}

fn themes() -> [(&'static str, BTreeMap<&'static str, [u8; 3]>); 2] {
    let (light, rest) =
        CSS.split_once("@media (prefers-color-scheme: dark)").expect("a dark theme");
    let (dark, _) = rest.split_once("\n}\n").expect("it ends");
    [("light", colours(light)), ("dark", colours(dark))]
}

fn luminance(colour: [u8; 3]) -> f64 {
    let linear = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_pair_of_colours_that_meets_can_be_told_apart_in_both_themes() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    for (theme, colours) in themes() {
        for (front, back, least) in PAIRS {
            let measured = contrast(colours[front], colours[back]);
            assert!(
                measured >= least,
                "{theme}: {front} on {back} is {measured:.2}, limit {least}"
            );
        }
    }
}

#[test]
fn both_themes_name_the_same_colours_and_only_themes_hold_colours() {
    let [(_, light), (_, dark)] = themes();
    assert_eq!(light.keys().collect::<Vec<_>>(), dark.keys().collect::<Vec<_>>());
    let literal = CSS.lines().filter(|line| !line.trim().starts_with("--")).find(|line| {
        line.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()))
    });
    assert_eq!(literal, None, "a colour outside the two themes is not tested for contrast");
}

#[test]
fn the_script_is_small_and_loads_nothing_from_elsewhere() {
    assert!(SCRIPT.len() < SCRIPT_BYTES_MAX, "{} bytes", SCRIPT.len());
    for (name, text) in [("script", SCRIPT), ("style", CSS)] {
        for banned in ["http:", "https:", "//cdn", "@import", "url(", "eval(", "Function("] {
            assert!(!text.contains(banned), "{name} contains {banned}");
        }
    }
    for wanted in ["prefers-reduced-motion", ":focus-visible", "[data-lost]", ".skip:focus"] {
        assert!(CSS.contains(wanted), "the style has no {wanted}");
    }
}

#[test]
fn assets_are_found_by_the_addresses_that_pages_use() {
    let login = ringfence_server::pages::login(None);
    let names: Vec<&str> =
        login.split("/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        assert!(asset(name).is_some_and(|asset| asset.immutable), "{name}");
    }
    assert!(asset("page.css").is_some_and(|asset| !asset.immutable));
    for name in ["", "../Cargo.toml", "page.css/..", "page.000000000000.css"] {
        assert!(asset(name).is_none(), "{name:?} was found");
    }
}
