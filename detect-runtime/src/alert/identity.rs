//! Ids: of rules, and of alerts as a function of what caused them.

use std::fmt::Write as _;

/// Name space of rule UUIDs: the version-5 UUID of
/// `https://github.com/elastic/detection-rules` in the URL name space of RFC 9562.
pub const RULE_NAMESPACE: [u8; 16] = [
    0x1d, 0x23, 0x59, 0x0b, 0x65, 0x8e, 0x5a, 0xa3, 0xad, 0x26, 0x45, 0x88, 0xef, 0x4a, 0x07, 0xc4,
];

/// `kibana.alert.rule.uuid`: the version-5 UUID of the rule id in [`RULE_NAMESPACE`].
///
/// ```
/// use detect_runtime::alert::rule_uuid;
/// assert_eq!(
///     rule_uuid("8eeeda11-dca6-4c3e-910f-7089db412d1c"),
///     "d102022f-51b2-57cf-b39f-5ebbf2234483",
/// );
/// ```
pub fn rule_uuid(rule_id: &str) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(&RULE_NAMESPACE);
    hash.update(rule_id.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.digest().bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

/// Hash by which files and meanings of rules are told apart: the first eight
/// bytes of SHA-256, big-endian.
///
/// ```
/// assert_eq!(detect_runtime::alert::content_hash(b""), 0xe3b0_c442_98fc_1c14);
/// ```
pub fn content_hash(bytes: &[u8]) -> u64 {
    let digest = hmac_sha256::Hash::hash(bytes);
    digest[..8].iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// Hash of parts: SHA-256 over each part's length and bytes, so that no two
/// lists of parts give the same bytes.
pub(super) struct Identity(hmac_sha256::Hash);

impl Identity {
    /// `kind` keeps the ids of different things apart.
    pub(super) fn new(kind: &str) -> Identity {
        let mut identity = Identity(hmac_sha256::Hash::new());
        identity.part(kind.as_bytes());
        identity
    }

    pub(super) fn part(&mut self, bytes: &[u8]) -> &mut Identity {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// All 256 bits in hexadecimal.
    pub(super) fn full(self) -> String {
        hexadecimal(&self.0.finalize())
    }

    /// The first 128 bits in hexadecimal.
    pub(super) fn short(self) -> String {
        hexadecimal(&self.0.finalize()[..16])
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}
