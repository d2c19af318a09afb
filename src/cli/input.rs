//! Input files: plain, gzip or zstandard, told apart by their first bytes; or
//! standard input.

use super::failure::Failure;
use flate2::bufread::MultiGzDecoder;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::ops::Range;
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

/// What is wrong with a packed file that does not unpack to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// It ends too early.
    Cut,
    /// Its bytes are not what was packed.
    Corrupt,
}

impl Damage {
    /// The damage that an error while reading stands for; `None`: the system failed.
    pub(crate) fn of(error: &io::Error) -> Option<Damage> {
        match error.kind() {
            _ if error.raw_os_error().is_some() => None,
            io::ErrorKind::UnexpectedEof => Some(Damage::Cut),
            _ => Some(Damage::Corrupt),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Damage::Cut => "packed file cut short",
            Damage::Corrupt => "packed file corrupt",
        })
    }
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

    /// Whether it can be opened, as far as that can be known without reading it: a pipe
    /// with a name is not touched.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Source::File(path) = self else { return Ok(()) };
        let failed = |error| Failure::read(path, error);
        let metadata = path.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(Failure::read(path, "it is a folder"));
        }
        if metadata.is_file() {
            File::open(path).map_err(failed)?;
        }
        Ok(())
    }

    /// Whether it may be open and give nothing for a while: no file on a disk does.
    pub(crate) fn may_be_silent(&self) -> bool {
        match self {
            Source::Standard => !standard_is_file(),
            Source::File(path) => path.metadata().is_ok_and(|metadata| !metadata.is_file()),
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

    /// A failure of the system while reading.
    pub(crate) fn broken(&self, error: &io::Error) -> Failure {
        Failure::read(Path::new(&self.name()), error)
    }
}

impl Input {
    /// Bytes read from the file so far, for progress.
    pub(crate) fn progress(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// What counts these bytes.
    pub(crate) fn meter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
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

/// Whether standard input is a file on a disk; where that cannot be asked it counts as one.
fn standard_is_file() -> bool {
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned();
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned();
    own.map(File::from).and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
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
        let decoder = MultiGzDecoder::new(BufReader::with_capacity(1 << 18, whole));
        (Box::new(Pieces::of(decoder)), true)
    } else if start[..length] == ZSTANDARD {
        let decoder = Zstandard::new(BufReader::with_capacity(1 << 18, whole))?;
        (Box::new(Pieces::of(decoder)), true)
    } else {
        (Box::new(whole), false)
    })
}

/// What a decoder unpacks, in pieces of one size whatever is asked for. A decoder
/// drops what it unpacked in the call that meets damage; how much that is must not
/// hang on the buffers of the caller.
struct Pieces<R> {
    decoder: R,
    piece: Box<[u8]>,
    /// What of the piece was not given yet.
    rest: Range<usize>,
}

impl<R: Read> Pieces<R> {
    /// Bytes of a piece: no more than a block of zstandard, so that only the damaged
    /// block is lost.
    const SIZE: usize = 1 << 16;

    fn of(decoder: R) -> Pieces<R> {
        Pieces { decoder, piece: vec![0; Self::SIZE].into(), rest: 0..0 }
    }
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = 0..self.decoder.read(&mut self.piece)?;
        }
        let count = self.rest.len().min(buffer.len());
        let given = self.rest.start..self.rest.start + count;
        self.rest.start += count;
        buffer[..count].copy_from_slice(&self.piece[given]);
        Ok(count)
    }
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
    fn a_cut_file_is_told_from_a_corrupt_one() {
        // Numbers, so that the packed form has more than a few bytes.
        let text = (0..3000).map(|n| (n * n).to_string()).collect::<Vec<_>>().join("\n");
        let zstandard = zstd::encode_all(text.as_bytes(), 1).expect("memory");
        let gzip = gzip(text.as_bytes());
        // The checksum behind the text, and blocks.
        let spoilt = [gzip.len() - 8..gzip.len() - 4, zstandard.len() / 2..zstandard.len()];
        for (packed, spoilt) in [gzip, zstandard].into_iter().zip(spoilt) {
            for left in [packed.len() / 2, packed.len() - 9, packed.len() - 1, 5] {
                let error = read(packed[..left].to_vec()).expect_err("cut");
                assert_eq!(Damage::of(&error), Some(Damage::Cut), "{left} bytes: {error}");
            }
            let mut corrupt = packed.clone();
            corrupt[spoilt].fill(0xff);
            let error = read(corrupt).expect_err("corrupt");
            assert_eq!(Damage::of(&error), Some(Damage::Corrupt), "{error}");
        }
        assert_eq!(Damage::of(&io::Error::from_raw_os_error(5)), None);
    }
}
