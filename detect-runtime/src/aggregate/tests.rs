//! Aggregates: results by table, and that any split of the rows gives the same.

use super::*;
use crate::state::Reader;
use crate::value::{Owned, Point, Warnings};
use bumpalo::Bump;
use proptest::prelude::*;

/// Feeds rows of arguments and shows the result and the number of warnings.
fn result<A: Aggregate>(rows: &[Vec<Value<'_>>]) -> (Owned, usize) {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let mut state = A::default();
    for row in rows {
        state.update(row, &cx);
    }
    let result = Owned::of(state.finish(&cx));
    let kinds = [
        crate::value::Warning::Overflow,
        crate::value::Warning::MultiValue,
        crate::value::Warning::DivisionByZero,
    ];
    let warned = kinds.iter().map(|kind| warnings.count(*kind) as usize).sum();
    (result, warned)
}

type Evaluate = fn(&[Vec<Value<'_>>]) -> (Owned, usize);

type Case<'v> = (&'static str, Evaluate, Vec<Vec<Value<'v>>>, Owned, usize);

#[test]
#[allow(clippy::too_many_lines)] // A table.
fn results() {
    use Value::{Boolean, Double, Integer, Long, Multi, Null, Text};
    let several = [Integer(3), Integer(1), Integer(3)];
    let points = [Point { x: 1.0, y: 2.0, geo: true }, Point { x: 3.0, y: -2.0, geo: true }];
    let huge = [Double(f64::MAX), Double(f64::MAX)];
    let asc = Text("asc");
    let desc = Text("DESC");
    let owned = |values: &[Owned]| Owned::Multi(values.into());
    let ints =
        |values: &[i32]| owned(&values.iter().map(|n| Owned::Integer(*n)).collect::<Vec<_>>());
    let cases: Vec<Case<'_>> = vec![
        ("rows", result::<Count>, vec![vec![], vec![]], Owned::Long(2), 0),
        ("values", result::<Count>, vec![vec![Multi(&several)], vec![Null]], Owned::Long(3), 0),
        ("no row", result::<Count>, vec![], Owned::Long(0), 0),
        ("distinct", result::<CountDistinct>, vec![vec![Multi(&several)]], Owned::Long(2), 0),
        ("distinct of none", result::<CountDistinct>, vec![vec![Null]], Owned::Long(0), 0),
        (
            "-0.0 is 0.0",
            result::<CountDistinct>,
            vec![vec![Double(0.0)], vec![Double(-0.0)]],
            Owned::Long(1),
            0,
        ),
        ("sum", result::<Sum>, vec![vec![Multi(&several)]], Owned::Long(7), 0),
        ("sum of none", result::<Sum>, vec![vec![Null]], Owned::Null, 0),
        ("sum of doubles", result::<Sum>, vec![vec![Double(0.5)]], Owned::Double(0.5), 0),
        (
            "sum too large",
            result::<Sum>,
            vec![vec![Long(i64::MAX)], vec![Long(i64::MAX)]],
            Owned::Null,
            1,
        ),
        (
            "sum that comes back",
            result::<Sum>,
            vec![vec![Long(i64::MAX)], vec![Long(5)], vec![Long(-5)]],
            Owned::Long(i64::MAX),
            0,
        ),
        ("sum not finite", result::<Sum>, vec![vec![Multi(&huge)]], Owned::Null, 1),
        (
            "compensated",
            result::<Sum>,
            vec![vec![Double(1e100)], vec![Double(1.0)], vec![Double(-1e100)]],
            Owned::Double(1.0),
            0,
        ),
        (
            "avg",
            result::<Avg>,
            vec![vec![Multi(&several)], vec![Null]],
            Owned::Double(7.0 / 3.0),
            0,
        ),
        ("min", result::<Min>, vec![vec![Multi(&several)]], Owned::Integer(1), 0),
        ("max", result::<Max>, vec![vec![Text("a")], vec![Text("b")]], Owned::Text("b".into()), 0),
        ("max of none", result::<Max>, vec![vec![Null]], Owned::Null, 0),
        ("max of booleans", result::<Max>, vec![vec![Boolean(false)]], Owned::Boolean(false), 0),
        ("median", result::<Median>, vec![vec![Multi(&several)]], Owned::Double(3.0), 0),
        (
            "percentile between two",
            result::<Percentile>,
            vec![vec![Integer(0), Integer(90)], vec![Integer(10), Integer(90)]],
            Owned::Double(9.0),
            0,
        ),
        (
            "median absolute deviation",
            result::<MedianAbsoluteDeviation>,
            [1, 3, 4, 7, 11, 18].iter().map(|n| vec![Integer(*n)]).collect(),
            Owned::Double(3.5),
            0,
        ),
        ("variance", result::<Variance>, vec![vec![Multi(&several)]], Owned::Double(8.0 / 9.0), 0),
        ("deviation of one", result::<StdDev>, vec![vec![Integer(5)]], Owned::Double(0.0), 0),
        ("values, sorted", result::<Values>, vec![vec![Multi(&several)]], ints(&[1, 3]), 0),
        ("one value", result::<Values>, vec![vec![Integer(3)]], Owned::Integer(3), 0),
        (
            "top, with repeats",
            result::<Top>,
            vec![vec![Multi(&several), Integer(2), desc]],
            ints(&[3, 3]),
            0,
        ),
        (
            "top with output",
            result::<Top>,
            vec![
                vec![Integer(2), Integer(2), asc, Text("b")],
                vec![Integer(1), Integer(2), asc, Text("a")],
                vec![Integer(0), Integer(2), asc, Null],
            ],
            owned(&[Owned::Text("a".into()), Owned::Text("b".into())]),
            0,
        ),
        ("top of none", result::<Top>, vec![vec![Null, Integer(2), asc]], Owned::Null, 0),
        (
            "first, whole value",
            result::<First>,
            vec![vec![Integer(9), Long(2)], vec![Multi(&several), Long(1)], vec![Integer(8), Null]],
            ints(&[3, 1, 3]),
            0,
        ),
        (
            "first may be null",
            result::<First>,
            vec![vec![Null, Long(1)], vec![Integer(1), Long(2)]],
            Owned::Null,
            0,
        ),
        (
            "last",
            result::<Last>,
            vec![vec![Integer(8), Null], vec![Integer(9), Long(2)], vec![Integer(7), Long(1)]],
            Owned::Integer(9),
            0,
        ),
        ("present", result::<Present>, vec![vec![Null], vec![Integer(1)]], Owned::Boolean(true), 0),
        ("absent", result::<Absent>, vec![vec![Null]], Owned::Boolean(true), 0),
        (
            "weighted",
            result::<WeightedAvg>,
            vec![
                vec![Integer(1), Integer(1)],
                vec![Integer(4), Integer(2)],
                vec![Null, Integer(9)],
                vec![Integer(4), Multi(&several)],
            ],
            Owned::Double(3.0),
            1,
        ),
        (
            "weights of zero",
            result::<WeightedAvg>,
            vec![vec![Integer(1), Integer(0)]],
            Owned::Null,
            1,
        ),
        (
            "sample of few",
            result::<Sample>,
            vec![vec![Integer(1), Integer(5)]],
            Owned::Integer(1),
            0,
        ),
        (
            "centroid",
            result::<Centroid>,
            points.iter().map(|point| vec![Value::Point(point)]).collect(),
            Owned::Point(Box::new(Point { x: 2.0, y: 0.0, geo: true })),
            0,
        ),
        (
            "extent",
            result::<Extent>,
            points.iter().map(|point| vec![Value::Point(point)]).collect(),
            Owned::Shape("BBOX (1.0, 3.0, 2.0, -2.0)".into()),
            0,
        ),
    ];
    for (name, evaluate, rows, expected, warnings) in cases {
        assert_eq!(evaluate(&rows), (expected, warnings), "{name}");
    }
}

/// Rows cut into parts, each written and read back, then merged.
fn in_parts<A: Aggregate>(parts: &[Vec<Vec<Value<'_>>>]) -> Owned {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let mut whole = A::default();
    for part in parts {
        let mut state = A::default();
        for row in part {
            state.update(row, &cx);
        }
        let mut bytes = Vec::new();
        state.encode(&mut bytes);
        let mut reader = Reader::new(&bytes);
        let back = A::decode(&mut reader).expect("own state");
        assert!(reader.is_empty());
        whole.merge(&back);
    }
    Owned::of(whole.finish(&cx))
}

fn close(a: &Owned, b: &Owned) -> bool {
    match (a, b) {
        (Owned::Double(a), Owned::Double(b)) => {
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
        }
        (Owned::Point(a), Owned::Point(b)) => (a.x - b.x).abs() < 1e-9 && (a.y - b.y).abs() < 1e-9,
        _ => a == b,
    }
}

macro_rules! split_equals_whole {
    ($($kind:ty: $args:expr;)*) => {
        proptest! {
            #[test]
            fn any_split_of_the_rows_gives_the_same(
                rows in prop::collection::vec((prop::collection::vec(-20..20i32, 0..4), -5..9i64), 0..60),
                cuts in prop::collection::vec(0..60usize, 0..4),
            ) {
                let values: Vec<(Vec<Value<'_>>, i64)> = rows
                    .iter()
                    .map(|(values, n)| (values.iter().map(|n| Value::Integer(*n)).collect(), *n))
                    .collect();
                $({
                    let arguments: fn(Value<'_>, i64) -> Vec<Value<'_>> = $args;
                    let rows: Vec<Vec<Value<'_>>> = values
                        .iter()
                        .map(|(values, n)| arguments(Value::from_slice(values), *n))
                        .collect();
                    let mut cuts = cuts.clone();
                    cuts.extend([0, rows.len()]);
                    cuts.retain(|cut| *cut <= rows.len());
                    cuts.sort_unstable();
                    let mut parts: Vec<_> = cuts.windows(2).map(|w| rows[w[0]..w[1]].to_vec()).collect();
                    let whole = result::<$kind>(&rows).0;
                    prop_assert!(close(&in_parts::<$kind>(&parts), &whole), "{}", stringify!($kind));
                    parts.reverse();
                    prop_assert!(close(&in_parts::<$kind>(&parts), &whole), "{}", stringify!($kind));
                })*
            }
        }
    };
}
split_equals_whole! {
    Count: |x, _| vec![x];
    CountDistinct: |x, _| vec![x];
    CountDistinct: |x, _| vec![x, Value::Integer(5)];
    Sum: |x, _| vec![x];
    Sum: |_, n| vec![Value::Double(n as f64 / 3.0)];
    Avg: |x, _| vec![x];
    Min: |x, _| vec![x];
    Max: |x, _| vec![x];
    Median: |x, _| vec![x];
    Percentile: |x, _| vec![x, Value::Integer(90)];
    MedianAbsoluteDeviation: |x, _| vec![x];
    StdDev: |x, _| vec![x];
    Variance: |x, _| vec![x];
    WeightedAvg: |x, n| vec![x, Value::Long(n.abs() + 1)];
    Values: |x, _| vec![x];
    Top: |x, _| vec![x, Value::Integer(4), Value::Text("desc")];
    Top: |x, n| vec![x, Value::Integer(4), Value::Text("asc"), Value::Long(n)];
    First: |x, n| vec![x, Value::Long(n)];
    Last: |x, n| vec![x, Value::Long(n)];
    Present: |x, _| vec![x];
    Absent: |x, _| vec![x];
}

/// Distinct counts of thousands: exact to the threshold, then within four standard
/// errors, and the union of two halves is that of the whole.
#[test]
fn distinct_counts_have_the_stated_error() {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    for n in [100, 2_999, 3_000, 3_001, 10_000, 100_000] {
        let (mut whole, mut halves) =
            (CountDistinct::default(), [CountDistinct::default(), CountDistinct::default()]);
        for value in 0..n {
            let args = [Value::Long(value)];
            whole.update(&args, &cx);
            whole.update(&args, &cx);
            halves[(value % 2) as usize].update(&args, &cx);
        }
        let [mut merged, other] = halves;
        merged.merge(&other);
        assert_eq!(merged.count(), whole.count());
        let error = (whole.count() as f64 - n as f64).abs() / n as f64;
        let bound = if n <= i64::from(EXACT_DISTINCT) { 0.0 } else { 4.0 * 1.04 / 128.0 };
        assert!(error <= bound, "{n}: {}", whole.count());
    }
}

#[test]
fn sketches_of_two_precisions_merge_to_the_lower() {
    let (mut high, mut low) = (HyperLogLog::new(14), HyperLogLog::new(10));
    let mut alone = HyperLogLog::new(10);
    for n in 0..50_000i64 {
        let fingerprint = fingerprint(&Value::Long(n));
        let half = if n % 2 == 0 { &mut high } else { &mut low };
        half.insert(fingerprint);
        alone.insert(fingerprint);
    }
    high.merge(&low);
    assert_eq!(high, alone);
}

/// A quantile of a digest over many values stands at the right rank, also when it
/// was merged from parts.
#[test]
fn quantiles_have_the_stated_error() {
    let n = 50_000u32;
    // Skewed values in an order without pattern.
    let value = |i: u32| (f64::from(i.wrapping_mul(2_654_435_761) % n) / 997.0).exp();
    let mut sorted: Vec<f64> = (0..n).map(value).collect();
    sorted.sort_by(f64::total_cmp);
    let (mut whole, mut merged) = (Digest::default(), Digest::default());
    for part in 0..10 {
        let mut digest = Digest::default();
        for i in (0..n).filter(|i| i % 10 == part) {
            digest.add(value(i));
            whole.add(value(i));
        }
        let mut bytes = Vec::new();
        digest.encode(&mut bytes);
        merged.merge(&Digest::decode(&mut Reader::new(&bytes)).expect("own state"));
    }
    for digest in [&whole, &merged] {
        assert!(digest.heap() < 64 * 1024, "{}", digest.heap());
        for q in [0.0, 0.001, 0.05, 0.5, 0.9, 0.99, 1.0] {
            let got = digest.quantile(q).expect("values");
            let rank = sorted.partition_point(|value| *value < got) as f64 / f64::from(n);
            let bound =
                core::f64::consts::PI / 1_000.0 * (q * (1.0 - q)).sqrt() + 2.0 / f64::from(n);
            assert!((rank - q).abs() <= bound, "quantile {q}: rank {rank}");
        }
        let median = sorted[n as usize / 2];
        let mut distances: Vec<f64> = sorted.iter().map(|value| (value - median).abs()).collect();
        distances.sort_by(f64::total_cmp);
        let got = digest.median_absolute_deviation().expect("values");
        // Most distances here are nearly equal, so the rank would say little.
        let exact = distances[n as usize / 2];
        assert!((got - exact).abs() < 0.01 * exact, "deviation: {got}, exact {exact}");
    }
}

#[test]
fn a_sample_is_a_part_of_the_values() {
    let rows: Vec<Vec<Value<'_>>> =
        (0..100).map(|n| vec![Value::Integer(n), Value::Integer(7)]).collect();
    let (Owned::Multi(all), 0) = result::<Sample>(&rows) else { panic!("several values") };
    let mut chosen: Vec<i32> = all
        .iter()
        .map(|value| if let Owned::Integer(n) = value { *n } else { panic!("{value:?}") })
        .collect();
    chosen.sort_unstable();
    chosen.dedup();
    assert_eq!(chosen.len(), 7);
    assert!(chosen.iter().all(|n| (0..100).contains(n)));
    assert_ne!(chosen, (0..7).collect::<Vec<_>>());
}

/// Numbers that the heap accounting gives are those of the values held.
#[test]
fn heap_grows_with_what_is_held() {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let mut values = Values::default();
    let mut before = 0;
    for n in 0..300 {
        values.update(&[Value::Text(arena.alloc_str(&format!("a text of some length {n}")))], &cx);
        assert!(values.heap() >= before + 23, "{n}");
        before = before.max((n + 1) * 23);
    }
    assert!(values.heap() < 300 * 23 * 5);
}

#[test]
fn every_kind_has_a_signature() {
    use crate::functions::Argument;
    use crate::value::Type;
    let of = |ty: Type| Argument { ty, constant: None };
    let number = Argument { ty: Type::Integer, constant: Some(Value::Integer(3)) };
    let cases: &[(&str, &[Argument<'_>], Option<Type>)] = &[
        ("count", &[], Some(Type::Long)),
        ("COUNT", &[of(Type::Ip)], Some(Type::Long)),
        ("count", &[of(Type::Ip), of(Type::Ip)], None),
        ("count_distinct", &[of(Type::Ip), number], Some(Type::Long)),
        ("count_distinct", &[of(Type::Ip), of(Type::Integer)], None),
        ("sum", &[of(Type::Integer)], Some(Type::Long)),
        ("sum", &[of(Type::Double)], Some(Type::Double)),
        ("sum", &[of(Type::Null)], Some(Type::Null)),
        ("sum", &[of(Type::Keyword)], None),
        ("avg", &[of(Type::Null)], Some(Type::Double)),
        ("min", &[of(Type::Text)], Some(Type::Keyword)),
        ("max", &[of(Type::GeoPoint)], None),
        ("median", &[of(Type::Long)], Some(Type::Double)),
        ("percentile", &[of(Type::Long), number], Some(Type::Double)),
        ("percentile", &[of(Type::Long), of(Type::Integer)], None),
        ("values", &[of(Type::Ip)], Some(Type::Ip)),
        ("top", &[of(Type::Date), number], Some(Type::Date)),
        ("first", &[of(Type::Ip), of(Type::Date)], Some(Type::Ip)),
        ("present", &[of(Type::Ip)], Some(Type::Boolean)),
        ("st_extent_agg", &[of(Type::GeoPoint)], Some(Type::GeoShape)),
        ("st_centroid_agg", &[of(Type::CartesianPoint)], Some(Type::CartesianPoint)),
    ];
    for (name, args, expected) in cases {
        let kind = lookup(name).expect("a kind");
        assert_eq!((kind.resolve)(args).ok().map(|s| s.result), *expected, "{name} {args:?}");
    }
    assert!(names().all(|name| lookup(name).is_some()));
    assert!(lookup("no such aggregate").is_none());
}
