//! The Gregorian calendar in UTC, over the range of JavaScript's dates, and the weeks of ISO 8601.
//!
//! Owns no text. A time is milliseconds since 1970; one that is not a whole number in range is none, and all
//! its parts are `NaN`, as in JavaScript.

/// The last millisecond of a date, either way from 1970.
const TIME_MAX: f64 = 8.64e15;

const DAY: i64 = 86_400_000;

/// A moment, in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    millis: i64,
}

/// A year and a month from 0 to 11.
#[derive(Clone, Copy)]
struct Month {
    year: i64,
    month: i64,
}

impl Moment {
    /// Takes the whole milliseconds; `None` beyond the range.
    pub(super) fn of(millis: f64) -> Option<Moment> {
        (millis.abs() <= TIME_MAX).then_some(Moment {
            millis: millis as i64,
        })
    }

    fn days(self) -> i64 {
        self.millis.div_euclid(DAY)
    }

    fn of_day(self) -> i64 {
        self.millis.rem_euclid(DAY)
    }

    /// Returns the value of a component; names are numbers still: `F` is 1 to 7, `P` 1 after noon.
    pub(super) fn component(self, component: char) -> f64 {
        let (year, month, day) = civil(self.days());
        let of_day = self.of_day();
        let value = match component {
            'Y' => year,
            'M' => month + 1,
            'D' => day,
            'd' => self.days() - days_before(year, 0) + 1,
            'F' => weekday(self.days()),
            'W' => self.week(Month { year, month: 0 }, 12, 52),
            'w' => self.week(Month { year, month }, 1, 4),
            'X' => self.period(Month { year, month: 0 }, 12).year,
            'x' => self.period(Month { year, month }, 1).month + 1,
            'H' => of_day / 3_600_000,
            'h' => (of_day / 3_600_000 + 11) % 12 + 1,
            'P' => of_day / 43_200_000,
            'm' => of_day / 60_000 % 60,
            's' => of_day / 1000 % 60,
            'f' => of_day % 1000,
            _ => 0,
        };
        value as f64
    }

    /// Returns the week in a year or a month, which begins with the week that has most of its days in it.
    fn week(self, period: Month, months: i64, weeks: i64) -> i64 {
        let from = |period: Month| (self.days() - first_week(period)).div_euclid(7) + 1;
        let week = from(period);
        if week > weeks {
            if self.days() >= first_week(period.after(months)) {
                1
            } else {
                week
            }
        } else if week < 1 {
            from(period.after(-months))
        } else {
            week
        }
    }

    /// Returns the year or month that the week belongs to.
    fn period(self, period: Month, months: i64) -> Month {
        if self.days() < first_week(period) {
            period.after(-months)
        } else if self.days() >= first_week(period.after(months)) {
            period.after(months)
        } else {
            period
        }
    }
}

impl Month {
    fn after(self, months: i64) -> Month {
        let month = self.month + months;
        Month {
            year: self.year + month.div_euclid(12),
            month: month.rem_euclid(12),
        }
    }
}

/// Returns the day that the first week of a month begins with.
fn first_week(period: Month) -> i64 {
    let first = days_before(period.year, period.month);
    match weekday(first) {
        weekday @ 5.. => first + 8 - weekday,
        weekday => first - weekday + 1,
    }
}

/// Returns the day of the week, Monday being 1.
fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// Returns how many days since 1970 a month begins.
fn days_before(year: i64, month: i64) -> i64 {
    // Years begin in March here, so that leap days come last.
    let year = year - i64::from(month < 2);
    let of_year = (153 * ((month + 10) % 12) + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// Returns year, month from 0, and day from 1.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    (year_of_era + era * 400 + i64::from(month < 2), month, day)
}

/// `Date.UTC`: the milliseconds of a date, whose parts may be out of their ranges; a year below 100 is of
/// the 20th century. The month is from 0. `NaN` beyond the range.
pub(super) fn utc(year: f64, month: f64, day: f64, time: [f64; 4]) -> f64 {
    let year = if (0.0..100.0).contains(&year) {
        year + 1900.0
    } else {
        year
    };
    let month_count = year * 12.0 + month;
    let [hours, minutes, seconds, millis] = time;
    let time = ((hours * 60.0 + minutes) * 60.0 + seconds) * 1000.0 + millis;
    // No sum of a date and a time in range has a month out of this one.
    if month_count.is_nan() || month_count.abs() > 1e8 {
        return f64::NAN;
    }
    let month_count = month_count as i64;
    let first = days_before(month_count.div_euclid(12), month_count.rem_euclid(12));
    let total = (first as f64 + day - 1.0) * DAY as f64 + time;
    if total.abs() <= TIME_MAX { total } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "millions of steps")]
    fn dates_there_and_back() {
        for days in (-100_000_000..=100_000_000).step_by(12_345) {
            let (year, month, day) = civil(days);
            assert_eq!(days_before(year, month) + day - 1, days, "{year} {month} {day}");
        }
        assert_eq!(utc(2018.0, 1.0, 31.0, [0.0; 4]), 1_520_035_200_000.0);
        assert_eq!(utc(70.0, 0.0, 1.0, [0.0; 4]), 0.0);
        assert!(utc(999_999.0, 0.0, 1.0, [0.0; 4]).is_nan());
        assert!(utc(f64::NAN, 0.0, 1.0, [0.0; 4]).is_nan());
        assert!(Moment::of(1e17).is_none());
    }

    #[test]
    fn weeks() {
        for (millis, week, year) in [
            (1_104_537_600_000.0, 53.0, 2004.0),
            (1_230_508_800_000.0, 1.0, 2009.0),
            (1_262_304_000_000.0, 53.0, 2009.0),
            (1_545_739_200_000.0, 52.0, 2018.0),
        ] {
            let moment = Moment::of(millis).unwrap();
            assert_eq!(
                (moment.component('W'), moment.component('X')),
                (week, year),
                "{millis}"
            );
        }
    }
}
