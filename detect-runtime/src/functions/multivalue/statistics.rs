//! Sums, means and percentiles of the values of one row.

use super::first;
use crate::functions::single::{double, finite, refuse};
use crate::value::{Cx, Value, Warning, compare};

/// Sum of doubles with the lost low bits carried along (Kahan), as the original
/// adds them.
#[derive(Default)]
struct Sum {
    value: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, number: f64) {
        let corrected = number - self.lost;
        let next = self.value + corrected;
        self.lost = (next - self.value) - corrected;
        self.value = next;
    }
}

/// `MV_SUM(n)`: in the type of the values; overflow gives null and a warning.
pub fn mv_sum<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let values = first(args);
    let values = values.as_slice();
    let Some(kind) = values.first() else { return Value::Null };
    let whole = || {
        values.iter().filter_map(|value| match value {
            Value::Integer(n) => Some(i128::from(*n)),
            Value::Long(n) => Some(i128::from(*n)),
            Value::UnsignedLong(n) => Some(i128::from(*n)),
            _ => None,
        })
    };
    let sum: Option<Value<'a>> = match kind {
        Value::Integer(_) => i32::try_from(whole().sum::<i128>()).ok().map(Value::Integer),
        Value::Long(_) => i64::try_from(whole().sum::<i128>()).ok().map(Value::Long),
        Value::UnsignedLong(_) => {
            u64::try_from(whole().sum::<i128>()).ok().map(Value::UnsignedLong)
        }
        Value::Double(_) => return finite(cx, total(values)),
        _ => return Value::Null,
    };
    sum.unwrap_or_else(|| cx.warn(Warning::Overflow))
}

fn total(values: &[Value<'_>]) -> f64 {
    let mut sum = Sum::default();
    values.iter().filter_map(|value| double(*value)).for_each(|number| sum.add(number));
    sum.value
}

/// `MV_AVG(n)`: the mean as a double.
pub fn mv_avg<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let values = first(args);
    match values.as_slice() {
        [] => Value::Null,
        values => finite(cx, total(values) / values.len() as f64),
    }
}

/// `MV_MEDIAN(n)`: the middle value; the mean of the two middle ones, for whole
/// numbers rounded down.
pub fn mv_median<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let values = first(args);
    median(cx, &mut values.as_slice().to_vec())
}

fn median<'a>(cx: &Cx<'a>, values: &mut [Value<'a>]) -> Value<'a> {
    values.sort_by(compare);
    let middle = values.len() / 2;
    let Some(upper) = values.get(middle).copied() else { return Value::Null };
    if values.len() % 2 == 1 {
        return upper;
    }
    match (values.get(middle.wrapping_sub(1)).copied(), upper) {
        (Some(Value::Integer(a)), Value::Integer(b)) => {
            Value::Integer(((i64::from(a) + i64::from(b)).div_euclid(2)) as i32)
        }
        (Some(Value::Long(a)), Value::Long(b)) => {
            Value::Long(((i128::from(a) + i128::from(b)).div_euclid(2)) as i64)
        }
        (Some(Value::UnsignedLong(a)), Value::UnsignedLong(b)) => {
            Value::UnsignedLong(u64::midpoint(a, b))
        }
        (Some(Value::Double(a)), Value::Double(b)) => finite(cx, a / 2.0 + b / 2.0),
        _ => Value::Null,
    }
}

/// `MV_MEDIAN_ABSOLUTE_DEVIATION(n)`: the median of the distances from the median.
pub fn mv_median_absolute_deviation<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let values = first(args);
    let middle = median(cx, &mut values.as_slice().to_vec());
    let distances = values.as_slice().iter().map(|value| match (*value, middle) {
        (Value::Integer(a), Value::Integer(b)) => {
            i32::try_from(a.abs_diff(b)).ok().map(Value::Integer)
        }
        (Value::Long(a), Value::Long(b)) => i64::try_from(a.abs_diff(b)).ok().map(Value::Long),
        (Value::UnsignedLong(a), Value::UnsignedLong(b)) => {
            Some(Value::UnsignedLong(a.abs_diff(b)))
        }
        (Value::Double(a), Value::Double(b)) => Some(Value::Double((a - b).abs())),
        _ => None,
    });
    match distances.collect::<Option<Vec<_>>>() {
        Some(mut distances) => median(cx, &mut distances),
        None => cx.warn(Warning::Overflow),
    }
}

/// `MV_PERCENTILE(n, p)`: interpolates between the two nearest values; for whole
/// numbers the step is cut to a whole number. p outside of 0 to 100 gives null and
/// a warning.
pub fn mv_percentile<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [values, p] = args else { return Value::Null };
    if let Some(answer) = refuse(cx, core::slice::from_ref(p)) {
        return answer;
    }
    let mut values = values.as_slice().to_vec();
    let (Some(p), Some(last)) = (double(*p), values.len().checked_sub(1)) else {
        return Value::Null;
    };
    if !(0.0..=100.0).contains(&p) {
        return cx.warn(Warning::Argument);
    }
    values.sort_by(compare);
    let place = p / 100.0 * last as f64;
    let (low, fraction) = (place.floor() as usize, place - place.floor());
    let high = (low + 1).min(last);
    match (values.get(low).copied(), values.get(high).copied()) {
        (Some(Value::Integer(a)), Some(Value::Integer(b))) => {
            let step = (fraction * (f64::from(b) - f64::from(a))) as i64;
            Value::Integer((i64::from(a) + step) as i32)
        }
        (Some(Value::Long(a)), Some(Value::Long(b))) => {
            let step = (fraction * (i128::from(b) - i128::from(a)) as f64) as i128;
            Value::Long((i128::from(a) + step) as i64)
        }
        (Some(Value::Double(a)), Some(Value::Double(b))) => {
            let between = if a < 0.0 && b > 0.0 {
                (1.0 - fraction) * a + fraction * b
            } else {
                a + fraction * (b - a)
            };
            finite(cx, between)
        }
        _ => Value::Null,
    }
}

/// `MV_PSERIES_WEIGHTED_SUM(n, p)`: the sum of the values, the i-th divided by
/// i^p.
pub fn mv_pseries_weighted_sum<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [values, p] = args else { return Value::Null };
    if let Some(answer) = refuse(cx, core::slice::from_ref(p)) {
        return answer;
    }
    let (Some(p), false) = (double(*p), values.is_null()) else { return Value::Null };
    let mut sum = Sum::default();
    for (index, value) in values.as_slice().iter().enumerate() {
        let Some(number) = double(*value) else { return Value::Null };
        sum.add(number / ((index + 1) as f64).powf(p));
    }
    finite(cx, sum.value)
}
