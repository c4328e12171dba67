//! Java's random numbers, which AWS's follow where a call brings its seed.

/// The generator of `java.util.Random`, for calls that bring their seed: 48 bits, linear congruential.
pub(crate) struct JavaRandom {
    state: u64,
}

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    pub(crate) fn new(seed: i64) -> JavaRandom {
        JavaRandom {
            state: (seed as u64 ^ Self::MULTIPLIER) & Self::MASK,
        }
    }

    fn next(&mut self, bits: u32) -> i32 {
        self.state = self.state.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xB) & Self::MASK;
        (self.state >> (48 - bits)) as i32
    }

    /// `nextDouble()`: from 0, inclusive, to 1, exclusive.
    pub(crate) fn fraction(&mut self) -> f64 {
        let bits = (i64::from(self.next(26)) << 27) + i64::from(self.next(27));
        bits as f64 / (1u64 << 53) as f64
    }

    /// Returns a number from `start`, inclusive, to `end`, exclusive, both of 32 bits.
    pub(super) fn between(&mut self, start: i64, end: i64) -> i64 {
        match i32::try_from(end - start) {
            Ok(bound) => start + i64::from(self.below(bound)),
            // The span does not fit: try until a value falls in.
            Err(_) => loop {
                let value = i64::from(self.next(32));
                if (start..end).contains(&value) {
                    return value;
                }
            },
        }
    }

    /// `nextInt(bound)`.
    fn below(&mut self, bound: i32) -> i32 {
        let mut bits = self.next(31);
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(bits)) >> 31) as i32;
        }
        loop {
            let value = bits % bound;
            if bits
                .checked_sub(value)
                .and_then(|base| base.checked_add(bound - 1))
                .is_some()
            {
                return value;
            }
            bits = self.next(31);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_random_is_java_s() {
        // `new Random(42)`: nextInt(10) gives 0, 3, 8.
        let mut random = JavaRandom::new(42);
        assert_eq!([random.below(10), random.below(10), random.below(10)], [0, 3, 8]);
        // The facts' `$random(42)` is the same generator: 0.7275636800328681 from 26 and 27 bits.
        let mut random = JavaRandom::new(42);
        assert_eq!(random.fraction(), 0.7275636800328681);
    }
}
