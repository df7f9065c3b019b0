//! S3: objects of the suite's bucket, and of those that a test makes.

use crate::{BUCKET, Call, Refusal, Reply, Served, State};

pub(crate) fn serve(state: &mut State, call: &Call) -> Served {
    let (bucket, key) = call.path.trim_start_matches('/').split_once('/').unwrap();
    let key = match bucket {
        BUCKET => key.to_owned(),
        bucket if state.buckets.contains(bucket) => format!("{bucket}/{key}"),
        _ => return Err(Refusal::new("NoSuchBucket", "The specified bucket does not exist")),
    };
    match call.operation.as_str() {
        "PutObject" => {
            state.objects.insert(key, call.bytes.clone());
            Ok(Reply::Bytes(Vec::new()))
        }
        "GetObject" => match state.objects.get(&key) {
            Some(body) => Ok(Reply::Bytes(body.clone())),
            None => Err(Refusal::new("NoSuchKey", "The specified key does not exist.")),
        },
        _ => call.unknown(),
    }
}
