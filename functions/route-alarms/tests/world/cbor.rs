//! As much CBOR as CloudWatch's protocol (rpc-v2-cbor) needs, to and from JSON. An instant is
//! `{"$at": epoch seconds}`.

use serde_json::{Map, Value, json};

pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

fn head(major: u8, n: u64, bytes: &mut Vec<u8>) {
    let major = major << 5;
    match n {
        0..24 => bytes.push(major | n as u8),
        24..256 => bytes.extend([major | 24, n as u8]),
        256..65_536 => {
            bytes.push(major | 25);
            bytes.extend((n as u16).to_be_bytes());
        }
        _ => {
            bytes.push(major | 27);
            bytes.extend(n.to_be_bytes());
        }
    }
}

fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(0xf6),
        Value::Bool(no) if !no => bytes.push(0xf4),
        Value::Bool(_) => bytes.push(0xf5),
        Value::Number(number) => match number.as_u64() {
            Some(n) => head(0, n, bytes),
            None => {
                bytes.push(0xfb);
                bytes.extend(number.as_f64().unwrap().to_be_bytes());
            }
        },
        Value::String(text) => {
            head(3, text.len() as u64, bytes);
            bytes.extend(text.as_bytes());
        }
        Value::Array(items) => {
            head(4, items.len() as u64, bytes);
            items.iter().for_each(|item| write(item, bytes));
        }
        Value::Object(map) => {
            if let Some(at) = map.get("$at") {
                bytes.extend([0xc1, 0xfb]);
                bytes.extend(at.as_f64().unwrap().to_be_bytes());
                return;
            }
            head(5, map.len() as u64, bytes);
            for (name, value) in map {
                write(&json!(name), bytes);
                write(value, bytes);
            }
        }
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Value {
    read(&mut bytes.iter().copied()).unwrap_or(Value::Null)
}

/// The next value; `None` at a break.
fn read(bytes: &mut impl Iterator<Item = u8>) -> Option<Value> {
    let first = bytes.next().unwrap();
    let (major, info) = (first >> 5, first & 31);
    if first == 0xff {
        return None;
    }
    let mut more = |n: usize| (0..n).fold(0, |sum, _| sum << 8 | u64::from(bytes.next().unwrap()));
    let n = match info {
        24 => more(1),
        25 => more(2),
        26 => more(4),
        27 => more(8),
        31 => u64::MAX,
        info => u64::from(info),
    };
    Some(match major {
        0 => json!(n),
        3 => {
            let text: Vec<u8> = (0..n).map(|_| bytes.next().unwrap()).collect();
            json!(String::from_utf8(text).unwrap())
        }
        4 => {
            let mut items = Vec::new();
            while (items.len() as u64) < n {
                let Some(item) = read(bytes) else { break };
                items.push(item);
            }
            Value::Array(items)
        }
        5 => {
            let mut map = Map::new();
            while (map.len() as u64) < n {
                let Some(Value::String(name)) = read(bytes) else { break };
                map.insert(name, read(bytes).unwrap());
            }
            Value::Object(map)
        }
        6 => json!({ "$at": read(bytes) }),
        7 if info == 20 => json!(false),
        7 if info == 21 => json!(true),
        7 if info == 27 => json!(f64::from_bits(n)),
        7 => Value::Null,
        other => panic!("CBOR of major type {other}"),
    })
}
