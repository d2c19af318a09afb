//! IP addresses: 16 bytes in network order, IPv4 in mapped form.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The first 12 bytes of an IPv4 address.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// How octets with leading zeros are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeadingZeros {
    /// Such a text is no address.
    #[default]
    Reject,
    /// They are octal numbers.
    Octal,
    /// They are decimal numbers.
    Decimal,
}

/// Reads an address.
///
/// ```
/// use detect_runtime::value::address::{parse, print};
/// assert_eq!(parse("1.2.3.4").map(print).as_deref(), Some("1.2.3.4"));
/// assert_eq!(parse("2001:DB8::0:1").map(print).as_deref(), Some("2001:db8::1"));
/// assert_eq!(parse("::ffff:1.2.3.4").map(print).as_deref(), Some("1.2.3.4"));
/// assert_eq!(parse("1.2.3.256"), None);
/// ```
pub fn parse(text: &str) -> Option<[u8; 16]> {
    if text.contains(':') {
        return text.parse().ok().map(|v6: Ipv6Addr| v6.octets());
    }
    text.parse().ok().map(|v4: Ipv4Addr| v4.to_ipv6_mapped().octets())
}

/// Reads an address whose octets may have leading zeros.
pub fn parse_with(text: &str, zeros: LeadingZeros) -> Option<[u8; 16]> {
    if zeros == LeadingZeros::Reject || text.contains(':') {
        return parse(text);
    }
    let mut address = [0; 16];
    address[..12].copy_from_slice(&MAPPED);
    let mut octets = text.split('.');
    for octet in &mut address[12..] {
        let digits = octets.next()?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let octal = zeros == LeadingZeros::Octal && digits.len() > 1 && digits.starts_with('0');
        *octet = u8::from_str_radix(digits, if octal { 8 } else { 10 }).ok()?;
    }
    octets.next().is_none().then_some(address)
}

/// True for IPv4.
pub fn is_v4(address: [u8; 16]) -> bool {
    address[..12] == MAPPED
}

/// Canonical text: IPv4 dotted, IPv6 as RFC 5952 says.
pub fn print(address: [u8; 16]) -> String {
    let v6 = Ipv6Addr::from(address);
    match v6.to_ipv4_mapped() {
        Some(v4) => v4.to_string(),
        None => v6.to_string(),
    }
}

/// A block of addresses: its network and the length of its prefix in bits of
/// the 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// Network address; bits behind the prefix are 0.
    pub address: [u8; 16],
    /// Prefix length, 0 to 128; IPv4 lengths have 96 added.
    pub bits: u8,
}

impl Block {
    /// Reads `address/length` or a plain address, which is a block of its own.
    /// Host bits are ignored.
    ///
    /// ```
    /// use detect_runtime::value::address::{parse, Block};
    /// let block = Block::parse("10.6.48.157/8").unwrap();
    /// assert!(block.contains(parse("10.255.0.1").unwrap()));
    /// assert!(!block.contains(parse("11.0.0.1").unwrap()));
    /// assert_eq!(Block::parse("10.0.0.0/33"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Block> {
        let Some((address, length)) = text.split_once('/') else {
            return Some(Block { address: parse(text)?, bits: 128 });
        };
        let (v4, address) = (!address.contains(':'), parse(address)?);
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let length: u8 = length.parse().ok()?;
        let bits = if v4 { length.checked_add(96)? } else { length };
        (bits <= 128).then(|| Block::new(address, bits))
    }

    /// The block around an address; bits behind the prefix are cleared.
    pub fn new(address: [u8; 16], bits: u8) -> Block {
        let network = u128::from_be_bytes(address) & mask(bits);
        Block { address: network.to_be_bytes(), bits }
    }

    /// Whether an address lies inside.
    pub fn contains(&self, address: [u8; 16]) -> bool {
        (u128::from_be_bytes(address) ^ u128::from_be_bytes(self.address)) & mask(self.bits) == 0
    }
}

/// The first `bits` of 128 bits.
fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, printed) in [
            ("0.0.0.0", Some("0.0.0.0")),
            ("::1", Some("::1")),
            ("fe80::cae2:65ff:fece:feb9", Some("fe80::cae2:65ff:fece:feb9")),
            ("1:0:0:2:0:0:0:3", Some("1:0:0:2::3")),
            ("010.0.0.1", None),
            ("", None),
            ("::g", None),
            ("1.2.3", None),
        ] {
            assert_eq!(parse(text).map(print).as_deref(), printed, "{text}");
        }
        let zeros = |how| parse_with("010.1.1.08", how).map(print);
        assert_eq!(zeros(LeadingZeros::Decimal).as_deref(), Some("10.1.1.8"));
        assert_eq!(zeros(LeadingZeros::Octal), None);
        assert_eq!(
            parse_with("010.1.1.1", LeadingZeros::Octal).map(print).as_deref(),
            Some("8.1.1.1")
        );
        assert_eq!(parse_with("1.2.3.4.5", LeadingZeros::Decimal), None);
    }

    #[test]
    fn blocks() {
        for (block, address, inside) in [
            ("0.0.0.0/0", "255.1.1.1", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "1.2.3.4", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("fe80::/10", "fe80::1", true),
            ("fe80::/10", "fec0::1", false),
        ] {
            let holds = Block::parse(block).zip(parse(address)).map(|(b, a)| b.contains(a));
            assert_eq!(holds, Some(inside), "{address} in {block}");
        }
        for wrong in ["1.2.3.4/", "1.2.3.4/+8", "::/129", "x/8", "1.2.3.4/200"] {
            assert_eq!(Block::parse(wrong), None, "{wrong}");
        }
    }
}
