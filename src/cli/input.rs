//! Input files: plain, gzip or zstandard, told apart by their first bytes; or
//! standard input.

use super::failure::Failure;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Standard,
}

/// The sources that arguments name; `-` is standard input, and so is no
/// argument if somebody writes to it.
pub(crate) fn sources(paths: &[PathBuf]) -> Option<Vec<Source>> {
    if paths.is_empty() {
        return (!io::stdin().is_terminal()).then(|| vec![Source::Standard]);
    }
    let source = |path: &PathBuf| {
        if path.as_os_str() == "-" { Source::Standard } else { Source::File(path.clone()) }
    };
    Some(paths.iter().map(source).collect())
}

/// An opened source: bytes of the events, unpacked.
pub(crate) struct Input {
    reader: Box<dyn Read + Send>,
    /// Bytes read from the file, packed.
    read: Arc<AtomicU64>,
    plain: Option<Plain>,
}

/// A file that is not packed, which can be read at any place.
pub(crate) struct Plain {
    file: File,
    /// As it was when it was opened.
    length: u64,
}

impl Plain {
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Reads at a place.
    #[cfg(unix)]
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    /// Reads at a place.
    #[cfg(windows)]
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
    }
}

impl Source {
    /// The name that messages say.
    pub(crate) fn name(&self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Standard => "standard input".to_owned(),
        }
    }

    /// Opens the source.
    pub(crate) fn open(&self) -> Result<Input, Failure> {
        let read = Arc::new(AtomicU64::new(0));
        let mut whole = None;
        let raw: Box<dyn Read + Send> = match self {
            Source::Standard => Box::new(io::stdin()),
            Source::File(path) => {
                let file = File::open(path).map_err(|error| Failure::read(path, error))?;
                let metadata = file.metadata().map_err(|error| Failure::read(path, error))?;
                if metadata.is_dir() {
                    return Err(Failure::read(path, "it is a folder"));
                }
                if metadata.is_file() && metadata.len() > 0 {
                    let again = file.try_clone().map_err(|error| Failure::read(path, error))?;
                    whole = Some(Plain { file: again, length: metadata.len() });
                }
                Box::new(file)
            }
        };
        let counted = Counted { inner: raw, read: Arc::clone(&read) };
        let (reader, packed) = unpack(counted).map_err(|error| self.broken(&error))?;
        Ok(Input { reader, read, plain: whole.filter(|_| !packed) })
    }

    /// A failure while reading.
    pub(crate) fn broken(&self, error: &io::Error) -> Failure {
        Failure::read(Path::new(&self.name()), error)
    }
}

impl Input {
    /// Bytes read from the file so far, for progress.
    pub(crate) fn progress(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The file itself, where it is one that is not packed.
    pub(crate) fn plain(mut self) -> Result<Plain, Input> {
        self.plain.take().ok_or(self)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Bytes by which packed files begin (RFC 1952, RFC 8878).
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Unpacks by content, and says whether there was something to unpack; what is not
/// packed is passed through unbuffered.
fn unpack(mut raw: Counted) -> io::Result<(Box<dyn Read + Send>, bool)> {
    let mut start = [0; 4];
    let mut length = 0;
    while length < start.len() {
        match raw.read(&mut start[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let whole = io::Cursor::new(start).take(length as u64).chain(raw);
    Ok(if start[..length].starts_with(&GZIP) {
        (Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 18, whole))), true)
    } else if start[..length] == ZSTANDARD {
        (Box::new(Zstandard::new(BufReader::with_capacity(1 << 18, whole))?), true)
    } else {
        (Box::new(whole), false)
    })
}

/// Frames one after the other. The decoder of the crate takes the end of the
/// file within a frame for an error, and the end between frames for the end.
struct Zstandard<R: BufRead>(zstd::stream::read::Decoder<'static, R>);

impl<R: BufRead> Zstandard<R> {
    fn new(reader: R) -> io::Result<Zstandard<R>> {
        Ok(Zstandard(zstd::stream::read::Decoder::with_buffer(reader)?))
    }
}

impl<R: BufRead> Read for Zstandard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let raw = Counted { inner: Box::new(io::Cursor::new(bytes)), read: Arc::default() };
        let mut all = Vec::new();
        unpack(raw)?.0.read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn packed_and_plain() {
        let text = b"{\"a\":1}\n{\"a\":2}\n".to_vec();
        let zstandard = zstd::encode_all(&text[..], 1).expect("memory");
        let twice = [&text[..], &text[..]].concat();
        for (bytes, expected) in [
            (text.clone(), text.clone()),
            (gzip(&text), text.clone()),
            (zstandard.clone(), text.clone()),
            ([gzip(&text), gzip(&text)].concat(), twice.clone()),
            ([zstandard.clone(), zstandard].concat(), twice),
            (Vec::new(), Vec::new()),
            (b"{}".to_vec(), b"{}".to_vec()),
        ] {
            assert_eq!(read(bytes).expect("readable"), expected);
        }
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let text = vec![b'x'; 5000];
        let packed = gzip(&text);
        assert!(read(packed[..packed.len() - 9].to_vec()).is_err());
        let packed = zstd::encode_all(&text[..], 1).expect("memory");
        assert!(read(packed[..packed.len() - 3].to_vec()).is_err());
    }
}
