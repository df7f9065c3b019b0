//! Reading a path: its parts, written as RFC 9535 has them.

use crate::filter;
use crate::function::Function;
use crate::{End, PathError};

/// A path that was read.
pub(crate) struct Outline {
    /// The query that RFC 9535 evaluates.
    pub(crate) query: String,
    pub(crate) is_plural: bool,
    pub(crate) end: End,
}

/// The characters that end a name, besides blanks.
const ENDS: &str = ".[]()*?@,'\"$";

/// A whole path, from the root or from a name below it.
pub(crate) fn path(text: &str) -> Result<Outline, PathError> {
    let mut parts = Parts::new(text, ENDS);
    match text.strip_prefix('$') {
        Some(rest) => parts.rest = rest,
        None => {
            let name = parts.name().ok_or(PathError::NoRoot)?;
            parts.member(&name);
        }
    }
    while !parts.rest.is_empty() {
        if !parts.part()? {
            return Err(PathError::NoPart(parts.place()));
        }
    }
    Ok(parts.outline("$"))
}

/// A path within a filter, from `@` or `$`: as RFC 9535 has it, and what follows it.
pub(crate) fn inner(text: &str) -> Result<(String, &str), PathError> {
    let root = if text.starts_with('@') { "@" } else { "$" };
    // A filter's operators end a name as well.
    let mut parts = Parts::new(text, ".[]()*?@,'\"$=<>!&|~/");
    parts.rest = text.get(1..).unwrap_or_default();
    while parts.part()? {}
    let rest = parts.rest;
    let Outline { query, end, .. } = parts.outline(root);
    match end {
        End::Values => Ok((query, rest)),
        End::Function(Function::Length) => Ok((format!("length({query})"), rest)),
        End::Members(_) | End::Function(_) => {
            Err(PathError::Unreadable("a filter compares single values".to_owned()))
        }
    }
}

/// The parts read so far, and what is left to read.
struct Parts<'t> {
    text: &'t str,
    rest: &'t str,
    ends: &'static str,
    query: String,
    is_plural: bool,
    /// Names in the brackets that came last, and how long `query` was before them.
    members: Option<(Vec<String>, usize)>,
    function: Option<Function>,
}

impl<'t> Parts<'t> {
    fn new(text: &'t str, ends: &'static str) -> Self {
        Self {
            text,
            rest: text,
            ends,
            query: String::new(),
            is_plural: false,
            members: None,
            function: None,
        }
    }

    /// Where the rest begins, counted in characters from 1.
    fn place(&self) -> usize {
        self.text.chars().count() - self.rest.chars().count() + 1
    }

    /// Reads one more part; `false` if what follows is not one.
    fn part(&mut self) -> Result<bool, PathError> {
        if self.function.is_some() {
            return Ok(false);
        }
        let is_deep = self.rest.starts_with("..");
        if let Some(after) = self.rest.strip_prefix("..").or(self.rest.strip_prefix('.')) {
            self.several_members();
            if is_deep {
                self.query.push_str("..");
                self.is_plural = true;
            }
            self.rest = after;
            if let Some(after) = after.strip_prefix('*') {
                self.query.push_str("[*]");
                self.is_plural = true;
                self.rest = after;
            } else if is_deep && after.starts_with('[') {
                self.bracket(is_deep)?;
            } else {
                let at = self.place();
                let name = self.name().ok_or(PathError::NoName(at))?;
                match self.rest.strip_prefix('(') {
                    Some(after) if !is_deep => self.call(name, at, after)?,
                    _ => self.member(&name),
                }
            }
            return Ok(true);
        }
        if self.rest.starts_with('[') {
            self.several_members();
            self.bracket(false)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// A name, in quotes perhaps.
    fn name(&mut self) -> Option<String> {
        if let Some((name, rest)) = quoted(self.rest) {
            self.rest = rest;
            return Some(name);
        }
        let ends = |c: char| c.is_whitespace() || self.ends.contains(c);
        let (name, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn member(&mut self, name: &str) {
        self.query.push_str(&format!("[{}]", in_quotes(name)));
    }

    /// A function: the last part of a path.
    fn call(&mut self, name: String, at: usize, after: &'t str) -> Result<(), PathError> {
        let (argument, rest) = after.split_once(')').ok_or(PathError::NoPart(at))?;
        let Some(function) = Function::parse(&name, argument) else {
            return Err(PathError::NoFunction { name, at });
        };
        self.function = Some(function);
        self.rest = rest;
        Ok(())
    }

    /// The selectors in brackets.
    fn bracket(&mut self, is_deep: bool) -> Result<(), PathError> {
        let refused = PathError::NoBracket(self.place());
        let after = self.rest.strip_prefix('[').unwrap_or_default().trim_start();
        if let Some(body) = after.strip_prefix('?') {
            let (written, rest) = filter::translate(body)?;
            self.query.push_str(&format!("[?{written}]"));
            self.is_plural = true;
            self.rest = rest;
            return Ok(());
        }
        let mut rest = after;
        let mut items = Vec::new();
        let mut names = Vec::new();
        loop {
            let (item, after) = item(rest, &mut names).ok_or_else(|| refused.clone())?;
            self.is_plural |= item.contains(':') && names.len() <= items.len() || item == "*";
            items.push(item);
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start(),
                None => break,
            }
        }
        let before = self.query.len();
        self.query.push_str(&format!("[{}]", items.join(",")));
        self.rest = rest.strip_prefix(']').ok_or(refused)?;
        if items.len() > 1 {
            if names.len() == items.len() && !is_deep {
                self.members = Some((names, before));
            } else {
                self.is_plural = true;
            }
        }
        Ok(())
    }

    /// A path that goes on after `['a','b']` leads to several values.
    fn several_members(&mut self) {
        self.is_plural |= self.members.take().is_some();
    }

    fn outline(mut self, root: &str) -> Outline {
        let end = match (self.function, self.members) {
            (Some(function), _) => End::Function(function),
            (None, Some((names, before))) => {
                self.query.truncate(before);
                End::Members(names)
            }
            (None, None) => End::Values,
        };
        Outline { query: format!("{root}{}", self.query), is_plural: self.is_plural, end }
    }
}

/// One item of brackets, as RFC 9535 has it, and what follows it.
fn item<'t>(text: &'t str, names: &mut Vec<String>) -> Option<(String, &'t str)> {
    if let Some((name, rest)) = quoted(text) {
        let written = in_quotes(&name);
        names.push(name);
        return Some((written, rest));
    }
    let (item, rest) = text.split_at(text.find([',', ']'])?);
    let item = item.trim();
    let is_number = |text: &str| text.is_empty() || text.parse::<i64>().is_ok();
    let is_known =
        item == "*" || (!item.is_empty() && item.splitn(3, ':').all(|part| is_number(part.trim())));
    is_known.then(|| (item.to_owned(), rest))
}

/// A text in quotes, and what follows it. A backslash keeps a quote from ending it.
pub(crate) fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            c if c == quote => return Some((name, &text[at + c.len_utf8()..])),
            c => name.push(c),
        }
    }
    None
}

/// A text as a string of RFC 9535.
pub(crate) fn in_quotes(text: &str) -> String {
    let mut written = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => written.extend(['\\', c]),
            c if c < ' ' => written.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => written.push(c),
        }
    }
    written.push('\'');
    written
}
