//! Choice of the instruction set, once, when the program runs.

#[cfg(target_arch = "aarch64")]
use super::Neon;
use super::Portable;
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug)]
pub struct Level(pub(crate) Choice);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Choice {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    Portable(Portable),
}

impl Level {
    /// The best that this processor has.
    pub fn detect() -> Level {
        Level::available()[0]
    }

    /// Plain Rust, there on every processor.
    pub fn portable() -> Level {
        Level(Choice::Portable(Portable))
    }

    /// All that this processor has, best first, [`Level::portable`] last.
    pub fn available() -> Vec<Level> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(Avx512::detect().map(|isa| Level(Choice::Avx512(isa))));
            levels.extend(Avx2::detect().map(|isa| Level(Choice::Avx2(isa))));
        }
        #[cfg(target_arch = "aarch64")]
        levels.extend(Neon::detect().map(|isa| Level(Choice::Neon(isa))));
        levels.push(Level::portable());
        levels
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Choice::Neon(_) => "neon",
            Choice::Portable(_) => "portable",
        }
    }
}

/// Runs a generic function compiled for the instruction set of a [`Level`]:
/// `dispatch!(level, function(arguments))` calls `function(isa, arguments)`.
///
/// `function` must be `#[inline(always)]` down to the methods of
/// [`Isa`](super::Isa), so that all of it is compiled with the features that the
/// wrapper enables.
macro_rules! dispatch {
    ($level:expr, $function:path, <$($life:lifetime),*> ($($name:ident : $type:ty = $value:expr),* $(,)?) -> $result:ty) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
        fn avx512<$($life),*>(isa: $crate::json::scan::Avx512, $($name: $type),*) -> $result {
            $function(isa, $($name),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
        fn avx2<$($life),*>(isa: $crate::json::scan::Avx2, $($name: $type),*) -> $result {
            $function(isa, $($name),*)
        }
        match $level.0 {
            // SAFETY: a value of `Avx512` is only made where these features were detected.
            #[cfg(target_arch = "x86_64")]
            $crate::json::scan::level::Choice::Avx512(isa) => unsafe { avx512(isa, $($value),*) },
            // SAFETY: a value of `Avx2` is only made where these features were detected.
            #[cfg(target_arch = "x86_64")]
            $crate::json::scan::level::Choice::Avx2(isa) => unsafe { avx2(isa, $($value),*) },
            #[cfg(target_arch = "aarch64")]
            $crate::json::scan::level::Choice::Neon(isa) => $function(isa, $($value),*),
            $crate::json::scan::level::Choice::Portable(isa) => $function(isa, $($value),*),
        }
    }};
}

pub(crate) use dispatch;
