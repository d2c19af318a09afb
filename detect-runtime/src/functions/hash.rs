//! Digests as lower-case hexadecimal text of the UTF-8 bytes.

use super::signature::{Out, Param, Shape};
use super::single::{function, scalar};
use super::{Argument, Function, Signature, SignatureError};
use crate::value::{Cx, Type, Value, Warning};
use core::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha1,
    Sha256,
}

/// The algorithm of a name, `-` and case aside.
fn algorithm(name: &str) -> Option<Algorithm> {
    match name.to_ascii_lowercase().as_str() {
        "md5" => Some(Algorithm::Md5),
        "sha" | "sha1" | "sha-1" => Some(Algorithm::Sha1),
        "sha256" | "sha-256" => Some(Algorithm::Sha256),
        _ => None,
    }
}

fn digest<'a>(cx: &Cx<'a>, algorithm: Algorithm, text: &str) -> Value<'a> {
    let mut out = bumpalo::collections::String::with_capacity_in(64, cx.arena);
    let mut write = |bytes: &[u8]| {
        for byte in bytes {
            // Writing into a String cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
    };
    match algorithm {
        Algorithm::Md5 => write(&md5::compute(text).0),
        Algorithm::Sha1 => write(&sha1_smol::Sha1::from(text).digest().bytes()),
        Algorithm::Sha256 => write(&hmac_sha256::Hash::hash(text.as_bytes())),
    }
    Value::Text(out.into_bump_str())
}

scalar! {
    /// `HASH(algorithm, s)` with `md5`, `sha1` or `sha256`; another algorithm gives
    /// null and a warning, and is refused where it is constant.
    hash |cx| {
        [Value::Text(name), Value::Text(text)] => match algorithm(name) {
            Some(algorithm) => digest(cx, algorithm, text),
            None => cx.warn(Warning::Argument),
        },
    }

    /// `MD5(s)`.
    md5 |cx| { [Value::Text(text)] => digest(cx, Algorithm::Md5, text), }

    /// `SHA1(s)`.
    sha1 |cx| { [Value::Text(text)] => digest(cx, Algorithm::Sha1, text), }

    /// `SHA256(s)`.
    sha256 |cx| { [Value::Text(text)] => digest(cx, Algorithm::Sha256, text), }
}

fn hash_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    if let Some(Argument { constant: Some(Value::Text(name)), .. }) = args.first()
        && algorithm(name).is_none()
    {
        let reason = format!("{name:?} is none of md5, sha1, sha256");
        return Err(SignatureError::Constant { index: 0, reason });
    }
    let shape = Shape {
        required: &[Param::Text, Param::Text],
        optional: &[],
        repeated: None,
        out: Out::Is(Type::Keyword),
    };
    shape.resolve(args)
}

/// The functions of this room.
pub(super) const FUNCTIONS: &[Function] = &[
    function!("hash", hash::hash, by hash_types),
    function!("md5", hash::md5, [Text] => Is(Type::Keyword)),
    function!("sha1", hash::sha1, [Text] => Is(Type::Keyword)),
    function!("sha256", hash::sha256, [Text] => Is(Type::Keyword)),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::Text;

    #[test]
    fn table() {
        check(&[
            ("md5", &[Text("")], "d41d8cd98f00b204e9800998ecf8427e"),
            ("sha1", &[Text("abc")], "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "hash",
                &[Text("SHA-256"), Text("test")],
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
            ("hash", &[Text("crc"), Text("test")], "!Argument null"),
        ]);
    }
}
