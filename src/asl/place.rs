//! Where in a definition something stands: a chain of keys and indices on the stack.
//!
//! Costs nothing until a diagnostic asks for one of its two written forms.

/// One step below another place; the root has none.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    /// The whole definition.
    pub(crate) const ROOT: Place<'static> = Place {
        parent: None,
        step: Step::Root,
    };

    /// Returns the place under a key.
    pub(crate) fn key(&'a self, key: &'a str) -> Place<'a> {
        Place {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    /// Returns the place of an item.
    pub(crate) fn index(&'a self, index: usize) -> Place<'a> {
        Place {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// Returns the JSON Pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        let mut out = String::new();
        self.visit(&mut |step| match step {
            Step::Root => {}
            Step::Key(key) => {
                out.push('/');
                out.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Step::Index(index) => out.push_str(&format!("/{index}")),
        });
        out
    }

    /// Returns AWS's form: keys as they are, indices in brackets, `/` for the whole (facts 4.4).
    pub(crate) fn location(&self) -> String {
        let mut out = String::new();
        self.visit(&mut |step| match step {
            Step::Root => {}
            Step::Key(key) => {
                out.push('/');
                out.push_str(key);
            }
            Step::Index(index) => out.push_str(&format!("[{index}]")),
        });
        if out.is_empty() { "/".to_owned() } else { out }
    }

    fn visit(&self, each: &mut dyn FnMut(Step<'a>)) {
        if let Some(parent) = self.parent {
            parent.visit(each);
        }
        each(self.step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let states = Place::ROOT.key("States");
        let state = states.key("a/b~c");
        let choices = state.key("Choices");
        let rule = choices.index(2);
        assert_eq!(rule.pointer(), "/States/a~1b~0c/Choices/2");
        assert_eq!(rule.location(), "/States/a/b~c/Choices[2]");
        assert_eq!(
            (Place::ROOT.pointer(), Place::ROOT.location()),
            (String::new(), "/".to_owned())
        );
    }
}
