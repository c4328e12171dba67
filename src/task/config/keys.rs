//! Keys of an entry: each kind of connector declares its own.
//!
//! Owns how they are read: one table of the file has the keys of all kinds, and each key goes to the kind that declares
//! it. Must not know a kind. Invariant: what a kind does not declare it never gets.

use serde::de::MapAccess;

/// The keys of one kind of connector.
pub(in crate::task) trait Keys: Default {
    /// The kind's own name in messages.
    const OWNER: &'static str;
    /// Their names, in the order of the documentation.
    const NAMES: &'static [&'static str];

    /// Reads the value of a key, if it is one of these.
    ///
    /// # Errors
    /// When the value is not what the key has.
    fn read<'de, M: MapAccess<'de>>(&mut self, name: &str, map: &mut M) -> Result<bool, M::Error>;

    /// Returns the kind and the first of its keys that is given, if one is.
    fn first(&self) -> Option<(&'static str, &'static str)>;
}

/// Declares the keys of a kind: a struct of optional fields, which has a schema, and its [`Keys`].
macro_rules! keys {
    (
        $(#[$about:meta])*
        $owner:literal: $visibility:vis struct $name:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, schemars::JsonSchema)]
        $visibility struct $name {
            $($(#[$doc])* $visibility $field: Option<$type>,)*
        }

        impl $crate::task::config::Keys for $name {
            const OWNER: &'static str = $owner;
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn read<'de, M: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut M,
            ) -> Result<bool, M::Error> {
                match name {
                    $(stringify!($field) => self.$field = Some(map.next_value()?),)*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            fn first(&self) -> Option<(&'static str, &'static str)> {
                let given = [$(self.$field.is_some()),*];
                let names = given.iter().zip(<Self as $crate::task::config::Keys>::NAMES);
                let mut names = names.filter_map(|(is_given, name)| is_given.then_some(*name));
                Some(($owner, names.next()?))
            }
        }
    };
}

pub(in crate::task) use keys;
