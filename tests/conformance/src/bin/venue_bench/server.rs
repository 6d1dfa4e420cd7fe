//! A server that takes orders and says when: the client's id of each order in its answer is the instant, in nanoseconds
//! since 1970, at which the first byte of the request had come.
//!
//! Ours and the peer's calls are held against the same clock, the system's, so both count the way through the kernel. The
//! server asks its socket again and again instead of sleeping: how long an idle core takes to wake up differs from machine
//! to machine, and is no part of the call.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Starts it; the port it listens on.
pub(crate) fn start() -> Result<u16, String> {
    let fault = |e: std::io::Error| format!("no server can be started: {e}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(fault)?;
    let port = listener.local_addr().map_err(fault)?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    Ok(port)
}

/// Nanoseconds since 1970.
pub(crate) fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, crate::timing::nanos)
}

/// One connection, until its end.
fn serve(mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut kept: Vec<u8> = Vec::with_capacity(4096);
    let mut buffer = [0_u8; 8192];
    loop {
        let mut first_byte = None;
        let length = loop {
            if let Some(length) = whole(&kept) {
                break length;
            }
            let read = awake(&mut stream, &mut buffer).ok().filter(|read| *read > 0)?;
            first_byte.get_or_insert_with(now_ns);
            kept.extend_from_slice(buffer.get(..read)?);
        };
        kept.drain(..length);
        let body = acknowledged(first_byte?);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

/// For how long the server stays awake without a request; calls follow each other sooner.
const AWAKE: Duration = Duration::from_millis(5);

/// Reads what comes, at once.
fn awake(stream: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    let began = Instant::now();
    stream.set_nonblocking(true)?;
    while began.elapsed() < AWAKE {
        match stream.read(buffer) {
            Err(fault) if fault.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            read => return read,
        }
    }
    stream.set_nonblocking(false)?;
    stream.read(buffer)
}

/// How long the request is that stands at the beginning, if all of it has come.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(bytes.get(..head)?).ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
    };
    let length = head + text.lines().find_map(header).unwrap_or(0);
    Some(length).filter(|length| bytes.len() >= *length)
}

/// Binance's answer to a limit order that stands in the book.
fn acknowledged(first_byte_ns: u64) -> String {
    let ms = first_byte_ns / 1_000_000;
    format!(
        r#"{{"symbol":"BTCUSDT","orderId":28457,"orderListId":-1,"clientOrderId":"{first_byte_ns}","transactTime":{ms},"price":"30000.00000000","origQty":"0.03333000","executedQty":"0.00000000","origQuoteOrderQty":"0.00000000","cummulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","workingTime":{ms},"fills":[],"selfTradePreventionMode":"NONE"}}"#
    )
}
