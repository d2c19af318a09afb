//! What cargo watches: the files that the ruleset was made of, and the variables
//! that say which they are. A new or removed file is noticed by the build script
//! (`detect::build::rules`), since no token can name a file that is not there.

use super::{Attribute, ON_ERROR_VARIABLE, Place};
use proc_macro2::TokenStream;
use quote::quote;

/// Set by `detect::build::rules`: a hash of the folder's contents.
const HASH_VARIABLE: &str = "DETECT_RULES_HASH";

/// One unused constant a file.
pub(super) fn files(place: &Place, files: &[String]) -> TokenStream {
    let paths = files.iter().map(|file| path_of(place, file));
    quote!(#(const _: &[u8] = include_bytes!(#paths);)*)
}

/// The path of a file, as an expression. Inside the crate it is relative to the
/// manifest, so that the tokens hold no absolute path.
pub(super) fn path_of(place: &Place, file: &str) -> TokenStream {
    let below = if place.root.is_dir() {
        format!("{}/{file}", place.given)
    } else {
        match place.given.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{file}"),
            None => file.to_owned(),
        }
    };
    if place.inside() {
        let below = format!("/{below}");
        quote!(concat!(env!("CARGO_MANIFEST_DIR"), #below))
    } else {
        let path = place.manifest.join(below).to_string_lossy().into_owned();
        quote!(#path)
    }
}

/// The variables that the attribute lets choose the rules.
pub(super) fn variables(attribute: &Attribute) -> TokenStream {
    let names = attribute.env.iter().map(String::as_str);
    let names = names.chain(attribute.env.iter().map(|_| ON_ERROR_VARIABLE));
    let names = names.chain([HASH_VARIABLE]);
    quote!(#(const _: Option<&str> = option_env!(#names);)*)
}
