//! Connections: how many at once, and how long one may be idle.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

/// Connections at once; a process has about 20,000 files.
const CONNECTIONS_MAX: usize = 16_384;
/// A connection on which nothing was read or written for this long is closed. Longer than the
/// pause between two polls of most fleets, so that a connection is worth keeping.
const IDLE_MAX: Duration = Duration::from_secs(90);
/// Pause after accepting has failed, for example because files have run out.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A listener with a bound.
pub(crate) struct Listener {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl Listener {
    pub(crate) fn new(listener: TcpListener) -> Listener {
        Listener { listener, free: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let permit = self.free.clone().acquire_owned().await;
            match (permit, self.listener.accept().await) {
                (Ok(permit), Ok((stream, address))) => {
                    // Answers are small; waiting to fill a packet would only add latency.
                    let _ = stream.set_nodelay(true);
                    return (Connection::new(stream, permit), address);
                }
                _ => tokio::time::sleep(ACCEPT_AGAIN).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that gives up when idle.
pub(crate) struct Connection {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    used: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, permit: OwnedSemaphorePermit) -> Connection {
        let used = Instant::now();
        let idle = Box::pin(sleep_until(used + IDLE_MAX));
        Connection { stream, idle, used, _permit: permit }
    }

    /// Ready with an error once the connection was idle for too long. The timer is moved only when
    /// it goes off, so that a busy connection does not pay for it.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.idle.as_mut().poll(context));
            let until = self.used + IDLE_MAX;
            if until <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.idle.as_mut().reset(until);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(done) => {
                self.used = Instant::now();
                Poll::Ready(done)
            }
            Poll::Pending => self.poll_idle(context).map(Err),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Ready(done) => {
                self.used = Instant::now();
                Poll::Ready(done)
            }
            Poll::Pending => self.poll_idle(context).map(Err),
        }
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, buffers) {
            Poll::Ready(done) => {
                self.used = Instant::now();
                Poll::Ready(done)
            }
            Poll::Pending => self.poll_idle(context).map(Err),
        }
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
