//! Addresses (esql.md 5.5).

use super::single::{Plain, function, refuse, scalar, whole};
use super::{Argument, Function, Prepared, Signature, SignatureError};
use crate::functions::signature::{Out, Param, Shape};
use crate::value::address::{Block, is_v4};
use crate::value::{Cx, Type, Value, Warning};

/// `CIDR_MATCH(ip, block, ...)`: true if the address lies in one of the blocks; a
/// block without length is one address; null and several values as usual. A text
/// that is no block gives null and a warning.
pub fn cidr_match<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [ip, blocks @ ..] = args else { return Value::Null };
    if let Some(answer) = refuse(cx, core::slice::from_ref(ip)) {
        return answer;
    }
    let Value::Ip(ip) = ip else { return Value::Null };
    let mut found = false;
    for block in blocks.iter().flat_map(Value::as_slice) {
        let Value::Text(text) = block else { return Value::Null };
        match Block::parse(text) {
            Some(block) => found |= block.contains(*ip),
            None => return cx.warn(Warning::Argument),
        }
    }
    if blocks.iter().any(Value::is_null) { Value::Null } else { Value::Boolean(found) }
}

/// Blocks that are read once.
struct Blocks(Box<[Block]>);

impl Prepared for Blocks {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        match args.first() {
            Some(Value::Ip(ip)) => Value::Boolean(self.0.iter().any(|block| block.contains(*ip))),
            Some(Value::Multi(_)) => cx.warn(Warning::MultiValue),
            _ => Value::Null,
        }
    }
}

fn ready_blocks(args: &[Option<Value<'_>>]) -> Result<Box<dyn Prepared>, SignatureError> {
    let mut blocks = Vec::new();
    for (index, arg) in args.iter().enumerate().skip(1) {
        for block in arg.as_ref().map_or(&[] as &[_], |arg| arg.as_slice()) {
            blocks.push(read_block(index, block)?);
        }
        if arg.is_none_or(|arg| arg.is_null()) {
            return Ok(Box::new(Plain(cidr_match)));
        }
    }
    Ok(Box::new(Blocks(blocks.into())))
}

fn read_block(index: usize, block: &Value<'_>) -> Result<Block, SignatureError> {
    match block {
        Value::Text(text) => Block::parse(text).ok_or_else(|| SignatureError::Constant {
            index,
            reason: format!("{text:?} is no address and no block (`10.0.0.0/8`)"),
        }),
        _ => Err(SignatureError::Constant { index, reason: "a block is a text".into() }),
    }
}

fn block_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let signature = Shape {
        required: &[Param::Ip, Param::Text],
        optional: &[],
        repeated: Some(Param::Text),
        out: Out::Is(Type::Boolean),
    }
    .resolve(args)?;
    for (index, arg) in args.iter().enumerate().skip(1) {
        for block in arg.constant.as_ref().map_or(&[] as &[_], |block| block.as_slice()) {
            read_block(index, block)?;
        }
    }
    Ok(signature)
}

scalar! {
    /// `IP_PREFIX(ip, v4 length, v6 length)`: the address with the bits behind the
    /// prefix cleared. A length out of range gives null and a warning, whichever of
    /// the two applies.
    ip_prefix |cx| {
        [Value::Ip(ip), v4, v6] => match (whole(v4), whole(v6)) {
            (Some(v4 @ 0..=32), Some(v6 @ 0..=128)) => {
                let bits = if is_v4(ip) { v4 + 96 } else { v6 };
                Value::Ip(Block::new(ip, bits as u8).address)
            }
            _ => cx.warn(Warning::Argument),
        },
    }
}

/// `NETWORK_DIRECTION(source, destination, internal networks)`: `inbound`,
/// `outbound`, `internal` or `external`. Networks are blocks or the names `any`,
/// `loopback`, `unicast`, `multicast`, `link_local_unicast`, `private`, `public`,
/// `unspecified`; an unknown one gives null and a warning.
pub fn network_direction<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [source, destination, networks] = args else { return Value::Null };
    if let Some(answer) = refuse(cx, &[*source, *destination]) {
        return answer;
    }
    let (Value::Ip(source), Value::Ip(destination)) = (source, destination) else {
        return Value::Null;
    };
    if networks.is_null() {
        return Value::Null;
    }
    let internal = |ip: [u8; 16]| {
        networks.as_slice().iter().try_fold(false, |found, network| match network {
            Value::Text(text) => match Block::parse(text) {
                Some(block) => Some(found | block.contains(ip)),
                None => Some(found | in_named(ip, text)?),
            },
            _ => None,
        })
    };
    match (internal(*source), internal(*destination)) {
        (Some(true), Some(true)) => Value::Text("internal"),
        (Some(true), Some(false)) => Value::Text("outbound"),
        (Some(false), Some(true)) => Value::Text("inbound"),
        (Some(false), Some(false)) => Value::Text("external"),
        _ => cx.warn(Warning::Argument),
    }
}

/// Whether an address is in a network by name; `None` for an unknown name.
fn in_named(ip: [u8; 16], name: &str) -> Option<bool> {
    let one_of = |blocks: &[&str]| {
        blocks.iter().filter_map(|block| Block::parse(block)).any(|block| block.contains(ip))
    };
    let private = || one_of(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"]);
    let loopback = || one_of(&["127.0.0.0/8", "::1"]);
    let multicast = || one_of(&["224.0.0.0/4", "ff00::/8"]);
    let unspecified = || one_of(&["0.0.0.0", "::"]);
    let link_local = || one_of(&["169.254.0.0/16", "fe80::/10"]);
    let link_local_multicast = || one_of(&["224.0.0.0/24", "ff02::/16"]);
    Some(match name {
        "any" => true,
        "loopback" => loopback(),
        "global_unicast" | "unicast" => {
            !(one_of(&["255.255.255.255"])
                || unspecified()
                || loopback()
                || multicast()
                || link_local())
        }
        "link_local_unicast" => link_local(),
        "link_local_multicast" => link_local_multicast(),
        "interface_local_multicast" => one_of(&["ff01::/16"]),
        "multicast" => multicast(),
        "private" => private(),
        "public" => {
            !(private()
                || loopback()
                || unspecified()
                || link_local()
                || one_of(&["ff01::/16"])
                || link_local_multicast())
        }
        "unspecified" => unspecified(),
        _ => return None,
    })
}

/// The functions of this room.
#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    function!("cidr_match", network::cidr_match, by block_types, ready ready_blocks),
    function!("ip_prefix", network::ip_prefix, [Ip, Int, Int] => Is(Type::Ip)),
    function!("network_direction", network::network_direction, [Ip, Ip, Text] => Is(Type::Keyword)),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::{self, Integer, Ip, Multi, Null, Text};

    fn ip(text: &str) -> Value<'static> {
        crate::value::address::parse(text).map_or(Null, Ip)
    }

    #[test]
    fn table() {
        let nets = Multi(&[Text("private"), Text("8.8.8.0/24")]);
        check(&[
            ("cidr_match", &[ip("10.1.2.3"), Text("11.0.0.0/8"), Text("10.0.0.0/8")], "true"),
            ("cidr_match", &[ip("10.1.2.3"), Text("11.0.0.0/8")], "false"),
            ("cidr_match", &[ip("::1"), Text("::1")], "true"),
            ("cidr_match", &[ip("::1"), Text("none")], "!Argument null"),
            ("cidr_match", &[Null, Text("::1")], "null"),
            ("cidr_match", &[Multi(&[Ip([0; 16]), Ip([1; 16])]), Text("::1")], "!MultiValue null"),
            ("ip_prefix", &[ip("1.2.3.4"), Integer(24), Integer(0)], "1.2.3.0"),
            (
                "ip_prefix",
                &[ip("fe80::cae2:65ff:fece:feb9"), Integer(0), Integer(121)],
                "fe80::cae2:65ff:fece:fe80",
            ),
            ("ip_prefix", &[ip("1.2.3.4"), Integer(33), Integer(0)], "!Argument null"),
            ("network_direction", &[ip("10.1.1.1"), ip("1.1.1.1"), nets], "outbound"),
            ("network_direction", &[ip("1.1.1.1"), ip("8.8.8.8"), nets], "inbound"),
            ("network_direction", &[ip("1.1.1.1"), ip("2.2.2.2"), nets], "external"),
            ("network_direction", &[ip("1.1.1.1"), ip("2.2.2.2"), Text("x")], "!Argument null"),
        ]);
    }
}
