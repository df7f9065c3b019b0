//! Condition expressions, key conditions and projections.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html>

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Item;

/// The names and values of a request's expressions.
pub(super) struct Expressions {
    names: Value,
    values: Value,
}

impl Expressions {
    /// # Panics
    /// For a name or a value that no expression uses: DynamoDB refuses it.
    pub(super) fn read(body: &Value) -> Self {
        const WHERE: [&str; 5] = [
            "ConditionExpression",
            "UpdateExpression",
            "KeyConditionExpression",
            "FilterExpression",
            "ProjectionExpression",
        ];
        let expressions = WHERE.iter().filter_map(|name| body[name].as_str());
        let used: BTreeSet<String> = expressions.flat_map(tokens).collect();
        let names = body["ExpressionAttributeNames"].clone();
        let values = body["ExpressionAttributeValues"].clone();
        for given in [&names, &values].into_iter().filter_map(Value::as_object) {
            for name in given.keys() {
                assert!(used.contains(name), "DynamoDB refuses {name}, which no expression uses");
            }
        }
        Self { names, values }
    }

    /// The attribute that a word of an expression names.
    pub(super) fn name<'a>(&'a self, word: &'a str) -> &'a str {
        if !word.starts_with('#') {
            return word;
        }
        self.names[word].as_str().unwrap_or_else(|| panic!("the name {word} is not defined"))
    }

    /// The value of an operand: an attribute of the item, or a value of the request.
    pub(super) fn operand(&self, word: &str, item: Option<&Item>) -> Option<Value> {
        if !word.starts_with(':') {
            return item?.get(self.name(word)).cloned();
        }
        let value = self.values.get(word);
        Some(value.unwrap_or_else(|| panic!("the value {word} is not defined")).clone())
    }

    /// Whether an expression holds for an item, or for none.
    pub(super) fn holds(&self, expression: &str, item: Option<&Item>) -> bool {
        let mut parser = Parser { tokens: tokens(expression), at: 0, expressions: self, item };
        let holds = parser.or();
        assert_eq!(parser.at, parser.tokens.len(), "left over in {expression}");
        holds
    }

    /// The attributes of an item that a request asks for.
    pub(super) fn project(&self, body: &Value, item: &Item) -> Item {
        let Some(wanted) = body["ProjectionExpression"].as_str() else { return item.clone() };
        let wanted = tokens(wanted);
        let wanted: BTreeSet<&str> = wanted.iter().map(|word| self.name(word)).collect();
        let shown = item.iter().filter(|(name, _)| wanted.contains(name.as_str()));
        shown.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    expressions: &'a Expressions,
    item: Option<&'a Item>,
}

impl Parser<'_> {
    fn take(&mut self) -> String {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned().expect("the expression ends too early")
    }

    fn take_if(&mut self, token: &str) -> bool {
        let next = self.tokens.get(self.at).is_some_and(|next| next == token);
        self.at += usize::from(next);
        next
    }

    fn or(&mut self) -> bool {
        let mut holds = self.and();
        while self.take_if("OR") {
            let other = self.and();
            holds |= other;
        }
        holds
    }

    fn and(&mut self) -> bool {
        let mut holds = self.not();
        while self.take_if("AND") {
            let other = self.not();
            holds &= other;
        }
        holds
    }

    fn not(&mut self) -> bool {
        if self.take_if("NOT") { !self.primary() } else { self.primary() }
    }

    fn primary(&mut self) -> bool {
        if self.take_if("(") {
            let holds = self.or();
            assert_eq!(self.take(), ")");
            return holds;
        }
        let word = self.take();
        match word.as_str() {
            "attribute_exists" => self.argument().is_some(),
            "attribute_not_exists" => self.argument().is_none(),
            "contains" => {
                let (all, one) = self.arguments();
                let (Some(all), Some(one)) = (all, one) else { return false };
                match (all["SS"].as_array(), all["S"].as_str(), one["S"].as_str()) {
                    (Some(set), ..) => set.contains(&one["S"]),
                    (_, Some(text), Some(part)) => text.contains(part),
                    _ => false,
                }
            }
            "begins_with" => {
                let (text, begin) = self.arguments();
                let (Some(text), Some(begin)) = (text, begin) else { return false };
                let (text, begin) = (text["S"].as_str(), begin["S"].as_str());
                text.zip(begin).is_some_and(|(text, begin)| text.starts_with(begin))
            }
            "size" => {
                let value = self.argument();
                self.compare(value.as_ref().and_then(size))
            }
            operand => {
                let left = self.expressions.operand(operand, self.item);
                self.compare(left)
            }
        }
    }

    fn argument(&mut self) -> Option<Value> {
        assert_eq!(self.take(), "(");
        let word = self.take();
        assert_eq!(self.take(), ")");
        self.expressions.operand(&word, self.item)
    }

    fn arguments(&mut self) -> (Option<Value>, Option<Value>) {
        assert_eq!(self.take(), "(");
        let first = self.take();
        assert_eq!(self.take(), ",");
        let second = self.take();
        assert_eq!(self.take(), ")");
        let operand = |word: &str| self.expressions.operand(word, self.item);
        (operand(&first), operand(&second))
    }

    /// A missing attribute compares with nothing.
    fn compare(&mut self, left: Option<Value>) -> bool {
        let operator = self.take();
        let mut operand = || {
            let word = self.take();
            self.expressions.operand(&word, self.item)
        };
        let right = operand();
        let above = if operator == "BETWEEN" {
            assert_eq!(self.take(), "AND");
            let word = self.take();
            Some(self.expressions.operand(&word, self.item))
        } else {
            None
        };
        let (Some(left), Some(right)) = (left, right) else { return false };
        let order = order(&left, &right);
        match operator.as_str() {
            "=" => same(&left, &right),
            "<>" => !same(&left, &right),
            "<" => order == Some(Ordering::Less),
            "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            ">" => order == Some(Ordering::Greater),
            ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            "BETWEEN" => {
                let above = above.flatten().and_then(|above| self::order(&left, &above));
                matches!(order, Some(Ordering::Greater | Ordering::Equal))
                    && matches!(above, Some(Ordering::Less | Ordering::Equal))
            }
            other => panic!("{other} is not an operator"),
        }
    }
}

fn same(left: &Value, right: &Value) -> bool {
    let set = |value: &Value| {
        let texts = value["SS"].as_array()?.iter().map(ToString::to_string);
        Some(texts.collect::<BTreeSet<_>>())
    };
    match (set(left), set(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right || order(left, right) == Some(Ordering::Equal),
    }
}

/// The order of two numbers or two texts.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let number = |value: &Value| value["N"].as_str()?.parse::<f64>().ok();
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => Some(left["S"].as_str()?.cmp(right["S"].as_str()?)),
    }
}

fn size(value: &Value) -> Option<Value> {
    let size = match (value["S"].as_str(), value["SS"].as_array()) {
        (Some(text), _) => text.len(),
        (None, Some(set)) => set.len(),
        (None, None) => return None,
    };
    Some(json!({ "N": size.to_string() }))
}

/// The words and signs of an expression.
pub(super) fn tokens(expression: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || "#:_.".contains(c);
    let mut joins = false;
    for c in expression.chars() {
        // `<=`, `>=` and `<>` are one sign.
        let sign = matches!(
            (tokens.last().map(String::as_str), c),
            (Some("<"), '=' | '>') | (Some(">"), '=')
        );
        match tokens.last_mut() {
            Some(last) if joins && (is_word(c) && last.chars().all(is_word) || sign) => {
                last.push(c);
            }
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.to_string()),
        }
        joins = !c.is_whitespace();
    }
    tokens
}
