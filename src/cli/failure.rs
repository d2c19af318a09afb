//! What ends the program early, and the exit codes.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | done, and something was found wrong: rules refused, tests failed, a bad line or damaged file under `--strict`, files that are not those compiled in |
//! | 2 | wrong use of the command line |
//! | 3 | a file or folder cannot be read or written |
//! | 141 | nobody reads the output any more (as after SIGPIPE); one line says so |

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// A reason to stop.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Everything was said already; the exit code says that something is wrong.
    Found,
    /// A wrong combination of options.
    Usage(String),
    /// A file that cannot be read or written.
    File(String),
    /// The reader of standard output is gone.
    BrokenPipe,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Found => f.write_str("something was found wrong"),
            Failure::Usage(message) | Failure::File(message) => f.write_str(message),
            Failure::BrokenPipe => f.write_str("nobody reads the output any more"),
        }
    }
}

impl Failure {
    pub(crate) fn read(path: &Path, error: impl fmt::Display) -> Failure {
        Failure::File(format!("cannot read `{}`: {error}", path.display()))
    }

    pub(crate) fn write(path: &Path, error: impl fmt::Display) -> Failure {
        Failure::File(format!("cannot write `{}`: {error}", path.display()))
    }

    /// An error of standard output.
    #[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
    pub(crate) fn output(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::BrokenPipe
        } else {
            Failure::File(format!("cannot write the output: {error}"))
        }
    }

    /// Says why on standard error, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Failure::Found => ExitCode::from(1),
            Failure::Usage(message) => {
                eprintln!("error: {message}");
                ExitCode::from(2)
            }
            Failure::File(message) => {
                eprintln!("error: {message}");
                ExitCode::from(3)
            }
            Failure::BrokenPipe => {
                eprintln!("error: {self}, so the rest was not written");
                ExitCode::from(141)
            }
        }
    }
}
