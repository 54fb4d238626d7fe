//! Functions fit a screen, files stay short.

use super::Source;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Longest function, signature to closing brace.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Longest file; the aim is 400.
pub const FILE_LINES_MAX: usize = 500;

struct Functions<'a> {
    source: &'a Source,
    faults: Vec<String>,
}

impl Functions<'_> {
    fn measure(&mut self, name: &syn::Ident, span: proc_macro2::Span) {
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES_MAX {
            self.faults.push(format!(
                "{}:{} fn {name} has {lines} lines, limit {FUNCTION_LINES_MAX}",
                self.source.name,
                span.start().line
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(
            &item.sig.ident,
            item.sig.span().join(item.block.span()).unwrap_or(item.span()),
        );
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(
            &item.sig.ident,
            item.sig.span().join(item.block.span()).unwrap_or(item.span()),
        );
        visit::visit_impl_item_fn(self, item);
    }
}

pub fn faults(source: &Source) -> Vec<String> {
    let mut functions = Functions { source, faults: Vec::new() };
    functions.visit_file(&source.parse());
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        functions.faults.push(format!("{} has {lines} lines, limit {FILE_LINES_MAX}", source.name));
    }
    functions.faults
}
