//! What the pages promise: seven answers, names that cannot break out, pictures with words, roles,
//! live parts that fit their page, colours that can be read.
#![allow(missing_docs, unreachable_pub)]

mod html;
#[path = "../pages_fixture/mod.rs"]
mod pages_fixture;
mod retro;
mod semantics;
mod style;
