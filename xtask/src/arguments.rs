//! The few arguments of the steps, read without a library so that `cargo xtask` starts fast.

use crate::{Fault, Outcome};

/// Arguments after the step's name.
pub struct Arguments {
    rest: Vec<String>,
}

impl Arguments {
    /// Wraps the arguments.
    pub fn new(rest: &[String]) -> Arguments {
        Arguments { rest: rest.to_vec() }
    }
    /// True, once, if `--name` is present.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|argument| argument != name);
        self.rest.len() < before
    }
    /// The value of `--name VALUE`, if present; it must be one of `allowed` unless that is empty.
    pub fn value(&mut self, name: &str, allowed: &[&str]) -> Outcome<Option<String>> {
        let Some(at) = self.rest.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        if at + 1 >= self.rest.len() {
            return Err(Fault(format!("{name} needs a value")));
        }
        let value = self.rest.remove(at + 1);
        self.rest.remove(at);
        if allowed.is_empty() || allowed.contains(&value.as_str()) {
            Ok(Some(value))
        } else {
            Err(Fault(format!("{name} is one of {}, not '{value}'", allowed.join(", "))))
        }
    }
    /// The remaining words; an unknown option is an error.
    pub fn words(self) -> Outcome<Vec<String>> {
        match self.rest.iter().find(|argument| argument.starts_with('-')) {
            Some(unknown) => {
                Err(Fault(format!("there is no option '{unknown}'; see cargo xtask help")))
            }
            None => Ok(self.rest),
        }
    }
}
