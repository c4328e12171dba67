//! Pictures that were read before, so that a picture in a loop is read once.
//!
//! Owns no more than [`PICTURES_MAX`] of each kind; the oldest makes room. Found by comparing texts: an
//! expression has few pictures.

use super::{DatePicture, DateReader, IntegerPicture, NumberPicture};
use crate::jsonata::Error;

/// Most pictures of each kind that are kept.
pub const PICTURES_MAX: usize = 16;

/// What pictures of one kind were read into.
#[derive(Clone, Debug)]
pub struct PictureCache<T> {
    entries: Vec<(Box<str>, T)>,
    /// The entry that makes room next.
    oldest: usize,
}

impl<T> Default for PictureCache<T> {
    fn default() -> PictureCache<T> {
        PictureCache {
            entries: Vec::new(),
            oldest: 0,
        }
    }
}

/// The pictures of a shard's evaluations.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// Of `$formatNumber` without options.
    pub numbers: PictureCache<NumberPicture>,
    /// Of `$formatInteger` and `$parseInteger`.
    pub integers: PictureCache<IntegerPicture>,
    /// Of `$fromMillis` and `$now`.
    pub dates: PictureCache<DatePicture>,
    /// Of `$toMillis`.
    pub readers: PictureCache<DateReader>,
}

impl Pictures {
    /// Returns about how many bytes are reserved: what a picture is read into is some times its text.
    pub fn bytes(&self) -> usize {
        self.numbers.bytes() + self.integers.bytes() + self.dates.bytes() + self.readers.bytes()
    }
}

/// How many bytes are reckoned for each byte of a picture that was read.
const BYTES_PER_BYTE: usize = 64;

impl<T> PictureCache<T> {
    fn bytes(&self) -> usize {
        let texts: usize = self.entries.iter().map(|(text, _)| text.len()).sum();
        self.entries.capacity() * size_of::<(Box<str>, T)>() + texts * BYTES_PER_BYTE
    }

    /// Whether a picture need not be read.
    pub fn knows(&self, picture: &str) -> bool {
        self.entries.iter().any(|(text, _)| text.as_ref() == picture)
    }

    /// Returns what a picture was read into, reading it if need be.
    ///
    /// # Errors
    ///
    /// What `read` fails with; nothing is kept then.
    pub fn get(&mut self, picture: &str, read: impl FnOnce(&str) -> Result<T, Error>) -> Result<&T, Error> {
        let known = self.entries.iter().position(|(text, _)| text.as_ref() == picture);
        let index = match known {
            Some(index) => index,
            None => {
                let entry = (picture.into(), read(picture)?);
                self.keep(entry)
            }
        };
        Ok(&self.entries[index].1)
    }

    fn keep(&mut self, entry: (Box<str>, T)) -> usize {
        if self.entries.len() < PICTURES_MAX {
            self.entries.push(entry);
            return self.entries.len() - 1;
        }
        let index = self.oldest;
        self.entries[index] = entry;
        self.oldest = (index + 1) % PICTURES_MAX;
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_read_once_while_it_is_kept() {
        let mut pictures = Pictures::default();
        let mut reads = 0;
        let texts: Vec<String> = (0..=PICTURES_MAX).map(|digits| "0".repeat(digits + 1)).collect();
        for text in texts.iter().chain(&texts[1..]).chain(&texts[..1]) {
            let read = |picture: &str| {
                reads += 1;
                IntegerPicture::parse(picture)
            };
            let expected = IntegerPicture::parse(text).unwrap();
            assert_eq!(pictures.integers.get(text, read), Ok(&expected));
        }
        // The last one had made room.
        assert_eq!(reads, PICTURES_MAX + 2);
        assert!(pictures.dates.get("[q]", DatePicture::parse).is_err());
    }
}
