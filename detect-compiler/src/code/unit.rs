//! A unit of generated code: the items of one rule, with names that depend on
//! nothing but that rule, so that a change elsewhere leaves its text as it was.

use super::constant;
use detect_runtime::state::Encode;
use detect_runtime::test::Test;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::HashMap;

/// Items under construction.
#[derive(Default)]
pub(super) struct Unit {
    /// Prefix of all names, unique in the ruleset.
    prefix: String,
    items: Vec<TokenStream>,
    count: usize,
    tests: HashMap<Vec<u8>, Ident>,
}

impl Unit {
    /// An empty unit whose names begin with `prefix`.
    pub(super) fn new(prefix: String) -> Unit {
        Unit { prefix, ..Unit::default() }
    }

    /// The next unused name of a kind.
    pub(super) fn name(&mut self, kind: &str) -> Ident {
        self.count += 1;
        format_ident!("{}_{}{}", self.prefix, kind, self.count)
    }

    /// The same for a static.
    pub(super) fn static_name(&mut self, kind: &str) -> Ident {
        format_ident!("{}", self.name(kind).to_string().to_uppercase())
    }

    /// The same for a type.
    pub(super) fn type_name(&mut self, kind: &str) -> Ident {
        self.count += 1;
        format_ident!("{}{}{}", kind, self.prefix.to_uppercase(), self.count)
    }

    /// Adds an item.
    pub(super) fn item(&mut self, item: TokenStream) {
        self.items.push(item);
    }

    /// A static with constant tests, one for equal lists.
    pub(super) fn tests(&mut self, tests: &[Test]) -> Ident {
        let mut encoded = Vec::new();
        tests.encode(&mut encoded);
        if let Some(known) = self.tests.get(&encoded) {
            return known.clone();
        }
        let name = self.static_name("t");
        let bytes = constant::bytes(&encoded);
        self.item(quote! {
            static #name: Tests = Tests::new(#bytes);
        });
        self.tests.insert(encoded, name.clone());
        name
    }

    /// All items in the order in which they were added.
    pub(super) fn into_items(self) -> Vec<TokenStream> {
        self.items
    }
}
