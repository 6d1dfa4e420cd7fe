//! The lines of a text file, plain or gzip, one at a time and none longer than is sane.

use super::Fault;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// No row of bars is nearly as long; a file without line ends must not fill the memory.
const LINE_BYTES_MAX: u64 = 65_536;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The lines of a file, read as they are asked for.
pub(super) struct Lines {
    reader: Box<dyn BufRead>,
    buffer: Vec<u8>,
}

/// One line without its end.
pub(super) struct Line<'a> {
    /// What it says.
    pub(super) text: &'a str,
    /// Whether it was ended by a newline; only a file's last line may lack one.
    pub(super) ended: bool,
}

impl Lines {
    /// Opens the file and looks at its first bytes, because a name tells nothing reliable about gzip.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = Vec::with_capacity(GZIP_MAGIC.len());
        Read::by_ref(&mut file).take(2).read_to_end(&mut magic)?;
        let gzip = magic == GZIP_MAGIC;
        let whole = BufReader::new(io::Cursor::new(magic).chain(file));
        let reader: Box<dyn BufRead> =
            if gzip { Box::new(BufReader::new(MultiGzDecoder::new(whole))) } else { Box::new(whole) };
        Ok(Self { reader, buffer: Vec::new() })
    }

    /// The next line, or nothing after the last.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, Fault> {
        self.buffer.clear();
        self.reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.buffer).map_err(unreadable)?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        let (bytes, ended) = match self.buffer.strip_suffix(b"\n") {
            Some(bytes) => (bytes, true),
            None => (self.buffer.as_slice(), false),
        };
        if !ended && u64::try_from(bytes.len()).is_ok_and(|length| length >= LINE_BYTES_MAX) {
            return Err(Fault::LongLine { bytes_max: LINE_BYTES_MAX });
        }
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
        Ok(Some(Line { text, ended }))
    }
}

fn unreadable(source: io::Error) -> Fault {
    // A plain file never ends unexpectedly: only the gzip decoder knows that something must still come.
    if source.kind() == io::ErrorKind::UnexpectedEof { Fault::GzipCutShort } else { Fault::Unreadable(source) }
}
