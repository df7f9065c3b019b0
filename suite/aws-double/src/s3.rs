//! S3: objects of the one bucket.

use std::collections::BTreeMap;

use crate::{BUCKET, Call, Refusal, Reply, Served};

pub(crate) fn serve(objects: &mut BTreeMap<String, Vec<u8>>, call: &Call) -> Served {
    let (bucket, key) = call.path.trim_start_matches('/').split_once('/').unwrap();
    if bucket != BUCKET {
        return Err(Refusal::new("NoSuchBucket", "The specified bucket does not exist"));
    }
    match call.operation.as_str() {
        "PutObject" => {
            objects.insert(key.to_owned(), call.bytes.clone());
            Ok(Reply::Bytes(Vec::new()))
        }
        "GetObject" => match objects.get(key) {
            Some(body) => Ok(Reply::Bytes(body.clone())),
            None => Err(Refusal::new("NoSuchKey", "The specified key does not exist.")),
        },
        _ => call.unknown(),
    }
}
