//! Messages: four octets of length, big-endian, then JSON. `python/frames.py` is the other side.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest message that is taken.
pub(crate) const LONGEST: usize = 64 << 20;

/// A message as it goes out.
///
/// # Errors
/// When it is too long for the other side.
pub(crate) fn encode(message: &Value) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    let head = u32::try_from(length).ok().filter(|_| length <= LONGEST).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("a message of {length} octets"))
    })?;
    frame[..4].copy_from_slice(&head.to_be_bytes());
    Ok(frame)
}

/// The next message.
///
/// # Errors
/// When the other side is gone, or its bytes are not a message.
pub(crate) async fn receive(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Value> {
    let length = from.read_u32().await?;
    let length =
        usize::try_from(length).ok().filter(|length| *length <= LONGEST).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("a message of {length} octets"))
        })?;
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_message_arrives_as_it_was_sent() {
        let messages = [json!({"id": 1, "text": "ü\u{0}"}), json!([]), json!("x".repeat(100_000))];
        let stream = messages.iter().flat_map(|it| encode(it).unwrap()).collect::<Vec<_>>();
        let mut stream = stream.as_slice();
        for message in messages {
            assert_eq!(receive(&mut stream).await.unwrap(), message);
        }
        assert_eq!(receive(&mut stream).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_claims_to_be_too_long_is_not_read() {
        let mut stream = [0xff; 64].as_slice();
        assert_eq!(receive(&mut stream).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_message_cut_short_is_an_error() {
        let whole = encode(&json!({"id": 1})).unwrap();
        for end in 0..whole.len() {
            assert!(receive(&mut &whole[..end]).await.is_err());
        }
    }
}
