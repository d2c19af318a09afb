//! When a rule runs, and the panes that its windows share.

/// A rule's schedule: it runs at each tick, a multiple of `interval`, over the
/// window `(tick - lookback, tick]`. In milliseconds, both at least 1.
///
/// A *pane* is what lies between two neighbouring window edges. Every window is a
/// run of whole panes, so what is aggregated once a pane serves all windows that
/// hold it. Edges stand at the multiples of `interval` and, if the look-back is no
/// multiple of it, at those less the look-back: one or two panes an interval,
/// where panes of the greatest common divisor would be up to `interval` many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    interval: i64,
    lookback: i64,
}

impl Schedule {
    /// A schedule; lengths below 1 ms count as 1 ms.
    pub const fn new(interval: i64, lookback: i64) -> Schedule {
        Schedule {
            interval: if interval < 1 { 1 } else { interval },
            lookback: if lookback < 1 { 1 } else { lookback },
        }
    }

    /// Distance of ticks.
    pub const fn interval(&self) -> i64 {
        self.interval
    }

    /// Length of a window.
    pub const fn lookback(&self) -> i64 {
        self.lookback
    }

    /// Where in an interval the edge of a window's start lies, from 0 up to below
    /// the interval; 0 = it falls together with a tick.
    fn inner_edge(&self) -> i64 {
        (-self.lookback).rem_euclid(self.interval)
    }

    /// The pane of a time.
    pub fn pane(&self, time: i64) -> i64 {
        let interval = time.saturating_sub(1).div_euclid(self.interval);
        match self.inner_edge() {
            0 => interval,
            edge => {
                let offset = time.saturating_sub(1).rem_euclid(self.interval) + 1;
                interval.saturating_mul(2) + i64::from(offset > edge)
            }
        }
    }

    /// First and last pane of the window of a tick.
    pub fn window(&self, tick: i64) -> (i64, i64) {
        (self.pane(tick.saturating_sub(self.lookback).saturating_add(1)), self.pane(tick))
    }

    /// The first tick at or after a time.
    pub fn tick_at(&self, time: i64) -> i64 {
        let number = time.saturating_sub(1).div_euclid(self.interval).saturating_add(1);
        number.saturating_mul(self.interval)
    }

    /// The last tick at or before a time.
    pub fn tick_before(&self, time: i64) -> i64 {
        time.div_euclid(self.interval).saturating_mul(self.interval)
    }

    /// The last tick whose window holds a time; before [`Schedule::tick_at`] if none
    /// does, which only a look-back shorter than the interval allows.
    pub fn last_tick(&self, time: i64) -> i64 {
        self.tick_before(time.saturating_add(self.lookback).saturating_sub(1))
    }

    /// Latest time of a pane.
    fn pane_end(&self, pane: i64) -> i64 {
        match self.inner_edge() {
            0 => pane.saturating_add(1).saturating_mul(self.interval),
            edge => {
                let start = pane.div_euclid(2).saturating_mul(self.interval);
                start.saturating_add(if pane.rem_euclid(2) == 0 { edge } else { self.interval })
            }
        }
    }

    /// The first tick whose window holds a pane.
    pub fn entry(&self, pane: i64) -> i64 {
        self.tick_at(self.pane_end(pane))
    }

    /// The first tick after a pane's entry whose window does not hold it.
    pub fn exit(&self, pane: i64) -> i64 {
        self.last_tick(self.pane_end(pane)).saturating_add(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A time is in a window by its definition if and only if its pane is.
        #[test]
        fn windows_are_runs_of_panes(
            interval in 1..40i64,
            lookback in 1..130i64,
            time in -300..300i64,
            number in -20..20i64,
        ) {
            let schedule = Schedule::new(interval, lookback);
            let tick = number * interval;
            let (first, last) = schedule.window(tick);
            let pane = schedule.pane(time);
            let inside = tick - lookback < time && time <= tick;
            prop_assert_eq!(inside, first <= pane && pane <= last);
            prop_assert!(schedule.pane(time + 1) - pane <= 1);
            if lookback >= interval {
                let (entry, exit) = (schedule.entry(pane), schedule.exit(pane));
                prop_assert_eq!(entry, schedule.tick_at(time));
                prop_assert_eq!(exit, schedule.last_tick(time) + interval);
                prop_assert_eq!(inside, entry <= tick && tick < exit);
            }
        }
    }

    #[test]
    fn a_five_day_window_every_five_minutes_has_1441_panes() {
        let (first, last) = Schedule::new(300_000, 7205 * 60_000).window(0);
        assert_eq!(last - first + 1, 1441);
    }
}
