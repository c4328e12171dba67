//! How many headers an event may have, and which of them count.
//!
//! Any producer may give an event as many headers as fit into a message. Owns the limits and the rule that of
//! headers with one name the last counts. Must not know what headers mean. Invariant: work here is linear in the
//! headers, whatever their names are.

use crate::stream::Headers;
use std::collections::HashMap;

/// Most headers of an event.
pub const HEADERS_MAX: usize = 1_000;

/// Most bytes of an event's headers, names and values together; as much as AWS allows for a value.
pub const HEADERS_BYTES_MAX: usize = 256 << 10;

/// Up to so many headers are compared with each other: that takes less time than a table, and no memory.
const COMPARED_MAX: usize = 16;

/// One header: its name, and its value if it has one.
pub(super) type Header<'a> = (&'a str, Option<&'a [u8]>);

/// Why the headers of an event are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHeaders {
    /// They are not readable: damaged, or more than the client reads.
    Unreadable,
    /// They are beyond [`HEADERS_MAX`] or [`HEADERS_BYTES_MAX`].
    TooMany { count: usize, bytes: usize },
}

impl BadHeaders {
    /// Says what is wrong with the event.
    pub(super) fn cause(self) -> String {
        match self {
            BadHeaders::Unreadable => {
                "The event's headers cannot be read: they are damaged, or far too many.".to_owned()
            }
            BadHeaders::TooMany { count, bytes } => format!(
                "The event has {count} headers of {bytes} bytes; an execution takes at most {HEADERS_MAX} of {HEADERS_BYTES_MAX} bytes."
            ),
        }
    }

    /// Returns how many headers there are, as far as that is known.
    pub(super) fn count(self) -> String {
        match self {
            BadHeaders::Unreadable => "unknown".to_owned(),
            BadHeaders::TooMany { count, .. } => count.to_string(),
        }
    }
}

/// Checks headers against the limits.
///
/// # Errors
/// When they are beyond one.
pub(super) fn check(headers: &dyn Headers) -> Result<(), BadHeaders> {
    if headers.are_unreadable() {
        return Err(BadHeaders::Unreadable);
    }
    let (mut count, mut bytes) = (0, 0);
    headers.each(&mut |name, value| {
        count += 1;
        bytes += name.len() + value.map_or(0, <[u8]>::len);
    });
    match count > HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
        true => Err(BadHeaders::TooMany { count, bytes }),
        false => Ok(()),
    }
}

/// Visits the headers that no later one with the same name replaces, in order.
pub(super) fn each_distinct(headers: &dyn Headers, mut visit: impl FnMut(Header<'_>)) {
    let mut few: [Header<'_>; COMPARED_MAX] = [("", None); COMPARED_MAX];
    let mut count = 0;
    headers.each(&mut |name, value| {
        if let Some(place) = few.get_mut(count) {
            *place = (name, value);
        }
        count += 1;
    });
    let Some(few) = few.get(..count) else {
        return each_distinct_of_many(headers, count, visit);
    };
    for (index, header) in few.iter().enumerate() {
        if few[index + 1..].iter().all(|(later, _)| *later != header.0) {
            visit(*header);
        }
    }
}

/// Events choose the names: the table's hash must have a secret, so that none are chosen that collide.
#[cold]
fn each_distinct_of_many(headers: &dyn Headers, count: usize, mut visit: impl FnMut(Header<'_>)) {
    let mut all: Vec<Header<'_>> = Vec::with_capacity(count);
    headers.each(&mut |name, value| all.push((name, value)));
    let mut last = HashMap::with_capacity(count);
    for (index, (name, _)) in all.iter().enumerate() {
        last.insert(*name, index);
    }
    for (index, header) in all.iter().enumerate() {
        if last.get(header.0) == Some(&index) {
            visit(*header);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Headers that count how often one is looked at.
    struct Counted {
        headers: Vec<(String, Option<Vec<u8>>)>,
        visits: Cell<usize>,
    }

    impl Headers for Counted {
        fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
            for (name, value) in &self.headers {
                self.visits.set(self.visits.get() + 1);
                visit(name, value.as_deref());
            }
        }
    }

    fn counted(names: impl IntoIterator<Item = String>) -> Counted {
        let headers = names.into_iter().enumerate();
        Counted {
            headers: headers
                .map(|(index, name)| (name, Some(index.to_string().into_bytes())))
                .collect(),
            visits: Cell::new(0),
        }
    }

    #[track_caller]
    fn check_distinct(names: &[&str], expected: &[&str]) {
        let headers = counted(names.iter().map(|name| (*name).to_owned()));
        let mut found = Vec::new();
        each_distinct(&headers, |(name, value)| {
            found.push(format!(
                "{name}={}",
                String::from_utf8_lossy(value.unwrap_or_default())
            ));
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn of_one_name_the_last_counts() {
        check_distinct(&[], &[]);
        check_distinct(&["a", "b", "a"], &["b=1", "a=2"]);
        // As many as are compared, and one more.
        let mut names = vec!["x"; COMPARED_MAX];
        check_distinct(&names, &["x=15"]);
        names.insert(3, "y");
        check_distinct(&names, &["y=3", "x=16"]);
    }

    #[test]
    fn ten_times_the_headers_are_ten_times_the_work() {
        for names in [usize::MAX, 7] {
            let visits = |count: usize| {
                let headers = counted((0..count).map(|index| (index % names).to_string()));
                each_distinct(&headers, |_| {});
                let _ = check(&headers);
                headers.visits.get()
            };
            assert!(visits(100_000) <= 10 * visits(10_000), "{}", visits(100_000));
        }
    }

    #[test]
    fn limits() {
        let many = counted((0..HEADERS_MAX).map(|index| index.to_string()));
        assert_eq!(check(&many), Ok(()));
        let more = counted((0..=HEADERS_MAX).map(|_| "h".to_owned()));
        assert!(matches!(
            check(&more),
            Err(BadHeaders::TooMany { count: 1_001, .. })
        ));
        let large = |bytes: usize| counted([String::from("n").repeat(bytes - 1)]);
        assert_eq!(check(&large(HEADERS_BYTES_MAX)), Ok(()));
        let bytes = HEADERS_BYTES_MAX + 1;
        assert_eq!(check(&large(bytes)), Err(BadHeaders::TooMany { count: 1, bytes }));
    }
}
