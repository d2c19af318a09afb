//! Typed values of a field: [`value::load`](crate::value::load) over what the
//! document has.

use super::{Event, FieldId};
use crate::value::{Type, Value, load};

impl<'a> Event<'a> {
    /// The value of a field as a column of type `ty`: null, one value, or a
    /// multi-value in stored order.
    pub fn load(&self, field: FieldId, ty: Type) -> Value<'a> {
        if self.count(field) == 0 {
            return Value::Null;
        }
        load(self.values(field), ty, self.arena())
    }
}
