//! Owns: the bodies of requests and answers as they pass, so that nobody sends one for ever, a stop of the server need
//! not wait for those that never come, and waits for those that are on their way out. Must not know: what is in them.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

type Failure = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Late = Pin<Box<dyn Future<Output = ()> + Send>>;

/// For so long a body may come slowly …
const PERIOD: Duration = Duration::from_secs(30);
/// … unless so many bytes come in it: 500 a second, which a bad line does. A body that goes on at that speed may take as
/// long as it needs.
const LEAST: usize = 15_000;

/// The body of a request: an error once it is late, or when it comes too slowly.
pub(crate) struct Arriving<B, F> {
    body: B,
    /// Begins when the body must be waited for; most never are.
    late: Option<F>,
    waiting: Option<Late>,
    /// The end of this period; bodies that are there at once need none.
    period: Option<Pin<Box<Sleep>>>,
    /// Bytes that have come in it.
    came: usize,
}

impl<B, F> Arriving<B, F> {
    /// A body for which nobody waits longer than what `late` makes takes.
    pub(crate) fn new(body: B, late: F) -> Self {
        Self { body, late: Some(late), waiting: None, period: None, came: 0 }
    }

    /// Whether the body comes too slowly; asked while it must be waited for.
    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        let period = self.period.get_or_insert_with(|| Box::pin(sleep(PERIOD)));
        while period.as_mut().poll(context).is_ready() {
            if std::mem::take(&mut self.came) < LEAST {
                return true;
            }
            period.as_mut().reset(Instant::now() + PERIOD);
        }
        false
    }
}

impl<B, F> HttpBody for Arriving<B, F>
where
    B: HttpBody<Data = Bytes, Error: Into<Failure>> + Unpin,
    F: FnOnce() -> Late + Unpin,
{
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(Ok(frame)) = &frame {
                self.came += frame.data_ref().map_or(0, Bytes::len);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if let Some(late) = self.late.take() {
            self.waiting = Some(late());
        }
        let late = self.waiting.as_mut().is_some_and(|waiting| waiting.as_mut().poll(context).is_ready());
        if late {
            self.waiting = None;
        }
        match late || self.is_too_slow(context) {
            true => Poll::Ready(Some(Err(Error::from(ErrorKind::TimedOut).into()))),
            false => Poll::Pending,
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use axum::body::to_bytes;

    use super::*;

    /// A body of which a piece comes after each pause.
    struct Pieces {
        waiting: Pin<Box<Sleep>>,
        pause: Duration,
        left: VecDeque<usize>,
    }

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            // The last piece is the end, as where the length was told.
            if self.left.is_empty() {
                return Poll::Ready(None);
            }
            if self.waiting.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let next = Instant::now() + self.pause;
            self.waiting.as_mut().reset(next);
            let piece = self.left.pop_front().map(|length| Ok(Frame::data(Bytes::from(vec![b'x'; length]))));
            Poll::Ready(piece)
        }
    }

    /// So many pieces of so many bytes, one after each pause: the bytes that come, or how it fails.
    async fn received(count: usize, length: usize, pause: u64) -> Result<usize, String> {
        let pause = Duration::from_secs(pause);
        let left = vec![length; count].into();
        let body = Pieces { waiting: Box::pin(sleep(pause)), pause, left };
        let never = || -> Late { Box::pin(std::future::pending()) };
        let bytes = to_bytes(Body::new(Arriving::new(body, never)), usize::MAX).await;
        bytes.map(|bytes| bytes.len()).map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_arrives_and_a_crawling_one_ends() {
        let begun = Instant::now();
        // Three hours, at a kilobyte a second.
        assert_eq!(received(1_080, 10_000, 10).await, Ok(10_800_000));
        assert!(begun.elapsed() >= Duration::from_secs(3 * 3600));
        assert_eq!(received(1, 5, 29).await, Ok(5), "a small one, late");
        for (count, length, pause) in [(1_000, 1, 9), (1, 5, 1_000), (1_000, 1_000, 10)] {
            let begun = Instant::now();
            assert!(received(count, length, pause).await.is_err(), "{length} bytes every {pause} s");
            assert!(begun.elapsed() <= PERIOD, "{:?}", begun.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_beginning_buys_no_rest() {
        let (soon, pause) = (Duration::from_secs(1), Duration::from_secs(600));
        let left = vec![5_000_000, 1].into();
        let body = Pieces { waiting: Box::pin(sleep(soon)), pause, left };
        let begun = Instant::now();
        let never = || -> Late { Box::pin(std::future::pending()) };
        assert!(to_bytes(Body::new(Arriving::new(body, never)), usize::MAX).await.is_err());
        assert!(begun.elapsed() <= 2 * PERIOD + soon, "{:?}", begun.elapsed());
    }
}
