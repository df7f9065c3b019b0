//! Random values of a model's types.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::models::{Service, Shape};

/// Deeper than this, structures keep only what they must have and lists are empty: models recurse.
const DEPTH: u32 = 7;

/// Makes answers of a service.
pub(crate) struct Answers<'a> {
    pub(crate) service: &'a Service,
    /// Texts that the runbook compares answers with: so that comparisons now and then hold.
    pub(crate) words: &'a [String],
    pub(crate) rng: &'a mut Rng,
}

impl Answers<'_> {
    /// A random answer of this shape.
    pub(crate) fn answer(&mut self, shape: &str) -> Value {
        self.value(shape, shape, 0)
    }

    fn value(&mut self, name: &str, member: &str, depth: u32) -> Value {
        let Some(shape) = self.service.shapes.get(name) else { return Value::Null };
        match shape.kind.as_str() {
            "structure" => self.structure(shape, depth),
            "list" => {
                let item = shape.member.as_ref().map_or("", |member| member.shape.as_str());
                let items = 0..size(shape, depth, self.rng);
                items.map(|_| self.value(item, member, depth + 1)).collect()
            }
            "map" => {
                let mut map = Map::new();
                let key = shape.key.as_ref().map_or("", |key| key.shape.as_str());
                let of = shape.value.as_ref().map_or("", |value| value.shape.as_str());
                for _ in 0..size(shape, depth, self.rng) {
                    if let Value::String(key) = self.value(key, "Key", depth + 1) {
                        map.insert(key, self.value(of, member, depth + 1));
                    }
                }
                Value::Object(map)
            }
            kind => self.scalar(kind, shape, member),
        }
    }

    fn structure(&mut self, shape: &Shape, depth: u32) -> Value {
        let mut members = Map::new();
        for (name, member) in &shape.members {
            let needed = shape.required.contains(name);
            if needed || (depth < DEPTH && self.rng.u8(0..40) > 0) {
                members.insert(name.clone(), self.value(&member.shape, name, depth + 1));
            }
        }
        Value::Object(members)
    }

    fn scalar(&mut self, kind: &str, shape: &Shape, member: &str) -> Value {
        let rng = &mut *self.rng;
        match kind {
            "boolean" => rng.bool().into(),
            "integer" | "long" => number(shape, rng).into(),
            "float" | "double" if rng.bool() => json!(f64::from(rng.u8(..))),
            "float" | "double" => json!(rng.f64() * 100.0),
            // As the engine gets times: ISO 8601.
            "timestamp" => {
                let day = 1 + rng.u32(0..28);
                format!("2026-01-{day:02}T{:02}:{:02}:00+00:00", rng.u32(0..24), rng.u32(0..60))
                    .into()
            }
            _ => text(shape, member, self.words, rng).into(),
        }
    }
}

fn size(shape: &Shape, depth: u32, rng: &mut Rng) -> usize {
    let least = shape.min.unwrap_or(0.0) as usize;
    let most = shape.max.unwrap_or(3.0).clamp(0.0, 3.0) as usize;
    // Seldom empty: most runbooks want the first item.
    if depth >= DEPTH || rng.u8(0..10) == 0 {
        return least;
    }
    rng.usize(least.max(1).min(most)..=most.max(least))
}

fn number(shape: &Shape, rng: &mut Rng) -> i64 {
    let least = shape.min.unwrap_or(0.0) as i64;
    let most = shape.max.unwrap_or(1_000.0).min(1e15) as i64;
    rng.i64(least.min(most)..=most.max(least))
}

/// An enumeration's member, or a text that is not too short.
fn text(shape: &Shape, member: &str, words: &[String], rng: &mut Rng) -> String {
    if let Some(known) = rng.choice(&shape.values) {
        return known.clone();
    }
    if rng.bool()
        && let Some(word) = rng.choice(words)
    {
        return word.clone();
    }
    let least = shape.min.unwrap_or(0.0) as usize;
    let mut text = format!("{}-{:x}", member.to_ascii_lowercase(), rng.u32(..));
    while text.len() < least.min(2_048) {
        text.push('x');
    }
    text
}
