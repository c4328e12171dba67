//! The characters that a number's picture is made of, which options may replace.

/// The symbols of `$formatNumber`; [`DecimalFormat::set`] takes an option.
#[derive(Clone, Debug, PartialEq)]
pub struct DecimalFormat {
    pub(super) decimal_separator: String,
    pub(super) grouping_separator: String,
    pub(super) exponent_separator: String,
    pub(super) minus_sign: String,
    pub(super) percent: String,
    pub(super) per_mille: String,
    pub(super) digit: String,
    pub(super) pattern_separator: String,
    pub(super) zero: char,
}

impl Default for DecimalFormat {
    fn default() -> DecimalFormat {
        DecimalFormat {
            decimal_separator: ".".to_owned(),
            grouping_separator: ",".to_owned(),
            exponent_separator: "e".to_owned(),
            minus_sign: "-".to_owned(),
            percent: "%".to_owned(),
            per_mille: "\u{2030}".to_owned(),
            digit: "#".to_owned(),
            pattern_separator: ";".to_owned(),
            zero: '0',
        }
    }
}

impl DecimalFormat {
    /// Sets a symbol by the name of its option; a name that is none changes nothing, an empty text
    /// neither.
    pub fn set(&mut self, name: &str, symbol: &str) {
        let place = match name {
            "decimal-separator" => &mut self.decimal_separator,
            "grouping-separator" => &mut self.grouping_separator,
            "exponent-separator" => &mut self.exponent_separator,
            "minus-sign" => &mut self.minus_sign,
            "percent" => &mut self.percent,
            "per-mille" => &mut self.per_mille,
            "digit" => &mut self.digit,
            "pattern-separator" => &mut self.pattern_separator,
            "zero-digit" => {
                self.zero = symbol.chars().next().unwrap_or(self.zero);
                return;
            }
            _ => return,
        };
        if !symbol.is_empty() {
            symbol.clone_into(place);
        }
    }

    /// Whether a character is a member of the decimal digit family.
    pub(super) fn is_digit(&self, character: char) -> bool {
        (character as u32).wrapping_sub(self.zero as u32) < 10
    }

    /// Whether a character stands for a digit, optional or not.
    pub(super) fn is_place(&self, character: char) -> bool {
        self.is_digit(character) || is(&self.digit, character)
    }

    /// Whether a character means something in a picture.
    pub(super) fn is_active(&self, character: char) -> bool {
        self.is_place(character)
            || is(&self.decimal_separator, character)
            || is(&self.exponent_separator, character)
            || is(&self.grouping_separator, character)
            || is(&self.pattern_separator, character)
    }

    /// Returns the digit of the family for one of ASCII.
    pub(super) fn digit_of(&self, ascii: char) -> char {
        let value = ascii.to_digit(10).unwrap_or_default();
        char::from_u32(self.zero as u32 + value).unwrap_or(ascii)
    }
}

/// Whether a symbol is the character.
pub(super) fn is(symbol: &str, character: char) -> bool {
    symbol.strip_prefix(character) == Some("")
}
