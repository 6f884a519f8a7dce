//! The libraries by which the virtual ESP32 makes TLS, and scenarios that run over each.

/// A library.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tls {
    /// What most of this computer's is made by.
    Rustls,
    /// What a chip has; the program has it where it was built with it.
    #[cfg(feature = "mbedtls")]
    MbedTls,
}

impl Tls {
    /// As `node run --tls` wants it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rustls => "rustls",
            #[cfg(feature = "mbedtls")]
            Self::MbedTls => "mbedtls",
        }
    }
}

/// Makes each scenario a test over each library.
macro_rules! over_each_tls {
    ($($scenario:ident),+ $(,)?) => {
        mod over_rustls {
            $(#[test]
            fn $scenario() {
                super::$scenario($crate::harness::Tls::Rustls);
            })+
        }

        #[cfg(feature = "mbedtls")]
        mod over_mbedtls {
            $(#[test]
            fn $scenario() {
                super::$scenario($crate::harness::Tls::MbedTls);
            })+
        }
    };
}

pub(crate) use over_each_tls;
