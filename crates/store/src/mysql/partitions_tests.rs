//! Which days need a partition, and where it ends.

use chrono::NaiveDate;

use super::{definition, missing};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_fresh_table_gets_today_and_a_week() {
    let missing = missing(&[], day("2026-12-28"));
    assert_eq!((missing.len(), missing[0], missing[7]), (8, day("2026-12-28"), day("2027-01-04")));
}

#[test]
fn each_day_adds_one_and_twice_adds_none() {
    let week = missing(&[], day("2026-12-28"));
    assert_eq!(missing(&week, day("2026-12-28")), []);
    assert_eq!(missing(&week, day("2026-12-20")), [], "a clock that went back");
    assert_eq!(missing(&week, day("2026-12-29")), [day("2027-01-05")]);
}

#[test]
fn a_gap_is_filled_as_far_as_it_is_worth() {
    let short = missing(&[day("2026-12-01")], day("2026-12-10"));
    assert_eq!((short[0], short.last()), (day("2026-12-02"), Some(&day("2026-12-17"))));
    let long = missing(&[day("2020-01-01")], day("2026-12-10"));
    assert_eq!((long[0], long.len()), (day("2026-11-09"), 39));
}

#[test]
fn a_day_ends_where_the_next_one_s_first_uid_would_be() {
    // 2026-12-29T00:00:00Z in milliseconds since 1970, in 48 bits.
    let expected =
        format!("PARTITION p20261228 VALUES LESS THAN (0x{:012x}{})", 1_798_502_400_000_u64, "0".repeat(20));
    assert_eq!(definition(day("2026-12-28")), expected);
}
