//! No text panics a parser: random ones, made of the pieces that mean something.

use super::number;
use super::picture::{DatePicture, DecimalFormat, IntegerPicture, NumberPicture, Zone, parse_iso};
use super::regex::Scratch;
use super::signature::Signature;
use super::string::{Whole, decode_url, pad, substring};
use super::text::{Text, written};

const ROUNDS: usize = 20_000;

/// A source of texts; the same ones every time.
struct Texts(u64);

impl Texts {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self, pieces: &[&str], length: usize) -> String {
        (0..self.below(length))
            .map(|_| pieces[self.below(pieces.len())])
            .collect()
    }

    fn number(&mut self) -> f64 {
        let numbers = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            12345.678,
            1e21,
            1e300,
            -1e300,
            5e-324,
            f64::NAN,
            f64::INFINITY,
            8.64e15,
        ];
        numbers[self.below(numbers.len())]
    }
}

#[test]
fn pictures_of_numbers() {
    let pieces = [
        "#", "0", ",", ".", "e", "%", "‰", ";", "ä", "😀", "٠", "-", "A", "I", "w", "Ww", "i", "o",
    ];
    let mut texts = Texts(1);
    for _ in 0..ROUNDS {
        let (picture, number) = (texts.text(&pieces, 10), texts.number());
        let mut format = DecimalFormat::default();
        let symbols = ["ä", "😀", "", "0", "ab", ".", "e"];
        let names = [
            "zero-digit",
            "digit",
            "decimal-separator",
            "grouping-separator",
            "pattern-separator",
            "percent",
        ];
        format.set(
            names[texts.below(names.len())],
            symbols[texts.below(symbols.len())],
        );
        let _ = NumberPicture::parse(&picture, format)
            .and_then(|picture| written(|out| picture.format(number, out)));
        if let Ok(integer) = IntegerPicture::parse(&picture) {
            let mut out = String::new();
            let _ = integer.format(number, &mut Text::new(&mut out, 1_000));
            let _ = integer.read(&texts.text(&["1", "ä", "x", "-", ",", "M", "five", " and ", "th", "٣"], 6));
        }
    }
}

#[test]
fn pictures_of_dates() {
    let pieces = [
        "[",
        "]",
        "Y",
        "M",
        "D",
        "d",
        "F",
        "W",
        "w",
        "X",
        "x",
        "H",
        "h",
        "P",
        "m",
        "s",
        "f",
        "Z",
        "z",
        "C",
        "1",
        "0",
        "01",
        "N",
        "n",
        "o",
        "t",
        ",",
        "-",
        "2",
        "*",
        "[[",
        "]]",
        "ä",
        "😀",
        "#",
        " ",
        "99999999999",
        ".",
        "(",
    ];
    let values = [
        "1", "20", "2018", "-", "+", ":", "Z", "T", "am", "March", "ä", "GMT", "xii", ".", "-01", "10:00:00",
    ];
    let mut texts = Texts(2);
    for _ in 0..ROUNDS {
        let picture = texts.text(&pieces, 12);
        let text = texts.text(&values, 8);
        let _ = parse_iso(&text);
        let zone = Zone::parse(&text);
        let Ok(picture) = DatePicture::parse(&picture) else {
            continue;
        };
        let mut out = String::new();
        let _ = picture.format(texts.number(), zone, &mut Text::new(&mut out, 1_000));
        let _ = picture
            .reader()
            .and_then(|reader| reader.read(&text, texts.number(), &mut Scratch::new(10_000)));
    }
}

#[test]
fn numbers_signatures_and_texts() {
    let pieces = [
        "0", "1", "x", "b", "e", ".", "-", "%", "%e4", "%C3", "ä", "😀", "<", ">", "(", ")", "s", "a", "?",
        "+", ":",
    ];
    let mut texts = Texts(3);
    for _ in 0..ROUNDS {
        let text = texts.text(&pieces, 12);
        let (first, second) = (texts.number(), texts.number());
        let _ = number::number(&text);
        let _ = Signature::parse(&text);
        let _ = written(|out| decode_url(&text, Whole::Url, out));
        let _ = substring(&text, first, Some(second));
        let mut out = String::new();
        let _ = pad(&text, first, Some(&text), &mut Text::new(&mut out, 1_000));
        let _ = number::format_base(first, Some(second), &mut Text::new(&mut out, 10_000));
        let _ = (number::round(first, Some(second)), number::power(first, second));
    }
}
