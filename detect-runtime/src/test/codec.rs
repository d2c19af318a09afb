//! Tests as bytes: for the plain form, for tables, and as interning keys.

use super::{Fold, Glob, Number, Order, Piece, Test};
use crate::state::{Decode, DecodeError, Encode, Reader};

impl Encode for Test {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Test::Equals { text, fold } => {
                out.push(0);
                fold.encode(out);
                text.as_str().encode(out);
            }
            Test::Glob { glob, fold } => {
                out.push(1);
                fold.encode(out);
                glob.encode(out);
            }
            Test::Regex { pattern } => {
                out.push(2);
                pattern.as_str().encode(out);
            }
            Test::TextOrder { order, text } => {
                out.push(3);
                order.encode(out);
                text.as_str().encode(out);
            }
            Test::Number { order, number } => {
                out.push(4);
                order.encode(out);
                number.encode(out);
            }
            Test::Boolean(b) => {
                out.push(5);
                b.encode(out);
            }
            Test::Cidr { address, bits } => {
                out.push(6);
                out.extend_from_slice(address);
                bits.encode(out);
            }
            Test::AddressOrder { order, address } => {
                out.push(7);
                order.encode(out);
                out.extend_from_slice(address);
            }
            Test::DateOrder { order, nanos } => {
                out.push(8);
                order.encode(out);
                (*nanos as u128).encode(out);
            }
            Test::DateWithin { from, to } => {
                out.push(9);
                (*from as u128).encode(out);
                (*to as u128).encode(out);
            }
            Test::VersionOrder { order, version } => {
                out.push(10);
                order.encode(out);
                version.as_str().encode(out);
            }
            Test::AnyToken(tokens) => {
                out.push(11);
                texts(tokens, out);
            }
            Test::Phrase(tokens) => {
                out.push(12);
                texts(tokens, out);
            }
            Test::TokenGlob(glob) => {
                out.push(13);
                glob.encode(out);
            }
            Test::Fuzzy { text, distance } => {
                out.push(14);
                distance.encode(out);
                text.as_str().encode(out);
            }
        }
    }
}

impl Decode for Test {
    fn decode(from: &mut Reader<'_>) -> Result<Test, DecodeError> {
        Ok(match from.byte()? {
            0 => {
                let fold = Fold::decode(from)?;
                Test::Equals { fold, text: text(from)? }
            }
            1 => {
                let fold = Fold::decode(from)?;
                Test::Glob { fold, glob: Glob::decode(from)? }
            }
            2 => Test::Regex { pattern: text(from)? },
            3 => Test::TextOrder { order: Order::decode(from)?, text: text(from)? },
            4 => Test::Number { order: Order::decode(from)?, number: Number::decode(from)? },
            5 => Test::Boolean(bool::decode(from)?),
            6 => Test::Cidr { address: from.array()?, bits: from.byte()? },
            7 => Test::AddressOrder { order: Order::decode(from)?, address: from.array()? },
            8 => {
                let order = Order::decode(from)?;
                Test::DateOrder { order, nanos: u128::decode(from)? as i128 }
            }
            9 => {
                let start = u128::decode(from)? as i128;
                Test::DateWithin { from: start, to: u128::decode(from)? as i128 }
            }
            10 => Test::VersionOrder { order: Order::decode(from)?, version: text(from)? },
            11 => Test::AnyToken(read_texts(from)?),
            12 => Test::Phrase(read_texts(from)?),
            13 => Test::TokenGlob(Glob::decode(from)?),
            14 => {
                let distance = from.byte()?;
                Test::Fuzzy { distance, text: text(from)? }
            }
            tag => return Err(DecodeError::Tag { what: "test", tag }),
        })
    }
}

fn text(from: &mut Reader<'_>) -> Result<String, DecodeError> {
    Box::<str>::decode(from).map(String::from)
}

fn texts(all: &[String], out: &mut Vec<u8>) {
    (all.len() as u64).encode(out);
    for text in all {
        text.as_str().encode(out);
    }
}

fn read_texts(from: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let length = from.length()?;
    (0..length).map(|_| text(from)).collect()
}

impl Encode for Glob {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.0.len() as u64).encode(out);
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => {
                    out.push(0);
                    text.as_str().encode(out);
                }
                Piece::Any => out.push(1),
                Piece::One => out.push(2),
            }
        }
    }
}

impl Decode for Glob {
    fn decode(from: &mut Reader<'_>) -> Result<Glob, DecodeError> {
        let length = from.length()?;
        let mut pieces = Vec::with_capacity(length);
        for _ in 0..length {
            pieces.push(match from.byte()? {
                0 => Piece::Literal(text(from)?),
                1 => Piece::Any,
                2 => Piece::One,
                tag => return Err(DecodeError::Tag { what: "piece of a pattern", tag }),
            });
        }
        Ok(Glob(pieces))
    }
}

impl Encode for Number {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Number::Long(n) => {
                out.push(0);
                n.encode(out);
            }
            Number::UnsignedLong(n) => {
                out.push(1);
                n.encode(out);
            }
            Number::Double(n) => {
                out.push(2);
                n.encode(out);
            }
        }
    }
}

impl Decode for Number {
    fn decode(from: &mut Reader<'_>) -> Result<Number, DecodeError> {
        Ok(match from.byte()? {
            0 => Number::Long(i64::decode(from)?),
            1 => Number::UnsignedLong(u64::decode(from)?),
            2 => Number::Double(f64::decode(from)?),
            tag => return Err(DecodeError::Tag { what: "number", tag }),
        })
    }
}

impl Encode for Fold {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
}

impl Decode for Fold {
    fn decode(from: &mut Reader<'_>) -> Result<Fold, DecodeError> {
        Ok(match from.byte()? {
            0 => Fold::None,
            1 => Fold::Ascii,
            2 => Fold::Full,
            tag => return Err(DecodeError::Tag { what: "folding", tag }),
        })
    }
}

impl Encode for Order {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
}

impl Decode for Order {
    fn decode(from: &mut Reader<'_>) -> Result<Order, DecodeError> {
        Ok(match from.byte()? {
            0 => Order::Equal,
            1 => Order::Less,
            2 => Order::LessEqual,
            3 => Order::Greater,
            4 => Order::GreaterEqual,
            tag => return Err(DecodeError::Tag { what: "comparison", tag }),
        })
    }
}
