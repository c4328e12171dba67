//! Where grouping separators stand.

/// Returns the distance of separators that repeat regularly: each multiple of it, up to the last, has one.
/// Zero if they do not.
pub(super) fn regular_distance(positions: &[usize]) -> usize {
    let distance = positions.iter().copied().fold(0, greatest_common_divisor);
    let all = (1..=positions.len()).all(|multiple| positions.contains(&(multiple * distance)));
    if all { distance } else { 0 }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_or_not() {
        for (positions, distance) in [
            (&[][..], 0),
            (&[3], 3),
            (&[3, 6, 9], 3),
            (&[9, 3, 6], 3),
            (&[3, 9], 0),
            (&[2, 3], 0),
            (&[0], 0),
        ] {
            assert_eq!(regular_distance(positions), distance, "{positions:?}");
        }
    }
}
