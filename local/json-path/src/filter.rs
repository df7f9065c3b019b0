//! Filters: `[?(@.Key == 'Name')]`, written as RFC 9535 has them.

use crate::PathError;
use crate::read::{in_quotes, inner, quoted};

/// The filter that a text begins with, up to the bracket that closes it; and what follows that.
pub(crate) fn translate(text: &str) -> Result<(String, &str), PathError> {
    let mut filter = Filter { rest: text, written: Vec::new(), depth: 0 };
    loop {
        filter.rest = filter.rest.trim_start();
        if filter.depth == 0
            && let Some(after) = filter.rest.strip_prefix(']')
        {
            return Ok((filter.written.concat(), after));
        }
        if filter.rest.is_empty() {
            return Err(unreadable("a filter ends with ]"));
        }
        filter.token()?;
    }
}

struct Filter<'t> {
    rest: &'t str,
    /// The translation, token by token: the last one may be an operand.
    written: Vec<String>,
    depth: usize,
}

impl<'t> Filter<'t> {
    fn token(&mut self) -> Result<(), PathError> {
        if self.rest.starts_with(['@', '$']) {
            let (path, rest) = inner(self.rest)?;
            return self.push(path, rest);
        }
        if let Some((text, rest)) = quoted(self.rest) {
            return self.push(in_quotes(&text), rest);
        }
        if let Some(after) = self.rest.strip_prefix("=~") {
            self.rest = after.trim_start();
            return self.regex();
        }
        for sign in ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", ","] {
            if let Some(after) = self.rest.strip_prefix(sign) {
                return self.push(format!(" {sign} "), after);
            }
        }
        if let Some(after) = self.rest.strip_prefix('(') {
            self.depth += 1;
            return self.push("(".to_owned(), after);
        }
        if let Some(after) = self.rest.strip_prefix(')') {
            self.depth = self.depth.checked_sub(1).ok_or_else(|| unreadable("a ) has no ("))?;
            // A group is one operand.
            let open = self.written.iter().rposition(|token| token == "(").unwrap_or(0);
            let group = self.written.split_off(open).concat();
            return self.push(format!("{group})"), after);
        }
        self.word()
    }

    /// A number, a constant, a function or an operator that is a word.
    fn word(&mut self) -> Result<(), PathError> {
        let is_part = |c: char| c.is_alphanumeric() || "_.+-".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let after = rest.trim_start();
        match word.to_ascii_lowercase().as_str() {
            "" => Err(unreadable(&format!("{} is unexpected in a filter", self.rest))),
            "in" | "nin" => {
                let left = self.operand()?;
                let (values, rest) = list(after)?;
                let tests: Vec<_> =
                    values.iter().map(|value| format!("{left} == {value}")).collect();
                let not = if word.eq_ignore_ascii_case("nin") { "!" } else { "" };
                // Nothing is in an empty list.
                let tests = if tests.is_empty() { vec!["1 == 2".to_owned()] } else { tests };
                self.push(format!("{not}({})", tests.join(" || ")), rest)
            }
            "contains" => {
                let left = self.operand()?;
                let (value, rest) = literal(after)?;
                let found = match quoted(after) {
                    Some((text, _)) => {
                        let pattern = in_quotes(&escaped(&text));
                        format!("({left}[?@ == {value}] || search({left}, {pattern}))")
                    }
                    None => format!("{left}[?@ == {value}]"),
                };
                self.push(found, rest)
            }
            "size" => {
                let left = self.operand()?;
                let (value, rest) = literal(after)?;
                self.push(format!("length({left}) == {value}"), rest)
            }
            "empty" => {
                let left = self.operand()?;
                let (value, rest) = literal(after)?;
                let sign = if value == "true" { "==" } else { ">" };
                self.push(format!("length({left}) {sign} 0"), rest)
            }
            _ => self.push(word.to_owned(), rest),
        }
    }

    /// `LEFT =~ /pattern/flags`: the whole of a text has to match.
    fn regex(&mut self) -> Result<(), PathError> {
        let left = self.operand()?;
        let body = self.rest.strip_prefix('/').ok_or_else(|| unreadable("=~ takes /pattern/"))?;
        let mut pattern = String::new();
        let mut chars = body.char_indices();
        loop {
            match chars.next() {
                Some((_, '\\')) => match chars.next() {
                    Some((_, '/')) => pattern.push('/'),
                    Some((_, c)) => pattern.extend(['\\', c]),
                    None => return Err(unreadable("a pattern ends with /")),
                },
                Some((at, '/')) => {
                    let rest = &body[at + 1..];
                    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
                    let (flags, rest) = rest.split_at(end);
                    if !flags.is_empty() {
                        pattern = format!("(?{flags}){pattern}");
                    }
                    return self.push(format!("match({left}, {})", in_quotes(&pattern)), rest);
                }
                Some((_, c)) => pattern.push(c),
                None => return Err(unreadable("a pattern ends with /")),
            }
        }
    }

    fn push(&mut self, token: String, rest: &'t str) -> Result<(), PathError> {
        self.written.push(token);
        self.rest = rest;
        Ok(())
    }

    /// The operand before an operator.
    fn operand(&mut self) -> Result<String, PathError> {
        self.written.pop().ok_or_else(|| unreadable("an operator has nothing on its left"))
    }
}

/// `['a', 'b']`: its items as RFC 9535 has them, and what follows it.
fn list(text: &str) -> Result<(Vec<String>, &str), PathError> {
    let expected = || unreadable("in and nin take a list, e.g. ['a','b']");
    let mut rest = text.strip_prefix('[').ok_or_else(expected)?.trim_start();
    let mut values = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return Ok((values, after));
        }
        let (value, after) = literal(rest)?;
        values.push(value);
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if rest.starts_with(']') => rest,
            None => return Err(expected()),
        };
    }
}

/// A text in quotes, a number, `true`, `false` or `null`; and what follows it.
fn literal(text: &str) -> Result<(String, &str), PathError> {
    if let Some((value, rest)) = quoted(text) {
        return Ok((in_quotes(&value), rest));
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || "+-.".contains(c)));
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    if word.is_empty() {
        return Err(unreadable("a value is expected"));
    }
    Ok((word.to_owned(), rest))
}

/// A text as a pattern that finds it.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

fn unreadable(why: &str) -> PathError {
    PathError::Unreadable(why.to_owned())
}
