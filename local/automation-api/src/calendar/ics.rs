//! iCalendar text as components and properties (RFC 5545, section 3.1), as far as change calendars
//! need it.

/// A property: `DTSTART;TZID=Europe/Berlin:20240101T090000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    /// The name in capital letters.
    pub(crate) name: String,
    /// The text between the name and the colon, with its first semicolon; empty if nothing does.
    pub(crate) parameters: String,
    pub(crate) value: String,
}

/// The part between `BEGIN` and `END`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) properties: Vec<Property>,
    pub(crate) components: Vec<Component>,
}

impl Component {
    /// The first property of a name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Every property of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }
}

/// Reads a whole calendar; `None` if the text is not one.
pub(crate) fn read(text: &str) -> Option<Component> {
    let mut open: Vec<Component> = Vec::new();
    for line in unfolded(text) {
        let Some(property) = property(&line) else { continue };
        match property.name.as_str() {
            "BEGIN" => open.push(Component {
                name: property.value.to_ascii_uppercase(),
                ..Component::default()
            }),
            "END" => {
                let ended = open.pop()?;
                match open.last_mut() {
                    Some(outer) => outer.components.push(ended),
                    None => return (ended.name == "VCALENDAR").then_some(ended),
                }
            }
            _ => open.last_mut()?.properties.push(property),
        }
    }
    None
}

/// A line that begins with a blank continues the line before.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// A colon inside of quotes belongs to a parameter.
fn property(line: &str) -> Option<Property> {
    let mut quoted = false;
    let colon = line.char_indices().find_map(|(at, character)| {
        quoted ^= character == '"';
        (character == ':' && !quoted).then_some(at)
    })?;
    let (head, value) = (&line[..colon], &line[colon + 1..]);
    let name_ends = head.find(';').unwrap_or(head.len());
    Some(Property {
        name: head[..name_ends].to_ascii_uppercase(),
        parameters: head[name_ends..].to_owned(),
        value: value.trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_lines_quoted_colons_and_nested_components_are_read() {
        let text = "BEGIN:VCALENDAR\r\nX-CALENDAR-TYPE:DEFAULT_OPEN\r\nBEGIN:VEVENT\r\n\
                    DTSTART;X-A=\"b:c\";TZID=Europe/Berlin:20240101\r\n T090000\r\nEND:VEVENT\r\n\
                    END:VCALENDAR\r\n";
        let calendar = read(text).unwrap();
        assert_eq!(calendar.property("X-CALENDAR-TYPE").unwrap().value, "DEFAULT_OPEN");
        let start = calendar.components[0].property("DTSTART").unwrap();
        assert_eq!(start.parameters, ";X-A=\"b:c\";TZID=Europe/Berlin");
        assert_eq!(start.value, "20240101T090000");
    }

    #[test]
    fn what_does_not_end_is_no_calendar() {
        assert_eq!(read("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT"), None);
        assert_eq!(read("BEGIN:VEVENT\nEND:VEVENT"), None);
        assert_eq!(read("hello"), None);
    }
}
