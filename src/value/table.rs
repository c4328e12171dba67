//! A vector that keeps its elements initialised when it is cleared.
//!
//! A warm table is written through plain slices: no capacity check per element and no unsafe code,
//! and nothing is zeroed that was zeroed once. Knows nothing of what it holds.

use std::ops::{Index, IndexMut};

/// A growable table; its first [`Table::len`] items are in use.
#[derive(Default)]
pub(super) struct Table<T> {
    items: Vec<T>,
    len: usize,
}

impl<T: Copy + Default> Table<T> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns how many items fit without allocation.
    pub(super) fn capacity(&self) -> usize {
        self.items.capacity()
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[T] {
        &self.items[..self.len]
    }

    #[inline]
    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.items[..self.len]
    }

    #[inline]
    pub(super) fn push(&mut self, item: T) {
        match self.items.get_mut(self.len) {
            Some(place) => *place = item,
            None => self.items.push(item),
        }
        self.len += 1;
    }

    /// Makes sure that [`Table::room`] has at least `count` items.
    #[inline]
    pub(super) fn reserve(&mut self, count: usize) {
        if self.items.len() - self.len < count {
            self.grow(count);
        }
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        let wanted = (self.len + count).max(self.items.capacity());
        self.items.resize(wanted, T::default());
    }

    /// Returns the items behind those in use, for writing.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [T] {
        &mut self.items[self.len..]
    }

    /// Returns all items, those in use and the room behind them.
    #[inline]
    pub(super) fn all(&mut self) -> &mut [T] {
        &mut self.items
    }

    /// Takes the first `count` items of the room into use.
    #[inline]
    pub(super) fn add(&mut self, count: usize) {
        assert!(count <= self.items.len() - self.len);
        self.len += count;
    }

    /// Appends items.
    pub(super) fn extend(&mut self, items: &[T]) {
        self.reserve(items.len());
        self.room()[..items.len()].copy_from_slice(items);
        self.add(items.len());
    }

    /// Returns the memory behind the items in use to the allocator.
    pub(super) fn shrink(&mut self) {
        self.items.truncate(self.len);
        self.items.shrink_to_fit();
    }
}

impl<T> Index<usize> for Table<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.items[at]
    }
}

impl<T> IndexMut<usize> for Table<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.items[at]
    }
}
