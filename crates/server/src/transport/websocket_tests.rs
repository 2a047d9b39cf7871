//! Frames as they stand on the wire, whatever the stream takes at once.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::*;

/// Takes a few bytes a turn, from the first part only when `narrow`.
struct Mouth {
    eaten: Vec<u8>,
    bite: usize,
    narrow: bool,
}

impl AsyncWrite for Mouth {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let bite = self.bite.min(bytes.len());
        self.eaten.extend(&bytes[..bite]);
        Poll::Ready(Ok(bite))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let parts = if self.narrow { &parts[..1] } else { parts };
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).take(self.bite).collect();
        self.eaten.extend(&bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn is_write_vectored(&self) -> bool {
        !self.narrow
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn frames(lengths: &[usize]) -> VecDeque<Frame> {
    let frame = |(number, length): (usize, &usize)| {
        let (head, head_length) = head(TEXT, *length);
        Frame { head, head_length, body: Bytes::from(vec![b'a' + (number % 26) as u8; *length]) }
    };
    lengths.iter().enumerate().map(frame).collect()
}

fn expected(lengths: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames(lengths) {
        bytes.extend(&frame.head[..usize::from(frame.head_length)]);
        bytes.extend(&frame.body);
    }
    bytes
}

#[test]
fn lengths_stand_in_the_head() {
    assert_eq!(head(TEXT, 0), ([0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2));
    assert_eq!(head(TEXT, 125).0[..2], [0x81, 125]);
    assert_eq!((&head(BINARY, 126).0[..4], head(BINARY, 126).1), (&[0x82, 126, 0, 126][..], 4));
    assert_eq!(head(TEXT, 65_535).0[..4], [0x81, 126, 255, 255]);
    assert_eq!(head(TEXT, 65_536), ([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], 10));
}

#[tokio::test]
async fn a_stream_may_take_as_little_as_it_likes() {
    let mut lengths = vec![0, 1, 125, 126, 70_000];
    lengths.extend([3; 100]);
    for (bite, narrow) in [(1, false), (7, true), (1000, false), (usize::MAX, true), (usize::MAX, false)] {
        let mut mouth = Mouth { eaten: Vec::new(), bite, narrow };
        let mut waiting = frames(&lengths);
        write(&mut mouth, &mut waiting).await.unwrap();
        assert!(waiting.is_empty());
        assert!(mouth.eaten == expected(&lengths), "bites of {bite}");
    }
}

#[tokio::test]
async fn a_stream_that_takes_nothing_is_an_error() {
    let mut mouth = Mouth { eaten: Vec::new(), bite: 0, narrow: false };
    assert_eq!(write(&mut mouth, &mut frames(&[5])).await.unwrap_err().kind(), ErrorKind::WriteZero);
}
