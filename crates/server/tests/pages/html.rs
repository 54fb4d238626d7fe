//! A strict little reader of the HTML that we write: tags must nest, attributes must be quoted.

use std::collections::{BTreeMap, BTreeSet};

const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// One element: its name, attributes, the text inside it (of its children too), its parent.
#[derive(Clone, Debug)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub text: String,
    pub parent: Option<usize>,
    /// Where it begins, to compare order.
    pub place: usize,
}

impl Element {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
    pub fn has_class(&self, class: &str) -> bool {
        self.get("class").is_some_and(|classes| classes.split(' ').any(|each| each == class))
    }
}

/// A page, read.
pub struct Html {
    pub elements: Vec<Element>,
}

fn attributes(mut text: &str, tag: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    loop {
        text = text.trim_start().trim_end_matches('/');
        if text.is_empty() {
            return attributes;
        }
        let end = text.find([' ', '=']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let (value, rest) = match rest.strip_prefix('=') {
            None => ("", rest),
            Some(rest) => rest
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'))
                .unwrap_or_else(|| panic!("unquoted attribute {name} in <{tag}>")),
        };
        let before = attributes.insert(name.to_owned(), value.to_owned());
        assert!(before.is_none(), "attribute {name} twice in <{tag}>");
        text = rest;
    }
}

impl Html {
    /// Reads a page; panics where it is not well formed.
    pub fn read(page: &str) -> Html {
        let mut html = Html { elements: Vec::new() };
        let mut open: Vec<usize> = Vec::new();
        let mut rest = page;
        while let Some(start) = rest.find('<') {
            html.add_text(&open, &rest[..start]);
            // An attribute's value may hold anything but a quote, also '>'.
            let mut quoted = false;
            let end = rest[start..]
                .find(|letter| {
                    quoted ^= letter == '"';
                    letter == '>' && !quoted
                })
                .expect("a tag ends")
                + start;
            let tag = &rest[start + 1..end];
            let place = page.len() - rest.len() + start;
            rest = &rest[end + 1..];
            if tag.starts_with('!') {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                let last = open.pop().map(|index| html.elements[index].name.clone());
                assert_eq!(last.as_deref(), Some(name), "</{name}> closes something else");
                continue;
            }
            let end = tag.find([' ', '/']).unwrap_or(tag.len());
            let (name, inside) = tag.split_at(end);
            html.elements.push(Element {
                name: name.to_owned(),
                attributes: attributes(inside, tag),
                text: String::new(),
                parent: open.last().copied(),
                place,
            });
            if !VOID.contains(&name) && !tag.ends_with('/') {
                open.push(html.elements.len() - 1);
            }
        }
        assert!(open.is_empty(), "{} elements are not closed", open.len());
        html
    }

    fn add_text(&mut self, open: &[usize], text: &str) {
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
            .replace('\u{a0}', " ");
        for index in open {
            self.elements[*index].text.push_str(&text);
        }
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }
    pub fn by_class<'a>(&'a self, class: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.has_class(class))
    }
    pub fn by_id(&self, id: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.get("id") == Some(id))
    }
    pub fn ids(&self) -> BTreeSet<&str> {
        self.elements.iter().filter_map(|element| element.get("id")).collect()
    }
    /// Direct children with this name.
    pub fn has_child(&self, parent: &Element, name: &str) -> bool {
        self.elements.iter().any(|element| {
            element.name == name
                && element.parent.is_some_and(|index| self.elements[index].place == parent.place)
        })
    }
    pub fn inside(&self, element: &Element, ancestor: &Element) -> bool {
        let mut parent = element.parent;
        while let Some(index) = parent {
            if self.elements[index].place == ancestor.place {
                return true;
            }
            parent = self.elements[index].parent;
        }
        false
    }
}
