//! Codes RF0100 to RF0199: check.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(
        101,
        "the file is empty",
        "An empty file never replaces a good one: seven of 58 collected outages were empty or shortened data. Look at what produced the file.",
    ),
    entry(
        102,
        "size out of limits",
        "The file is smaller or larger than its contract allows. A consumer with a fixed limit dies on a bloated file; a truncated one silently protects nobody.",
    ),
    entry(
        103,
        "not well-formed",
        "The bytes cannot be read as the format that the contract names. The place is the first byte at which that is certain; the cause may stand before it.",
    ),
    entry(
        104,
        "a required value is missing or blank",
        "A value that every record must have is absent, null or blank. Blank fields took down a global control plane in June 2025.",
    ),
    entry(
        105,
        "wrong type",
        "A value has another type than the contract says. Readers differ in what they do with it.",
    ),
    entry(106, "out of range", "A number is outside the range that the contract allows."),
    entry(
        107,
        "a consumer in the field cannot take it",
        "The file is well-formed, but a consumer version in the field has less than the file uses. This is the July 2024 outage: the file looked at input 21 of a program that supplies 20. Do not use it before every version in the field can take it.",
    ),
    entry(
        108,
        "not one of the allowed values",
        "A value is none of those that the contract lists.",
    ),
    entry(
        109,
        "wrong form",
        "A text does not match, or must not match, a pattern of the contract.",
    ),
    entry(
        110,
        "length out of limits",
        "A text, list or object is longer or shorter than the contract allows.",
    ),
    entry(
        111,
        "unknown key",
        "An object has a key that the contract does not know. Either it is misspelt, or a new field is being used before the consumers know it.",
    ),
    entry(
        112,
        "duplicate",
        "A key or a unique value occurs twice. Readers keep different ones, so that the validator and the consumer see different files.",
    ),
    entry(
        113,
        "readers disagree on this value",
        "A number or text that different readers round or replace differently. Write it as text, or within the exact range of a 64-bit float.",
    ),
    entry(
        114,
        "nested too deeply",
        "The document is nested deeper than any reader should have to follow. Deep nesting overflows the stack of recursive readers.",
    ),
    entry(
        115,
        "number of records out of limits",
        "The file has fewer or more records than the contract allows. Consumers often preallocate for a fixed number.",
    ),
    entry(
        116,
        "grew or shrank too much",
        "The change against the last good release is larger than the contract allows. Doubling and shrinking are the two cheapest signs of a broken producer.",
    ),
    entry(
        117,
        "too many repeated records",
        "Many records repeat others. In November 2025 a query that returned its rows twice doubled a feature file beyond its consumer's limit.",
    ),
    entry(
        118,
        "a derived field is wrong",
        "A length, count or checksum in the file does not say what the bytes say. The file was changed after it was written, or is damaged.",
    ),
    entry(
        121,
        "more findings",
        "There were more findings than are listed; their number is given. Fix the first ones and check again.",
    ),
];
