//! A table that understands the expressions that are written, as DynamoDB does: the tests hold what
//! the conditions say, not what somebody thinks they say.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::item::{Attribute, Item, Key, Write};

use crate::guard::TakeAnswer;

/// Items by key. Every write is one step: nothing comes between its condition and its update.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) items: BTreeMap<Key, Item>,
}

impl Table {
    pub(super) fn write(&mut self, write: &Write) -> TakeAnswer {
        let item = self.items.get(&write.key);
        let empty = Item::new();
        let scope = Scope { exists: item.is_some(), item: item.unwrap_or(&empty), write };
        if let Some(condition) = write.condition {
            let mut parser = Parser { tokens: tokens(condition), at: 0, scope: &scope };
            let holds = parser.or();
            assert_eq!(parser.at, parser.tokens.len(), "left over in {condition}");
            if !holds {
                return TakeAnswer::Refused(scope.item.clone());
            }
        }
        let used = format!("{} {}", write.update, write.condition.unwrap_or_default());
        let words: BTreeSet<&str> =
            used.split(|c: char| !(c.is_alphanumeric() || "#:_".contains(c))).collect();
        for name in write.names.keys().chain(write.values.keys()) {
            assert!(words.contains(name), "DynamoDB refuses {name}, which {used:?} does not use");
        }
        let mut changed = scope.item.clone();
        update(&mut changed, write);
        self.items.insert(write.key.clone(), changed);
        TakeAnswer::Taken
    }

    pub(super) fn set(&self, pk: &str) -> BTreeSet<String> {
        let items = self.items.iter().filter(|(key, _)| key.pk == pk);
        items
            .flat_map(|(_, item)| item.values())
            .filter_map(|value| match value {
                Attribute::Texts(texts) => Some(texts.clone()),
                _ => None,
            })
            .flatten()
            .collect()
    }
}

fn update(item: &mut Item, write: &Write) {
    let mut clause = "";
    let resolve = |name: &str| write.names[name].clone();
    let parts = write.update.split([' ', ',']).filter(|part| !part.is_empty() && *part != "=");
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if ["SET", "REMOVE", "ADD", "DELETE"].contains(&part) {
            clause = part;
            continue;
        }
        let name = resolve(part);
        if clause == "REMOVE" {
            item.remove(&name);
            continue;
        }
        let value = write.values[parts.next().unwrap()].clone();
        match (clause, item.remove(&name), value) {
            ("SET", _, value) => drop(item.insert(name, value)),
            ("ADD", old, Attribute::Texts(new)) => {
                let mut set = match old {
                    Some(Attribute::Texts(set)) => set,
                    _ => BTreeSet::new(),
                };
                set.extend(new);
                item.insert(name, Attribute::Texts(set));
            }
            ("DELETE", Some(Attribute::Texts(mut set)), Attribute::Texts(gone)) => {
                set.retain(|text| !gone.contains(text));
                // DynamoDB keeps no empty set.
                if !set.is_empty() {
                    item.insert(name, Attribute::Texts(set));
                }
            }
            ("DELETE", None, _) => {}
            other => panic!("{other:?}"),
        }
    }
}

struct Scope<'a> {
    exists: bool,
    item: &'a Item,
    write: &'a Write,
}

impl Scope<'_> {
    fn value(&self, operand: &str) -> Option<Attribute> {
        match operand.chars().next() {
            Some('#') => self.item.get(&self.write.names[operand]).cloned(),
            Some(':') => Some(self.write.values[operand].clone()),
            _ => panic!("an operand that is neither name nor value: {operand}"),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    scope: &'a Scope<'a>,
}

impl Parser<'_> {
    fn take(&mut self) -> String {
        self.at += 1;
        self.tokens[self.at - 1].clone()
    }

    fn expect(&mut self, token: &str) {
        assert_eq!(self.take(), token);
    }

    fn next_is(&self, token: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|next| next == token)
    }

    fn or(&mut self) -> bool {
        let mut holds = self.and();
        while self.next_is("OR") {
            self.at += 1;
            let other = self.and();
            holds |= other;
        }
        holds
    }

    fn and(&mut self) -> bool {
        let mut holds = self.primary();
        while self.next_is("AND") {
            self.at += 1;
            let other = self.primary();
            holds &= other;
        }
        holds
    }

    fn primary(&mut self) -> bool {
        match self.take().as_str() {
            "(" => {
                let holds = self.or();
                self.expect(")");
                holds
            }
            "attribute_not_exists" => {
                self.expect("(");
                let name = self.take();
                self.expect(")");
                match name.as_str() {
                    "pk" => !self.scope.exists,
                    name => self.scope.value(name).is_none(),
                }
            }
            "contains" => {
                self.expect("(");
                let set = self.take();
                self.expect(",");
                let element = self.take();
                self.expect(")");
                match (self.scope.value(&set), self.scope.value(&element)) {
                    (Some(Attribute::Texts(set)), Some(Attribute::Text(text))) => {
                        set.contains(&text)
                    }
                    _ => false,
                }
            }
            "size" => {
                self.expect("(");
                let set = self.take();
                self.expect(")");
                let size = match self.scope.value(&set) {
                    Some(Attribute::Texts(set)) => Some(Attribute::Number(set.len() as i64)),
                    _ => None,
                };
                self.compare(size)
            }
            operand => {
                let left = self.scope.value(operand);
                self.compare(left)
            }
        }
    }

    /// What is not there compares with nothing.
    fn compare(&mut self, left: Option<Attribute>) -> bool {
        let operator = self.take();
        let right = self.take();
        let right = self.scope.value(&right);
        match (operator.as_str(), left, right) {
            (_, None, _) | (_, _, None) => false,
            ("=", Some(left), Some(right)) => left == right,
            ("<>", Some(left), Some(right)) => left != right,
            ("<", Some(Attribute::Number(left)), Some(Attribute::Number(right))) => left < right,
            other => panic!("{other:?}"),
        }
    }
}

fn tokens(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
    spaced.split_whitespace().map(str::to_owned).collect()
}
