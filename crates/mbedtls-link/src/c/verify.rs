//! The callback by which a certificate bundle vouches for servers.

use core::{
    cell::Cell,
    ffi::{c_int, c_void},
    ptr::NonNull,
    slice,
};

use countersign_protocol::UnixTime;
use esp_formats::bundle::Bundle;
use mbedtls_rs::sys::{
    MBEDTLS_ERR_PK_TYPE_MISMATCH, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED,
    MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE, MBEDTLS_MD_MAX_SIZE, mbedtls_asn1_buf, mbedtls_md,
    mbedtls_md_get_size, mbedtls_md_info_from_type, mbedtls_pk_can_do, mbedtls_pk_context,
    mbedtls_pk_parse_public_key, mbedtls_pk_verify_ext, mbedtls_x509_crt,
};

use super::owned::{Owned, put, take};
use crate::{
    Code, Error, Refusal, VerifyFlags,
    anchor::{self, Decision},
    date::Date,
};

/// A bundle at a place of its own, for as long as the library may ask it.
pub(super) struct Verifier<'a>(NonNull<State<'a>>);

struct State<'a> {
    bundle: Option<Bundle<'a>>,
    floor: UnixTime,
    refusal: Cell<Option<Refusal>>,
    /// When the first of the certificates ends that were asked about; nothing where none was.
    ends: Cell<Option<UnixTime>>,
}

impl<'a> Verifier<'a> {
    /// One for chains of which no certificate ended before `floor`; at 0 dates are not looked at.
    pub(super) fn new(bundle: Option<Bundle<'a>>, floor: UnixTime) -> Result<Self, Error> {
        let state = State {
            bundle,
            floor,
            refusal: Cell::new(None),
            ends: Cell::new(None),
        };
        // SAFETY: a state takes up memory.
        unsafe { put(state) }.map(Self)
    }

    /// What [`verify`] is given as its context.
    pub(super) fn context(&self) -> *mut c_void {
        self.0.as_ptr().cast()
    }

    /// Why the last chain was refused.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        // SAFETY: the state is ours until we are dropped, and only ever shared.
        unsafe { self.0.as_ref() }.refusal.get()
    }

    /// When the first certificate of the server's chain ends; nothing where the server showed none.
    pub(super) fn ends(&self) -> Option<UnixTime> {
        // SAFETY: the same.
        unsafe { self.0.as_ref() }.ends.get()
    }
}

impl Drop for Verifier<'_> {
    fn drop(&mut self) {
        // SAFETY: `new` put it there; whoever asks it, is dropped before it.
        unsafe { take(self.0) };
    }
}

/// Asked by the library about each certificate of a server's chain, from the top down.
///
/// # Safety
/// `context` is that of a living [`Verifier`]; `certificate` has been parsed; `flags` is valid.
pub(super) unsafe extern "C" fn verify(
    context: *mut c_void,
    certificate: *mut mbedtls_x509_crt,
    _depth: c_int,
    flags: *mut u32,
) -> c_int {
    // SAFETY: as above; the references end with the call, during which the library waits.
    let (state, certificate, flags) =
        unsafe { (&*context.cast::<State<'_>>(), &*certificate, &mut *flags) };
    let end = end(certificate);
    let ends = state.ends.get().map_or(end, |ends| ends.min(end));
    state.ends.set(Some(ends));
    if end < state.floor {
        // As the library would, had it a clock (`MBEDTLS_HAVE_TIME_DATE`). What has not begun yet is let pass: the floor
        // may be behind.
        *flags |= VerifyFlags::EXPIRED.bits();
    }
    // SAFETY: the certificate owns its issuer's bytes.
    let issuer = unsafe { bytes(&certificate.issuer_raw) };
    let refusal = match anchor::decide(VerifyFlags::new(*flags), state.bundle.as_ref(), issuer) {
        Decision::Leave => return 0,
        Decision::Unknown => Refusal::Unknown,
        Decision::Check(root) => match signed_by(certificate, root.key) {
            Ok(()) => {
                *flags = 0;
                return 0;
            }
            Err(refusal) => refusal,
        },
    };
    state.refusal.set(Some(refusal));
    // As from v5.4 on; -0x3000 before. The library makes -0x3000 of it in both cases.
    MBEDTLS_ERR_X509_CERT_VERIFY_FAILED
}

/// When a certificate ends.
fn end(certificate: &mbedtls_x509_crt) -> UnixTime {
    let date = &certificate.valid_to;
    Date {
        year: date.year,
        month: date.mon,
        day: date.day,
        hour: date.hour,
        minute: date.min,
        second: date.sec,
    }
    .unix()
}

/// Checks a certificate's signature by a root's key (DER of the `SubjectPublicKeyInfo`).
#[doc(alias = "esp_crt_check_signature")]
fn signed_by(certificate: &mbedtls_x509_crt, key: &[u8]) -> Result<(), Refusal> {
    let unusable = |code| Refusal::Key(Code::new(code));
    let root = Owned::<mbedtls_pk_context>::new()
        .map_err(|error| Refusal::Key(error.code().unwrap_or(Code::new(0))))?;
    // SAFETY: the key is a slice; the context is initialized.
    match unsafe { mbedtls_pk_parse_public_key(root.as_ptr(), key.as_ptr(), key.len()) } {
        0 => {}
        code => return Err(unusable(code)),
    }
    // SAFETY: the context holds a key.
    if unsafe { mbedtls_pk_can_do(root.as_ptr(), certificate.private_sig_pk) } == 0 {
        return Err(unusable(MBEDTLS_ERR_PK_TYPE_MISMATCH));
    }
    let mut hash = [0_u8; MBEDTLS_MD_MAX_SIZE as usize];
    // SAFETY: any number may be asked for; an unknown one gives NULL.
    let md = unsafe { mbedtls_md_info_from_type(certificate.private_sig_md) };
    if md.is_null() {
        return Err(unusable(MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE));
    }
    let signed = &certificate.tbs;
    // SAFETY: `signed` is a part of the certificate's own bytes; no hash is longer than the buffer.
    match unsafe { mbedtls_md(md, signed.p, signed.len, hash.as_mut_ptr()) } {
        0 => {}
        code => return Err(unusable(code)),
    }
    let signature = &certificate.private_sig;
    // SAFETY: as many bytes of the buffer are valid as the hash has; the signature and its options are the certificate's
    // own, read by the library for this kind of signature; the context holds a key.
    let code = unsafe {
        mbedtls_pk_verify_ext(
            certificate.private_sig_pk,
            certificate.private_sig_opts,
            root.as_ptr(),
            certificate.private_sig_md,
            hash.as_ptr(),
            usize::from(mbedtls_md_get_size(md)),
            signature.p,
            signature.len,
        )
    };
    match code {
        0 => Ok(()),
        code => Err(Refusal::Signature(Code::new(code))),
    }
}

/// # Safety
/// The buffer's bytes live as long as what it was borrowed from.
unsafe fn bytes(buffer: &mbedtls_asn1_buf) -> &[u8] {
    if buffer.p.is_null() || buffer.len == 0 {
        return &[];
    }
    // SAFETY: as above.
    unsafe { slice::from_raw_parts(buffer.p, buffer.len) }
}
