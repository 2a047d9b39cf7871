//! Owns: the bodies of requests and answers as they pass, so that a stop of the server need not wait for those that
//! never come, and waits for those that are on their way out. Must not know: what is in them.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

type Failure = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Late = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of a request: an error once it is late.
pub(crate) struct Arriving<F> {
    body: Incoming,
    /// Begins when the body must be waited for; most never are.
    late: Option<F>,
    waiting: Option<Late>,
}

impl<F> Arriving<F> {
    /// A body for which nobody waits longer than what `late` makes takes.
    pub(crate) fn new(body: Incoming, late: F) -> Self {
        Self { body, late: Some(late), waiting: None }
    }
}

impl<F: FnOnce() -> Late + Unpin> HttpBody for Arriving<F> {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if let Some(late) = self.late.take() {
            self.waiting = Some(late());
        }
        match self.waiting.as_mut().map(|waiting| waiting.as_mut().poll(context)) {
            Some(Poll::Ready(())) => {
                self.waiting = None;
                Poll::Ready(Some(Err(Error::from(ErrorKind::TimedOut).into())))
            }
            _ => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer, which tells by what it holds that the answer is not over.
pub(crate) struct Held {
    body: Body,
    _working: Arc<()>,
}

impl Held {
    pub(crate) fn new(body: Body, working: Arc<()>) -> Self {
        Self { body, _working: working }
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
