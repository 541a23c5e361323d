//! Answers after which a connection ends, whatever the caller goes on sending.
//!
//! The server underneath reads the rest of a chunked body to its end before it lets go of a connection, however long
//! that takes. A caller whose body was refused, or who sent one where none is read, could keep a connection busy for
//! ever. Their answer is sent whole, and soon after the connection is broken off.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, web};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How long the caller has to read the answer.
const LISTEN: Duration = Duration::from_secs(1);

/// Whether a request's body may go on after its answer: it has no stated length.
pub fn is_open_ended(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::TRANSFER_ENCODING)
}

/// Whether an answer is given without the body having been read.
pub fn is_unread(method: &Method, status: StatusCode) -> bool {
    !status.is_success() || [Method::GET, Method::HEAD, Method::DELETE].contains(method)
}

/// A body after which the connection breaks.
pub struct LastWords {
    words: BoxBody,
    said: Option<Pin<Box<Sleep>>>,
}

impl LastWords {
    /// These words, then the end.
    pub fn new(words: BoxBody) -> LastWords {
        LastWords { words, said: None }
    }
}

impl std::fmt::Debug for LastWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastWords").field("size", &self.size()).finish_non_exhaustive()
    }
}

impl MessageBody for LastWords {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.words.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        if self.said.is_none()
            && let Some(words) = ready!(Pin::new(&mut self.words).poll_next(context))
        {
            return Poll::Ready(Some(words));
        }
        let end = self.said.get_or_insert_with(|| Box::pin(sleep(LISTEN)));
        ready!(end.as_mut().poll(context));
        Poll::Ready(Some(Err("the rest of the body is not waited for".into())))
    }
}
