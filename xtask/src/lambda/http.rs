//! The little of HTTP/1.1 that a Lambda function speaks with the two servers of the benchmark.
//!
//! A thread per connection, one write per answer, no delay in the socket: what is measured is the function.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// More than any function may answer with, in bytes.
const BODY_MAX: u64 = 8 << 20;
/// More than any head holds, in bytes.
const HEAD_MAX: u64 = 64 << 10;

/// A request that has arrived completely.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// With lower-case names; the trailers of a chunked body are among them.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// When its last byte was read.
    pub(super) received: Instant,
}

impl Request {
    /// The header of that lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A server on a port of its own, until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves with `handle`, which writes the answer itself; its failure ends the connection.
    pub(super) fn start(
        handle: impl Fn(&Request, &mut TcpStream) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, handle) = (Arc::clone(&stop), Arc::new(handle));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let handle = Arc::clone(&handle);
                // A connection that breaks is the function's business: it is seen to fail there.
                std::thread::spawn(move || serve(stream, handle.as_ref()).ok());
            }
        });
        Ok(Self { address, stop, accepting: Some(accepting) })
    }

    /// `127.0.0.1:PORT`.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Only another connection wakes the thread that accepts.
        if TcpStream::connect(self.address).is_ok() {
            self.accepting.take().map(JoinHandle::join);
        }
    }
}

fn serve(mut stream: TcpStream, handle: &impl Fn(&Request, &mut TcpStream) -> Result<()>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream.try_clone()?);
    while let Some(request) = read(&mut input)? {
        handle(&request, &mut stream)?;
    }
    Ok(())
}

/// Writes an answer at once.
pub(super) fn answer(stream: &mut impl Write, status: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<()> {
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        bytes.extend([name, ": ", value, "\r\n"]);
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes)
}

fn fault(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

fn line(input: &mut impl BufRead) -> Result<String> {
    let mut text = String::new();
    input.take(HEAD_MAX).read_line(&mut text)?;
    Ok(text.trim_end().to_owned())
}

fn fields(input: &mut impl BufRead, into: &mut Vec<(String, String)>) -> Result<()> {
    loop {
        let text = line(input)?;
        let Some((name, value)) = text.split_once(':') else { return Ok(()) };
        into.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// The next request; `None` when the other side has gone.
fn read(input: &mut impl BufRead) -> Result<Option<Request>> {
    let first = line(input)?;
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut headers = Vec::new();
    fields(input, &mut headers)?;
    let mut request = Request { method, path, headers, body: Vec::new(), received: Instant::now() };
    if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        chunks(input, &mut request.body)?;
        fields(input, &mut request.headers)?;
    } else if let Some(length) = request.header("content-length") {
        let length = length.parse().map_err(|_| fault("a content-length that is no number"))?;
        part(input, length, &mut request.body)?;
    }
    request.received = Instant::now();
    Ok(Some(request))
}

fn chunks(input: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let text = line(input)?;
        let digits = text.split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16).map_err(|_| fault("a chunk without a length"))?;
        if length == 0 {
            return Ok(());
        }
        part(input, length, body)?;
        line(input)?;
    }
}

fn part(input: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> Result<()> {
    if length > BODY_MAX {
        return Err(fault("a body that is too long"));
    }
    let read = input.take(length).read_to_end(body)?;
    if u64::try_from(read).is_ok_and(|read| read == length) { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(mut wire: &[u8]) -> Result<Vec<(String, Option<String>)>> {
        let mut found = Vec::new();
        while let Some(request) = read(&mut wire)? {
            let trailer = request.header("error-type").map(str::to_owned);
            found.push((String::from_utf8(request.body).unwrap(), trailer));
        }
        Ok(found)
    }

    #[test]
    fn requests_that_follow_each_other_are_told_apart_however_their_bodies_are_framed() {
        let wire = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\none\
            POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1;x=y\r\no\r\n0\r\nError-Type: E\r\n\r\n\
            GET /c HTTP/1.1\r\n\r\n";
        let expected = [("one", None), ("two", Some("E")), ("", None)];
        let expected = expected.map(|(body, trailer)| (body.to_owned(), trailer.map(str::to_owned)));
        assert_eq!(bodies(wire).unwrap(), expected);
    }

    #[test]
    fn a_body_that_ends_early_or_is_too_long_is_refused() {
        assert!(bodies(b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\none").is_err());
        assert!(bodies(b"POST / HTTP/1.1\r\ncontent-length: 9000000\r\n\r\n").is_err());
        assert!(bodies(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n").is_err());
    }
}
