//! What `decide` may not touch, and `unwrap` outside tests.

use super::Source;
use syn::visit::{self, Visit};

/// Names that mean I/O, a clock, randomness, threads or an order that depends on the process.
const IMPURE: &[&str] = &[
    "HashMap",
    "HashSet",
    "RandomState",
    "Instant",
    "SystemTime",
    "fs",
    "net",
    "thread",
    "process",
    "env",
    "println",
    "eprintln",
    "print",
    "eprint",
    "dbg",
    "rand",
    "getrandom",
    "Mutex",
    "RwLock",
    "static_mut",
    "spawn",
];

struct Names<'a> {
    source: &'a Source,
    wanted: &'a [&'a str],
    /// Attributes that mark test code are skipped whole.
    faults: Vec<String>,
    method_calls: bool,
}

/// True for `#[test]`, `#[cfg(test)]` and their kin.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => {
            list.path.is_ident("cfg") && list.tokens.to_string().contains("test")
        }
        syn::Meta::NameValue(_) => false,
    })
}

impl Names<'_> {
    fn note(&mut self, ident: &syn::Ident) {
        if self.wanted.iter().any(|name| ident == name) {
            let line = ident.span().start().line;
            self.faults.push(format!("{}:{line} uses {ident}", self.source.name));
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }
    fn visit_use_path(&mut self, path: &'ast syn::UsePath) {
        if !self.method_calls {
            self.note(&path.ident);
        }
        visit::visit_use_path(self, path);
    }
    fn visit_use_name(&mut self, name: &'ast syn::UseName) {
        if !self.method_calls {
            self.note(&name.ident);
        }
    }
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if !self.method_calls {
            let inner = path.segments.len() > 1;
            let segments = path.segments.iter();
            let count = if inner { path.segments.len() } else { 1 };
            // A single lower-case segment is a local name, not a module of the standard library.
            for segment in segments.take(count) {
                let text = segment.ident.to_string();
                if inner || text.starts_with(char::is_uppercase) {
                    self.note(&segment.ident);
                }
            }
        }
        visit::visit_path(self, path);
    }
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if !self.method_calls
            && let Some(segment) = item.path.segments.last()
        {
            self.note(&segment.ident);
        }
        visit::visit_macro(self, item);
    }
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if self.method_calls {
            self.note(&call.method);
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn find(source: &Source, wanted: &[&str], method_calls: bool) -> Vec<String> {
    if source.is_test() {
        return Vec::new();
    }
    let mut names = Names { source, wanted, faults: Vec::new(), method_calls };
    names.visit_file(&source.parse());
    names.faults
}

/// Impure names in a source file, test code left out.
pub fn faults(source: &Source) -> Vec<String> {
    find(source, IMPURE, false)
}

/// Calls of `unwrap` outside tests.
pub fn unwraps(source: &Source) -> Vec<String> {
    find(source, &["unwrap", "unwrap_err"], true)
}
