//! As much as has to be understood of the languages that alarms are written in: which alarms a
//! composite's rule names, and which metric a Metrics Insights query is about. What is not
//! understood is passed over.

use relay_core::alarm::AlarmState;

/// An alarm named in a composite's rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmReference {
    /// The alarm's name or ARN, as written.
    pub alarm: String,
    /// The state that the rule asks it for.
    pub state: AlarmState,
    /// It is asked not to be in that state.
    pub negated: bool,
}

/// The alarms that a rule names: `ALARM("a") AND NOT (OK(b) OR ALARM(arn:…))`,
/// `AT_LEAST(2, ALARM, ("a", "b", "c"))`.
#[must_use]
pub fn rule_references(rule: &str) -> Vec<AlarmReference> {
    let tokens = tokens(rule);
    let mut found = Vec::new();
    // Whether what stands inside each open parenthesis is negated as a whole.
    let mut scopes = vec![false];
    let (mut not, mut at) = (false, 0);
    while let Some(token) = tokens.get(at) {
        at += 1;
        let outer = scopes.last().copied().unwrap_or_default();
        match token {
            Token::Open => {
                scopes.push(outer ^ not);
                not = false;
            }
            Token::Close if scopes.len() > 1 => drop(scopes.pop()),
            Token::Word(word) if word.eq_ignore_ascii_case("NOT") => not = !not,
            Token::Word(word) if tokens.get(at) == Some(&Token::Open) => {
                let negated = outer ^ not;
                not = false;
                if let Some(state) = AlarmState::parse(&word.to_ascii_uppercase()) {
                    at = arguments(&tokens, at + 1, |alarm| {
                        found.push(AlarmReference { alarm, state, negated });
                    });
                } else if word.eq_ignore_ascii_case("AT_LEAST") {
                    at = at_least(&tokens, at + 1, negated, &mut found);
                }
            }
            Token::Close | Token::Comma | Token::Quoted(_) | Token::Word(_) => not = false,
        }
    }
    found
}

/// `2, NOT ALARM, (a, b))`: reads to behind the list, and says where that is.
fn at_least(
    tokens: &[Token],
    mut at: usize,
    outer: bool,
    found: &mut Vec<AlarmReference>,
) -> usize {
    let (mut negated, mut state) = (outer, None);
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Word(word) if word.eq_ignore_ascii_case("NOT") => negated = !negated,
            Token::Word(word) => {
                state = AlarmState::parse(&word.to_ascii_uppercase()).or(state);
            }
            Token::Open => {
                return arguments(tokens, at, |alarm| {
                    found.extend(state.map(|state| AlarmReference { alarm, state, negated }));
                });
            }
            Token::Close => return at,
            Token::Comma | Token::Quoted(_) => {}
        }
    }
    at
}

/// Names between commas, up to and with the closing parenthesis.
fn arguments(tokens: &[Token], mut at: usize, mut each: impl FnMut(String)) -> usize {
    let mut name = String::new();
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Word(text) | Token::Quoted(text) => {
                if !name.is_empty() {
                    name.push(' ');
                }
                name.push_str(text);
            }
            Token::Comma | Token::Close | Token::Open => {
                if !name.is_empty() {
                    each(std::mem::take(&mut name));
                }
                if *token == Token::Close {
                    return at;
                }
            }
        }
    }
    at
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Word(String),
    Quoted(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '"' | '\'' => {
                let mut quoted = String::new();
                while let Some(inner) = chars.next() {
                    match inner {
                        '\\' => quoted.extend(chars.next()),
                        end if end == c => break,
                        inner => quoted.push(inner),
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                let within = |c: &char| !c.is_whitespace() && !"(),\"".contains(*c);
                while let Some(inner) = chars.next_if(within) {
                    word.push(inner);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

/// Namespace and metric of a Metrics Insights query:
/// `SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsightsQuery {
    /// The namespace, if the query names one.
    pub namespace: Option<String>,
    /// The metric's name, if the query names one.
    pub metric: Option<String>,
}

impl InsightsQuery {
    /// Reads an expression; `None` when it is not a query.
    #[must_use]
    pub fn parse(expression: &str) -> Option<Self> {
        let tokens = tokens(expression);
        let word = |at: usize, expected: &str| matches!(tokens.get(at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(expected));
        if !word(0, "SELECT") {
            return None;
        }
        let text = |at: usize| match tokens.get(at) {
            Some(Token::Word(text) | Token::Quoted(text)) => Some(text.clone()),
            _ => None,
        };
        let metric = (tokens.get(2) == Some(&Token::Open)).then(|| text(3)).flatten();
        let from = (0..tokens.len()).find(|at| word(*at, "FROM"));
        let namespace =
            from.and_then(
                |from| if word(from + 1, "SCHEMA") { text(from + 3) } else { text(from + 1) },
            );
        Some(Self { namespace, metric })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(rule: &str, expected: &[(&str, AlarmState, bool)]) {
        let found = rule_references(rule);
        let found: Vec<_> =
            found.iter().map(|found| (found.alarm.as_str(), found.state, found.negated)).collect();
        assert_eq!(found, expected, "{rule}");
    }

    #[test]
    fn a_rule_names_its_alarms_with_the_state_that_it_asks_for() {
        use AlarmState::{Alarm, InsufficientData, Ok};
        names(
            "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)",
            &[("ServerCpuTooHigh", Alarm, false), ("TotalNetworkTrafficTooHigh", Alarm, false)],
        );
        names(
            "(ALARM(\"CPU (high), really\") AND NOT OK('b'))",
            &[("CPU (high), really", Alarm, false), ("b", Ok, true)],
        );
        names(
            "NOT (ALARM(a) OR NOT alarm(b)) AND INSUFFICIENT_DATA(c)",
            &[("a", Alarm, true), ("b", Alarm, false), ("c", InsufficientData, false)],
        );
        names(
            "ALARM(\"arn:aws:cloudwatch:us-east-1:111122223333:alarm:a\\\"b\") AND TRUE",
            &[("arn:aws:cloudwatch:us-east-1:111122223333:alarm:a\"b", Alarm, false)],
        );
        names(
            "AT_LEAST(50%, ALARM, (a, \"b c\")) AND AT_LEAST(1, NOT OK, (d)) OR ALARM(e)",
            &[("a", Alarm, false), ("b c", Alarm, false), ("d", Ok, true), ("e", Alarm, false)],
        );
        names("", &[]);
        names("FALSE", &[]);
    }

    #[test]
    fn a_query_says_which_metric_of_which_namespace_it_is_about() {
        for (query, namespace, metric) in [
            (
                "SELECT AVG(ConsumedWriteCapacityUnits) FROM \"AWS/DynamoDB\" GROUP BY TableName",
                "AWS/DynamoDB",
                "ConsumedWriteCapacityUnits",
            ),
            (
                "select MAX(\"Free space\") from SCHEMA('My App', InstanceId) where a = 'b'",
                "My App",
                "Free space",
            ),
        ] {
            let parsed = InsightsQuery::parse(query).unwrap();
            assert_eq!(parsed.namespace.as_deref(), Some(namespace));
            assert_eq!(parsed.metric.as_deref(), Some(metric));
        }
        assert_eq!(InsightsQuery::parse("SUM(METRICS())"), None);
        assert_eq!(
            InsightsQuery::parse("SELECT"),
            Some(InsightsQuery { namespace: None, metric: None })
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "[A-Z_a-z ()\",'\\\\]{0,60}|\\PC{0,40}") {
            for reference in rule_references(&text) {
                assert!(!reference.alarm.is_empty());
            }
            let _ = InsightsQuery::parse(&text);
        }
    }
}
