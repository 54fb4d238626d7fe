//! The parser.

use super::{DEPTH_MAX, Kind, Member, Node};
use crate::codes;
use decide::reason::Code;
use std::collections::HashSet;

/// Something that is wrong with the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its code.
    pub code: Code,
    /// Byte offset.
    pub offset: usize,
    /// What is wrong.
    pub why: String,
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    /// Faults that do not stop the parser: duplicate keys, lossy numbers.
    faults: Vec<Fault>,
}

/// Most faults that do not stop the parser.
const FAULTS_MAX: usize = 1_000;
/// Members up to which duplicate keys are looked for by comparing, not by hashing.
const SMALL_OBJECT: usize = 12;

/// Parses a document. The second part lists faults that did not stop the parser.
///
/// # Errors
/// The first place at which the text is not JSON.
pub fn parse(text: &[u8]) -> Result<(Node, Vec<Fault>), Fault> {
    let mut parser = Parser { text, at: 0, depth: 0, faults: Vec::new() };
    if text.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return parser.fail("a byte order mark; JSON has none (RFC 8259, section 8.1)");
    }
    parser.space();
    let root = parser.value()?;
    parser.space();
    if parser.at < text.len() {
        return parser.fail("something follows the document");
    }
    Ok((root, parser.faults))
}

impl Parser<'_> {
    fn fail<T>(&self, why: &str) -> Result<T, Fault> {
        Err(Fault { code: codes::MALFORMED, offset: self.at, why: why.to_owned() })
    }

    fn note(&mut self, code: Code, offset: usize, why: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { code, offset, why });
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node, Fault> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::Boolean(true))?,
            Some(b'f') => self.word("false", Kind::Boolean(false))?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(_) => return self.fail("a value is expected here"),
            None => return self.fail("the file ends where a value is expected"),
        };
        Ok(Node { kind, start, end: self.at })
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, Fault> {
        if self.text[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(kind)
        } else {
            self.fail("a value is expected here")
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Kind, Fault>) -> Result<Kind, Fault> {
        if self.depth == DEPTH_MAX {
            let why = format!("nested deeper than {DEPTH_MAX}");
            return Err(Fault { code: codes::DEPTH, offset: self.at, why });
        }
        self.depth += 1;
        self.at += 1;
        let kind = inner(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn array(&mut self) -> Result<Kind, Fault> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array(items));
        }
        loop {
            self.space();
            items.push(self.value()?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::Array(items));
                }
                _ => return self.fail("',' or ']' is expected here"),
            }
        }
    }

    fn object(&mut self) -> Result<Kind, Fault> {
        let mut members: Vec<Member> = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object(members));
        }
        loop {
            self.space();
            let key_start = self.at;
            if self.peek() != Some(b'"') {
                return self.fail("a key in quotes is expected here");
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.fail("':' is expected here");
            }
            self.at += 1;
            self.space();
            let value = self.value()?;
            members.push(Member { key, key_start, value });
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.duplicates(&members);
                    return Ok(Kind::Object(members));
                }
                _ => return self.fail("',' or '}' is expected here"),
            }
        }
    }

    fn duplicates(&mut self, members: &[Member]) {
        let mut seen = HashSet::new();
        for (index, member) in members.iter().enumerate() {
            let twice = if members.len() <= SMALL_OBJECT {
                members[..index].iter().any(|earlier| earlier.key == member.key)
            } else {
                !seen.insert(&member.key)
            };
            if twice {
                let why = format!("key '{}' occurs twice; readers keep different ones", member.key);
                self.note(codes::DUPLICATE, member.key_start, why);
            }
        }
    }

    fn number(&mut self) -> Result<Kind, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.fail("a digit is expected here"),
        }
        let whole_end = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // The slice holds ASCII only, by the matches above.
        let written = std::str::from_utf8(&self.text[start..self.at]).unwrap_or("0");
        let number: f64 = written.parse().unwrap_or(f64::INFINITY);
        let whole = whole_end == self.at;
        if !number.is_finite() {
            let why = format!("{written} is larger than any 64-bit float");
            self.note(codes::LOSSY, start, why);
        } else if whole
            && number.abs() >= 9_007_199_254_740_992.0
            && written.parse::<i128>().ok() != Some(number as i128)
        {
            let why = format!("{written} is not exact in a 64-bit float; readers disagree on it");
            self.note(codes::LOSSY, start, why);
        }
        Ok(Kind::Number(number))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.fail("a digit is expected here") } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let run = self.at;
            while self.peek().is_some_and(|byte| byte != b'"' && byte != b'\\' && byte >= 0x20) {
                self.at += 1;
            }
            text.extend_from_slice(&self.text[run..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape(&mut text)?,
                Some(_) => return self.fail("a control character must be escaped"),
                None => return self.fail("the file ends inside a text"),
            }
        }
        self.at += 1;
        match String::from_utf8(text) {
            Ok(text) => Ok(text),
            Err(_) => self.fail("the text before this place is not UTF-8"),
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        self.at += 1;
        let simple = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let character = self.unicode()?;
                text.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.fail("this is not an escape"),
        };
        self.at += 1;
        text.push(simple);
        Ok(())
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        self.at += 1;
        let digits = self.text.get(self.at..self.at + 4).and_then(|d| std::str::from_utf8(d).ok());
        match digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(digits) => {
                self.at += 4;
                Ok(u32::from_str_radix(digits, 16).unwrap_or(0))
            }
            None => self.fail("four hexadecimal digits are expected here"),
        }
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        // The place of the escape is its backslash.
        let start = self.at - 1;
        let first = self.hex4()?;
        if !(0xD800..0xE000).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if first < 0xDC00 && self.text[self.at..].starts_with(b"\\u") {
            self.at += 1;
            let second = self.hex4()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.note(codes::LOSSY, start, "half of a surrogate pair; readers disagree on it".into());
        Ok(char::REPLACEMENT_CHARACTER)
    }
}
