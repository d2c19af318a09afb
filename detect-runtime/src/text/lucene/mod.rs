//! stub
use crate::test::{Fold,Test};
/// o
pub struct Options { /// o
pub fold: Fold, /// o
pub fold_ranges: bool }
/// t
pub fn test(pattern: &str, _o: Options) -> Result<Test, String> { Ok(Test::Regex { pattern: pattern.to_owned() }) }
