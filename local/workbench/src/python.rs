//! As much of Python as a reviewer's rules need: where code, strings and comments are.

use std::ops::Range;

/// A script without what is not code.
#[derive(Debug)]
pub struct Source {
    /// The script, byte by byte, with blanks in place of comments and of what strings say.
    pub code: String,
    pub strings: Vec<Literal>,
}

/// A string literal of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Its text without quotes, as bytes of the script.
    pub range: Range<usize>,
    /// It is a statement by itself: documentation.
    pub is_documentation: bool,
}

/// Finds strings and comments. It never fails: an open string ends with its line, or with the script
/// if it has three quotes.
#[must_use]
pub fn scan(script: &str) -> Source {
    let bytes = script.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => {
                let end = line_end(bytes, at);
                blank(&mut code, at..end);
                at = end;
            }
            b'"' | b'\'' => {
                let (inner, end) = literal(bytes, at);
                let alone = depth == 0 && begins_statement(&code, at);
                blank(&mut code, inner.clone());
                strings.push(Literal { range: inner, is_documentation: alone });
                at = end;
            }
            b'(' | b'[' | b'{' => {
                depth += 1;
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    Source { code: String::from_utf8_lossy(&code).into_owned(), strings }
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

fn blank(code: &mut [u8], range: Range<usize>) {
    for byte in code.get_mut(range).unwrap_or_default() {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The text of a string literal, and where the literal ends, quotes included.
fn literal(bytes: &[u8], at: usize) -> (Range<usize>, usize) {
    let quote = bytes.get(at).copied().unwrap_or_default();
    let triple = bytes.get(at..at + 3) == Some(&[quote; 3][..]);
    let open = if triple { 3 } else { 1 };
    let mut end = at + open;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 2,
            b'\n' if !triple => return (at + open..end, end),
            byte if *byte == quote => {
                if !triple {
                    return (at + open..end, end + 1);
                }
                if bytes.get(end..end + 3) == Some(&[quote; 3][..]) {
                    return (at + open..end, end + 3);
                }
                end += 1;
            }
            _ => end += 1,
        }
    }
    (at + open..bytes.len(), bytes.len())
}

/// Whether nothing but a prefix such as `r` stands before it in its line.
fn begins_statement(code: &[u8], at: usize) -> bool {
    let before = code.get(..at).unwrap_or_default();
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.trim_ascii();
    line.len() <= 2 && line.iter().all(|byte| b"rRbBuUfF".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_keeps_its_place_and_strings_and_comments_are_blank() {
        let script = "\"\"\"It's a \"doc\".\"\"\"\nx = 'a#b' # c\ny = f(\n  \"e\\\"\", 'z')\n";
        let source = scan(script);
        let blank = "\"\"\"             \"\"\"\nx = '   '    \ny = f(\n  \"   \", ' ')\n";
        assert_eq!(source.code, blank);
        let said: Vec<_> = source.strings.iter().map(|each| &script[each.range.clone()]).collect();
        assert_eq!(said, ["It's a \"doc\".", "a#b", "e\\\"", "z"]);
        let alone: Vec<_> = source.strings.iter().map(|each| each.is_documentation).collect();
        assert_eq!(alone, [true, false, false, false]);
    }

    #[test]
    fn an_open_string_ends_with_its_line_and_one_of_three_quotes_with_the_script() {
        assert_eq!(scan("x = 'a\ny = 1\n").code, "x = ' \ny = 1\n");
        assert_eq!(scan("x = '''a\ny = 1").code, "x = ''' \n     ");
        assert_eq!(scan("x = 'a\\").strings[0].range, 5..7);
    }
}
