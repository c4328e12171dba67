//! JSONata against data: the language's suite, cases grown from its grammar, and AWS's dialect. It needs the language
//! core alone.

#[path = "jsonata/grammar.rs"]
mod grammar;
#[path = "jsonata/grow.rs"]
mod grow;
#[path = "jsonata/hostile.rs"]
mod hostile;
#[path = "jsonata/suite.rs"]
mod suite;

#[path = "it/shared.rs"]
mod shared;
