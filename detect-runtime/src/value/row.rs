//! A row of values as bytes, for hits that wait before their heads get them.

use super::Value;
use crate::state::{DecodeError, Encode, Reader};
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

/// The values, encoded one behind the other.
pub(crate) fn keep_row(row: &[Value<'_>]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(64);
    for value in row {
        value.encode(&mut bytes);
    }
    bytes.into()
}

/// The values of a row that was kept, or read back and found good by [`check_row`].
pub(crate) fn lend_row<'a>(bytes: &'a [u8], arena: &'a Bump) -> &'a [Value<'a>] {
    let mut row = ArenaVec::new_in(arena);
    let mut from = Reader::new(bytes);
    while !from.is_empty() {
        let value = Value::decode_in(&mut from, arena);
        debug_assert!(value.is_ok(), "rows are checked when a state is read");
        row.push(value.unwrap_or_default());
    }
    row.into_bump_slice()
}

/// Whether bytes from outside are a row.
pub(crate) fn check_row(bytes: &[u8]) -> Result<(), DecodeError> {
    let (arena, mut from) = (Bump::new(), Reader::new(bytes));
    while !from.is_empty() {
        Value::decode_in(&mut from, &arena)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let rows: [&[Value<'_>]; 3] = [
            &[],
            &[Value::Null],
            &[Value::Text("a"), Value::Multi(&[Value::Long(1), Value::Long(2)]), Value::Null],
        ];
        for row in rows {
            let (kept, arena) = (keep_row(row), Bump::new());
            assert_eq!(format!("{:?}", lend_row(&kept, &arena)), format!("{row:?}"));
            assert_eq!(check_row(&kept), Ok(()));
        }
        assert!(check_row(&[6, 200]).is_err());
    }
}
