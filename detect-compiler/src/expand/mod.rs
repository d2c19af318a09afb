//! The macros' work: an attribute and a struct in, tokens out.
//!
//! In: where the rules are and what to do with those that do not compile. Out:
//! the struct with its implementation of `Ruleset`, or messages; or the samples
//! beside the rules as tests. The only room
//! that reads the environment and files; everything behind it is a function of
//! bytes, so the same rules give the same tokens.

mod cases;
mod tracked;
mod warning;

pub use cases::{Cases, expand_cases};

use crate::compile::{self, Compiled, Failure};
use crate::diagnostic::Style;
use crate::rule::{FolderError, read_folder};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use std::path::{Path, PathBuf};
use syn::ItemStruct;

/// What happens to rules that do not compile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The build stops with all messages.
    #[default]
    Stop,
    /// They are left out and listed.
    Skip,
}

impl OnError {
    /// `stop` or `skip`.
    pub fn parse(text: &str) -> Option<OnError> {
        match text {
            "stop" => Some(OnError::Stop),
            "skip" => Some(OnError::Skip),
            _ => None,
        }
    }
}

/// The arguments of `#[detect::ruleset(...)]`.
#[derive(Clone, Debug, Default)]
pub struct Attribute {
    /// Folder or file, relative to the crate's manifest.
    pub path: String,
    /// Variable that names another folder or file.
    pub env: Option<String>,
    /// What happens to rules that do not compile.
    pub on_error: OnError,
    /// Lints that are silent: `lint`, or `lint:rule id`.
    pub allow: Vec<String>,
    /// Path of the facade crate, `::detect` unless said otherwise.
    pub facade: Option<String>,
    /// Rules that were left out and lints become a warning of rustc.
    pub warn: bool,
    /// Rules go without their long texts; who wants full alerts gives them at run
    /// time.
    pub without_texts: bool,
}

/// Variable that overrides `on_error` where the attribute has `env`.
const ON_ERROR_VARIABLE: &str = "DETECT_ON_ERROR";

/// Expands the attribute.
pub fn expand(attribute: &Attribute, item: &ItemStruct) -> TokenStream {
    let place = Place::of(attribute);
    let outcome = match &place {
        Ok(place) => compile_place(place, attribute),
        Err(message) => Err(vec![message.clone()]),
    };
    let variables = tracked::variables(attribute);
    let facade = facade(attribute);
    match outcome {
        Ok(compiled) => {
            let warning = attribute.warn.then(|| warning::of(&compiled));
            let body = implementation(item, &facade, compiled.tokens);
            let files = place.map(|place| tracked::files(&place, &compiled.files));
            let files = files.unwrap_or_default();
            quote!(#body #variables #files #warning)
        }
        Err(messages) => {
            let errors = messages
                .iter()
                .map(|message| syn::Error::new(Span::call_site(), message).to_compile_error());
            let skeleton = skeleton(item, &facade);
            quote!(#(#errors)* #skeleton #variables)
        }
    }
}

/// Where the rules are.
pub(crate) struct Place {
    /// The crate.
    manifest: PathBuf,
    /// As written.
    given: String,
    /// The folder or file itself.
    root: PathBuf,
}

impl Place {
    fn of(attribute: &Attribute) -> Result<Place, String> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .ok_or("CARGO_MANIFEST_DIR is not set: rules are found relative to Cargo.toml")?;
        let other = attribute.env.as_ref().and_then(|name| std::env::var(name).ok());
        let given = other.filter(|path| !path.is_empty()).unwrap_or(attribute.path.clone());
        Ok(Place { root: manifest.join(&given), manifest, given })
    }

    /// True if the rules lie inside the crate.
    fn inside(&self) -> bool {
        Path::new(&self.given).is_relative() && !self.given.split('/').any(|part| part == "..")
    }
}

fn compile_place(place: &Place, attribute: &Attribute) -> Result<Compiled, Vec<String>> {
    let folder = read_folder(&place.root).map_err(|error: FolderError| {
        vec![format!(
            "{error}: {}",
            std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)
        )]
    })?;
    let on_error = match std::env::var(ON_ERROR_VARIABLE) {
        Ok(text) if attribute.env.is_some() && !text.is_empty() => OnError::parse(&text)
            .ok_or_else(|| {
                vec![format!("{ON_ERROR_VARIABLE} must be stop or skip, not `{text}`")]
            })?,
        _ => attribute.on_error,
    };
    let runtime = facade(attribute);
    compile::compile(
        &folder,
        &compile::Options {
            on_error,
            allow: attribute.allow.clone(),
            runtime: quote!(#runtime::runtime),
            below: place.given.clone(),
            texts: !attribute.without_texts,
        },
    )
    .map_err(|failure| match failure {
        Failure::Rules(reports) => {
            reports.iter().map(|report| report.render(Style::Plain)).collect()
        }
        Failure::Layout(error) => vec![error.to_string()],
        Failure::Profile(error) => vec![format!("detect-profile.toml: {error}")],
    })
}

fn facade(attribute: &Attribute) -> TokenStream {
    attribute.facade.as_deref().unwrap_or("::detect").parse().unwrap_or_else(|_| quote!(::detect))
}

fn implementation(item: &ItemStruct, facade: &TokenStream, generated: TokenStream) -> TokenStream {
    let ItemStruct { attrs, vis, ident, .. } = item;
    quote! {
        #(#attrs)*
        #vis struct #ident {
            heads: #facade::runtime::engine::Heads,
        }

        const _: () = {
            #[allow(clippy::all, clippy::pedantic, unused, missing_docs, unreachable_pub)]
            mod generated {
                #generated
            }

            impl #facade::runtime::engine::Ruleset for #ident {
                fn table() -> &'static #facade::runtime::engine::Table {
                    &generated::TABLE
                }

                fn heads(&mut self) -> &mut #facade::runtime::engine::Heads {
                    &mut self.heads
                }

                fn new() -> Self {
                    #ident { heads: #facade::runtime::engine::Heads::none() }
                }
            }
        };
    }
}

/// What stands in for a ruleset that does not compile, so that its own messages
/// are not buried by those of the code that uses it.
fn skeleton(item: &ItemStruct, facade: &TokenStream) -> TokenStream {
    let ItemStruct { attrs, vis, ident, .. } = item;
    let attrs = attrs.iter().map(ToTokens::to_token_stream);
    quote! {
        #(#attrs)*
        #vis struct #ident {
            heads: #facade::runtime::engine::Heads,
        }

        impl #facade::runtime::engine::Ruleset for #ident {
            fn table() -> &'static #facade::runtime::engine::Table {
                ::core::unreachable!()
            }

            fn heads(&mut self) -> &mut #facade::runtime::engine::Heads {
                &mut self.heads
            }

            fn new() -> Self {
                #ident { heads: #facade::runtime::engine::Heads::none() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::read_folder;

    /// A folder of this crate with a rule of each head.
    const RULES: &str = "tests/generated";

    #[test]
    fn the_same_rules_give_the_same_tokens() {
        let attribute = Attribute { path: RULES.to_owned(), ..Attribute::default() };
        let item: ItemStruct = syn::parse_quote!(
            struct Rules;
        );
        let tokens = expand(&attribute, &item).to_string();
        assert!(tokens.contains("include_bytes"), "the files are tracked");
        assert_eq!(tokens, expand(&attribute, &item).to_string());
        assert!(!tokens.contains(env!("CARGO_MANIFEST_DIR")), "an absolute path in the tokens");
    }

    #[test]
    fn the_order_of_files_does_not_matter() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES);
        let folder = read_folder(&root).expect("rules of this crate");
        let mut turned = folder.clone();
        turned.files.reverse();
        let options = compile::Options {
            runtime: quote!(runtime),
            below: RULES.to_owned(),
            ..compile::Options::default()
        };
        let tokens =
            |folder| compile::compile(folder, &options).expect("they compile").tokens.to_string();
        assert!(folder.files.len() > 3);
        assert_eq!(tokens(&folder), tokens(&turned));
    }
}
