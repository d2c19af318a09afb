//! State on disk: a compact, versionless byte form.
//!
//! In: state of heads. Out: bytes, and back. What a state belongs to (the hash
//! of the rule's meaning) is written around it by the engine. Numbers are little
//! endian, lengths are LEB128.

use thiserror::Error;

/// Why bytes are no state.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// They end too early.
    #[error("the state ends after {at} bytes in the middle of a value")]
    Truncated {
        /// Offset.
        at: usize,
    },
    /// An unknown tag.
    #[error("unknown tag {tag} for a {what}")]
    Tag {
        /// What was read.
        what: &'static str,
        /// The tag.
        tag: u8,
    },
    /// A text that is no UTF-8.
    #[error("a text in the state is not UTF-8")]
    Utf8,
}

/// Writes itself.
pub trait Encode {
    /// Appends its bytes.
    fn encode(&self, out: &mut Vec<u8>);
}

/// Reads itself.
pub trait Decode: Sized {
    /// Takes its bytes from the front.
    fn decode(from: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// Bytes that are being read.
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    /// Begins at the front.
    pub fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader { bytes, at: 0 }
    }

    /// True at the end.
    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next byte, which stays.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'b [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..n).ok_or(DecodeError::Truncated { at: self.at })?;
        self.at += n;
        Ok(taken)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.take(1)?[0])
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// What is left.
    pub fn rest(&self) -> &'b [u8] {
        &self.bytes[self.at..]
    }

    /// A length, and a check that so many bytes are left at least: a damaged
    /// state never makes us reserve more memory than it has bytes.
    pub fn length(&mut self) -> Result<usize, DecodeError> {
        let n = u64::decode(self)?;
        if n > (self.bytes.len() - self.at) as u64 {
            return Err(DecodeError::Truncated { at: self.at });
        }
        Ok(n as usize)
    }
}

impl<'b> Reader<'b> {
    /// A text, borrowed.
    pub fn text(&mut self) -> Result<&'b str, DecodeError> {
        let length = self.length()?;
        core::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Utf8)
    }
}

impl Encode for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut n = *self;
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }
}

impl Decode for u64 {
    fn decode(from: &mut Reader<'_>) -> Result<u64, DecodeError> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = from.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(DecodeError::Tag { what: "length", tag: 0x80 })
    }
}

macro_rules! fixed {
    ($($ty:ty),*) => {$(
        impl Encode for $ty {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
        impl Decode for $ty {
            fn decode(from: &mut Reader<'_>) -> Result<$ty, DecodeError> {
                Ok(<$ty>::from_le_bytes(from.array()?))
            }
        }
    )*};
}
fixed!(u8, u16, u32, i32, i64, u128, f64);

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Decode for bool {
    fn decode(from: &mut Reader<'_>) -> Result<bool, DecodeError> {
        Ok(from.byte()? != 0)
    }
}

impl Encode for str {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u64).encode(out);
        out.extend_from_slice(self.as_bytes());
    }
}

impl Decode for Box<str> {
    fn decode(from: &mut Reader<'_>) -> Result<Box<str>, DecodeError> {
        from.text().map(Into::into)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(from: &mut Reader<'_>) -> Result<Option<T>, DecodeError> {
        Ok(if bool::decode(from)? { Some(T::decode(from)?) } else { None })
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u64).encode(out);
        for value in self {
            value.encode(out);
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(from: &mut Reader<'_>) -> Result<Vec<T>, DecodeError> {
        let length = from.length()?;
        // No more bytes than are left; what turns out to be there grows beyond it.
        let mut all = Vec::with_capacity(length / size_of::<T>().max(1));
        for _ in 0..length {
            all.push(T::decode(from)?);
        }
        Ok(all)
    }
}
