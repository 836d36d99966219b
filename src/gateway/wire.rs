//! The byte stream of one HTTP/1 connection, watched: how long a head may take, how slowly a body may come and an answer be taken (B-17), and
//! what pingora says by itself to a head that it cannot read. In: the stream, and word from the gateway of how far a request has come. Out: the same stream,
//! which fails when the client takes too long, after it was told so.
//!
//! pingora has a time for each read only, so that a byte now and then would hold a connection for ever, and it answers a head that it
//! cannot read before any of its callbacks. Both can only be seen here.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType,
    l4::ext::get_tcp_info,
    raw_connect::ProxyDigest,
    tls::{SslDigest, TlsRef},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::Sleep,
};

use crate::decide::Denial;

use super::{
    http2::{OPENING, PREFACE},
    respond::plain,
    watch::{Over, Taking, Watch},
};

/// How long a client that was refused may take to read why.
pub(super) const PARTING: Duration = Duration::from_millis(500);

/// The stream.
pub(super) struct Wire {
    stream: Stream,
    watch: Arc<Watch>,
    alarm: Alarm,
    taking: Taking,
    taking_alarm: Alarm,
    /// The client was refused and may read why until then; whatever it still sends is dropped, since closed with bytes unread the
    /// connection would be reset, and the words with it.
    parting: Option<Instant>,
    /// What is said in place of what is written, and how much of it is out.
    words: Option<(Vec<u8>, usize)>,
    /// What was read to see which HTTP it is, and is read again.
    ahead: BytesMut,
    /// It is HTTP/2.
    http2: bool,
}

impl Wire {
    /// `stream`, watched by `watch`.
    pub fn new(stream: Stream, watch: Arc<Watch>) -> Self {
        Self {
            stream,
            taking: watch.taking(),
            watch,
            alarm: Alarm::default(),
            taking_alarm: Alarm::default(),
            parting: None,
            words: None,
            ahead: BytesMut::new(),
            http2: false,
        }
    }

    /// The same, which speaks HTTP/2.
    pub fn http2(mut self) -> Self {
        self.watch.opens(OPENING.saturating_sub(self.ahead.len()));
        self.http2 = true;
        self
    }

    /// Whether the client begins as HTTP/2 does. As much is read as that takes, and no more.
    ///
    /// # Errors
    /// What reading says.
    pub async fn begins_http2(&mut self) -> io::Result<bool> {
        let mut begun = BytesMut::with_capacity(PREFACE.len());
        let found = loop {
            let rest = PREFACE.len().saturating_sub(begun.len());
            if rest == 0 || !PREFACE.starts_with(&begun) {
                break rest == 0 && PREFACE.starts_with(&begun);
            }
            let mut more = vec![0; rest];
            let bytes = self.read(&mut more).await?;
            begun.extend_from_slice(more.get(..bytes).unwrap_or_default());
            if bytes == 0 {
                break false;
            }
        };
        self.ahead = begun;
        Ok(found)
    }

    /// Says `words` as far as that goes without waiting: whoever takes so long is not waited for.
    fn say(&mut self, words: &[u8], cx: &mut Context<'_>) {
        if let Poll::Ready(Ok(_)) = Pin::new(&mut self.stream).poll_write(cx, words) {
            let _ = Pin::new(&mut self.stream).poll_flush(cx);
        }
    }

    /// Reads what nobody wants any more, until the client ends or its time is over.
    fn poll_part(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; 4096];
        loop {
            let mut unread = ReadBuf::new(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {}
                Poll::Ready(_) => break,
                Poll::Pending => {
                    ready!(self.alarm.poll(until, cx));
                    break;
                }
            }
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// What came of an attempt to make the client take something: `bytes` says how much it took. One that takes too little is given up.
    fn taken<T>(
        &mut self,
        done: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = done {
            self.taking.took(done.as_ref().map_or(0, bytes));
            return Poll::Ready(done);
        }
        loop {
            ready!(self.taking_alarm.poll(self.taking.until(), cx));
            if self.taking.over(self.acknowledged()) {
                self.watch.untaken();
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
    }

    /// How many bytes the client has acknowledged, if the system tells.
    fn acknowledged(&self) -> Option<u64> {
        get_tcp_info(self.stream.id())
            .ok()
            .map(|info| info.tcpi_bytes_acked)
            .filter(|bytes| *bytes > 0)
    }

    fn poll_write_out(&mut self, data: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, data);
        self.taken(done, |bytes| *bytes, cx)
    }
}

/// One point in time that is waited for.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready when it is `until`.
    fn poll(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let until = until.into();
        let alarm = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if alarm.deadline() != until {
            alarm.as_mut().reset(until);
        }
        alarm.as_mut().poll(cx)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.ahead.is_empty() {
            let bytes = this.ahead.split_to(buf.remaining().min(this.ahead.len()));
            buf.put_slice(&bytes);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        loop {
            if let Some(until) = this.parting {
                return this.poll_part(until, cx);
            }
            if let Poll::Ready(done) = Pin::new(&mut this.stream).poll_read(cx, buf) {
                let Err(denial) = this.watch.came(buf.filled().get(before..).unwrap_or_default()) else {
                    return Poll::Ready(done);
                };
                buf.set_filled(before);
                this.say(&plain(&denial), cx);
                this.parting = Some(Instant::now() + PARTING);
                continue;
            }
            let Some(until) = this.watch.until() else {
                return Poll::Pending;
            };
            ready!(this.alarm.poll(until, cx));
            match this.watch.over() {
                Over::Again => continue,
                Over::Silently | Over::Slow => {}
                Over::Told => this.say(&plain(&Denial::Slow), cx),
            }
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.words.is_none() {
            match this.watch.own_words() {
                None => return this.poll_write_out(data, cx),
                Some(words) => this.words = Some((words, 0)),
            }
        }
        if let Some((words, said)) = &mut this.words {
            while let Some(rest) = words.get(*said..).filter(|rest| !rest.is_empty()) {
                // They find room, or their client is not waited for.
                let Poll::Ready(bytes) = Pin::new(&mut this.stream).poll_write(cx, rest)? else {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                };
                if bytes == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                *said = said.saturating_add(bytes);
            }
        }
        // Whatever pingora has to say after that: the connection ends.
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_flush(cx);
        this.taken(done, |()| 0, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.words.is_none() && self.watch.is_request() {
            let this = self.get_mut();
            let done = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
            return this.taken(done, |bytes| *bytes, cx);
        }
        let first = bufs.iter().find(|slice| !slice.is_empty());
        self.poll_write(cx, first.map_or(&[], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[async_trait]
impl Shutdown for Wire {
    async fn shutdown(&mut self) {
        // The last words of TLS may find no room where a client reads nothing.
        tokio::time::timeout(PARTING, self.stream.shutdown()).await.ok();
    }
}

impl UniqueID for Wire {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl Ssl for Wire {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.stream.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        if self.http2 {
            return Some(ALPN::H2);
        }
        self.stream.selected_alpn_proto()
    }
}

impl GetTimingDigest for Wire {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }

    fn get_read_pending_time(&self) -> Duration {
        self.stream.get_read_pending_time()
    }

    fn get_write_pending_time(&self) -> Duration {
        self.stream.get_write_pending_time()
    }
}

impl GetProxyDigest for Wire {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for Wire {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

#[async_trait]
impl Peek for Wire {
    async fn try_peek(&mut self, buf: &mut [u8]) -> io::Result<bool> {
        self.stream.try_peek(buf).await
    }
}
