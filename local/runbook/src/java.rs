//! Regular expressions of Java in the words of `fancy-regex`.
//!
//! <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html>.
//! Classes are ASCII as Java's are; `\h` is a blank and no hexadecimal digit; a backslash before
//! anything but a letter or digit makes it itself; `--` and `~~` are not operators of classes.

use std::iter::Peekable;
use std::str::Chars;

/// Java's classes by name, as what stands between brackets.
const CLASSES: [(&str, &str); 22] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7F"),
    ("Alpha", "a-zA-Z"),
    ("Digit", DIGIT),
    ("Alnum", "0-9a-zA-Z"),
    ("Punct", r"!-/:-@\[-`{-~"),
    ("Graph", "!-~"),
    ("Print", r"\x20-~"),
    ("Blank", r"\x20\t"),
    ("Cntrl", r"\x00-\x1F\x7F"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", SPACE),
    ("javaLowerCase", r"\p{Lowercase}"),
    ("javaUpperCase", r"\p{Uppercase}"),
    ("javaWhitespace", r"\p{White_Space}"),
    ("javaLetter", r"\p{L}"),
    ("javaDigit", r"\p{Nd}"),
    ("IsAlphabetic", r"\p{Alphabetic}"),
    ("IsDigit", r"\p{Nd}"),
    ("IsLetter", r"\p{L}"),
    ("IsPunctuation", r"\p{P}"),
];
const WORD: &str = "a-zA-Z_0-9";
const DIGIT: &str = "0-9";
const SPACE: &str = r"\x20\t\n\x0B\f\r";
const HORIZONTAL: &str = r"\x20\t\u{A0}\u{1680}\u{180E}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}";
const VERTICAL: &str = r"\n\x0B\f\r\u{85}\u{2028}\u{2029}";
const ENDS: &str = "it ends within an escape";
/// How deeply character classes may nest.
const DEEPEST: usize = 32;

/// The meaning of a backslash and the character after it.
enum Escape {
    Literal(char),
    Text(String),
    /// The members between brackets, and whether it is negated.
    Class(String, bool),
    /// Something about positions or groups, understood as it is.
    Other(String),
}

pub(crate) fn translate(pattern: &str) -> Result<String, String> {
    let mut reader = Reader { rest: pattern.chars().peekable(), out: String::new() };
    let mut open = 0_usize;
    while let Some(c) = reader.rest.next() {
        match c {
            '\\' => match reader.escape()? {
                Escape::Literal(c) => reader.literal(c),
                Escape::Text(text) => text.chars().for_each(|c| reader.literal(c)),
                Escape::Class(set, negated) => reader.set(&set, negated),
                Escape::Other(text) => reader.out.push_str(&text),
            },
            '[' => reader.class(0)?,
            '(' => {
                reader.group()?;
                open += 1;
            }
            ')' => {
                open = open.checked_sub(1).ok_or("no group is open at a )")?;
                reader.out.push(')');
            }
            '{' => reader.repetition()?,
            c => reader.out.push(c),
        }
    }
    if open > 0 {
        return Err("a group is not closed".to_owned());
    }
    Ok(reader.out)
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

impl Reader<'_> {
    fn take(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii() && !c.is_ascii_alphanumeric() {
            self.out.push_str(&format!("\\x{:02X}", u32::from(c)));
        } else {
            self.out.push(c);
        }
    }

    fn set(&mut self, set: &str, negated: bool) {
        let sign = if negated { "^" } else { "" };
        self.out.push_str(&format!("[{sign}{set}]"));
    }

    /// After `{`: nothing but a repetition begins so.
    fn repetition(&mut self) -> Result<(), String> {
        const NONE: &str = "{ begins no repetition";
        let text = self.braced().map_err(|_| NONE)?;
        let number = |text: &str| {
            text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten()
        };
        let is_repetition = match text.split_once(',') {
            None => number(&text).is_some(),
            Some((least, "")) => number(least).is_some(),
            Some((least, most)) => {
                number(least).zip(number(most)).is_some_and(|(least, most)| least <= most)
            }
        };
        if !is_repetition {
            return Err(NONE.to_owned());
        }
        self.out.push_str(&format!("{{{text}}}"));
        Ok(())
    }

    /// After `(`: flags that the other engine does not know are left out.
    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if !self.take('?') {
            return Ok(());
        }
        let mut flags = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphabetic() || *c == '-') {
            match c {
                'i' | 'm' | 's' | 'x' | '-' => flags.push(c),
                // Unix lines and Unicode case are what the other engine does anyhow.
                'd' | 'u' => {}
                'U' => return Err("the flag U is not supported".to_owned()),
                other => return Err(format!("{other} is not a flag")),
            }
        }
        match self.rest.peek() {
            Some(')') if flags.is_empty() || flags == "-" => self.out.push_str("?:"),
            Some(':') if flags == "-" => self.out.push('?'),
            _ => self.out.push_str(&format!("?{}", flags.trim_end_matches('-'))),
        }
        Ok(())
    }

    /// After `[`.
    fn class(&mut self, depth: usize) -> Result<(), String> {
        const OPEN: &str = "a class is not closed";
        if depth == DEEPEST {
            return Err("classes are too deep within one another".to_owned());
        }
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let c = self.rest.next().ok_or(OPEN)?;
            match c {
                ']' if !first => break,
                '[' => self.class(depth + 1)?,
                '&' if self.rest.peek() == Some(&'&') => {
                    self.rest.next();
                    self.out.push_str("&&");
                }
                '\\' => match self.escape()? {
                    Escape::Literal(c) => self.range(c)?,
                    Escape::Text(text) => text.chars().for_each(|c| self.literal(c)),
                    Escape::Class(set, negated) => self.set(&set, negated),
                    Escape::Other(text) => return Err(format!("{text} stands in a class")),
                },
                c => self.range(c)?,
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    /// A character of a class, or a range that begins with it.
    fn range(&mut self, from: char) -> Result<(), String> {
        self.literal(from);
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']' | '[')) {
            return Ok(());
        }
        self.rest.next();
        match self.rest.next() {
            Some('\\') => match self.escape()? {
                Escape::Literal(to) => self.upto(from, to)?,
                Escape::Class(set, negated) => {
                    self.literal('-');
                    self.set(&set, negated);
                }
                Escape::Text(_) | Escape::Other(_) => return Err("a range has no end".to_owned()),
            },
            Some(to) => self.upto(from, to)?,
            None => {}
        }
        Ok(())
    }

    fn upto(&mut self, from: char, to: char) -> Result<(), String> {
        if from > to {
            return Err(format!("{from}-{to} is not a range"));
        }
        self.out.push('-');
        self.literal(to);
        Ok(())
    }

    /// After `\`.
    fn escape(&mut self) -> Result<Escape, String> {
        let c = self.rest.next().ok_or(ENDS)?;
        let class = |set: &str, negated| Ok(Escape::Class(set.to_owned(), negated));
        match c {
            'd' | 'D' => class(DIGIT, c == 'D'),
            'w' | 'W' => class(WORD, c == 'W'),
            's' | 'S' => class(SPACE, c == 'S'),
            'h' | 'H' => class(HORIZONTAL, c == 'H'),
            'v' | 'V' => class(VERTICAL, c == 'V'),
            'p' | 'P' => self.property(c == 'P'),
            't' => Ok(Escape::Literal('\t')),
            'n' => Ok(Escape::Literal('\n')),
            'r' => Ok(Escape::Literal('\r')),
            'f' => Ok(Escape::Literal('\u{C}')),
            'a' => Ok(Escape::Literal('\u{7}')),
            'e' => Ok(Escape::Literal('\u{1B}')),
            'c' => {
                let control = self.rest.next().filter(char::is_ascii).ok_or(ENDS)?;
                Ok(Escape::Literal(char::from(control as u8 ^ 0x40)))
            }
            '0' => self.octal(),
            'x' => self.hexadecimal(),
            'u' => self.utf16(),
            'Q' => Ok(Escape::Text(self.quoted())),
            'k' => Ok(Escape::Other("\\k".to_owned())),
            'A' | 'z' | 'Z' | 'b' | 'B' | 'G' | 'R' | '1'..='9' => {
                Ok(Escape::Other(format!("\\{c}")))
            }
            c if c.is_ascii_alphabetic() => Err(format!("\\{c} is not supported")),
            c => Ok(Escape::Literal(c)),
        }
    }

    /// Up to `\E`, or the end.
    fn quoted(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.take('E') {
                break;
            }
            text.push(c);
        }
        text
    }

    /// After `\p`.
    fn property(&mut self, negated: bool) -> Result<Escape, String> {
        let name = match self.rest.next().ok_or(ENDS)? {
            '{' => self.braced()?,
            c => c.to_string(),
        };
        let known = CLASSES.iter().find(|(known, _)| *known == name);
        let set = match known {
            Some((_, set)) => (*set).to_owned(),
            None => {
                let set = format!(r"\p{{{}}}", name.strip_prefix("Is").unwrap_or(&name));
                if fancy_regex::Regex::new(&set).is_err() {
                    return Err(format!("{name} is not a property"));
                }
                set
            }
        };
        Ok(Escape::Class(set, negated))
    }

    fn braced(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or(ENDS)? {
                '}' => return Ok(text),
                c => text.push(c),
            }
        }
    }

    fn octal(&mut self) -> Result<Escape, String> {
        let mut code = 0;
        for _ in 0..3 {
            let digit =
                self.rest.peek().and_then(|c| c.to_digit(8)).filter(|d| code * 8 + d <= 255);
            let Some(digit) = digit else {
                break;
            };
            code = code * 8 + digit;
            self.rest.next();
        }
        char::from_u32(code).map(Escape::Literal).ok_or_else(|| ENDS.to_owned())
    }

    fn hexadecimal(&mut self) -> Result<Escape, String> {
        let code = if self.take('{') {
            u32::from_str_radix(&self.braced()?, 16).ok()
        } else {
            self.digits(2)
        };
        let c = code.and_then(char::from_u32).ok_or("\\x is followed by no character's number")?;
        Ok(Escape::Literal(c))
    }

    /// `\uhhhh`, or two of them for one character.
    fn utf16(&mut self) -> Result<Escape, String> {
        const NONE: &str = "\\u is followed by no character's number";
        let high = self.digits(4).ok_or(NONE)?;
        if let Some(c) = char::from_u32(high) {
            return Ok(Escape::Literal(c));
        }
        let low = (self.take('\\') && self.take('u')).then(|| self.digits(4)).flatten();
        let units = [Some(high), low].map(|unit| unit.and_then(|unit| u16::try_from(unit).ok()));
        let units = units.into_iter().flatten();
        match char::decode_utf16(units).collect::<Result<Vec<_>, _>>().as_deref() {
            Ok([c]) => Ok(Escape::Literal(*c)),
            _ => Err(NONE.to_owned()),
        }
    }

    fn digits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |code, _| Some(code * 16 + self.rest.next()?.to_digit(16)?))
    }
}
