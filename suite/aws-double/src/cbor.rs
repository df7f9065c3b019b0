//! CBOR to and from JSON, for CloudWatch's protocol (rpc-v2-cbor). An instant is
//! `{"$at": epoch seconds}` in JSON and tag 1 in CBOR.

use ciborium::value::Value as Cbor;
use serde_json::{Map, Value, json};

pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&to_cbor(value), &mut bytes).unwrap();
    bytes
}

pub(crate) fn decode(bytes: &[u8]) -> Value {
    to_json(ciborium::from_reader(bytes).unwrap())
}

fn to_cbor(value: &Value) -> Cbor {
    match value {
        Value::Object(map) => match map.get("$at") {
            Some(at) => Cbor::Tag(1, Box::new(Cbor::Float(at.as_f64().unwrap()))),
            None => {
                let pair = |(name, value): (&String, _)| (Cbor::Text(name.clone()), to_cbor(value));
                Cbor::Map(map.iter().map(pair).collect())
            }
        },
        Value::Array(items) => Cbor::Array(items.iter().map(to_cbor).collect()),
        other => Cbor::serialized(other).unwrap(),
    }
}

fn to_json(value: Cbor) -> Value {
    match value {
        Cbor::Tag(1, at) => json!({ "$at": to_json(*at) }),
        Cbor::Array(items) => items.into_iter().map(to_json).collect(),
        Cbor::Map(pairs) => {
            let pair = |(name, value): (Cbor, _)| (name.into_text().unwrap(), to_json(value));
            Value::Object(pairs.into_iter().map(pair).collect::<Map<_, _>>())
        }
        other => other.deserialized().unwrap(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        let value = json!({
            "list": [1, -2, 1.5, true, null, "text"],
            "at": { "$at": 1_570_035_880.989 },
            "map": { "empty": {} },
        });
        assert_eq!(decode(&encode(&value)), value);
    }

    #[test]
    fn maps_and_lists_of_open_length_are_read_as_the_sdk_writes_them() {
        // {_ "A": [_ 1]}
        assert_eq!(decode(&[0xbf, 0x61, b'A', 0x9f, 0x01, 0xff, 0xff]), json!({ "A": [1] }));
    }
}
