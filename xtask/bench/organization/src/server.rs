//! The AWS in memory behind a port, for functions in processes of their own.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Result;
use aws_double::Aws;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves until the runtime ends.
pub(crate) async fn start(aws: Aws) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let aws = aws.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(aws.clone(), request));
                // A function that has ended cuts its connections.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(address)
}

async fn answer(aws: Aws, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(pass(aws, request).await.unwrap_or_else(|| {
        let mut response = Response::new(Full::new(Bytes::new()));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

async fn pass(aws: Aws, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method(head.method.as_str()).ok()?;
    request.set_uri(format!("http://aws.double{}", head.uri)).ok()?;
    for (name, value) in &head.headers {
        let value = value.to_str().ok()?.to_owned();
        request.headers_mut().insert(name.as_str().to_owned(), value);
    }
    let answer = aws.call(request).await.ok()?;
    let mut response = Response::builder().status(answer.status().as_u16());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let bytes = answer.body().bytes().unwrap_or_default();
    response.body(Full::new(Bytes::copy_from_slice(bytes))).ok()
}
